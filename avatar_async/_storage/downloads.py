"""The output folder's downloads, as the `Downloads` port asks for them."""

import random
from collections.abc import Callable
from pathlib import Path

from avatar_async._jobs.expiry import urgency
from avatar_async._jobs.ports import ArtifactSource, Clock, FetchJournal
from avatar_async._jobs.records import Artifact, Job
from avatar_async._storage.bandwidth import Bandwidth
from avatar_async._storage.care import FULL, Care
from avatar_async._storage.fetching import Fetch
from avatar_async._storage.partfile import PartFile
from avatar_async._storage.room import DiskRoom
from avatar_async._storage.workshop import FetchRules, Workshop


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
        rules: FetchRules | None = None,
        chance: random.Random | None = None,
    ) -> None:
        """Take the folder and the numbers; nothing is touched before the first `fetch`.

        Args:
            out: The output folder; each job has a folder in it.
            clock: Time for checkpoints and waits.
            disk_reserve_bytes: Room on the disk that is never used up.
            bandwidth_bytes_s: Speed limit of all downloads together; None for none.
            rules: Sizes and times of batches, checkpoints and retries.
            chance: Source of jitter.
        """
        self._out = Path(out)
        self._clock = clock
        self._room = DiskRoom(disk_reserve_bytes)
        self._bandwidth = Bandwidth(bandwidth_bytes_s, clock)
        self._rules = rules or FetchRules()
        self._chance = chance or random.Random()  # noqa: S311 - spreads load, guards nothing
        self._workshop: Workshop | None = None

    def give_way(self, after: tuple[float, str] | None, line_bytes_s: float) -> None:
        """Have less urgent downloads give way; see `Downloads.give_way`."""
        self._bandwidth.give_way(after, line_bytes_s)

    async def fetch(
        self,
        job: Job,
        artifact: Artifact,
        source: ArtifactSource,
        journal: FetchJournal,
        on_progress: Callable[[int, int | None], None],
        *,
        care: Care = FULL,
    ) -> Artifact:
        """Bring one artifact home and return it as stored; see `Downloads.fetch`.

        With less than full `care`, some of that is left out; unverified, what is returned has no digest.

        Raises:
            DownloadError: Beside those of the port: the system refuses a file or folder.
        """
        lane = self._bandwidth.lane(urgency(job))
        if self._workshop is None:
            self._workshop = Workshop(
                clock=self._clock,
                rules=self._rules,
                room=self._room,
                chance=self._chance,
            )
        part = PartFile(self._out, job.folder, artifact, care)
        return await Fetch(self._workshop, lane, part, artifact, source, journal, on_progress).run()
