"""Observed durations as one, two or three log-normal parts: few numbers, which few tasks can tell."""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from operator import mul, truediv
from typing import Final

from attrs import frozen

#: Rounds of fitting at most, and the gain in likelihood below which there is no need for more.
_ROUNDS, _SETTLED = 20, 0.05
#: Tasks that what all parts have in common is worth for the spread of each.
_SHARED: Final = 1.0
#: Most of a part of several that may lie beyond what was seen.
_UNSEEN: Final = 0.5
#: Least variance of a part, in the square of the logarithm of seconds.
_LEAST: Final = 1e-8
#: A part ends this many spreads from its middle, seen at so many points.
_SPAN, _POINTS = 4.5, 36
_ROOT: Final = math.sqrt(2.0)
_LEVEL: Final = 1.0 / math.sqrt(2.0 * math.pi)
_TINY: Final = 1e-300


@frozen(kw_only=True)
class Seen:
    """What was observed, in the logarithm of seconds.

    Attributes:
        logs: Ends, ascending; each may stand for several.
        shares: The share of tasks that each stands for.
        left: The share that lasts longer than `last`.
        last: How far those got that outlasted all ends, in the middle of them.
        ends: How many ends there are in all, or as many equal ones as tell as much.
    """

    logs: Sequence[float]
    shares: Sequence[float]
    left: float
    last: float
    ends: float

    @property
    def number(self) -> float:
        """Return how many tasks were watched, those that still run included."""
        return self.ends / max(1.0 - self.left, 1e-6)


@frozen
class Part:
    """A share of all tasks, the middle of their logarithms, and their standard deviation."""

    share: float
    middle: float
    spread: float


@frozen
class Fit:
    """Log-normal parts, and how well they tell what was seen.

    Attributes:
        parts: The parts.
        score: The logarithm of the likelihood, less one for each number that was fitted.
    """

    parts: Sequence[Part]
    score: float

    def left(self, logs: Sequence[float]) -> list[float]:
        """Return the shares that last longer than each of these."""
        found = [0.0] * len(logs)
        for part in self.parts:
            steep = 1.0 / (part.spread * _ROOT)
            half, middle = 0.5 * part.share, part.middle
            for place, log in enumerate(logs):
                found[place] += half * math.erfc((log - middle) * steep)
        return found

    def grid(self, low: float, high: float) -> Iterator[float]:
        """Yield logarithms of ages between two that show every part."""
        for part in self.parts:
            for point in range(_POINTS + 1):
                log = part.middle + part.spread * _SPAN * (2 * point / _POINTS - 1)
                if low < log < high:
                    yield log


def fits(seen: Seen, most: int) -> list[Fit]:
    """Return the likeliest fits of one part, two, and so on, as far as ends tell of each part."""
    found: list[Fit] = []
    for number in range(1, most + 1):
        groups = _groups(seen, number)
        if len(groups) < number:
            break
        fit = _likeliest(seen, [_part_of(seen, low, high) for low, high in groups])
        if fit is not None:
            found.append(fit)
    return found


def _groups(seen: Seen, number: int) -> list[tuple[int, int]]:
    """Return so many runs of ends, cut where that takes most off their variance."""
    cuts = [0, len(seen.logs)]
    for _ in range(number - 1):
        best, at = 0.0, None
        for low, high in pairwise(cuts):
            whole = math.fsum(seen.shares[low:high])
            total = math.fsum(x * y for x, y in zip(seen.logs[low:high], seen.shares[low:high], strict=True))
            share = sum_ = 0.0
            for place in range(low, high - 1):
                share += seen.shares[place]
                sum_ += seen.shares[place] * seen.logs[place]
                rest = whole - share
                if share <= 0 or rest <= 0:
                    continue
                gain = share * rest / whole * (sum_ / share - (total - sum_) / rest) ** 2
                if gain > best:
                    best, at = gain, place + 1
        if at is None:
            break
        cuts = sorted([*cuts, at])
    return list(pairwise(cuts))


