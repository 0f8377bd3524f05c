"""The finished jobs whose files are not all home, kept in the order in which their results vanish."""

from bisect import bisect_left, insort
from collections.abc import Collection, Sequence
from datetime import datetime

from avatar_async._jobs.expiry import AT_RISK, bytes_left
from avatar_async._jobs.records import Job
from avatar_async._jobs.states import State

_UNFETCHED = frozenset({State.READY, State.FETCHING})
#: When a job's results vanish, its id, and how many bytes are still to come.
Burden = tuple[datetime, str, int]


class Unfetched:
    """Follow the jobs, so that nobody has to look through all; those that never vanish are no part."""

    def __init__(self) -> None:
        self._burdens: dict[str, Burden] = {}
        self._order: list[Burden] = []
        #: Bytes still to come of all of them, as far as their lengths are known.
        self.left_bytes = 0

    def follow(self, job: Job) -> None:
        """Take note of a job as it is now."""
        after = None
        if job.state in _UNFETCHED and job.expires_at is not None:
            after = (job.expires_at, job.id, bytes_left(job))
        before = self._burdens.get(job.id)
        if after == before:
            return
        if before is not None:
            del self._burdens[job.id]
            del self._order[bisect_left(self._order, before)]
            self.left_bytes -= before[2]
        if after is not None:
            self._burdens[job.id] = after
            insort(self._order, after)
            self.left_bytes += after[2]

    @property
    def first(self) -> tuple[str, datetime] | None:
        """Id of the job whose results vanish first, and when they do; None without any."""
        return (self._order[0][1], self._order[0][0]) if self._order else None

    def burdens(self) -> Sequence[Burden]:
        """Return all of them as they are now, those first that vanish first."""
        return tuple(self._order)

    def soon(self, now: datetime) -> list[str]:
        """Return the ids of the jobs at risk: a night's outage could lose their results."""
        return [job_id for _, job_id, _ in self._order[: self._number_soon(now)]]

    def at_risk(self, now: datetime, late: Collection[str]) -> int:
        """Return how many jobs are at risk, or are among those that do not come home in time."""
        known = (self._burdens.get(job_id) for job_id in late)
        return self._number_soon(now) + sum(each is not None and each[0] >= now + AT_RISK for each in known)

    def all_in_time(self, now: datetime, speed_bytes_s: float) -> bool:
        """Tell whether that speed brings everything home before the first results vanish."""
        return not self._order or self.left_bytes <= speed_bytes_s * (self._order[0][0] - now).total_seconds()

    def _number_soon(self, now: datetime) -> int:
        return bisect_left(self._order, (now + AT_RISK,))
