"""The best that any schedule can do that knows the distribution and nothing else.

A schedule is judged by two figures of an average task: its calls, and how late its end is noticed. The best
one for a price per call is found by dynamic programming on a fine grid over the exact survival function
(an exact search: each step is the lowest of all later inspections, not an approximation by a hazard);
prices are swept until the calls are as many as those of the schedule to be judged.
"""

import math
from bisect import bisect_left
from collections.abc import Hashable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, cast

import numpy as np
from attrs import frozen

from bench.polling.distributions import Distribution

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Points of the grid, and the share of tasks that may last beyond it.
_POINTS, _BEYOND = 6000, 1e-8
#: Halvings of the search for a price or a spacing.
_HALVINGS = 24
#: Points of the coarser grid that it is made from.
_ROUGH = 20_000
#: Rungs up and down the ladder of prices; each is a fifth above the one below.
_RUNGS = 100
#: Instants at which a stream is looked at, and the share of its tasks that may run on beyond them.
_INSTANTS, _RARE = 2000, 1e-3
#: Inspections after which a schedule is cut off.
_MOST_CALLS = 200_000


@frozen(kw_only=True)
class Cost:
    """What a schedule costs an average task.

    Attributes:
        calls: Calls a task.
        delay_s: Seconds from its end to the call that shows it.
    """

    calls: float
    delay_s: float


def cost_of(distribution: Distribution, times: Iterator[float]) -> Cost:
    """Return the exact cost of asking at these ages, in seconds, until a task has ended.

    A task is watched for the sum over the waits of ``left(before) * wait``, its duration included.
    """
    calls = watched_s = before_s = 0.0
    share = 1.0
    for _ in range(_MOST_CALLS):
        if share < _BEYOND:
            break
        now_s = next(times)
        calls += share
        watched_s += share * (now_s - before_s)
        share, before_s = distribution.left(now_s), now_s
    lasted_s = _grid(_key(distribution)).lasted_s(before_s)
    return Cost(calls=calls, delay_s=max(watched_s - lasted_s, 0.0))


def best_at(distribution: Distribution, calls: float) -> Cost:
    """Return the cost of the best schedule of all that make so many calls a task.

    Schedules are found for prices on a fine ladder; between two of them the delay is read off a straight
    line in the logarithms.
    """
    low, high = -_RUNGS, _RUNGS
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _rung(_key(distribution), middle).calls > calls else (low, middle)
    more, fewer = _rung(_key(distribution), low), _rung(_key(distribution), high)
    width = math.log(more.calls / fewer.calls)
    part = min(max(math.log(calls / fewer.calls) / width, 0.0), 1.0) if width > 1e-9 else 0.0
    delay_s = math.exp((1 - part) * math.log(fewer.delay_s) + part * math.log(more.delay_s))
    return Cost(calls=calls, delay_s=delay_s)


@lru_cache(maxsize=2000)
def _rung(distribution: Hashable, rung: int) -> Cost:
    return _grid(distribution).best(1.2**rung)