def _part_of(seen: Seen, low: int, high: int) -> tuple[float, float, float]:
    """Return share, middle and variance of a run of ends; those that last longest go to the last run."""
    logs, shares = seen.logs[low:high], seen.shares[low:high]
    total = max(math.fsum(shares), _TINY)
    middle = math.fsum(log * share for log, share in zip(logs, shares, strict=True)) / total
    square = math.fsum(share * (log - middle) ** 2 for log, share in zip(logs, shares, strict=True)) / total
    share = total + (seen.left if high == len(seen.logs) else 0.0)
    return share, middle, max(square, _LEAST)


def _likeliest(seen: Seen, parts: list[tuple[float, float, float]]) -> Fit | None:
    """Return the parts that are likeliest, found by expectation and maximisation from these on.

    None if one of several would consist mostly of tasks that nobody saw end.
    """
    number = seen.number
    variance = max(math.fsum(share * square for share, _, square in parts), _LEAST)
    prior = _SHARED / number if len(parts) > 1 else 0.0
    parts = [
        (share, middle, (share * square + prior * variance) / (share + prior))
        for share, middle, square in parts
    ]
    before = -math.inf
    for _ in range(_ROUNDS):
        likelihood, sums = _expected(seen, parts)
        likelihood *= number
        if likelihood - before < _SETTLED:
            break
        before = likelihood
        squares = [max(square - linear * linear / max(share, _TINY), 0.0) for share, linear, square in sums]
        variance = max(math.fsum(squares), _LEAST)
        parts = [
            (share, linear / max(share, _TINY), max((square + prior * variance) / (share + prior), _LEAST))
            for (share, linear, _), square in zip(sums, squares, strict=True)
        ]
    if len(parts) > 1 and any(_beyond(seen.last, *part)[0] > _UNSEEN * part[0] for part in parts):
        return None
    penalty = 3 * len(parts) - 1
    # What is to come is spread wider than what was fitted.
    wider = [max(share * seen.ends, 2.0) for share, _, _ in parts]
    return Fit(
        [
            Part(share, middle, math.sqrt(square * (ends + 1) / (ends - 1)))
            for (share, middle, square), ends in zip(parts, wider, strict=True)
        ],
        likelihood - penalty,
    )


def _expected(
    seen: Seen, parts: Sequence[tuple[float, float, float]]
) -> tuple[float, list[tuple[float, float, float]]]:
    """Return the likelihood of what was seen, and of each part the expected share and sums of its powers."""
    logs, weights, exp = seen.logs, seen.shares, math.exp
    dense = []
    for share, middle, square in parts:
        level, factor = share * _LEVEL / math.sqrt(square), -0.5 / square
        dense.append([level * exp(factor * (log - middle) ** 2) for log in logs])
    totals = [sum(column) + _TINY for column in zip(*dense, strict=True)]
    likelihood = math.fsum(map(mul, weights, map(math.log, totals)))
    weights = list(map(truediv, weights, totals))
    sums = []
    for column in dense:
        held = list(map(mul, weights, column))
        linear = list(map(mul, held, logs))
        sums.append((sum(held), sum(linear), sum(map(mul, linear, logs))))
    if seen.left > 0:
        beyond = [_beyond(seen.last, *part) for part in parts]
        total = math.fsum(one[0] for one in beyond) + _TINY
        likelihood += seen.left * math.log(total)
        for place, (one, mean, square) in enumerate(beyond):
            part = seen.left * one / total
            share, linear, squared = sums[place]
            sums[place] = (share + part, linear + part * mean, squared + part * square)
    return likelihood, sums


def _beyond(last: float, share: float, middle: float, square: float) -> tuple[float, float, float]:
    """Return the share of a part that lies beyond `last`, and its mean and mean square there."""
    spread = math.sqrt(square)
    place = (last - middle) / spread
    left = 0.5 * math.erfc(min(place, 30.0) / _ROOT)
    pull = _LEVEL * math.exp(-0.5 * place * place) / left if place < 30.0 else place
    mean = middle + spread * pull
    return share * left, mean, middle * middle + 2 * middle * spread * pull + square * (1 + place * pull)
