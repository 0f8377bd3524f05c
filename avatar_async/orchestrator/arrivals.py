"""What arrives: downloads under way, bytes of this run, and how fast they come."""

from typing import Final

from attrs import frozen

from avatar_async._jobs.ports import Clock
from avatar_async._jobs.records import Artifact, Job
from avatar_async._jobs.states import ArtifactState
from avatar_async.orchestrator.events import ProgressEvent
from avatar_async.orchestrator.hub import EventHub
from avatar_async.orchestrator.speed import Speedometer

#: Seconds over which the speed of all downloads is measured.
_SPEED_WINDOW_S: Final = 30.0
#: Shortest time between two progress events of one file, in seconds.
_PROGRESS_S: Final = 0.1


@frozen(kw_only=True)
class Download:
    """A download under way.

    Attributes:
        job: The job's name.
        artifact: The file's name.
        done_bytes: Bytes so far.
        total_bytes: Length of the file, if known.
    """

    job: str
    artifact: str
    done_bytes: int
    total_bytes: int | None


class Arrivals:
    """Keep count of what the downloads bring, and tell listeners."""

    def __init__(self, clock: Clock, hub: EventHub) -> None:
        self._clock = clock
        self._hub = hub
        self._speed = Speedometer(_SPEED_WINDOW_S)
        self._told_at_s: dict[tuple[str, str], float] = {}
        #: How far each file that is not home yet ever came in this run.
        self._furthest: dict[tuple[str, str], int] = {}
        #: What is on its way now, by job and file.
        self.downloads: dict[tuple[str, str], Download] = {}
        #: Bytes received in this run.
        self.received_bytes = 0

    @property
    def speed_bytes_s(self) -> float | None:
        """Return how fast bytes arrived lately, over all downloads; None before any did."""
        return self._speed.read(self._clock.monotonic(), self.received_bytes) or None

    def left_bytes(self, job: Job) -> int | None:
        """Return how many bytes of a job's files are still to come; None if a length is not known."""
        left_bytes = 0
        for artifact in job.artifacts:
            if artifact.state is ArtifactState.STORED:
                continue
            download = self.downloads.get((job.name, artifact.name))
            total_bytes, done_bytes = artifact.size_bytes, artifact.verified_offset
            if download is not None:
                total_bytes = download.total_bytes if download.total_bytes is not None else total_bytes
                done_bytes = download.done_bytes
            if total_bytes is None:
                return None
            left_bytes += max(0, total_bytes - done_bytes)
        return left_bytes

    def begin(self, job: Job, artifact: Artifact) -> None:
        """Take up a file of which a part may be here from before."""
        key = (job.name, artifact.name)
        self.downloads[key] = Download(
            job=job.name,
            artifact=artifact.name,
            done_bytes=artifact.verified_offset,
            total_bytes=artifact.size_bytes,
        )
        self._furthest.setdefault(key, artifact.verified_offset)

    def move(self, job: Job, name: str, done_bytes: int, total_bytes: int | None) -> bool:
        """Note how far a file is; return whether it was never as far before."""
        key = (job.name, name)
        before = self.downloads.get(key)
        self.received_bytes += max(0, done_bytes - (before.done_bytes if before else 0))
        self.downloads[key] = Download(
            job=job.name, artifact=name, done_bytes=done_bytes, total_bytes=total_bytes
        )
        further = done_bytes > self._furthest.get(key, 0)
        self._furthest[key] = max(done_bytes, self._furthest.get(key, 0))
        now_s = self._clock.monotonic()
        whole = total_bytes is not None and done_bytes >= total_bytes
        if whole or now_s - self._told_at_s.get(key, -1.0) >= _PROGRESS_S:
            self._told_at_s[key] = now_s
            self._hub.publish(
                ProgressEvent(
                    at=self._clock.now(),
                    job=job.name,
                    artifact=name,
                    done_bytes=done_bytes,
                    total_bytes=total_bytes,
                )
            )
        return further

    def leave(self, job: Job) -> None:
        """Take a job's files from those under way."""
        for artifact in job.artifacts:
            self.downloads.pop((job.name, artifact.name), None)
            self._told_at_s.pop((job.name, artifact.name), None)

    def forget(self, job: Job) -> None:
        """Forget a job that ended."""
        for artifact in job.artifacts:
            self._furthest.pop((job.name, artifact.name), None)
