"""When to ask for a task next: a pure function, and the queue that keeps what it said.

Few polls early, the finish noticed soon: the best spacing under a price per poll is
``sqrt(2 * price / hazard)``, the hazard being the chance that a task still running ends in the next
second. It comes from how long such jobs really took; before enough have finished, the spacing grows with
the time already waited.
"""

import heapq
import math
from collections.abc import Mapping, Sequence
from datetime import datetime

from attrs import field, frozen

from avatar_async._jobs.verdicts import clamped_wait_s
from avatar_async.requests import Kind
from avatar_async.settings import DEADLINES_S

#: Finished jobs of a kind before their durations are trusted.
LEARNED_FROM = 5
#: Share of a typical duration that the finish may go unnoticed.
_SLACK = 0.05
#: Growth of the spacing with the time waited, before durations are known.
_GROWTH = 0.2
#: Overdue jobs are polled this many times slower.
_OVERDUE_FACTOR = 4.0
#: Seconds by which a wall clock may be wrong without harm to what is learnt.
_CLOCK_ERROR_S = 60.0
#: Median distances from the median beyond which a duration is an outlier.
_REACH = 6.0
#: Longest pause that is ever noted in a job, in seconds, with something to spare.
LONGEST_PAUSE_S = 900.0
#: Steps of the search for a spacing: from days down to milliseconds.
_HALVINGS = 40


@frozen(kw_only=True)
class PollLimits:
    """Bounds of the spacing between two polls of one task.

    Attributes:
        first_s: Seconds from submission to the first poll.
        min_s: Shortest spacing in seconds.
        max_s: Longest spacing in seconds.
        deadline_s: Seconds after which a job is overdue: flagged and polled more slowly.
    """

    first_s: float = 0.5
    min_s: float = 0.5
    max_s: float = 600.0
    deadline_s: float = 86400.0


_LONGEST_S: Mapping[Kind, float] = {
    Kind.TRAINING: 900.0,
    Kind.REBUILD: 600.0,
    Kind.IMAGE_PREVIEW: 30.0,
    Kind.VIDEO_PREVIEW: 60.0,
    Kind.TAKEOVER: 120.0,
}


def poll_limits(deadlines_s: Mapping[str, float] = DEADLINES_S) -> dict[Kind, PollLimits]:
    """Return the bounds for each kind.

    Args:
        deadlines_s: Seconds after which a job is overdue, by kind.
    """
    return {kind: PollLimits(max_s=_LONGEST_S[kind], deadline_s=deadlines_s[kind]) for kind in Kind}


