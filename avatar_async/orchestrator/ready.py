"""The jobs whose files wait to be fetched, in the order in which those vanish."""

import heapq
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator
from datetime import datetime

from attrs import frozen

from avatar_async._jobs.expiry import bytes_left, urgency
from avatar_async._jobs.records import Artifact, Job
from avatar_async._jobs.states import ArtifactState, State


@frozen
class _Entry:
    """A job that waits.

    Attributes:
        urgency: The lowest goes first.
        left_bytes: Bytes still to come; 0 if that is not known.
        unknown: Whether the length of a file is not known.
    """

    urgency: tuple[float, str]
    left_bytes: int
    unknown: bool


class ReadyJobs:
    """Jobs that could be fetched, always in order, so that nobody has to look through all of them.

    A job that pauses is no part of the order until its pause is over; nor is one that a person holds, or
    that has a slot.

    Args:
        job_of: Returns an open job by its id.
        pause_left_s: Returns how many seconds a job still pauses.
        taken: Tells whether a job has a slot.
    """

    def __init__(
        self,
        job_of: Callable[[str], Job | None],
        pause_left_s: Callable[[Job, datetime], float],
        taken: Callable[[str], bool],
    ) -> None:
        self._job_of = job_of
        self._pause_left_s = pause_left_s
        self._taken = taken
        self._entries: dict[str, _Entry] = {}
        self._order: list[tuple[float, str]] = []
        #: The most bytes first; entries that left are taken out when they come to the top.
        self._longest: list[tuple[int, str]] = []
        #: Jobs that pause, by the end of the pause; those that changed meanwhile are taken out at the top.
        self._pauses: list[tuple[datetime, str]] = []
        #: Bytes still to come of all jobs in the order for which that is known.
        self.left_bytes = 0
        #: How many of them have a file of unknown length.
        self.unknown = 0

    def __len__(self) -> int:
        return len(self._order)

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._entries

    def follow(self, job: Job, now: datetime) -> None:
        """Take note of a job as it is now."""
        self.forget(job.id)
        if job.state is not State.READY or job.hold is not None or self._taken(job.id):
            return
        if job.not_before is not None and self._pause_left_s(job, now):
            heapq.heappush(self._pauses, (job.not_before, job.id))
            return
        unknown = any(map(_of_unknown_length, job.artifacts))
        entry = _Entry(urgency(job), 0 if unknown else bytes_left(job), unknown)
        self._entries[job.id] = entry
        insort(self._order, entry.urgency)
        heapq.heappush(self._longest, (-entry.left_bytes, job.id))
        self.left_bytes += entry.left_bytes
        self.unknown += entry.unknown

    def wake(self, now: datetime) -> float | None:
        """Take up the jobs whose pause is over; return the seconds until the next one's is, if any pauses."""
        while self._pauses:
            not_before, job_id = self._pauses[0]
            job = self._job_of(job_id)
            pauses = job is not None and job.state is State.READY and job.not_before == not_before
            left_s = self._pause_left_s(job, now) if job is not None and pauses else 0.0
            if left_s:
                return left_s
            heapq.heappop(self._pauses)
            if job is not None and pauses:
                self.follow(job, now)
        return None

    def in_order(self) -> Iterator[Job]:
        """Yield the jobs, those first whose results vanish first; the order must not change meanwhile."""
        for _, job_id in self._order:
            job = self._job_of(job_id)
            if job is not None:
                yield job

    @property
    def longest_bytes(self) -> int:
        """The most bytes still to come of any of them."""
        while self._longest:
            count, job_id = self._longest[0]
            entry = self._entries.get(job_id)
            if entry is not None and entry.left_bytes == -count:
                return entry.left_bytes
            heapq.heappop(self._longest)
        return 0

    def forget(self, job_id: str) -> None:
        """Take a job out of the order."""
        entry = self._entries.pop(job_id, None)
        if entry is not None:
            del self._order[bisect_left(self._order, entry.urgency)]
            self.left_bytes -= entry.left_bytes
            self.unknown -= entry.unknown


def _of_unknown_length(artifact: Artifact) -> bool:
    return artifact.size_bytes is None and artifact.state is not ArtifactState.STORED
