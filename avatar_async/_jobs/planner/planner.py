"""The planner of all polls: what is known of each kind, what a poll costs, and who is due.

It holds no clock, no chance and no network: every call is told the time, and says what to do.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Final

from avatar_async._jobs.planner.prices import Demand, Pricing, steady_price
from avatar_async._jobs.planner.queue import Polled, PollQueue
from avatar_async._jobs.planner.study import Study
from avatar_async._jobs.planner.timetable import PollLimits, Timetable
from avatar_async._jobs.verdicts import clamped_wait_s
from avatar_async.requests import Kind

#: Tasks of a kind that a forecast looks at, and its instants, as parts of the median.
_LOOKED_AT: Final = 48
_INSTANTS: Final = (0.0, 0.2, 0.4, 0.7, 1.0, 1.4)
#: By how many share a call, one or more. Where a crowd shares them, most of its ends come while calls are
#: scarce, whatever the price; the few that are left should not pay for that: its price looks less far ahead
#: and falls sooner, but a task forgets more slowly what it paid, since each call is dearer for fewer.
_ALONE: Final = Pricing(foresight=0.9, memory=2.0, forgetting=0.25)
_TOGETHER: Final = Pricing(foresight=0.5, memory=0.3, forgetting=0.2)
#: Between two looks at the demand: this many seconds, or this part of the shortest median.
_LOOK_S, _LOOK_PART = 5.0, 0.03
#: Plans between two looks at least, unless so many times that pause has passed: a look costs as much as some.
_LOOK_PLANS, _LONGEST_LOOKS = 25, 10.0
#: Look at once when there are so many times more tasks than at the last look.
_GROWN: Final = 1.25


class PollPlanner:
    """Decide when each task is asked for.

    Args:
        calls_per_s: Query calls a second that may be spent.
        batch: Most tasks a call asks for.
        limits: Bounds of the spacing, by kind.
    """

    def __init__(self, *, calls_per_s: float, batch: int, limits: Mapping[Kind, PollLimits]) -> None:
        self._calls_per_s = calls_per_s
        self._batch = batch
        self._limits = limits
        self._pricing = _TOGETHER if batch > 1 else _ALONE
        self._queue = PollQueue()
        self._studies = {kind: Study() for kind in Kind}
        self._timetables = {kind: Timetable() for kind in Kind}
        self._price = 0.0
        #: How many tasks share a call that is made for one of a kind.
        self._sharing = dict.fromkeys(Kind, 1.0)
        self._looked_s = self._look_at_s = -math.inf
        self._pause_s = _LOOK_S
        #: Plans made since the last look.
        self._plans = 0
        self._looked_at = 0
        #: First polls that tasks begun lately still wait for, if each gets one in turn, and as of when.
        self._burst, self._burst_s = 0.0, -math.inf

    def __len__(self) -> int:
        return len(self._queue)

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._queue

    @property
    def price(self) -> float:
        """The seconds of delay that a call is worth at present, 0 if calls are plentiful."""
        return self._price

    def timetable(self, kind: Kind) -> Timetable:
        """Return what the waits of a kind go by."""
        return self._timetables[kind]

    # ------------------------------------------------------------ what happens
    def know(self, kind: Kind, seconds: Iterable[float]) -> None:
        """Take durations in seconds of tasks that ended before, the latest first."""
        self._studies[kind].know(seconds)
        self._learn(kind, -math.inf)

    def begin(
        self, job_id: str, kind: Kind, *, since_s: float, now_s: float, due_s: float | None = None
    ) -> None:
        """Take up a task submitted at `since_s`, to be asked for at `due_s`, or once it was planned."""
        self.drop(job_id, now_s=now_s)
        task = Polled(job_id, kind, since_s)
        self._queue.add(task)
        if due_s is not None:
            self._queue.put(task, due_s, now_s=now_s)
        self._studies[kind].begin(job_id, since_s=since_s, now_s=now_s)

    def age_s(self, job_id: str, now_s: float) -> float:
        """Return the seconds since a task was submitted, 0 if it was not taken up."""
        task = self._queue.get(job_id)
        return 0.0 if task is None else now_s - task.since_s

    def drop(self, job_id: str, *, now_s: float, took_s: float | None = None) -> None:
        """Poll a task no more; learn from how long it took, if that is known."""
        task = self._queue.drop(job_id)
        if task is not None:
            self._studies[task.kind].end(job_id, took_s, now_s=now_s)

    def hasten(self, job_id: str, due_s: float, *, now_s: float) -> None:
        """Ask for a task at `due_s` if it is planned for later."""
        self._queue.hasten(job_id, due_s, now_s=now_s)

    def hurry(self, now_s: float) -> None:
        """Ask for every task now, the soonest due first."""
        self._queue.hurry(now_s)

    # ------------------------------------------------------------ what to do
    def next_due_s(self) -> float | None:
        """Return when the next call is due, None if nothing is planned."""
        return self._queue.next_due_s()

    def take(self, now_s: float) -> list[str]:
        """Return the jobs to ask for in the call that leaves now; none if none is due."""
        self._look(now_s)
        return [task.job_id for task in self._queue.take(now_s, self._batch)]

    def plan(
        self,
        job_id: str,
        *,
        now_s: float,
        part: float,
        hint_s: float | None = None,
        soonest_s: float = math.inf,
    ) -> float:
        """Plan the next poll of a task that was found running; return the seconds until then.

        Args:
            job_id: A task that was taken up.
            now_s: Monotonic seconds.
            part: A number in [0, 1) that spreads tasks a little, either way.
            hint_s: A wait that was asked for; never polled earlier (clamped to 600 s).
            soonest_s: Wait no longer than this, unless a wait was asked for.
        """
        task = self._queue.get(job_id)
        if task is None:
            return math.inf
        self._look(now_s)
        self._plans += 1
        timetable = self._timetables[task.kind]
        age_s = max(0.0, now_s - task.since_s)
        wanted = self._price
        if task.price > wanted and age_s > 0:
            planned_age_s = max(task.planned_s - task.since_s, 0.0)
            wanted = max(wanted, task.price * (planned_age_s / age_s) ** self._pricing.forgetting)
        task.price = wanted
        sharing = self._sharing[task.kind]
        price = timetable.price(wanted / sharing, age_s, sharing=sharing)
        scatter_s = self._crowd_s(now_s) if task.planned_s == -math.inf else 0.0
        wait_s = timetable.wait_s(age_s, self._limits[task.kind], price, part, scatter_s=scatter_s)
        wait_s = min(wait_s, soonest_s) if hint_s is None else max(wait_s, clamped_wait_s(hint_s))
        self._queue.put(task, now_s + wait_s, now_s=now_s, resting=hint_s is not None)
        return wait_s

    # ------------------------------------------------------------ inside
    def _crowd_s(self, now_s: float) -> float:
        """Count one more task that begins; return half the time that asking for all begun with it takes."""
        polls_per_s = self._calls_per_s * self._batch
        done = (now_s - self._burst_s) * polls_per_s
        self._burst, self._burst_s = max(0.0, self._burst - done) + 1.0, now_s
        return (self._burst - 1.0) / (2 * polls_per_s)

    def _seen_s(self, job_id: str) -> float:
        """Return when a task was last known to run; minus infinity if it is not polled."""
        task = self._queue.get(job_id)
        return -math.inf if task is None else task.planned_s

    def _learn(self, kind: Kind, now_s: float) -> bool:
        study = self._studies[kind]
        study.plans += self._plans
        learned = study.learned(self._timetables[kind].durations, now_s=now_s, seen_s=self._seen_s)
        if learned is not None:
            self._timetables[kind] = Timetable(durations=learned)
        return learned is not None

    def _look(self, now_s: float) -> None:
        """Learn, and set the price anew, unless that was done a moment or a few plans ago."""
        if now_s < self._look_at_s and len(self._queue) <= _GROWN * self._looked_at:
            return
        passed_s = min(now_s - self._looked_s, 86400.0)
        grown = len(self._queue) > _GROWN * self._looked_at
        if not grown and self._plans < _LOOK_PLANS and passed_s < _LONGEST_LOOKS * self._pause_s:
            return
        self._looked_s, self._looked_at = now_s, len(self._queue)
        for kind in Kind:
            self._learn(kind, now_s)
        self._plans = 0
        medians = [
            timetable.durations.median_s
            for kind, timetable in self._timetables.items()
            if timetable.learned and self._studies[kind].running
        ]
        self._pause_s = max(_LOOK_S, _LOOK_PART * min(medians, default=0.0))
        self._look_at_s = now_s + self._pause_s
        self._set_price(now_s, passed_s, max(medians, default=0.0))

    def _set_price(self, now_s: float, passed_s: float, median_s: float) -> None:
        watched = {kind: study.ages_s(now_s, _LOOKED_AT) for kind, study in self._studies.items()}
        pulls = {
            kind: [self._timetables[kind].pull(age_s) for age_s in ages]
            for kind, (ages, _) in watched.items()
            if ages
        }
        forecast: list[list[Demand]] = [[] for _ in _INSTANTS[1:]]
        for kind, own in pulls.items():
            peak = max(own)
            # Whatever is more urgent is asked for by the same calls, what is less so by a part of them.
            together = math.fsum(
                watched[other][1] * min(1.0, pull / peak) if peak > 0 else 0.0
                for other, theirs in pulls.items()
                for pull in theirs
            )
            self._sharing[kind] = min(max(together, 1.0), self._batch)
            ages, stands_for = watched[kind]
            demands = self._demands(self._timetables[kind], ages, stands_for, self._sharing[kind])
            for window, demand in zip(forecast, demands, strict=True):
                window.append(demand)
        wanted = steady_price(forecast, self._calls_per_s, foresight=self._pricing.foresight)
        memory_s = max(self._pricing.memory * median_s, _LOOK_S)
        self._price = max(wanted, self._price * math.exp(-passed_s / memory_s))

    def _demands(
        self, timetable: Timetable, ages: list[float], stands_for: float, sharing: float
    ) -> list[Demand]:
        """Return what tasks of these ages want between each two instants, as far as they still run."""
        stands_for /= math.sqrt(sharing)
        if not timetable.learned:
            pulls = [timetable.pull(age_s) for age_s in ages]
            pull = math.fsum(pulls)
            least = math.fsum(
                one * timetable.least_price_at(age_s) for one, age_s in zip(pulls, ages, strict=True)
            )
            least_price = sharing * least / pull if pull > 0 else 0.0
            return [Demand(pull * stands_for, least_price)] * (len(_INSTANTS) - 1)
        durations = timetable.durations
        aheads = [instant * durations.median_s for instant in _INSTANTS]
        wanted = [0.0] * (len(_INSTANTS) - 1)
        for age_s in ages:
            now, due = durations.due_by(age_s)
            before = now
            for place in range(len(wanted)):
                left, due_then = durations.due_by(age_s + aheads[place + 1])
                if now > 0:
                    wanted[place] += (before + left) / (2 * now) * (due_then - due)
                before, due = left, due_then
        return [
            Demand(polls * stands_for / (end_s - start_s), timetable.least_price)
            for polls, start_s, end_s in zip(wanted, aheads, aheads[1:], strict=False)
        ]
