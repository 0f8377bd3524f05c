"""The output folder's downloads, as the `Downloads` port asks for them."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import anyio
from attrs import evolve

from avatar_async._jobs.expiry import urgency
from avatar_async._jobs.ports import ArtifactSource, Clock, FetchJournal
from avatar_async._jobs.records import Artifact, Job
from avatar_async._jobs.states import ArtifactState
from avatar_async._storage.bandwidth import Bandwidth, Lane
from avatar_async._storage.care import FULL, Care
from avatar_async._storage.checkpoints import blank
from avatar_async._storage.fetching import Fetch
from avatar_async._storage.filethread import FileThread
from avatar_async._storage.partfile import PartFile
from avatar_async._storage.reading import SMALL_BYTES, SMALL_LIMITED_BYTES, Reading
from avatar_async._storage.room import DiskRoom
from avatar_async._storage.smallfile import SmallFile
from avatar_async._storage.smallfiles import SmallFiles
from avatar_async._storage.workshop import CONNECTIONS, FetchRules, Workshop
from avatar_async._storage.writers import Writers

#: Longest file that is written in turns with the reading of others rather than beside it, in bytes.
_IN_TURNS_BYTES: Final = 64 << 10


class DownloadFolder:
    """Bring artifacts home below one output folder.

    Nothing half-written is ever visible under its final name; a verified file is never fetched or
    overwritten again. One process may write to a folder at a time (see `RunnerLock`).
    """

    def __init__(
        self,
        out: str | Path,
        *,
        clock: Clock,
        disk_reserve_bytes: int,
        bandwidth_bytes_s: float | None = None,
        fetches: int = 1,
        rules: FetchRules | None = None,
        chance: random.Random | None = None,
        writers: Writers | None = None,
    ) -> None:
        """Take the folder and the numbers; nothing is touched before the first `fetch`.

        Args:
            out: The output folder; each job has a folder in it.
            clock: Time for checkpoints and waits.
            disk_reserve_bytes: Room on the disk that is never used up.
            bandwidth_bytes_s: Speed limit of all downloads together; None for none.
            fetches: Downloads that are wanted at the same time. Long files come over as many connections, or
                `CONNECTIONS` if that is more; the others wait in line.
            rules: Sizes and times of batches, checkpoints and retries.
            chance: Source of jitter.
            writers: Threads of long files, if other folders share them.
        """
        self._out = Path(out)
        self._clock = clock
        self._room = DiskRoom(disk_reserve_bytes)
        self._bandwidth = Bandwidth(bandwidth_bytes_s, clock)
        self._connections = max(CONNECTIONS, fetches)
        self._rules = rules or FetchRules()
        self._chance = chance or random.Random()  # noqa: S311 - spreads load, guards nothing
        self._writers = writers or Writers()
        self._workshop: Workshop | None = None
        self._thread: FileThread[SmallFile] = FileThread(SmallFiles(self._room).serve, name="small-files")

    @contextmanager
    def engaged(self) -> Iterator[None]:
        """Keep the thread of small files, once one was brought home, until the block ends."""
        with self._thread:
            yield

    def give_way(self, after: tuple[float, str] | None, line_bytes_s: float) -> None:
        """Have less urgent downloads give way; see `Downloads.give_way`."""
        self._bandwidth.give_way(after, line_bytes_s)

    async def fetch(
        self,
        job: Job,
        artifact: Artifact,
        source: ArtifactSource,
        journal: FetchJournal | None,
        on_progress: Callable[[int, int | None], None],
        *,
        care: Care = FULL,
    ) -> Artifact:
        """Bring one artifact home and return it as stored; see `Downloads.fetch`.

        With less than full `care`, some of that is left out; unverified, what is returned has no digest.
        Without a journal nobody goes on with what is left, and a small file takes one hop to a thread.

        Raises:
            DownloadError: Beside those of the port: the system refuses a file or folder.
        """
        found = await self._bring(job, artifact, source, journal, on_progress, care)
        return found if isinstance(found, Artifact) else _stored(found)

    async def fetch_alone(self, job: Job, artifact: Artifact, source: ArtifactSource, care: Care) -> None:
        """Bring home a file that nobody keeps a journal of; see `fetch`."""
        await self._bring(job, artifact, source, None, _no_progress, care)

    async def _bring(
        self,
        job: Job,
        artifact: Artifact,
        source: ArtifactSource,
        journal: FetchJournal | None,
        on_progress: Callable[[int, int | None], None],
        care: Care,
    ) -> Artifact | SmallFile:
        lane = self._bandwidth.lane(urgency(job))
        limit = min(SMALL_BYTES if lane.free else SMALL_LIMITED_BYTES, self._rules.batch_bytes)
        if not blank(artifact) or (artifact.size_bytes or 0) > limit:
            return await self._streamed(lane, job, artifact, source, journal, on_progress, care)
        reading = Reading(source, artifact, lane, self._clock)
        file = SmallFile(out=self._out, folder=job.folder, artifact=artifact, care=care)
        try:
            with self._thread:
                clear = journal is None
                if not clear:
                    # What lies there may be this file: then nothing is asked for.
                    file.look = True
                    await self._thread.do(file)
                    clear, file.look = file.clear, False
                body = await self._read(reading, artifact, limit) if clear else None
                if body is not None:
                    file.body, file.etag = body, reading.etag
                    file.write, file.publish = True, journal is None
                    on_progress(len(body), len(body))
                    await self._thread.do(file)
                    if file.written and journal is not None:
                        await self._name(file, journal)
                    if file.written:
                        return file
            return await self._streamed(lane, job, artifact, reading, journal, on_progress, care)
        finally:
            file.leave()
            await reading.aclose()

    async def _read(self, reading: Reading, artifact: Artifact, limit_bytes: int) -> bytes | bytearray | None:
        """Read a file that the thread shall write, at once or with those that come soon; see `Reading.whole`.

        Of a longer one, most of the work is the system's, which goes on beside the loop.
        """
        if (artifact.size_bytes or 0) > _IN_TURNS_BYTES:
            return await reading.whole(limit_bytes, self._rules.batch_s)
        self._thread.expect()
        try:
            return await reading.whole(limit_bytes, self._rules.batch_s)
        finally:
            self._thread.came()

    async def _name(self, file: SmallFile, journal: FetchJournal) -> None:
        """Record that a small file is there and good, and give it its name."""
        await journal.record(evolve(_stored(file), state=ArtifactState.FETCHING))
        file.write, file.publish = False, True
        await self._thread.do(file)

    async def _streamed(
        self,
        lane: Lane,
        job: Job,
        artifact: Artifact,
        source: ArtifactSource,
        journal: FetchJournal | None,
        on_progress: Callable[[int, int | None], None],
        care: Care,
    ) -> Artifact:
        """Bring home a file that is large, or that does not come the plain way."""
        if self._workshop is None:
            self._workshop = Workshop(
                clock=self._clock,
                rules=self._rules,
                room=self._room,
                chance=self._chance,
                writers=self._writers,
                connections=anyio.CapacityLimiter(self._connections),
            )
        part = PartFile(self._out, job.folder, artifact, care)
        return await Fetch(self._workshop, lane, part, artifact, source, journal, on_progress).run()


def _stored(file: SmallFile) -> Artifact:
    etag = file.etag
    return evolve(
        file.artifact,
        state=ArtifactState.STORED,
        etag=None if etag is None or etag.startswith("W/") else etag,
        verified_offset=file.offset,
        stored_bytes=file.offset,
        sha256=file.sha256 if file.verifies else None,
        bad_sha256=None,
        note=file.note,
    )


def _no_progress(_done_bytes: int, _total_bytes: int | None) -> None:
    """Do nothing."""
