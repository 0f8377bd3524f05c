"""What no policy can beat that asks for tasks which began at one instant, under a budget of calls.

Let every call at age t have the price ``p(t) = free + rent(t)``, and charge it to the tasks that it asks for.
A task pays ``p / B`` (B the most a call asks for), or where fewer are expected to run than a call could ask
for, ``p / running(t)`` if it is found running and nothing if it is found ended; the bound is the higher one
with and without that exception. Both ways the charges of a call never exceed its price: it asks for at
most B tasks, and finds no more running than run. How many of the *others* run at t depends on no policy,
nor on how long the task at hand takes, so that its own best schedule, found by dynamic programming with all
others' ends told to it, costs no more than what it comes to under any policy, on average over the others.
So, a task:

    delay + charges >= least(p),  charges <= free * calls + most(rent) / number

with ``most(rent)`` the most that the rent adds up to over instants that the budget allows, at least a
spacing apart. So ``least(p) - free * calls - most(rent) / number`` is a bound on the mean delay for any
prices whatever. They are raised where a smoothed best schedule asks for more than the budget, and lowered
where it asks for less; badly chosen ones only make the bound weaker. Ages are those of a grid.
"""

import math
import random
from collections.abc import Hashable
from functools import lru_cache
from typing import TYPE_CHECKING, cast

import numpy as np
from attrs import frozen

from bench.polling.distributions import Distribution
from bench.polling.oracle import best_at, survival

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Ages on which prices are found, and on which the schedule under them is.
_ROUGH, _FINE = 160, 700
#: Steps by which prices are found; the first ones, and from which on they are averaged.
_STEPS, _FIRST_STEP, _SLOWING = 200, 0.5, 40
#: A price moves by no less than as if it were this part of what calls cost on average: one may rise from 0.
_GROUND = 0.1
#: Smoothing of schedules while prices are found, as a share of a typical delay, and the step it holds until.
_SMOOTHING = ((0.1, 50), (0.05, 100), (0.02, 150), (0.01, _STEPS))
#: Ages looked at after the last end.
_AFTER = 400
#: Draws of the other tasks, and of what chance they are.
_OTHERS, _SEED = 6, 5
#: From each price that calls have everywhere to the next; how many of them there are, up and down.
_LADDER, _RUNGS = 1.4, 80
#: Gain, as a share of the bound, below which no further price is tried.
_NEAR = 2e-3
#: Share of tasks that may last beyond the grid.
_BEYOND = 3e-4
#: Instants looked at within a spacing of two calls.
_WITHIN = 16


@frozen(kw_only=True)
class Crowd:
    """Tasks that began together, and the budget that they share.

    Attributes:
        number: How many tasks.
        batch: Most tasks a call asks for.
        calls_per_s: Calls a second, evenly spaced at most.
    """

    number: int
    batch: int
    calls_per_s: float


def bound_at(distribution: Distribution, calls: float, crowd: Crowd) -> float:
    """Return the least mean delay, in seconds, that a crowd may have with so many calls a task."""
    fills = (0.0, 1.0) if crowd.batch > 1 else (0.0,)
    return max(_bound_at(distribution, calls, crowd, fill) for fill in fills)


def _bound_at(distribution: Distribution, calls: float, crowd: Crowd, fill: float) -> float:
    key = cast("Hashable", distribution)

    def bound(rung: int) -> float:
        price = _LADDER**rung
        return _least(key, crowd, fill, price) - price * calls

    alone = best_at(distribution, max(calls * min(crowd.batch, crowd.number), 1.05))
    rung = round(math.log(max(0.6 * alone.delay_s / calls, 1e-6)) / math.log(_LADDER))
    best = bound(rung)
    # The bound is concave in the price: it rises to one peak.
    for way in (1, -1):
        while abs(rung) < _RUNGS and (found := bound(rung + way)) > best + _NEAR * abs(best):
            rung, best = rung + way, found
    return best


@lru_cache(maxsize=4000)
def _least(distribution: Hashable, crowd: Crowd, fill: float, price: float) -> float:
    """Return the least delay of a task, its charges included, less the most that rents come to."""
    return _prices(distribution, crowd, fill).least(price)


@lru_cache(maxsize=16)
def _prices(distribution: Hashable, crowd: Crowd, fill: float) -> "_Prices":
    return _Prices(cast("Distribution", distribution), crowd, fill)


