"""Plain schedules, even or growing: what they cost by themselves, and what in a race under a budget."""

import heapq
import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

from bench.polling.distributions import Distribution
from bench.polling.oracle import Cost, survival
from bench.polling.service import Watch

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Growth of the spacing that exponential schedules are tried with.
GROWTHS = (1.0, 1.05, 1.1, 1.15, 1.2, 1.35, 1.5, 1.75, 2.0)
#: Halvings of the search for a spacing; how near to as many polls a schedule has to come.
_HALVINGS, _NEAR = 40, 0.02
#: Most polls of an even schedule that are looked at one by one, and the share of tasks left beyond the last.
_MOST_POLLS, _BEYOND = 400_000, 1e-8
#: Plain schedules that are raced beside the even one: the best ones by themselves, without a budget.
_BEST = 2
#: Races until a schedule makes as many calls, and how near to as many that is.
_TRIES, _RACED_NEAR = 6, 0.015


@frozen(kw_only=True)
class Plain:
    """Ask at the age `offset_s` if it is not 0, then after waits that grow.

    Attributes:
        first_s: The first wait in seconds.
        growth: Factor from each wait to the next.
        offset_s: Age in seconds at which the waits begin.
    """

    first_s: float
    growth: float = 1.0
    offset_s: float = 0.0

    def age_after(self, age_s: float) -> float:
        """Return the first age of the schedule that is later than this one, in seconds."""
        if age_s < self.offset_s:
            return self.offset_s
        waits = (age_s - self.offset_s) / self.first_s + 1e-9
        if self.growth == 1.0:
            return self.offset_s + (waits // 1 + 1) * self.first_s
        more = self.growth - 1.0
        turn = math.log1p(waits * more) // math.log1p(more) + 1
        return self.offset_s + self.first_s * (math.pow(self.growth, turn) - 1) / more

    def alone(self, durations_s: "NDArray[np.float64]") -> Cost:
        """Return what it costs tasks that take so long (seconds), if no budget delays it."""
        waits = np.maximum(durations_s - self.offset_s, 0.0) / self.first_s
        if self.growth == 1.0:
            turns = np.maximum(np.ceil(waits), 1.0)
            seen_s = self.offset_s + turns * self.first_s
        else:
            more = self.growth - 1.0
            turns = np.maximum(np.ceil(np.log1p(waits * more) / math.log1p(more) - 1e-12), 1.0)
            seen_s = self.offset_s + self.first_s * (np.power(self.growth, turns) - 1) / more
        if self.offset_s > 0:
            early = durations_s <= self.offset_s
            seen_s = np.where(early, self.offset_s, seen_s)
            turns = np.where(early, 1.0, turns + 1)
        return Cost(calls=float(turns.mean()), delay_s=float((seen_s - durations_s).mean()))

    def exact(self, distribution: Distribution) -> Cost:
        """Return what it costs an average task, if no budget delays it."""
        grid_s, left, lasted_s = survival(distribution)
        number = math.ceil((grid_s[-1] - self.offset_s) / self.first_s)
        if self.growth > 1.0:
            number = math.ceil(math.log1p(number * (self.growth - 1.0)) / math.log(self.growth))
        turns = np.arange(1.0, min(number, _MOST_POLLS) + 1)
        if self.growth > 1.0:
            turns = (np.power(self.growth, turns) - 1) / (self.growth - 1.0)
        ages_s = self.offset_s + self.first_s * turns
        if self.offset_s > 0:
            ages_s = np.concatenate(([self.offset_s], ages_s))
        shares = np.concatenate(([1.0], np.interp(ages_s, grid_s, left)))
        watched_s = shares[:-1] * np.diff(ages_s, prepend=0.0)
        late_s = float(watched_s.sum()) - float(np.interp(ages_s[-1], grid_s, lasted_s))
        return Cost(calls=float(shares[:-1].sum()), delay_s=max(late_s, 0.0))


def best_fixed_at(distribution: Distribution, calls: float) -> Cost:
    """Return the cost of even spacing with so many calls a task."""
    return _exact_at(distribution, calls, 1.0)


def best_growing_at(distribution: Distribution, calls: float) -> Cost:
    """Return the cost of the best exponential schedule with so many calls a task."""
    found = [_exact_at(distribution, calls, growth) for growth in GROWTHS]
    near = [cost for cost in found if abs(cost.calls - calls) < _NEAR * calls]
    return min(near or found[:1], key=lambda cost: cost.delay_s)


def _exact_at(distribution: Distribution, calls: float, growth: float) -> Cost:
    def cost_of(first_s: float) -> Cost:
        return Plain(first_s=first_s, growth=growth).exact(distribution)

    return cost_of(_fitted(cost_of, calls))


def _fitted(cost_of: Callable[[float], Cost], calls: float) -> float:
    """Return the first wait in seconds at which a schedule makes so many calls a task."""
    low_s, high_s = 1e-4, 1e8
    for _ in range(_HALVINGS):
        middle_s = math.sqrt(low_s * high_s)
        if cost_of(middle_s).calls > calls:
            low_s = middle_s
        else:
            high_s = middle_s
    return high_s


def watch_plain(
    plain: Plain,
    begins_s: Sequence[float],
    durations_s: Sequence[float],
    *,
    spacing_s: float,
    batch: int = 1,
    most_calls: float = math.inf,
) -> Watch:
    """Run tasks as `watch` does, each asked for at the ages of the schedule; the soonest due first.

    What the budget delays keeps to the schedule's own ages afterwards. Ends early, with what was seen by
    then, once there were `most_calls`.
    """
    number = len(durations_s)
    ends_s = [begin_s + seconds for begin_s, seconds in zip(begins_s, durations_s, strict=True)]
    heap: list[tuple[float, int]] = []
    push, pop, age_after = heapq.heappush, heapq.heappop, plain.age_after
    first_s = age_after(0.0)
    begun = asked = 0
    free_s = 0.0
    delays: list[float] = []
    calls: list[float] = []
    while len(delays) < number and len(calls) < most_calls:
        call_s = max(heap[0][0], free_s) if heap else math.inf
        if begun < number and begins_s[begun] <= call_s:
            push(heap, (begins_s[begun] + first_s, begun))
            begun += 1
            continue
        left = batch
        while heap and left and heap[0][0] <= call_s:
            task = pop(heap)[1]
            left -= 1
            if ends_s[task] <= call_s:
                delays.append(call_s - ends_s[task])
            else:
                begin_s = begins_s[task]
                push(heap, (begin_s + age_after(call_s - begin_s), task))
        asked += batch - left
        calls.append(call_s)
        free_s = call_s + spacing_s
    return Watch(calls=len(calls), asked=asked, delays_s=delays, calls_at_s=calls)


def best_raced(
    begins_s: Sequence[float],
    durations_s: Sequence[float],
    calls: float,
    offsets_s: Sequence[float],
    *,
    spacing_s: float,
    batch: int,
) -> float:
    """Return the least mean delay in seconds of plain schedules in the race, at so many calls a task.

    Of all growths and offsets those are raced that are best by themselves, without a budget, and the even
    one. Each is raced with other first waits until it makes about as many calls, since its delay, times the
    calls it made, changes little from there to exactly as many.
    """
    ranked: list[tuple[float, Plain]] = []
    for growth in GROWTHS:
        for offset_s in offsets_s:
            plain, cost = _alone_at(np.array(durations_s), calls * batch, growth, offset_s)
            if abs(cost.calls - calls * batch) < 5 * _NEAR * calls * batch:
                ranked.append((cost.delay_s * cost.calls, plain))
    ranked.sort(key=lambda one: one[0])
    chosen = [plain for place, (_, plain) in enumerate(ranked) if place < _BEST or plain.growth == 1.0]
    best_s = math.inf
    for plain in chosen:
        best_s = min(best_s, _raced(plain, begins_s, durations_s, calls, spacing_s, batch))
    return best_s


def _alone_at(
    durations_s: "NDArray[np.float64]", calls: float, growth: float, offset_s: float
) -> tuple[Plain, Cost]:
    """Return the schedule that asks so often for tasks that take so long, and its cost without a budget."""

    def tried(first_s: float) -> Plain:
        return Plain(first_s=first_s, growth=growth, offset_s=offset_s)

    plain = tried(_fitted(lambda first_s: tried(first_s).alone(durations_s), calls))
    return plain, plain.alone(durations_s)


def _raced(
    plain: Plain,
    begins_s: Sequence[float],
    durations_s: Sequence[float],
    calls: float,
    spacing_s: float,
    batch: int,
) -> float:
    """Return the mean delay in seconds of a schedule at so many calls a task, infinite if there is none."""
    number = len(durations_s)
    first_s, low_s, high_s = plain.first_s, 0.0, math.inf
    found: list[tuple[float, float]] = []
    for _ in range(_TRIES):
        tried = Plain(first_s=first_s, growth=plain.growth, offset_s=plain.offset_s)
        seen = watch_plain(
            tried, begins_s, durations_s, spacing_s=spacing_s, batch=batch, most_calls=1.6 * calls * number
        )
        made = seen.calls / number
        if len(seen.delays_s) == number:
            found.append((made, math.fsum(seen.delays_s) / number))
        if abs(made - calls) < _RACED_NEAR * calls:
            break
        low_s, high_s = (first_s, high_s) if made > calls else (low_s, first_s)
        first_s *= made / calls
        if not low_s < first_s < high_s:
            first_s = math.sqrt(low_s * high_s)
    return _at(found, calls)


def _at(found: Sequence[tuple[float, float]], calls: float) -> float:
    """Return the delay at so many calls, read between those raced or scaled from the nearest within 5 %."""
    if not found:
        return math.inf
    for (few, late_s), (many, soon_s) in pairwise(sorted(found)):
        if few <= calls <= many and many < 1.2 * few:
            part = (calls - few) / (many - few) if many > few else 0.0
            return late_s + part * (soon_s - late_s)
    made, late_s = min(found, key=lambda one: abs(one[0] - calls))
    return late_s * made / calls if abs(made - calls) < 0.05 * calls else math.inf
