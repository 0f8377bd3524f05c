"""How long tasks of one kind take: what was observed, smoothed into a distribution.

No shape is presumed. Each finished task stands for a small bump, as wide (in the logarithm of time) as the
way to its nearest neighbours; tasks that still run count by what they have survived (Kaplan and Meier);
beyond the longest one the tail falls like a power, as steeply as the longest ones suggest (Hill). A thin
share of any duration whatever remains, for the day on which everything changes.
"""

import math
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Final

from attrs import frozen

#: Shortest duration told apart from nothing, in seconds.
_SHORTEST_S: Final = 1e-3
#: Observations that the share of any duration whatever is worth, and how steeply its tails fall.
_ANY_WEIGHT, _ANY_STEEPNESS = 1.0, 2.0
#: Neighbours that a bump reaches over, as a multiple of the root of their number; its least half width.
_REACH, _LEAST_REACH = 1.5, 0.02
#: Bumps at most.
_MOST_BUMPS: Final = 128
#: How steeply a tail may fall.
_STEEPEST, _FLATTEST = 12.0, 0.8
#: Points at which bumps are evaluated, and steps of the coarse grid through all durations.
_BUMP_POINTS, _COARSE_STEP = 256, 0.12
#: The coarse grid reaches from the median divided by this to the longest one times this.
_SPAN_BELOW, _SPAN_ABOVE = 3000.0, 60.0
#: The grid ends where this is minus the logarithm of the share that lasts longer; how much coarser it gets
#: on the way, as a power of that share.
_FARTHEST, _THINNING = 9.0, 0.3
#: Points of the grid that schedules are made on.
_POINTS: Final = 400


_NOTHING: "Final[array[float]]" = array("d")


@frozen(kw_only=True)
class Life:
    """One observed task.

    Attributes:
        seconds: How long it took, or has run so far.
        ended: Whether it ended.
        since_s: Its age when watching began: an end before that would not have been seen.
    """

    seconds: float
    ended: bool = True
    since_s: float = 0.0


@frozen(kw_only=True, eq=False)
class Durations:
    """A distribution of durations on a grid that is finest where endings are likely.

    Attributes:
        count: Finished tasks it was learned from.
        median_s: The median in seconds.
        long_s: What one task in ten outlasts, in seconds.
        spread: Half the distance of the quartiles in the logarithm of seconds, as a normal's sigma.
        ages_s: The grid: ages in seconds, the first is 0.
        left: The share that lasts longer than each age.
        urgency: Polls due by each age under a price of 1: the integral of ``sqrt(hazard / 2)``.
        steepness: How steeply the tail falls beyond the grid.
    """

    count: int = 0
    median_s: float = 0.0
    long_s: float = 0.0
    spread: float = 1.0
    ages_s: "array[float]" = _NOTHING
    left: "array[float]" = _NOTHING
    urgency: "array[float]" = _NOTHING
    steepness: float = _ANY_STEEPNESS

    @classmethod
    def learn(cls, seconds: Iterable[float], lives: Sequence[Life] = ()) -> "Durations":
        """Learn from durations in seconds of finished tasks, and from tasks watched more closely."""
        known = [Life(seconds=max(value, _SHORTEST_S)) for value in seconds]
        known += [life for life in lives if life.seconds > life.since_s]
        return _learned(known)

    def hazard(self, age_s: float) -> float:
        """Return the chance per second that a task still running at that age ends."""
        if not self.count:
            return 0.0
        if age_s >= self.ages_s[-1]:
            return self.steepness / age_s
        right = bisect_right(self.ages_s, age_s)
        step_s = self.ages_s[right] - self.ages_s[right - 1]
        return 2.0 * ((self.urgency[right] - self.urgency[right - 1]) / step_s) ** 2

    def left_at(self, age_s: float) -> float:
        """Return the share of tasks that last longer than that."""
        if not self.count:
            return 1.0
        if age_s >= self.ages_s[-1]:
            return self.left[-1] * math.pow(self.ages_s[-1] / age_s, self.steepness)
        right = bisect_right(self.ages_s, age_s)
        low_s, high_s = self.ages_s[right - 1], self.ages_s[right]
        part = (age_s - low_s) / (high_s - low_s)
        return self.left[right - 1] * math.pow(self.left[right] / self.left[right - 1], part)

    @property
    def mean_urgency(self) -> float:
        """Return the polls of an average task under a price of 1."""
        return math.fsum(
            (before - after) * (low + high) / 2
            for before, after, low, high in zip(
                self.left, self.left[1:], self.urgency, self.urgency[1:], strict=False
            )
        )