class _Ages:
    """Ages of a crowd, and what is known of each.

    Attributes:
        at_s: The ages in seconds, the first is 0.
        left: The share that lasts longer than each.
        lasted_s: How long an average task has lasted by the last one.
        full: Whether a task pays one part in B of a call there, whether it has ended or not.
    """

    def __init__(self, distribution: Distribution, crowd: Crowd, fill: float, points: int) -> None:
        ages_s, left, lasted_s = survival(distribution)
        dues = np.cumsum(np.sqrt(np.maximum(-np.diff(left, prepend=1.0), 0) * np.diff(ages_s, prepend=0.0)))
        beyond = left < min(_BEYOND, 0.3 / crowd.number)
        last = int(beyond.argmax()) or len(ages_s) - 1
        # When the last has ended, all may still have to be asked for.
        end_s = ages_s[last] + crowd.number / (crowd.batch * crowd.calls_per_s)
        ages_s = np.append(ages_s[: last + 1], np.linspace(ages_s[last], end_s, _AFTER)[1:])
        dues, left = (np.append(one[: last + 1], np.full(_AFTER - 1, one[last])) for one in (dues, left))
        # After the ends of some tasks nobody ends for long, but all have to be asked for by and by.
        first_s = ages_s[min(int((left < 1 - _BEYOND).argmax()), len(ages_s) - 2)]
        logs = np.log(np.maximum(ages_s / max(first_s, 1e-9), 1.0))
        weight = 1.5 * dues / dues[-1] + (1 - left) / (1 - left[-1]) + 0.5 * ages_s / ages_s[-1]
        weight = weight + logs / logs[-1]
        wanted = np.linspace(0.0, weight[-1], points + 1)
        self.at_s = np.unique(np.interp(wanted, weight, ages_s))
        self.at_s[0] = 0.0
        self.left = np.interp(self.at_s, ages_s, left)
        self.left[self.at_s > ages_s[last]] = 0.0
        self.lasted_s = float(lasted_s[last])
        self.full = crowd.number * self.left >= fill * crowd.batch

    def charges(
        self, running: "NDArray[np.float64]", batch: int
    ) -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
        """Return the parts of a call's price that a task pays if it is found ended, and if found running."""
        ended = np.where(self.full, 1.0 / batch, 0.0)
        found = np.where(self.full, 1.0 / batch, 1.0 / np.clip(running, 1.0, batch))
        # Beyond the grid nobody is known to run.
        found[-1] = ended[-1]
        return ended, found

    def least_s(self, ended: "NDArray[np.float64]", found: "NDArray[np.float64]") -> float:
        """Return the delay and the charges of the schedule for which both together are least.

        Args:
            ended: The charge at each age for a task that is found ended, in seconds of delay.
            found: The charge for one that is found running.
        """
        slopes, ahead = self.at_s + ended, self.left * (found - ended)
        cost = 0.0
        for index in range(len(slopes) - 2, -1, -1):
            share = self.left[index]
            cost = float((share * slopes[index + 1 :] + ahead[index + 1 :]).min() - share * self.at_s[index])
            ahead[index] += cost
        return cost - self.lasted_s


