"""The best that any schedule can do that knows the distribution, and what plain schedules do.

A schedule is judged by two figures of an average task: its calls, and how late its end is noticed. The best
one for a price per call is found by dynamic programming on a fine grid over the exact survival function
(an exact search: each step is the lowest of all later inspections, not an approximation by a hazard);
prices are swept until the calls are as many as those of the schedule to be judged.
"""

import math
from bisect import bisect_left
from collections.abc import Hashable, Iterator, Sequence
from functools import lru_cache
from typing import cast

from attrs import frozen

from bench.polling.distributions import Distribution

#: Points of the grid, and the share of tasks that may last beyond it.
_POINTS, _BEYOND = 6000, 1e-8
#: Halvings of the search for a price or a spacing.
_HALVINGS = 24
#: Points of the coarser grid that it is made from.
_ROUGH = 20_000
#: Rungs up and down the ladder of prices; each is a fifth above the one below.
_RUNGS = 100
#: Growth of the spacing that exponential schedules are tried with.
GROWTHS = (1.0, 1.05, 1.1, 1.15, 1.2, 1.35, 1.5, 1.75, 2.0)
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
        self._lasted_s: list[float] = [0.0]
        for index in range(1, len(rough)):
            middle = (left[index - 1] + left[index]) / 2
            self._lasted_s.append(self._lasted_s[-1] + middle * (rough[index] - rough[index - 1]))
        #: Of each step: the wait at half a second's price, the share within, its width, the share that ends.
        self._steps: list[tuple[float, float, float, float]] = []
        for index in range(len(self.ages_s) - 1):
            share, after = self.left[index], self.left[index + 1]
            width_s = self.ages_s[index + 1] - self.ages_s[index]
            if share > after and width_s > 0:
                spacing = math.sqrt(share * width_s / (share - after))
                self._steps.append((spacing, (share + after) / 2, width_s, share - after))

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

    def flow(self, price: float, scarcity_s: float) -> tuple[float, float]:
        """Return polls and delay of a task, if many tasks share a budget as a stream.

        Args:
            price: Seconds of delay that a poll is worth.
            scarcity_s: Seconds until as many polls are made as tasks began.
        """
        polls = delay_s = 0.0
        root = math.sqrt(2 * price)
        for spacing, middle, width_s, gone in self._steps:
            wait_s = root * spacing
            if wait_s < scarcity_s * middle:
                wait_s = scarcity_s * middle
            polls += middle * width_s / wait_s
            delay_s += gone * wait_s
        return polls, delay_s / 2


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


def bound_at(distribution: Distribution, calls: float, number: int, polls_per_s: float) -> float:
    """Return a bound on the mean delay, in seconds, of tasks that begin together under a budget of polls.

    Nobody can ask for `number * left(t)` running tasks more often than the budget allows, so that a task that
    ends at age t waits for half of ``number * left(t) / polls_per_s`` on average, however it is chosen;
    where the price of a poll asks for less, for half of ``sqrt(2 * price / hazard)``.
    """
    grid = _grid(_key(distribution))
    low, high = 1e-9, 1e9
    polls, delay_s = grid.flow(low, number / polls_per_s)
    if polls <= calls:
        return delay_s
    for _ in range(_HALVINGS):
        price = math.sqrt(low * high)
        polls, delay_s = grid.flow(price, number / polls_per_s)
        low, high = (price, high) if polls > calls else (low, price)
    return delay_s


@lru_cache(maxsize=16)
def _grid(distribution: Hashable) -> _Grid:
    return _Grid(cast("Distribution", distribution))


def _key(distribution: Distribution) -> Hashable:
    """Return the distribution as what it is told by in the caches."""
    return cast("Hashable", distribution)


def growing(first_s: float, growth: float, offset_s: float = 0.0) -> Iterator[float]:
    """Yield the ages of a schedule whose spacing grows by a factor with each call, after an offset."""
    age_s, spacing_s = offset_s, first_s
    if offset_s > 0:
        yield age_s
    while True:
        age_s += spacing_s
        spacing_s = min(spacing_s * growth, 1e12)
        yield age_s


@frozen(kw_only=True)
class PlainCost:
    """A plain schedule, and what it costs by itself.

    Attributes:
        growth: Factor from each wait to the next.
        first_s: The first wait in seconds.
        offset_s: Age in seconds at which the waits begin.
        cost: What it costs an average task.
    """

    growth: float
    first_s: float
    offset_s: float
    cost: Cost


def best_fixed_at(distribution: Distribution, calls: float) -> Cost:
    """Return the cost of even spacing with so many calls a task."""
    [plain] = plain_at(distribution, calls, 1.0, [0.0])
    return plain.cost


def best_growing_at(distribution: Distribution, calls: float) -> Cost:
    """Return the cost of the best exponential schedule with so many calls a task."""
    found = [plain_at(distribution, calls, growth, [0.0])[0].cost for growth in GROWTHS]
    return min(
        (cost for cost in found if abs(cost.calls - calls) < 0.02 * calls), key=lambda cost: cost.delay_s
    )


def plain_at(
    distribution: Distribution, calls: float, growth: float, offsets_s: Sequence[float]
) -> list[PlainCost]:
    """Return the schedules of one growth that make so many calls a task, one for each offset."""
    found: list[PlainCost] = []
    for offset_s in offsets_s:
        low_s, high_s = 1e-4, 1e8
        for _ in range(_HALVINGS):
            middle_s = math.sqrt(low_s * high_s)
            if _calls(distribution, growing(middle_s, growth, offset_s), 4 * calls + 10) > calls:
                low_s = middle_s
            else:
                high_s = middle_s
        cost = cost_of(distribution, growing(high_s, growth, offset_s))
        found.append(PlainCost(growth=growth, first_s=high_s, offset_s=offset_s, cost=cost))
    return found


def _calls(distribution: Distribution, times: Iterator[float], most: float) -> float:
    """Return the calls a task, or something above `most` once they are more."""
    calls, share = 0.0, 1.0
    while share > _BEYOND and calls < most:
        calls += share
        share = distribution.left(next(times))
    return calls
