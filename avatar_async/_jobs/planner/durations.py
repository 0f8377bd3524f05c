"""How long tasks of one kind take: what was observed, smoothed into a distribution.

Two kinds of estimate are averaged, each by how well it tells what was seen. One presumes no shape: each
finished task stands for a small bump, as wide (in the logarithm of time) as the way to its nearest
neighbours; tasks that still run count by what they have survived (Kaplan and Meier); beyond the longest one
the tail falls like a power, as steeply as the longest ones suggest (Hill). The others are one, two or three
log-normal parts (`fits`), which need fewer tasks to tell. A thin share of any duration whatever remains, for
the day on which everything changes.
"""

import math
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from attrs import frozen

from avatar_async._jobs.planner.fits import Seen, fits
from avatar_async._jobs.planner.mixture import Mixture, Tail

#: Shortest duration told apart from nothing, in seconds.
_SHORTEST_S: Final = 1e-3
#: Observations that the share of any duration whatever is worth.
_ANY_WEIGHT: Final = 0.15
#: How steeply its tails fall.
_ANY_STEEPNESS: Final = 2.0
#: Parts of a fit at most, and the least weight beside the best one at which an estimate counts.
_PARTS, _NEGLIGIBLE = 3, 0.01
#: Where more than this share outlasted all ends, nothing tells of parts among them.
_MANY_LEFT: Final = 0.3
#: Least share of the bumps in the estimate: the tail of a fit is a guess.
_BUMPS_SHARE: Final = 0.25
#: Neighbours that a bump reaches over, as a multiple of the root of their number.
_REACH: Final = 1.5
#: Bumps at most, and those at either end that stand for one task each.
_MOST_BUMPS, _OUTER = 72, 6
#: How steeply a tail may fall.
_STEEPEST, _FLATTEST = 500.0, 0.8
#: Tasks that a tail of ordinary length is presumed to hold.
_PRESUMED: Final = 2.0
#: The grid ends where this is minus the logarithm of the share that lasts longer; how much coarser it gets
#: on the way, as a power of that share.
_FARTHEST, _THINNING = 9.0, 0.6
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
        return self.at(age_s)[1]

    def at(self, age_s: float) -> tuple[float, float]:
        """Return the share that lasts longer than that, and the chance per second that such a task ends."""
        ages_s, left = self.ages_s, self.left
        if not self.count:
            return 1.0, 0.0
        if age_s >= ages_s[-1]:
            return left[-1] * math.pow(ages_s[-1] / age_s, self.steepness), self.steepness / age_s
        right = bisect_right(ages_s, age_s)
        low_s = ages_s[right - 1]
        step_s, before = ages_s[right] - low_s, left[right - 1]
        share = before - (before - left[right]) * (age_s - low_s) / step_s
        return share, 2.0 * ((self.urgency[right] - self.urgency[right - 1]) / step_s) ** 2

    def due_by(self, age_s: float) -> tuple[float, float]:
        """Return the share that lasts longer than that, and the polls due by then under a price of 1."""
        ages_s, left, urgency = self.ages_s, self.left, self.urgency
        if age_s >= ages_s[-1]:
            longer = math.sqrt(age_s) - math.sqrt(ages_s[-1])
            share = left[-1] * math.pow(ages_s[-1] / age_s, self.steepness)
            return share, urgency[-1] + math.sqrt(2 * self.steepness) * longer
        right = bisect_right(ages_s, age_s)
        part = (age_s - ages_s[right - 1]) / (ages_s[right] - ages_s[right - 1])
        share = left[right - 1] + part * (left[right] - left[right - 1])
        return share, urgency[right - 1] + part * (urgency[right] - urgency[right - 1])

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
    # Ends that stand for unequal shares tell less than as many equal ones (Kish).
    worth = math.fsum(weights) ** 2 / math.fsum(weight * weight for weight in weights)
    runs = _runs(weights)
    bumps = [ended[(low + high - 1) // 2] for low, high in runs]
    shares = [math.fsum(weights[low:high]) for low, high in runs]
    reach = max(2, round(_REACH * len(bumps) / math.sqrt(worth)))
    seen = Seen(logs=bumps, shares=shares, left=surplus, last=_reached(ended[-1], lives), ends=worth)
    mixture = Mixture(bumps, shares, reach, Tail(surplus, steepness, ended[-1]))
    estimates = [(mixture.score([high - low for low, high in runs], seen.number), mixture.left)]
    grid = set(mixture.grid())
    for fit in fits(seen, _PARTS if surplus < _MANY_LEFT else 1):
        estimates.append((fit.score, fit.left))
        grid.update(fit.grid(min(grid), max(grid)))
    return _gridded(len(ended), *_blended(estimates, sorted(grid), mixture.middle, len(ended)))


def _runs(weights: Sequence[float]) -> list[tuple[int, int]]:
    """Return runs of neighbours that stand for one another, of very many; the outermost stand alone.

    No run holds more than its share: where few were seen to end, each of them stands for many.
    """
    outer, last = _OUTER, len(weights) - _OUTER
    most = math.fsum(weights) / (_MOST_BUMPS - 2 * _OUTER)
    runs: list[tuple[int, int]] = []
    held = math.inf
    for place, weight in enumerate(weights):
        if outer < place < last and held + weight <= most:
            runs[-1] = (runs[-1][0], place + 1)
            held += weight
        else:
            runs.append((place, place + 1))
            held = weight
    return runs


def _blended(
    estimates: Sequence[tuple[float, Callable[[Sequence[float]], list[float]]]],
    logs: list[float],
    middle: float,
    count: int,
) -> tuple[list[float], list[float]]:
    """Return ages, and the shares left by all estimates together: each counts as it tells what was seen."""
    best = max(score for score, _ in estimates)
    weights = [math.exp(max(score - best, -700.0)) for score, _ in estimates]
    weights[0] = max(weights[0], _BUMPS_SHARE * math.fsum(weights))
    weights = [weight if weight >= _NEGLIGIBLE else 0.0 for weight in weights]
    whatever = _ANY_WEIGHT / (count + _ANY_WEIGHT)
    left = [whatever / (1.0 + math.exp(min(_ANY_STEEPNESS * (log - middle), 700.0))) for log in logs]
    for weight, (_, shares) in zip(weights, estimates, strict=True):
        if weight:
            part = (1 - whatever) * weight / math.fsum(weights)
            for place, share in enumerate(shares(logs)):
                left[place] += part * share
    return logs, left


def _survival(ended: Sequence[float], lives: Sequence[Life]) -> tuple[list[float], float]:
    """Return the share that ends at each end (product limit), and the share that lasts longer than all."""
    begins = sorted(math.log(life.since_s) if life.since_s > 0 else -math.inf for life in lives)
    exits = sorted(math.log(max(life.seconds, _SHORTEST_S)) for life in lives)
    weights: list[float] = []
    left = 1.0
    for place, log in enumerate(ended):
        # Of several that end together, those counted already are at risk no more.
        at_risk = bisect_left(begins, log) - bisect_left(exits, log) - (place - bisect_left(ended, log))
        # One more at risk: the longest seen is never the longest possible.
        weights.append(left / (max(at_risk, 1) + 1))
        left -= weights[-1]
    return weights, left


def _steepness(ended: Sequence[float], lives: Sequence[Life]) -> float:
    """Return how steeply the tail falls, from the longest ones (Hill; those still running count).

    A few more are presumed that reach as far as half the middle half of all.
    """
    count = len(ended)
    top = max(2, round(math.sqrt(count)))
    if count <= top:
        return _ANY_STEEPNESS
    start = ended[-top - 1]
    beyond = math.fsum(max(0.0, math.log(max(life.seconds, _SHORTEST_S)) - start) for life in lives)
    beyond += _PRESUMED * (ended[3 * count // 4] - ended[count // 4]) / 2
    return min(max((top + _PRESUMED) / beyond if beyond > 0 else _STEEPEST, _FLATTEST), _STEEPEST)


def _reached(longest: float, lives: Iterable[Life]) -> float:
    """Return how far tasks got that outlasted all ends, in the middle of them."""
    beyond = sorted(
        log for log in (math.log(max(life.seconds, _SHORTEST_S)) for life in lives) if log > longest
    )
    return beyond[len(beyond) // 2] if beyond else longest


def _gridded(count: int, logs: Sequence[float], left: Sequence[float]) -> Durations:
    """Return the distribution on a grid: half of it even in polls, the rest in ends and in log time."""
    ages = [0.0, *map(math.exp, logs)]
    falls = [0.0, *(-math.log(max(share, 1e-300)) for share in left)]
    far = next((index for index, fall in enumerate(falls) if fall > _FARTHEST), len(falls))
    urgency, likely = [0.0], [0.0]
    for index in range(1, far):
        fallen = max(falls[index] - falls[index - 1], 0.0)
        polls = math.sqrt(fallen * (ages[index] - ages[index - 1]) / 2)
        urgency.append(urgency[-1] + polls)
        likely.append(likely[-1] + polls * math.exp(-_THINNING * falls[index - 1]))
    first, span = logs[0], max(logs[far - 2] - logs[0], 1e-9)
    gone = max(1.0 - math.exp(-falls[far - 1]), 1e-9)
    places = [0.0]
    for index in range(1, far):
        ends, passed = (1.0 - math.exp(-falls[index])) / gone, (logs[index - 1] - first) / span
        places.append(2 * likely[index] / max(likely[-1], 1e-300) + ends + passed)
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
