"""A service in virtual time, asked by the product's own planner, and by one who knows every end."""

import math
import random
from collections import deque
from collections.abc import Sequence

from attrs import frozen

from avatar_async._jobs.planner.planner import PollPlanner
from avatar_async._jobs.planner.timetable import PollLimits
from avatar_async.requests import Kind


@frozen(kw_only=True)
class Watch:
    """What watching all tasks came to.

    Attributes:
        calls: Query calls made.
        asked: Task ids asked for, over all calls.
        delays_s: Seconds from each task's end to the call that showed it.
        calls_at_s: When each call left.
    """

    calls: int
    asked: int
    delays_s: Sequence[float]
    calls_at_s: Sequence[float]

    @property
    def most_in_a_second(self) -> int:
        """The most calls within any window of one second (open at its end)."""
        recent: deque[float] = deque()
        most = 0
        for at_s in self.calls_at_s:
            recent.append(at_s)
            while recent[0] <= at_s - 1.0:
                recent.popleft()
            most = max(most, len(recent))
        return most


class Product:
    """The product's own planner, driven as its poller drives it."""

    def __init__(
        self,
        *,
        calls_per_s: float,
        batch: int,
        limits: PollLimits,
        known: Sequence[float],
        seed: int,
        kind: Kind = Kind.TRAINING,
    ) -> None:
        self.planner = PollPlanner(calls_per_s=calls_per_s, batch=batch, limits=dict.fromkeys(Kind, limits))
        self.planner.know(kind, known)
        self._kind = kind
        self._chance = random.Random(seed)

    def begin(self, number: int, now_s: float) -> None:
        """Take up a task that begins now."""
        self.planner.begin(str(number), self._kind, since_s=now_s, now_s=now_s)
        self.planner.plan(str(number), now_s=now_s, part=self._chance.random())

    def next_due_s(self) -> float | None:
        """Return when the next call is due."""
        return self.planner.next_due_s()

    def take(self, now_s: float) -> Sequence[int]:
        """Return the tasks to ask for in a call that leaves now."""
        return [int(job_id) for job_id in self.planner.take(now_s)]

    def running(self, number: int, now_s: float) -> None:
        """Hear that a task still runs."""
        self.planner.plan(str(number), now_s=now_s, part=self._chance.random())

    def ended(self, number: int, seconds: float, now_s: float) -> None:
        """Hear that a task has ended, and how long it took."""
        self.planner.drop(str(number), now_s=now_s, took_s=seconds)


def stream(number: int, *, in_flight: int, mean_s: float) -> list[float]:
    """Return when tasks begin: together, or where fewer are to run at once, in an even stream."""
    step_s = mean_s / in_flight if in_flight < number else 0.0
    return [index * step_s for index in range(number)]


def watch(
    asker: Product, begins_s: Sequence[float], durations_s: Sequence[float], *, spacing_s: float
) -> Watch:
    """Run tasks that begin at these instants and take so long, with calls at least so far apart."""
    begun = asked = 0
    now_s = free_s = 0.0
    delays: list[float] = []
    calls: list[float] = []
    while len(delays) < len(durations_s):
        due_s = asker.next_due_s()
        call_s = math.inf if due_s is None else max(now_s, free_s, due_s)
        if begun < len(begins_s) and begins_s[begun] <= call_s:
            now_s = max(now_s, begins_s[begun])
            asker.begin(begun, now_s)
            begun += 1
            continue
        now_s = call_s
        numbers = asker.take(now_s)
        calls.append(now_s)
        asked += len(numbers)
        free_s = now_s + spacing_s
        for number in numbers:
            end_s = begins_s[number] + durations_s[number]
            if end_s <= now_s:
                delays.append(now_s - end_s)
                asker.ended(number, durations_s[number], now_s)
            else:
                asker.running(number, now_s)
    return Watch(calls=len(calls), asked=asked, delays_s=delays, calls_at_s=calls)


def seer(ends_s: Sequence[float], *, batch: int, spacing_s: float) -> Watch:
    """Return what one comes to who knows every end: one call for each, or for many, as soon as may be."""
    ends = deque(sorted(ends_s))
    free_s = 0.0
    delays: list[float] = []
    calls: list[float] = []
    while ends:
        now_s = max(free_s, ends[0])
        calls.append(now_s)
        free_s = now_s + spacing_s
        for _ in range(batch):
            if not ends or ends[0] > now_s:
                break
            delays.append(now_s - ends.popleft())
    return Watch(calls=len(calls), asked=len(delays), delays_s=delays, calls_at_s=calls)