@frozen(kw_only=True)
class Durations:
    """How long jobs of one kind take: a log-normal fitted to those that finished.

    Attributes:
        count: How many finished.
        log_mean: Mean of the logarithms of seconds.
        log_sigma: Their spread, never below a tenth.
    """

    count: int = 0
    log_mean: float = 0.0
    log_sigma: float = 1.0

    @classmethod
    def learn(cls, seconds: Sequence[float]) -> "Durations":
        """Fit to observed durations in seconds.

        One that a clock set meanwhile made far too long or short counts as an ordinary outlier: values are
        drawn in to a few spreads around the median.
        """
        logs = sorted(math.log(max(value, 1e-3)) for value in seconds)
        if not logs:
            return cls()
        middle = logs[len(logs) // 2]
        reach = _REACH * max(sorted(abs(log - middle) for log in logs)[len(logs) // 2], 0.1)
        logs = [min(max(log, middle - reach), middle + reach) for log in logs]
        mean = math.fsum(logs) / len(logs)
        spread = math.sqrt(math.fsum((log - mean) ** 2 for log in logs) / max(1, len(logs) - 1))
        return cls(count=len(logs), log_mean=mean, log_sigma=max(spread, 0.1))

    def hazard(self, elapsed_s: float) -> float:
        """Return the chance per second that a task still running after that many seconds ends."""
        elapsed_s = max(elapsed_s, 1e-3)
        z = (math.log(elapsed_s) - self.log_mean) / self.log_sigma
        left = 0.5 * math.erfc(z / math.sqrt(2))
        if left < 1e-12:
            return max(z, 1.0) / (self.log_sigma * elapsed_s)
        density = math.exp(-0.5 * z * z) / (elapsed_s * self.log_sigma * math.sqrt(2 * math.pi))
        return density / left

    @property
    def price(self) -> float:
        """Return the price of a poll at which spacing at the median is a small share of the median."""
        median = math.exp(self.log_mean)
        return _SLACK**2 * median * 0.4 / self.log_sigma

    def spacing(self, elapsed_s: float) -> float:
        """Return the best seconds between two polls around that many seconds after submission."""
        return math.sqrt(2 * self.price / max(self.hazard(elapsed_s), 1e-12))


def pause_left_s(not_before: datetime | None, now: datetime) -> float:
    """Return for how many seconds a job is still to be left alone, 0 if it is not.

    An instant farther off than any pause we make was noted before the clock was set back: the pause is over.
    """
    left_s = 0.0 if not_before is None else (not_before - now).total_seconds()
    return left_s if 0 < left_s <= LONGEST_PAUSE_S else 0.0


def took_s(
    submitted_at: datetime,
    finished_at: datetime,
    last_running_at: datetime | None,
    *,
    age_s: float | None = None,
) -> float | None:
    """Return how long a task took, for learning; None where the clocks that tell it cannot be right.

    Args:
        submitted_at: When its intent was written.
        finished_at: When it finished, as well as it can be known.
        last_running_at: The latest poll that found it unfinished.
        age_s: Seconds since its submission by a clock that does not jump, if this run has watched it.
    """
    ended_at = max(finished_at, last_running_at or finished_at)
    seconds = (ended_at - submitted_at).total_seconds()
    if seconds <= 0:
        return None
    if age_s is not None and seconds > age_s + _CLOCK_ERROR_S:
        return None
    return seconds


def next_delay(
    elapsed_s: float,
    durations: Durations,
    limits: PollLimits,
    *,
    hint_s: float | None = None,
    jitter: float = 0.5,
) -> float:
    """Return the seconds to wait before the next poll of a task.

    Args:
        elapsed_s: Seconds since its submission.
        durations: What is known of its kind.
        limits: Bounds for its kind.
        hint_s: A wait the service asked for; never polled earlier (clamped to 600 s).
        jitter: A number in [0, 1) that spreads tasks by up to a tenth either way.
    """
    elapsed_s = max(0.0, elapsed_s)
    if durations.count >= LEARNED_FROM:
        delay = _learned_delay(elapsed_s, durations)
    else:
        delay = _GROWTH * elapsed_s if elapsed_s else limits.first_s
    delay = min(max(delay, limits.min_s), limits.max_s)
    if elapsed_s > limits.deadline_s:
        delay = min(delay * _OVERDUE_FACTOR, 4 * limits.max_s)
    delay *= 0.9 + 0.2 * jitter
    if hint_s is not None:
        delay = max(delay, clamped_wait_s(hint_s))
    return delay


def _learned_delay(elapsed_s: float, durations: Durations) -> float:
    """Return the wait that is as long as the best spacing at its own end, found by halving.

    Looking at the hazard at the end, not at the beginning, keeps the first polls from overshooting:
    a job that has just begun ends with a chance near zero, but not for long.
    """
    low, high = 0.0, durations.spacing(elapsed_s)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if middle > durations.spacing(elapsed_s + middle):
            high = middle
        else:
            low = middle
    return (low + high) / 2


@frozen(order=True)
class _Due:
    due_s: float
    job_id: str = field(order=False)
    turn: int = field(order=False)


class PollQueue:
    """Which jobs are due for a poll, soonest first. Holds no clock: every call is told the time."""

    def __init__(self) -> None:
        self._heap: list[_Due] = []
        self._turns: dict[str, int] = {}
        #: When each job that has a plan is due.
        self._planned_s: dict[str, float] = {}
        self._turn = 0

    def __len__(self) -> int:
        return len(self._turns)

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._turns

    def put(self, job_id: str, due_s: float) -> None:
        """Plan the job's next poll, replacing an earlier plan."""
        self._turn += 1
        self._turns[job_id] = self._turn
        self._planned_s[job_id] = due_s
        heapq.heappush(self._heap, _Due(due_s, job_id, self._turn))

    def hasten(self, job_id: str, due_s: float) -> None:
        """Plan the job's next poll for `due_s` if it is planned for later."""
        planned_s = self._planned_s.get(job_id)
        if planned_s is not None and due_s < planned_s:
            self.put(job_id, due_s)

    def hurry(self, now_s: float) -> None:
        """Plan every poll that is planned for later for now instead, the soonest first."""
        planned = sorted(entry for entry in self._heap if self._turns.get(entry.job_id) == entry.turn)
        for entry in planned:
            self.put(entry.job_id, min(entry.due_s, now_s))

    def drop(self, job_id: str) -> None:
        """Poll the job no more."""
        self._turns.pop(job_id, None)
        self._planned_s.pop(job_id, None)

    def next_due_s(self) -> float | None:
        """Return when the soonest poll is due, None if nothing is planned."""
        while self._heap and self._turns.get(self._heap[0].job_id) != self._heap[0].turn:
            heapq.heappop(self._heap)
        return self._heap[0].due_s if self._heap else None

    def take(self, now_s: float, limit: int, *, ahead_s: float = 0.0) -> list[str]:
        """Take up to `limit` jobs that are due, or due within `ahead_s` if one is due already.

        They stay known (`in`), but have no plan until `put` again.
        """
        taken: list[str] = []
        horizon = now_s
        while len(taken) < limit:
            due = self.next_due_s()
            if due is None or due > horizon:
                break
            entry = heapq.heappop(self._heap)
            taken.append(entry.job_id)
            horizon = now_s + ahead_s
            self._turns[entry.job_id] = 0
            self._planned_s.pop(entry.job_id, None)
        return taken
