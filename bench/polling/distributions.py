"""Distributions of how long tasks take, each with its exact survival function."""

import math
import random
from collections.abc import Callable
from typing import Protocol

from attrs import frozen


class Distribution(Protocol):
    """How long tasks take."""

    def left(self, seconds: float) -> float:
        """Return the share of tasks that lasts longer than that."""

    @property
    def mean_s(self) -> float:
        """The mean in seconds."""

    def draw(self, chance: random.Random) -> float:
        """Return the seconds that one task takes."""


@frozen
class LogNormal:
    """Durations whose logarithms are normal, as most work on files of mixed length takes.

    Attributes:
        median_s: The median in seconds.
        sigma: Spread of the logarithm.
    """

    median_s: float
    sigma: float

    def left(self, seconds: float) -> float:
        """Return the share of tasks that lasts longer than that."""
        if seconds <= 0:
            return 1.0
        return 0.5 * math.erfc(math.log(seconds / self.median_s) / (self.sigma * math.sqrt(2)))

    @property
    def mean_s(self) -> float:
        """The mean in seconds."""
        return self.median_s * math.exp(self.sigma**2 / 2)

    def draw(self, chance: random.Random) -> float:
        """Return the seconds that one task takes."""
        return self.median_s * math.exp(self.sigma * chance.gauss(0, 1))


@frozen
class Pareto:
    """A floor and a heavy tail beyond it (Lomax shifted by the floor).

    Attributes:
        floor_s: Shortest duration in seconds.
        scale_s: Scale of the tail in seconds.
        steepness: Power by which the tail falls; the mean exists above 1.
    """

    floor_s: float
    scale_s: float
    steepness: float

    def left(self, seconds: float) -> float:
        """Return the share of tasks that lasts longer than that."""
        return math.pow(1 + max(0.0, seconds - self.floor_s) / self.scale_s, -self.steepness)

    @property
    def mean_s(self) -> float:
        """The mean in seconds."""
        return self.floor_s + self.scale_s / (self.steepness - 1)

    def draw(self, chance: random.Random) -> float:
        """Return the seconds that one task takes."""
        return self.floor_s + self.scale_s * (math.pow(1 - chance.random(), -1 / self.steepness) - 1)


@frozen
class Weibull:
    """Durations whose chance to end falls (below 1), stays (1: exponential) or grows (above 1) with age.

    Attributes:
        scale_s: What one in e outlasts, in seconds.
        power: Power by which the logarithm of the share that is left falls.
    """

    scale_s: float
    power: float

    def left(self, seconds: float) -> float:
        """Return the share of tasks that lasts longer than that."""
        return math.exp(-math.pow(max(0.0, seconds) / self.scale_s, self.power))

    @property
    def mean_s(self) -> float:
        """The mean in seconds."""
        return self.scale_s * math.gamma(1 + 1 / self.power)

    def draw(self, chance: random.Random) -> float:
        """Return the seconds that one task takes."""
        return chance.weibullvariate(self.scale_s, self.power)


@frozen
class Uniform:
    """Anything between two durations in seconds, equally likely."""

    low_s: float
    high_s: float

    def left(self, seconds: float) -> float:
        """Return the share of tasks that lasts longer than that."""
        return min(1.0, max(0.0, (self.high_s - seconds) / (self.high_s - self.low_s)))

    @property
    def mean_s(self) -> float:
        """The mean in seconds."""
        return (self.low_s + self.high_s) / 2

    def draw(self, chance: random.Random) -> float:
        """Return the seconds that one task takes."""
        return chance.uniform(self.low_s, self.high_s)


@frozen
class Mixture:
    """A share of tasks takes as long as each part tells.

    Attributes:
        parts: Each distribution with its share; the shares add up to 1.
    """

    parts: tuple[tuple[float, Distribution], ...]

    def left(self, seconds: float) -> float:
        """Return the share of tasks that lasts longer than that."""
        return math.fsum(share * part.left(seconds) for share, part in self.parts)

    @property
    def mean_s(self) -> float:
        """The mean in seconds."""
        return math.fsum(share * part.mean_s for share, part in self.parts)

    def draw(self, chance: random.Random) -> float:
        """Return the seconds that one task takes."""
        shares = [share for share, _ in self.parts]
        [(_, part)] = chance.choices(self.parts, shares)
        return part.draw(chance)


#: What the words of a description make, and how many numbers each takes.
_SHAPES: dict[str, tuple[int, Callable[..., Distribution]]] = {
    "lognormal": (2, LogNormal),
    "pareto": (3, Pareto),
    "uniform": (2, Uniform),
    "weibull": (2, Weibull),
}


def described(text: str) -> Distribution:
    """Return the distribution that a description tells of.

    Args:
        text: As `lognormal:7200:0.5` (median, sigma), `pareto:20:40:1.8` (floor, scale, steepness),
            `uniform:10:20`, `weibull:600:0.7` (scale, power); several
            with their shares, as `0.6*lognormal:600:0.2+0.4*uniform:60:90`.

    Raises:
        ValueError: It cannot be read.
    """
    parts = []
    for word in text.split("+"):
        share, _, shape = word.rpartition("*")
        name, *numbers = shape.strip().split(":")
        if name not in _SHAPES or len(numbers) != _SHAPES[name][0]:
            message = f"not a distribution: {shape!r}"
            raise ValueError(message)
        parts.append((float(share or 1.0), _SHAPES[name][1](*map(float, numbers))))
    if len(parts) == 1:
        return parts[0][1]
    total = math.fsum(share for share, _ in parts)
    return Mixture(tuple((share / total, part) for share, part in parts))