class _Prices:
    """Prices for one crowd, as good as they are found."""

    def __init__(self, distribution: Distribution, crowd: Crowd, fill: float) -> None:
        self._crowd = crowd
        self._rough = _Ages(distribution, crowd, fill, _ROUGH)
        self._fine = _Ages(distribution, crowd, fill, _FINE)
        chance = random.Random(_SEED)
        number, draws = crowd.number, _OTHERS if fill > 0 else 0
        self._running: list[NDArray[np.float64]] = [np.full(len(self._fine.at_s), float(number))]
        if draws:
            others = [sorted(distribution.draw(chance) for _ in range(number - 1)) for _ in range(draws)]
            self._running = [
                number - np.searchsorted(ends_s, self._fine.at_s, side="right").astype(float)
                for ends_s in others
            ]

    def least(self, price: float) -> float:
        """Return the least delay with charges, less the most that rents come to, under that price."""
        crowd, fine = self._crowd, self._fine
        rents = self._rents(price)
        rent = np.interp(fine.at_s, self._rough.at_s, rents)
        found = []
        for running in self._running:
            ended, runs = fine.charges(running, crowd.batch)
            found.append(fine.least_s((price + rent) * ended, (price + rent) * runs))
        most = _most(fine.at_s, rent, 1.0 / crowd.calls_per_s) / crowd.number
        return float(np.mean(found)) - most

    def _rents(self, price: float) -> "NDArray[np.float64]":
        """Return what calls cost beyond that price at each rough age, so that they fit the budget."""
        crowd, ages = self._crowd, self._rough
        last = len(ages.at_s) - 1
        running = np.clip(crowd.number * ages.left, 1.0, crowd.batch)
        ended, runs = ages.charges(running, crowd.batch)
        allowed = np.full(last + 1, np.inf)
        allowed[1:last] = (ages.at_s[2:] - ages.at_s[:-2]) / 2 * crowd.calls_per_s / crowd.number
        # With dense polls the rent is known: it is what makes calls as rare as the budget does.
        middles = np.maximum((ages.left[:-1] + ages.left[1:]) / 2, 1e-12)
        ending = np.append((ages.left[:-1] - ages.left[1:]) / (middles * np.diff(ages.at_s)), 0.0)
        waits_s = crowd.number * ages.left / running / crowd.calls_per_s
        rents = np.maximum(running * ending * waits_s**2 / 2 - price, 0.0)
        rents[0] = rents[-1] = 0.0
        median_s = float(np.interp(0.5, ages.left[::-1], ages.at_s[::-1]))
        ending_there = -np.diff(ages.left, append=0.0)
        found, mean, turns = [rents], rents, 0
        for step in range(1, _STEPS + 1):
            smoothing = next(part for part, until in _SMOOTHING if step <= until)
            prices = price + rents
            usual = float(ending_there @ prices)
            typical_s = math.sqrt(2 * usual / min(crowd.batch, crowd.number) * median_s / 3)
            asked, seen = _asked(ages, prices * ended, prices * runs, smoothing * typical_s)
            over = np.clip(((asked - seen) * ended + seen * runs) / allowed - 1, -1.0, 1.0)
            pace = _FIRST_STEP / (1 + step / _SLOWING)
            rents = np.maximum(rents + pace * over * np.maximum(rents, _GROUND * usual), 0.0)
            rents[0] = rents[-1] = 0.0
            # Prices swing around the best ones: their mean is nearer.
            turns += 1
            mean = mean + (rents - mean) / turns
            if any(step == until for _, until in _SMOOTHING):
                found.append(mean)
                mean, turns = rents, 0

        def worth(rent: "NDArray[np.float64]") -> float:
            least_s = ages.least_s((price + rent) * ended, (price + rent) * runs)
            return least_s - float((rent[1:last] * allowed[1:last]).sum())

        return max(found, key=worth)


def _asked(
    ages: _Ages, ended: "NDArray[np.float64]", found: "NDArray[np.float64]", smoothing_s: float
) -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
    """Return how often a task is asked for at each age, and how often found running, if nearly best will do.

    Args:
        ages: The ages.
        ended: The charge at each for a task that is found ended, in seconds of delay.
        found: The charge for one that is found running.
        smoothing_s: By how much worse, in seconds, what is chosen an e-th as often is.
    """
    left = ages.left
    last = len(left) - 1
    slopes, ahead = ages.at_s + ended, left * (found - ended)
    chosen = np.zeros((last + 1, last + 1))
    for index in range(last - 1, -1, -1):
        share = left[index]
        costs = share * slopes[index + 1 :] + ahead[index + 1 :]
        least = costs.min()
        likely = np.exp((least - costs) / (smoothing_s * max(share, 0.02)))
        chosen[index, index + 1 :] = likely / likely.sum()
        ahead[index] += least - share * ages.at_s[index]
    visits, asked = np.zeros(last + 1), np.zeros(last + 1)
    visits[0] = 1.0
    for index in range(last):
        going = visits[index] * chosen[index]
        visits += going
        asked += going * left[index]
    return asked, visits * left


def _most(ages_s: "NDArray[np.float64]", rent: "NDArray[np.float64]", spacing_s: float) -> float:
    """Return no less than what the rent can add up to over instants at least so far apart.

    Instants are rounded down to a part of the spacing, each of which pays the most that is paid within it.
    Kept for each part within a spacing: the best so far if the last call was no later than that.
    """
    paying = np.flatnonzero(rent)
    if not len(paying):
        return 0.0
    start_s, end_s = ages_s[max(paying[0] - 1, 0)], ages_s[min(paying[-1] + 1, len(ages_s) - 1)]
    rows = math.ceil((end_s - start_s) / spacing_s) + 1
    step_s = spacing_s / _WITHIN
    ends = np.interp(start_s + np.arange(rows * _WITHIN + 1) * step_s, ages_s, rent)
    paid = np.maximum(ends[:-1], ends[1:])
    inside = slice(max(paying[0] - 1, 0), paying[-1] + 1)
    np.maximum.at(paid, ((ages_s[inside] - start_s) / step_s).astype(int), rent[inside])
    best = np.zeros(_WITHIN)
    for row in paid.reshape(rows, _WITHIN):
        best = np.maximum.accumulate(np.maximum(best + row, best[-1]))
    return float(best[-1])
