"""Watching tasks to learn how long they take: a sample of those that run, and the latest that ended."""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final
from zlib import crc32

from attrs import frozen

from avatar_async._jobs.planner.durations import Durations, Life

#: Tasks watched at once: of more, every second is watched, of twice as many every fourth.
_MOST_WATCHED: Final = 800
#: Ended tasks that are remembered, at least; as many as were ever watched at once if those are more.
REMEMBERED: Final = 200
#: Learn anew after this many more ends, as a share of those known; after so many in any case.
_FRESH, _MANY = 0.1, 0.5
#: Plans between two times, unless very much is new: learning costs as much as they do.
_PLANS: Final = 300
#: Learn anew after this share of the median, for what those still running tell.
_STALE: Final = 0.1
_SHORTEST_PAUSE_S: Final = 10.0


@frozen
class _Ended:
    seconds: float
    ended_s: float
    mark: int
    watched_from_s: float


class Study:
    """One kind of tasks. Whether a task is watched depends on its id alone, never on how long it takes."""

    def __init__(self) -> None:
        self._known: deque[float] = deque(maxlen=REMEMBERED)
        self._ended: deque[_Ended] = deque()
        #: Monotonic seconds of submission, and of the moment from which each was watched.
        self._running: dict[str, tuple[float, float]] = {}
        self._every = 1
        self._number = self._peak = 0
        self._forgotten_s = float("-inf")
        self._learned_s = float("-inf")
        self._begun_s = float("inf")
        self._fresh = 0
        #: Plans made since it was last learned from, of any kind; counted by the planner.
        self.plans = 0

    @property
    def running(self) -> int:
        """How many tasks run."""
        return self._number

    def know(self, seconds: Iterable[float]) -> None:
        """Take durations of tasks that ended before, the latest first."""
        self._known.extend(seconds)
        self._fresh += 1

    def ages_s(self, now_s: float, most: int) -> tuple[list[float], float]:
        """Return the ages of some tasks that run, and how many tasks each of them stands for."""
        if not self._running:
            return [], 0.0
        step = -(-len(self._running) // most)
        ages = [now_s - since_s for since_s, _ in list(self._running.values())[::step]]
        return ages, self._number / len(ages)

    def begin(self, job_id: str, *, since_s: float, now_s: float) -> None:
        """Take up a task that was submitted at `since_s` and is watched from now on (monotonic seconds)."""
        self._number += 1
        self._begun_s = min(self._begun_s, now_s)
        if crc32(job_id.encode()) % self._every == 0:
            self._running[job_id] = (since_s, now_s)
            self._peak = max(self._peak, len(self._running))
            if len(self._running) > _MOST_WATCHED:
                self._thin()

    def end(self, job_id: str, seconds: float | None, *, now_s: float) -> None:
        """Note that a task ended after so many seconds, or is watched no more."""
        self._number -= 1
        found = self._running.pop(job_id, None)
        if self._every > 1 and self._number < _MOST_WATCHED // 4:
            self._every = 1
        if found is None or seconds is None:
            return
        since_s, from_s = found
        self._ended.append(_Ended(seconds, now_s, crc32(job_id.encode()), max(0.0, from_s - since_s)))
        self._fresh += 1
        if len(self._ended) > max(REMEMBERED, self._peak):
            self._forgotten_s = self._ended.popleft().ended_s

    def _thin(self) -> None:
        self._every *= 2
        self._running = {
            job_id: seen
            for job_id, seen in self._running.items()
            if crc32(job_id.encode()) % self._every == 0
        }
        self._ended = deque(seen for seen in self._ended if seen.mark % self._every == 0)

    def learned(self, before: Durations, *, now_s: float, seen_s: Callable[[str], float]) -> Durations | None:
        """Return what can be learned by now, None if that is hardly more than before.

        Args:
            before: What was learned last.
            now_s: Monotonic seconds.
            seen_s: Tells when a task was last known to run: whether it has ended since, nobody knows.
        """
        pause_s = max(_SHORTEST_PAUSE_S, _STALE * before.median_s)
        stale = bool(before.count and self._running) and now_s - self._learned_s >= pause_s
        much = self._fresh > 0 and self._fresh >= _MANY * before.count
        more = stale or (self._fresh > 0 and self._fresh >= _FRESH * before.count)
        if not much and not (more and self.plans >= _PLANS):
            return None
        self._fresh, self._learned_s, self.plans = 0, now_s, 0
        lives = self._lives(seen_s)
        told_s = self._told_s(lives)
        older = [Life(seconds=seconds, since_s=told_s) for seconds in self._known]
        return Durations.learn((), [*older, *lives])

    def _told_s(self, lives: Sequence[Life]) -> float:
        """Return the age up to which those of this run tell more than the older ones, being more.

        Of what comes after that age the older ones tell still, of those among them that lasted as long.
        """
        begins = sorted(life.since_s for life in lives)
        exits = sorted(life.seconds for life in lives)
        older = sorted(self._known)
        told_s = 0.0
        for age_s in sorted({0.0, *older, *exits}):
            at_risk = bisect_right(begins, age_s) - bisect_left(exits, age_s)
            if at_risk < len(older) - bisect_left(older, age_s):
                break
            told_s = age_s
        return min(told_s, exits[-1]) if exits else 0.0

    def _lives(self, seen_s: Callable[[str], float]) -> list[Life]:
        lives = [
            Life(
                seconds=seen.seconds,
                since_s=max(seen.watched_from_s, seen.seconds - (seen.ended_s - self._forgotten_s), 0.0),
            )
            for seen in self._ended
        ]
        for job_id, (since_s, from_s) in self._running.items():
            start_s = max(from_s, self._forgotten_s) - since_s
            lives.append(Life(seconds=seen_s(job_id) - since_s, ended=False, since_s=max(0.0, start_s)))
        return lives