class _Grid:
    """Ages that hold equally much of what matters: ends, and time."""

    def __init__(self, distribution: Distribution) -> None:
        longest_s = 1.0
        while distribution.left(longest_s) > _BEYOND and longest_s < 1e10:
            longest_s *= 1.25
        shortest_s = longest_s
        while distribution.left(shortest_s) < 1 - 1e-7 and shortest_s > 1e-4:
            shortest_s /= 1.25
        span = longest_s / shortest_s
        rough = [0.0, *(shortest_s * span ** (index / _ROUGH) for index in range(_ROUGH + 1))]
        left = [1.0, *map(distribution.left, rough[1:])]
        # Half of the points where polls are due by many, a quarter evenly among ends, a quarter in log time.
        dues, ends = [0.0], [0.0]
        for index in range(1, len(rough)):
            gone = max(left[index - 1] - left[index], 0.0)
            dues.append(dues[-1] + math.sqrt(gone * (rough[index] - rough[index - 1])))
            ends.append(ends[-1] + gone)
        weight = [
            2 * due / dues[-1] + end / ends[-1] + place / _ROUGH
            for place, (due, end) in enumerate(zip(dues, ends, strict=True))
        ]
        self.ages_s = [0.0]
        for point in range(1, _POINTS + 1):
            wanted = weight[-1] * point / _POINTS
            index = min(max(bisect_left(weight, wanted), 1), len(rough) - 1)
            width = weight[index] - weight[index - 1]
            part = min((wanted - weight[index - 1]) / width, 1.0) if width > 0 else 1.0
            age_s = rough[index - 1] + part * (rough[index] - rough[index - 1])
            if age_s > self.ages_s[-1]:
                self.ages_s.append(age_s)
        self.left = [1.0, *map(distribution.left, self.ages_s[1:])]
        self._rough: list[float] = rough
        self._rough_left: list[float] = left
        self._lasted_s: list[float] = [0.0]
        for index in range(1, len(rough)):
            middle = (left[index - 1] + left[index]) / 2
            self._lasted_s.append(self._lasted_s[-1] + middle * (rough[index] - rough[index - 1]))

    def best(self, price: float) -> Cost:
        """Return the cost of the schedule that minimises delay plus `price` times calls."""
        ages_s, left = self.ages_s, self.left
        last = len(ages_s) - 1
        following = [last] * (last + 1)
        lines = [last]
        costs = [0.0] * (last + 1)
        first = 0
        for index in range(last - 1, -1, -1):
            share, age_s = left[index], ages_s[index]
            while first + 1 < len(lines):
                here, then = lines[first], lines[first + 1]
                if share * ages_s[then] + costs[then] > share * ages_s[here] + costs[here]:
                    break
                first += 1
            chosen = lines[first]
            following[index] = chosen
            cost = costs[index] = share * (price - age_s + ages_s[chosen]) + costs[chosen]
            while len(lines) - first > 1:
                top, under = lines[-1], lines[-2]
                rise = (costs[top] - costs[under]) * (ages_s[top] - age_s)
                if rise < (cost - costs[top]) * (ages_s[under] - ages_s[top]):
                    break
                lines.pop()
            lines.append(index)
        calls = watched_s = 0.0
        index = 0
        while index != last:
            after = following[index]
            calls += left[index]
            watched_s += left[index] * (ages_s[after] - ages_s[index])
            index = after
        return Cost(calls=calls, delay_s=max(watched_s - self.lasted_s(ages_s[last]), 0.0))

    def lasted_s(self, age_s: float) -> float:
        """Return how long an average task has lasted by that age, in seconds."""
        index = min(max(bisect_left(self._rough, age_s), 1), len(self._rough) - 1)
        low_s, high_s = self._rough[index - 1], self._rough[index]
        part = min((age_s - low_s) / (high_s - low_s), 1.0)
        return self._lasted_s[index - 1] + part * (self._lasted_s[index] - self._lasted_s[index - 1])

    def dues(self) -> tuple[Sequence[float], Sequence[float]]:
        """Return ages, and the polls of an average task by each under a price of 1, if polls are dense."""
        found = [0.0]
        for index in range(len(self.ages_s) - 1):
            share, after = self.left[index], self.left[index + 1]
            width_s = self.ages_s[index + 1] - self.ages_s[index]
            found.append(found[-1] + math.sqrt((share + after) / 2 * width_s * max(share - after, 0.0) / 2))
        return self.ages_s, found

    def survival(self) -> "tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]":
        """Return ages, the share that lasts longer than each, and how long tasks have lasted by then."""
        return np.array(self._rough), np.array(self._rough_left), np.array(self._lasted_s)


def crowding(
    distribution: Distribution, calls: float, number: int, step_s: float, polls_per_s: float
) -> float:
    """Return how many times longer the least delay is because no second allows more than its budget.

    Tasks begin one after another, `step_s` apart. What is not asked for while few tasks run, or none is
    likely to end, cannot be made up for while many are; with dense polls both least delays are known.
    """
    grid = _grid(_key(distribution))
    ages_s, dues = grid.dues()
    begun_s = number * step_s
    wide_s = (begun_s + ages_s[bisect_left(grid.left, -_RARE, key=lambda share: -share)]) / _INSTANTS
    pulls = []
    for instant in range(_INSTANTS):
        now_s = (instant + 0.5) * wide_s
        pulls.append((_read(ages_s, dues, now_s) - _read(ages_s, dues, now_s - begun_s)) / step_s)
    low, high = 1e-9, 1e12
    for _ in range(_HALVINGS * 2):
        price = math.sqrt(low * high)
        spent = math.fsum(min(pull / math.sqrt(price), polls_per_s) for pull in pulls) * wide_s
        low, high = (price, high) if spent > calls * number else (low, price)
    root = math.sqrt(high)
    late_s = math.fsum(pull * max(root, pull / polls_per_s) for pull in pulls)
    spent = math.fsum(min(pull / root, polls_per_s) for pull in pulls)
    return max(1.0, late_s * spent / math.fsum(pulls) ** 2)


def _read(ages_s: Sequence[float], values: Sequence[float], age_s: float) -> float:
    if age_s <= 0:
        return 0.0
    return values[min(bisect_left(ages_s, age_s), len(values) - 1)]


def survival(
    distribution: Distribution,
) -> "tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]":
    """Return ages, the share that lasts longer, and how long tasks have lasted by then (seconds)."""
    return _grid(_key(distribution)).survival()


@lru_cache(maxsize=16)
def _grid(distribution: Hashable) -> _Grid:
    return _Grid(cast("Distribution", distribution))


def _key(distribution: Distribution) -> Hashable:
    """Return the distribution as what it is told by in the caches."""
    return cast("Hashable", distribution)
