"""One download from what is on the disk already to the verified file."""

from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import anyio
from attrs import evolve

from avatar_async._jobs.ports import ArtifactSource, ArtifactStream, Chunk, FetchJournal
from avatar_async._jobs.records import Artifact
from avatar_async._jobs.states import ArtifactState
from avatar_async._storage.appending import Appending
from avatar_async._storage.bandwidth import Lane
from avatar_async._storage.checkpoints import Checkpoints, NoJournal, blank
from avatar_async._storage.findings import Finding
from avatar_async._storage.judgement import judge
from avatar_async._storage.partfile import PartFile, Start
from avatar_async._storage.patience import Patience
from avatar_async._storage.workshop import Workshop
from avatar_async.errors import (
    AvatarError,
    ConnectionLostError,
    IntegrityError,
    ReplyError,
    ThrottledError,
    TransportError,
    TransportTimeoutError,
    UnknownFileError,
)

if TYPE_CHECKING:
    from asyncio import Future

T = TypeVar("T")

#: Seconds given to a last checkpoint when a download is left.
_LAST_CHECKPOINT_S = 5.0
#: Seconds for which it is known how much room the disk has, beside what is written meanwhile.
_ROOM_KNOWN_S = 0.25


class Fetch:
    """Bring one artifact home; made for one `run`."""

    def __init__(
        self,
        workshop: Workshop,
        lane: Lane,
        part: PartFile,
        artifact: Artifact,
        source: ArtifactSource,
        journal: FetchJournal | None,
        on_progress: Callable[[int, int | None], None],
    ) -> None:
        """Take what is needed; nothing is touched before `run`.

        Args:
            workshop: What all downloads share.
            lane: Its part of the speed limit.
            part: Its partial file.
            artifact: What is to be brought, and what is on record of it.
            source: What it is read from.
            journal: Where its checkpoints go; without one nobody goes on with it, and the server is asked
                while the partial file is opened.
            on_progress: Told how many bytes are here, and of how many.
        """
        self._shop = workshop
        self._lane = lane
        self._part = part
        self._appending = Appending(part, workshop, self._wrote, self._synced)
        self._artifact = artifact
        self._source = source
        self._checkpoints = Checkpoints(part, artifact, journal or NoJournal())
        self._alone = journal is None
        #: What was found on the disk, as long as that is awaited.
        self._beginning: Future[Start] | None = None
        self._on_progress = on_progress
        self._etag = artifact.etag
        self._total: int | None = None
        self._begun = False
        self._placed = False
        self._too_long = False
        #: Whether the latest answer ended by the rules of HTTP without having told a length.
        self._ended_untold = False
        self._reached = 0
        #: Room of the disk, with all that was written since the beginning, and when that was.
        self._room_bytes, self._looked_at_s = 0, 0.0

    async def run(self) -> Artifact:
        """Return the artifact as stored.

        Cancellation leaves the partial file and a last journal entry to go on from.

        Raises:
            AvatarError: As `Downloads.fetch` lists them.
        """
        with self._shop.writers.engaged():
            try:
                return await self._bring()
            except (IntegrityError, UnknownFileError):
                raise
            except BaseException:
                self._part.stop.set()
                await self._last_checkpoint()
                raise
            finally:
                self._shop.room.release(self)
                if not self._part.closed:
                    with anyio.CancelScope(shield=True):
                        await self._in_thread(self._part.close)

    async def _bring(self) -> Artifact:
        part, writers = self._part, self._shop.writers
        self._beginning = writers.begin_filing(part.begin, durable=part.durable, regardless=False)
        start = Start.OPEN
        if not (self._alone and blank(self._artifact)):
            start = await self._found(self._beginning)
        if start is Start.ADOPTED:
            return evolve(self._artifact, state=ArtifactState.STORED, bad_sha256=None)
        if start is Start.OPEN:
            if self._checkpoints.stale:
                self._etag = self._artifact.etag if self._part.offset else None
                await self._checkpoints.begin(self._etag)
            await self._receive()
        return await self._finish()

    async def _found(self, beginning: "Future[Start]") -> Start:
        """Wait until the partial file is open, and return what was found."""
        start = await beginning
        self._beginning = None
        if start is not Start.ADOPTED:
            self._begun = True
            self._note_room(self._part.free_bytes_then)
        return start

    # ------------------------------------------------------------ receiving
    async def _receive(self) -> None:
        """Open connection after connection until every byte is here."""
        self._reached = self._part.offset
        self._appending.look_at_the_clock()
        failures = 0
        while True:
            before = self._reached
            try:
                await self._in_turn()
            except (TransportError, ThrottledError) as error:
                failures = 0 if self._reached > before else failures + 1
                if failures >= self._shop.rules.tries:
                    if self._ended_untold:
                        return
                    raise self._given_up(error) from error
                await self._shop.clock.sleep(self._pause_s(error, failures))
            else:
                return

    def _given_up(self, error: TransportError | ThrottledError) -> TransportError:
        if isinstance(error, TransportError):
            return error
        return TransportError(f"{self._part.path}: the server keeps asking to wait ({error})")

    def _pause_s(self, error: TransportError | ThrottledError, failures: int) -> float:
        if isinstance(error, ThrottledError) and error.retry_after_s is not None:
            return min(max(error.retry_after_s, 0.0), self._shop.rules.longest_throttle_s)
        return self._shop.wait_s(max(failures, 1))

    async def _in_turn(self) -> None:
        """Receive over one connection, once there is a place among those that bring something at once."""
        await self._shop.connections.acquire_on_behalf_of(self)
        self._placed = True
        try:
            await self._attempt()
        finally:
            self._make_room()

    def _make_room(self) -> None:
        """Leave the place to another download: at the end, or held back so that others go first."""
        if self._placed:
            self._placed = False
            self._shop.connections.release_on_behalf_of(self)

    async def _attempt(self) -> None:
        """Receive over one connection, from where the last one broke if the server allows it."""
        self._ended_untold = False
        if self._etag is None:
            await self._start_over()
        offset = self._part.offset
        async with self._source.open_artifact(
            self._artifact.url, offset=offset, etag=self._etag if offset else None
        ) as stream:
            if self._beginning is not None:
                await self._found(self._beginning)
            await self._agree(stream, offset)
            chunks = stream.chunks()
            try:
                await self._pump(chunks)
            except TransportError:
                await self._appending.flush()
                raise
            finally:
                await _close(chunks)
            await self._appending.flush()
        expected = self._expected()
        if expected is not None and self._part.offset < expected:
            self._ended_untold = self._total is None
            msg = f"{self._part.path}: the connection ended after {self._part.offset} of {expected} bytes"
            raise ConnectionLostError(msg)

    async def _agree(self, stream: ArtifactStream, offset: int) -> None:
        """Make the partial file fit what the server is about to send."""
        told = stream.etag if stream.etag is not None and not stream.etag.startswith("W/") else None
        total = stream.total_bytes
        if total is not None and total > self._shop.rules.longest_file_bytes:
            msg = f"{self._part.path}: the server speaks of {total} bytes, which nobody believes"
            raise ReplyError(msg)
        if stream.status == 206:
            other = told is not None and self._etag is not None and told != self._etag
            other = other or (total is not None and self._total is not None and total != self._total)
            if stream.offset != offset or (offset and other):
                self._etag = None
                msg = f"{self._part.path}: the server answered with another part or another file"
                raise ReplyError(msg)
            total = self._total if total is None else total
        else:
            await self._start_over()
        if told is not None or not offset or stream.status != 206:
            self._etag = told
        self._total = total
        await self._claim_room()
        self._appending.begin()

    async def _pump(self, chunks: AsyncIterator[Chunk]) -> None:
        rules, monotonic = self._shop.rules, self._shop.clock.monotonic
        lane, appending = self._lane, self._appending
        left = max(self._total or 0, self._artifact.size_bytes or 0) or rules.longest_file_bytes
        left -= self._part.offset
        expected = self._expected()
        patience = Patience(
            rules,
            resumable=self._etag is not None,
            left_bytes=None if expected is None else expected - self._part.offset,
        )
        asked_s = monotonic()
        async for chunk in chunks:
            now_s = monotonic()
            why = patience.came(len(chunk), now_s - asked_s)
            asked_s = now_s
            if len(chunk) > left:
                self._too_long = True
                appending.add(chunk[:left], now_s)
                return
            left -= len(chunk)
            if not lane.passes(now_s):
                self._make_room()
                await lane.take(len(chunk))
                asked_s = monotonic()
            if appending.add(chunk, asked_s):
                await appending.hand_over()
                asked_s = monotonic()
            if why is not None:
                raise TransportTimeoutError(f"{self._part.path}: {why}")

    def _wrote(self, count_bytes: int) -> None:
        self._shop.room.spend(self, count_bytes)
        self._reached = max(self._reached, self._part.offset)
        self._on_progress(self._part.offset, self._expected())

    async def _synced(self, durable_bytes: int, free_bytes: int) -> None:
        await self._checkpoints.keep(durable_bytes, self._etag, self._total)
        self._claim(free_bytes)

    async def _start_over(self) -> None:
        self._etag = self._total = None
        self._too_long = False
        if self._part.offset or self._checkpoints.recorded_bytes:
            await self._checkpoints.begin(None)
            await self._in_thread(self._part.restart)
            self._appending.look_at_the_clock()

    async def _claim_room(self) -> None:
        if self._shop.clock.monotonic() - self._looked_at_s > _ROOM_KNOWN_S:
            self._note_room(await self._in_thread(self._part.free_bytes))
        self._claim(self._room_bytes - self._shop.room.spent_bytes)

    def _note_room(self, free_bytes: int) -> None:
        self._looked_at_s = self._shop.clock.monotonic()
        self._room_bytes = free_bytes + self._shop.room.spent_bytes

    def _claim(self, free: int) -> None:
        needed = max(0, (self._expected() or 0) - self._part.offset)
        self._shop.room.claim(self, needed, free, self._part.path)

    def _expected(self) -> int | None:
        return self._total if self._total is not None else self._artifact.size_bytes

    # ------------------------------------------------------------ the end
    async def _last_checkpoint(self) -> None:
        """Keep what arrived, if that can be done soon; the error on its way out matters more."""
        if not self._begun or (self._etag is None and self._total is None):
            return
        with anyio.move_on_after(_LAST_CHECKPOINT_S, shield=True):
            try:
                length, _ = await self._in_thread(self._part.sync)
                await self._checkpoints.keep(length, self._etag, self._total)
            except AvatarError:
                return

    async def _finish(self) -> Artifact:
        """Verify the complete file, write that down, and give it its name."""
        known = self._total is not None or self._artifact.size_bytes is not None
        finding = Finding()
        if self._part.examines:
            finding = await self._shop.writers.begin_check(partial(self._part.examine, length_known=known))
        judgement = judge(self._part, self._artifact, finding, too_long=self._too_long)
        digest = self._part.sha256
        if judgement.problem is not None:
            twice = self._part.verifies and digest == self._artifact.bad_sha256
            await self._in_thread(partial(self._part.reject, keep=twice))
            msg = f"{self._part.path}: {judgement.problem}"
            proof = digest if self._part.verifies else None
            raise IntegrityError(msg, sha256=proof, short=judgement.short)
        verified = await self._checkpoints.verified(self._etag, judgement.note)
        self._begun = False  # all is on record: a last checkpoint would take it back
        await self._in_thread(self._part.publish)
        return evolve(verified, state=ArtifactState.STORED, bad_sha256=None)

    async def _in_thread(self, call: Callable[[], T]) -> T:
        """Await a call that opens, names or removes files to its end, though the download is cancelled."""
        future = self._shop.writers.begin_filing(call, durable=self._part.durable, regardless=True)
        with anyio.CancelScope(shield=True):
            await future
        return future.result()


async def _close(chunks: AsyncIterator[Chunk]) -> None:
    close = getattr(chunks, "aclose", None)
    if close is not None:
        await close()