def _learned(lives: Sequence[Life]) -> Durations:
    ended = sorted(math.log(life.seconds) for life in lives if life.ended)
    if not ended:
        return Durations()
    weights, surplus = _survival(ended, lives)
    steepness = _steepness(ended, lives)
    reach = max(2, round(_REACH * math.sqrt(len(ended))))
    # Of very many, neighbours stand for one another.
    group = -(-len(ended) // _MOST_BUMPS)
    bumps = [
        ended[(first + min(first + group, len(ended)) - 1) // 2] for first in range(0, len(ended), group)
    ]
    shares = [math.fsum(weights[first : first + group]) for first in range(0, len(ended), group)]
    mixture = _Mixture(
        bumps, shares, max(2, round(reach / group)), _Tail(surplus, steepness, _longest(lives))
    )
    mixture.whatever = _ANY_WEIGHT / (len(ended) + _ANY_WEIGHT)
    coarse = mixture.grid()
    return _gridded(len(ended), coarse, [mixture.left_at(log) for log in coarse])


def _survival(ended: Sequence[float], lives: Sequence[Life]) -> tuple[list[float], float]:
    """Return the share that ends at each end (product limit), and the share that lasts longer than all."""
    begins = sorted(math.log(life.since_s) if life.since_s > 0 else -math.inf for life in lives)
    exits = sorted(math.log(max(life.seconds, _SHORTEST_S)) for life in lives)
    weights: list[float] = []
    left = 1.0
    for log in ended:
        at_risk = bisect_left(begins, log) - bisect_left(exits, log)
        # One more at risk: the longest seen is never the longest possible.
        weights.append(left / (max(at_risk, 1) + 1))
        left -= weights[-1]
    return weights, left


def _steepness(ended: Sequence[float], lives: Sequence[Life]) -> float:
    """Return how steeply the tail falls, from the longest ones (Hill; those still running count)."""
    top = max(2, round(math.sqrt(len(ended))))
    if len(ended) <= top:
        return _ANY_STEEPNESS
    start = ended[-top - 1]
    beyond = math.fsum(max(0.0, math.log(max(life.seconds, _SHORTEST_S)) - start) for life in lives)
    return min(max(top / beyond if beyond > 0 else _STEEPEST, _FLATTEST), _STEEPEST)


def _longest(lives: Iterable[Life]) -> float:
    return math.log(max(_SHORTEST_S, *(life.seconds for life in lives)))


@frozen
class _Tail:
    """The share that lasts longer than all ends, how steeply it falls, and from where on."""

    share: float
    steepness: float
    start: float


class _Mixture:
    """Bumps, the tail beyond them, and any duration whatever, in the logarithm of seconds."""

    def __init__(self, bumps: Sequence[float], weights: Sequence[float], reach: int, tail: _Tail) -> None:
        self._bumps, self._weights = bumps, weights
        self._tail = tail
        #: The share of any duration whatever.
        self.whatever = 0.0
        self._reaches = _neighbourhoods(bumps, reach)
        self._widest = max(self._reaches)
        self._sums = [0.0, *accumulate(weights)]
        middle = bisect_left(self._sums, 0.5 * self._sums[-1]) - 1
        self._middle = bumps[min(max(middle, 0), len(bumps) - 1)]

    def grid(self) -> list[float]:
        """Return logarithms of ages that show every bump, and everything between and around."""
        low, high = self._middle - math.log(_SPAN_BELOW), self._tail.start + math.log(_SPAN_ABOVE)
        low = min(low, self._bumps[0] - self._reaches[0])
        points = {low + step * _COARSE_STEP for step in range(math.ceil((high - low) / _COARSE_STEP) + 1)}
        each = max(1, round(_BUMP_POINTS / len(self._bumps)))
        for log, reach in zip(self._bumps, self._reaches, strict=True):
            points.update(log - reach + 2 * reach * (part + 0.5) / each for part in range(each))
        points.add(self._tail.start)
        return sorted(points)

    def left_at(self, log: float) -> float:
        """Return the share that lasts longer."""
        near = bisect_left(self._bumps, log - self._widest), bisect_right(self._bumps, log + self._widest)
        gone = self._sums[near[0]]
        for index in range(*near):
            way = (log - self._bumps[index]) / self._reaches[index]
            if way >= 1:
                gone += self._weights[index]
            elif way > -1:
                gone += self._weights[index] * (0.5 + way * (0.75 - 0.25 * way * way))
        left = self._sums[-1] - gone
        beyond = log - self._tail.start
        left += self._tail.share * (math.exp(-self._tail.steepness * beyond) if beyond > 0 else 1.0)
        whatever = 1.0 / (1.0 + math.exp(min(_ANY_STEEPNESS * (log - self._middle), 700.0)))
        return (1 - self.whatever) * left + self.whatever * whatever


def _neighbourhoods(bumps: Sequence[float], reach: int) -> list[float]:
    """Return for each bump how far its nearest ones are, so many of them."""
    last = len(bumps) - 1
    reach = min(reach, last)
    found: list[float] = []
    first = 0
    for log in bumps:
        while first + reach < last and bumps[first + reach + 1] - log < log - bumps[first]:
            first += 1
        found.append(max(log - bumps[first], bumps[first + reach] - log, _LEAST_REACH))
    return found


def _gridded(count: int, logs: Sequence[float], left: Sequence[float]) -> Durations:
    """Return the distribution on a grid that is even in polls, coarser where few tasks get."""
    ages = [0.0, *map(math.exp, logs)]
    falls = [0.0, *(-math.log(max(share, 1e-300)) for share in left)]
    urgency, places = [0.0], [0.0]
    for index in range(1, len(ages)):
        if falls[index] > _FARTHEST:
            break
        fallen = max(falls[index] - falls[index - 1], 0.0)
        polls = math.sqrt(fallen * (ages[index] - ages[index - 1]) / 2)
        urgency.append(urgency[-1] + polls)
        places.append(places[-1] + polls * math.exp(-_THINNING * falls[index - 1]))
    at, even, shares = [0.0], [0.0], [1.0]
    index = 1
    for point in range(1, _POINTS + 1):
        wanted = places[-1] * point / _POINTS
        while places[index] < wanted and index < len(places) - 1:
            index += 1
        width = places[index] - places[index - 1]
        part = min((wanted - places[index - 1]) / width, 1.0) if width > 0 else 1.0
        age_s = ages[index - 1] + part * (ages[index] - ages[index - 1])
        if age_s > at[-1]:
            at.append(age_s)
            even.append(urgency[index - 1] + part * (urgency[index] - urgency[index - 1]))
            shares.append(math.exp(-(falls[index - 1] + part * (falls[index] - falls[index - 1]))))
    half, first, last, long = (_quantile(at, shares, share) for share in (0.5, 0.75, 0.25, 0.1))
    return Durations(
        count=count,
        median_s=half,
        long_s=long,
        spread=max(math.log(last / first) / 1.349, 0.05),
        ages_s=array("d", at),
        left=array("d", shares),
        urgency=array("d", even),
    )


def _quantile(ages_s: Sequence[float], left: Sequence[float], share: float) -> float:
    """Return the age that this share of tasks outlasts."""
    right = bisect_left(left, -share, 1, key=lambda value: -value)
    if right >= len(ages_s):
        return ages_s[-1]
    before, after = left[right - 1], left[right]
    part = (before - share) / (before - after) if before > after else 1.0
    return ages_s[right - 1] + part * (ages_s[right] - ages_s[right - 1])
