"""Observed durations as a mixture of bumps, each as wide as the way to its nearest neighbours."""

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final

from attrs import frozen

#: Least half width of a bump.
_LEAST_REACH: Final = 0.001
#: A part of the neighbours tells how far all would be without a gap; farther than this many times is one.
_NEARER, _GAP = 4, 1.5
#: Points at which bumps are evaluated, and steps of the coarse grid through all durations.
_BUMP_POINTS, _COARSE_STEP = 256, 0.12
#: The coarse grid reaches from the median divided by this to the longest one times this.
_SPAN_BELOW, _SPAN_ABOVE = 3000.0, 60.0


@frozen
class Tail:
    """The share that lasts longer than all ends, how steeply it falls, and from where on."""

    share: float
    steepness: float
    start: float


class Mixture:
    """Bumps and the tail beyond them, in the logarithm of seconds."""

    def __init__(self, bumps: Sequence[float], weights: Sequence[float], reach: int, tail: Tail) -> None:
        self._bumps, self._weights = bumps, weights
        self._tail = tail
        self._reaches = _neighbourhoods(bumps, reach)
        sums = [0.0, *accumulate(weights)]
        self._total = sums[-1]
        middle = bisect_left(sums, 0.5 * self._total) - 1
        self._middle = bumps[min(max(middle, 0), len(bumps) - 1)]

    @property
    def middle(self) -> float:
        """Return the logarithm of the median."""
        return self._middle

    def score(self, counts: Sequence[int], number: float) -> float:
        """Return the logarithm of the likelihood of the ends, each told by the others.

        Args:
            counts: How many ends each bump stands for.
            number: How many tasks were watched, or as many equal ones as tell as much.
        """
        bumps, reaches = self._bumps, self._reaches
        dense = [0.0] * len(bumps)
        for log, reach, weight in zip(bumps, reaches, self._weights, strict=True):
            level = 0.75 * weight / reach
            for place in range(bisect_left(bumps, log - reach), bisect_left(bumps, log + reach)):
                dense[place] += level * (1 - ((bumps[place] - log) / reach) ** 2)
        total = 0.0
        for weight, reach, whole, group in zip(self._weights, reaches, dense, counts, strict=True):
            others = whole - 0.75 * weight / reach / group
            total += weight * math.log(max(others, 1e-6 * whole, 1e-12))
        return number * (total + self._tail.share * math.log(max(self._tail.share, 1e-12)))

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

    def left(self, logs: Sequence[float]) -> list[float]:
        """Return the shares that last longer than each of these, which ascend."""
        tail = self._tail
        found: list[float] = []
        for log, gone in zip(logs, self._gone(logs), strict=True):
            beyond = log - tail.start
            left = self._total - gone
            left += tail.share * (math.exp(-tail.steepness * beyond) if beyond > 0 else 1.0)
            found.append(left)
        return found

    def _gone(self, logs: Sequence[float]) -> Iterator[float]:
        """Yield the shares of the bumps that lie below each of these.

        Within its reach a bump is a cubic; the sum of those that are within reach is one as well, kept by
        its coefficients about the middle.
        """
        edges: list[tuple[float, float, float, float, float, float]] = []
        for log, reach, weight in zip(self._bumps, self._reaches, self._weights, strict=True):
            steep, place = 1.0 / reach, (self._middle - log) / reach
            constant = weight * (0.5 + place * (0.75 - 0.25 * place * place))
            slope = weight * 0.75 * steep * (1 - place * place)
            bend, twist = -0.75 * weight * steep * steep * place, -0.25 * weight * steep**3
            edges.append((log - reach, 0.0, constant, slope, bend, twist))
            edges.append((log + reach, weight, -constant, -slope, -bend, -twist))
        edges.sort()
        whole = constant = slope = bend = twist = most = 0.0
        index, open_bumps = 0, 0
        for log in logs:
            while index < len(edges) and edges[index][0] <= log:
                _, weight, by_constant, by_slope, by_bend, by_twist = edges[index]
                index += 1
                open_bumps += -1 if weight else 1
                whole += weight
                constant, slope = constant + by_constant, slope + by_slope
                bend, twist = bend + by_bend, twist + by_twist
                if not open_bumps:
                    constant = slope = bend = twist = 0.0
            way = log - self._middle
            most = max(most, whole + constant + way * (slope + way * (bend + way * twist)))
            yield min(most, self._total)


def _neighbourhoods(bumps: Sequence[float], reach: int) -> list[float]:
    """Return for each bump how wide it is: as far as so many neighbours, unless a gap lies in between.

    Without a gap, four times the neighbours are about four times as far.
    """
    reach = min(reach, len(bumps) - 1)
    near = max(2, reach // _NEARER)
    if near >= reach:
        return [max(far, _LEAST_REACH) for far in _distances(bumps, reach)]
    longest = _GAP * reach / near
    pairs = zip(_distances(bumps, reach), _distances(bumps, near), strict=True)
    return [max(min(far, longest * close), _LEAST_REACH) for far, close in pairs]


def _distances(bumps: Sequence[float], reach: int) -> list[float]:
    """Return for each bump how far its nearest ones are, so many of them."""
    last = len(bumps) - 1
    found: list[float] = []
    first = 0
    for log in bumps:
        while first + reach < last and bumps[first + reach + 1] - log < log - bumps[first]:
            first += 1
        found.append(max(log - bumps[first], bumps[first + reach] - log))
    return found
