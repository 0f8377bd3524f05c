"""How fast a server sends, apart from what we ourselves take our time for."""

from collections import deque
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from attrs import define, field, frozen

from avatar_async._jobs.ports import ArtifactSource, ArtifactStream, Chunk, Clock

#: Seconds of waiting over which a speed is measured.
WINDOW_S: Final = 30.0
_INSTANT_S: Final = 0.001
#: Seconds of waiting whose bytes are remembered as one, so that a fast line fills no memory.
_MARK_S: Final = 0.1


@define(eq=False)
class Flow:
    """How long one job's downloads waited for the network, and what came meanwhile.

    Time that we need for the disk, for checks or for our own speed limit does not count.

    Attributes:
        brought_bytes: What came in all.
    """

    _clock: Clock
    brought_bytes: int = 0
    _waited_s: float = 0.0
    _since_s: float | None = None
    _marks: deque[tuple[float, int]] = field(factory=deque)

    @property
    def waited_s(self) -> float:
        """Return the seconds waited so far."""
        waiting_s = 0.0 if self._since_s is None else self._clock.monotonic() - self._since_s
        return self._waited_s + waiting_s

    def speed_bytes_s(self) -> float:
        """Return the bytes a second of the last `WINDOW_S` seconds of waiting."""
        waited_s = self.waited_s
        while self._marks and self._marks[0][0] < waited_s - WINDOW_S:
            self._marks.popleft()
        return sum(count for _, count in self._marks) / min(max(waited_s, _INSTANT_S), WINDOW_S)

    def wait(self) -> None:
        """Begin to wait, if that did not begin before."""
        if self._since_s is None:
            self._since_s = self._clock.monotonic()

    def end(self, count_bytes: int = 0) -> None:
        """End the wait: so many bytes came."""
        self._waited_s = self.waited_s
        self._since_s = None
        if not count_bytes:
            return
        self.brought_bytes += count_bytes
        if self._marks and self._waited_s - self._marks[-1][0] < _MARK_S:
            at_s, before_bytes = self._marks.pop()
            self._marks.append((at_s, before_bytes + count_bytes))
        else:
            self._marks.append((self._waited_s, count_bytes))


@frozen
class FlowSource:
    """An `ArtifactSource` whose answers are timed."""

    _source: ArtifactSource
    _flow: Flow

    @asynccontextmanager
    async def open_artifact(
        self, url: str, *, offset: int = 0, etag: str | None = None
    ) -> AsyncIterator[ArtifactStream]:
        """Open a download; see `ArtifactSource`. A failure leaves the wait open until the next try."""
        self._flow.wait()
        async with self._source.open_artifact(url, offset=offset, etag=etag) as stream:
            self._flow.end()
            yield _FlowStream(
                status=stream.status,
                offset=stream.offset,
                total_bytes=stream.total_bytes,
                etag=stream.etag,
                stream=stream,
                flow=self._flow,
            )


@define(kw_only=True)
class _FlowStream:
    """An open download whose chunks are timed."""

    status: int
    offset: int
    total_bytes: int | None
    etag: str | None
    _stream: ArtifactStream
    _flow: Flow

    async def chunks(self) -> AsyncIterator[Chunk]:
        """Yield the body as it arrives; see `ArtifactStream`."""
        async with AsyncExitStack() as stack:
            chunks = self._stream.chunks()
            close = getattr(chunks, "aclose", None)
            if close is not None:
                stack.push_async_callback(close)
            while True:
                self._flow.wait()
                try:
                    chunk = await anext(chunks)
                except StopAsyncIteration:
                    self._flow.end()
                    return
                self._flow.end(len(chunk))
                yield chunk
