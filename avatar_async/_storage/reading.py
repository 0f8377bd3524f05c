"""Reading small files whole before anything is written."""

from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

from attrs import define, field

from avatar_async._jobs.ports import ArtifactSource, ArtifactStream, Chunk, Clock
from avatar_async._jobs.records import Artifact
from avatar_async._storage.bandwidth import Lane
from avatar_async.errors import ThrottledError, TransportError

#: Longest file that is read whole, in bytes.
SMALL_BYTES: Final = 1 << 20
#: The same where a speed limit holds, since it counts such a file only once all of it is here.
SMALL_LIMITED_BYTES: Final = 256 << 10


class Reading:
    """A source whose first answer is read beforehand, if the file turns out to be small.

    Whatever is not the plain way (another length, a slow server, an error) is left to the download that
    goes on with this source: it gets the first answer as it came, from its first byte, errors included.

    Args:
        source: Where the file is.
        artifact: The file, begun anew.
        lane: Its part of the speed limit.
        clock: Measures patience.
    """

    def __init__(self, source: ArtifactSource, artifact: Artifact, lane: Lane, clock: Clock) -> None:
        self._source = source
        self._artifact = artifact
        self._lane = lane
        self._clock = clock
        self._opening: AbstractAsyncContextManager[ArtifactStream] | None = None
        self._stream: ArtifactStream | None = None
        #: What is left of the first answer's body; None before it is begun.
        self._rest: AsyncIterator[Chunk] | None = None
        self._gathered: list[bytes | bytearray] = []
        self._error: TransportError | ThrottledError | None = None
        #: Validator of what was read.
        self.etag: str | None = None

    async def whole(self, limit_bytes: int, patience_s: float) -> bytes | bytearray | None:
        """Return every byte of the file; None if it is not small, or does not come as announced and soon.

        The speed limit counts it once it is here: what is left to another download is not counted twice.

        Args:
            limit_bytes: What counts as small.
            patience_s: Seconds after which bytes that came are not kept in memory any longer.

        Raises:
            AvatarError: As `ArtifactSource.open_artifact`, save what is worth another try.
        """
        announced = self._artifact.size_bytes
        try:
            opening = self._source.open_artifact(self._artifact.url)
            self._stream = stream = await opening.__aenter__()
            self._opening = opening
            total = stream.total_bytes
            if stream.status != 200 or stream.offset or not total or total > limit_bytes:
                return None
            if (announced is not None and announced != total) or not await self._read(
                stream, total, patience_s
            ):
                return None
        except (TransportError, ThrottledError) as error:
            self._error = error
            return None
        self.etag = stream.etag
        if self._opening is not None:
            await self._leave()
        if not self._lane.passes(self._clock.monotonic()):
            for chunk in self._gathered:
                await self._lane.take(len(chunk))
        return self._gathered[0] if len(self._gathered) == 1 else b"".join(self._gathered)

    async def _read(self, stream: ArtifactStream, total: int, patience_s: float) -> bool:
        """Gather the body; return whether it is complete."""
        came, monotonic = 0, self._clock.monotonic
        ends_s = monotonic() + patience_s
        self._rest = stream.chunks()
        async for chunk in self._rest:
            self._gathered.append(bytes(chunk) if isinstance(chunk, memoryview) else chunk)
            came += len(chunk)
            if came > total or (came < total and monotonic() >= ends_s):
                return False
        return came == total

    async def aclose(self) -> None:
        """Let go of the connection."""
        close = getattr(self._rest, "aclose", None)
        if close is not None:
            await close()
        await self._leave()

    async def _leave(self) -> None:
        opening, self._opening = self._opening, None
        if opening is not None:
            await opening.__aexit__(None, None, None)

    @asynccontextmanager
    async def open_artifact(
        self, url: str, *, offset: int = 0, etag: str | None = None
    ) -> AsyncIterator[ArtifactStream]:
        """Give the answer that came already; later, open anew. See `ArtifactSource`."""
        stream, error = self._stream, self._error
        self._stream = self._error = None
        if stream is not None and not offset:
            try:
                yield _Replayed(
                    status=stream.status,
                    offset=stream.offset,
                    total_bytes=stream.total_bytes,
                    etag=stream.etag,
                    gathered=tuple(self._gathered),
                    rest=stream.chunks() if self._rest is None else self._rest,
                    error=error,
                )
            finally:
                await self.aclose()
            return
        await self.aclose()
        if error is not None:
            raise error
        async with self._source.open_artifact(url, offset=offset, etag=etag) as opened:
            yield opened


@define(kw_only=True)
class _Replayed:
    """An open download whose first chunks were taken before."""

    status: int
    offset: int
    total_bytes: int | None
    etag: str | None
    _gathered: Iterable[bytes | bytearray] = field(repr=False)
    _rest: AsyncIterator[Chunk] = field(repr=False)
    _error: TransportError | ThrottledError | None

    async def chunks(self) -> AsyncIterator[Chunk]:
        """Yield the body from its start; see `ArtifactStream`."""
        for gathered in self._gathered:
            yield gathered
        if self._error is not None:
            raise self._error
        async for chunk in self._rest:
            yield chunk
