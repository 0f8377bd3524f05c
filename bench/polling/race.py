"""One race of pollers over tasks of one distribution: what each schedule comes to."""

import math
import random
import statistics
from collections.abc import Iterator, Sequence

from attrs import frozen

from avatar_async._jobs.planner.durations import Durations
from avatar_async._jobs.planner.timetable import PollLimits, Timetable
from avatar_async.orchestrator.pace import spacing_s
from bench.polling.distributions import Distribution, described
from bench.polling.oracle import (
    GROWTHS,
    Cost,
    best_at,
    best_fixed_at,
    best_growing_at,
    bound_at,
    cost_of,
    crowding,
    plain_at,
)
from bench.polling.service import Plain, Product, Watch, seer, stream, watch

#: Samples that what is learned from few is averaged over, and polls a task at which it is judged.
_SAMPLES, _CALLS = 5, (4.0, 12.0)
_LIMITS = PollLimits(max_s=900.0, deadline_s=1e9)
_HALVINGS = 12
#: Plain schedules tried in the same race beside the even one: the best ones by themselves.
_BEST = 3
#: Races until a plain schedule makes as many polls, and how near to as many that is.
_TRIES, _NEAR = 4, 0.015
#: Shares of tasks that end before the first poll of a plain schedule with an offset.
_OFFSETS = (0.01, 0.1, 0.3)
#: Polls a task beyond which nobody asks what would be best.
_MOST_POLLS = 200.0


@frozen(kw_only=True)
class Terms:
    """What is raced.

    Attributes:
        shape: The distribution, as `described` reads it.
        jobs: How many tasks.
        in_flight: How many of them run at once, at most.
        calls_per_s: The budget of calls.
        batch: Most tasks a call asks for.
        seed: Of everything left to chance.
    """

    shape: str
    jobs: int
    in_flight: int
    calls_per_s: float
    batch: int
    seed: int

    @property
    def at_once(self) -> bool:
        """Whether all tasks begin together."""
        return self.in_flight >= self.jobs


def race(terms: Terms) -> dict[str, dict[str, float]]:
    """Return the figures of each contender."""
    distribution = described(terms.shape)
    chance = random.Random(terms.seed)
    durations_s = [distribution.draw(chance) for _ in range(terms.jobs)]
    begins_s = stream(terms.jobs, in_flight=terms.in_flight, mean_s=distribution.mean_s)
    call_s = spacing_s(terms.calls_per_s)
    samples = [[distribution.draw(chance) for _ in range(200)] for _ in range(_SAMPLES)]
    found: dict[str, dict[str, float]] = {}
    ends_s = [begin_s + seconds for begin_s, seconds in zip(begins_s, durations_s, strict=True)]
    known = seer(ends_s, batch=terms.batch, spacing_s=call_s)
    least_s = statistics.fmean(known.delays_s)
    for name, number in (
        ("product, nothing known", 0),
        ("product, 30 known", 30),
        ("product, 200 known", 200),
    ):
        asker = Product(
            calls_per_s=1.0 / spacing_s(terms.calls_per_s),
            batch=terms.batch,
            limits=_LIMITS,
            known=samples[0][:number],
            seed=terms.seed,
        )
        seen = watch(asker, begins_s, durations_s, spacing_s=call_s)
        found[name] = _figures(terms, distribution, seen, least_s)
    polls = found["product, 200 known"]["polls_per_job"]
    asked = [figures["polls_per_job"] for figures in found.values()]
    ordered_s = sorted(durations_s)
    offsets_s = [ordered_s[int(share * terms.jobs)] for share in _OFFSETS]
    plain = _plain(terms, distribution, begins_s, durations_s, asked, [0.0])
    delayed = _plain(terms, distribution, begins_s, durations_s, asked, offsets_s)
    for figures in found.values():
        figures["to_plain"] = figures["mean_s"] / _between(plain, figures["polls_per_job"])
        figures["to_offset"] = figures["mean_s"] / _between(delayed, figures["polls_per_job"])
    for number in (30, 200):
        found[f"schedule learned from {number}"] = _learned(distribution, samples, number)
    for each_s in (1, 10, 60):
        fixed = Plain(float(each_s), terms.batch)
        seen = watch(fixed, begins_s, durations_s, spacing_s=call_s)
        found[f"every {each_s} s"] = _figures(terms, distribution, seen, least_s)
    found["best fixed, as many polls"] = _exact(best_fixed_at(distribution, polls))
    found["best exponential, as many polls"] = _exact(best_growing_at(distribution, polls))
    found["oracle, as many polls"] = _exact(best_at(distribution, polls))
    found["clairvoyant"] = _times(terms, known)
    return found


def _times(terms: Terms, seen: Watch) -> dict[str, float]:
    delays_s = sorted(seen.delays_s)
    return {
        "calls_per_job": seen.calls / terms.jobs,
        "polls_per_job": seen.asked / terms.jobs,
        "mean_s": statistics.fmean(delays_s),
        "median_s": statistics.median(delays_s),
        "p95_s": delays_s[math.ceil(0.95 * len(delays_s)) - 1],
        "window": seen.most_in_a_second / max(1, math.floor(terms.calls_per_s)),
    }


def _figures(terms: Terms, distribution: Distribution, seen: Watch, least_s: float = 0.0) -> dict[str, float]:
    figures = _times(terms, seen)
    polls, mean_s = figures["polls_per_job"], figures["mean_s"]
    if not 1.05 <= polls <= _MOST_POLLS:
        return figures
    best_s = best_at(distribution, polls).delay_s
    polls_per_s = terms.batch / spacing_s(terms.calls_per_s)
    if terms.at_once:
        best_s = max(best_s, bound_at(distribution, polls, terms.jobs, polls_per_s))
    else:
        step_s = distribution.mean_s / terms.in_flight
        best_s *= crowding(distribution, polls, terms.jobs, step_s, polls_per_s)
    return figures | {"to_best": mean_s / max(best_s, least_s)}


def _plain(
    terms: Terms,
    distribution: Distribution,
    begins_s: Sequence[float],
    durations_s: Sequence[float],
    polls: Sequence[float],
    offsets_s: Sequence[float],
) -> list[tuple[float, float]]:
    """Return polls a task and mean delay of plain schedules in the same race, at about so many polls.

    Of all growths and offsets those are raced that are best by themselves, without a budget, and the even
    one. Each is raced until it makes as many polls.
    """
    found: list[tuple[float, float]] = []
    call_s = spacing_s(terms.calls_per_s)
    for wanted in polls:
        ranked = sorted(
            (plain for growth in GROWTHS for plain in plain_at(distribution, wanted, growth, offsets_s)),
            key=lambda plain: plain.cost.delay_s * plain.cost.calls,
        )
        chosen = [plain for place, plain in enumerate(ranked) if place < _BEST or plain.growth == 1.0]
        for plain in chosen:
            first_s = plain.first_s
            for _ in range(_TRIES):
                asker = Plain(first_s, terms.batch, plain.growth, offset_s=plain.offset_s)
                seen = watch(asker, begins_s, durations_s, spacing_s=call_s)
                asked = seen.asked / terms.jobs
                found.append((asked, statistics.fmean(seen.delays_s)))
                if abs(asked - wanted) < _NEAR * wanted:
                    break
                first_s *= asked / wanted
    return found


def _between(plain: Sequence[tuple[float, float]], polls: float) -> float:
    """Return the least delay of the plain schedules that make about so many polls, scaled to as many."""
    near = [(asked, late_s) for asked, late_s in plain if abs(asked - polls) < 2 * _NEAR * polls]
    near = near or [min(plain, key=lambda one: abs(one[0] - polls))]
    return min(late_s * asked / polls for asked, late_s in near)


def _exact(cost: Cost) -> dict[str, float]:
    return {"polls_per_job": cost.calls, "mean_s": cost.delay_s}


def _learned(distribution: Distribution, samples: Sequence[Sequence[float]], number: int) -> dict[str, float]:
    """Return how a schedule from so few durations does, without anything learned meanwhile."""
    ratios = []
    for sample in samples:
        timetable = Timetable(durations=Durations.learn(sample[:number]))
        for calls in _CALLS:
            cost = _at(distribution, timetable, calls)
            ratios.append(cost.delay_s / best_at(distribution, cost.calls).delay_s)
    return {"to_best": statistics.fmean(ratios), "worst_to_best": max(ratios)}


def _at(distribution: Distribution, timetable: Timetable, calls: float) -> Cost:
    """Return the cost of the timetable at about so many polls a task."""
    limits = PollLimits(min_s=0.0, max_s=_LIMITS.max_s, deadline_s=_LIMITS.deadline_s)

    def ages(price: float) -> Iterator[float]:
        age_s = 0.0
        while True:
            age_s += timetable.wait_s(age_s, limits, price, 0.5)
            yield age_s

    low, high = 1e-6, 1e7
    cost = Cost(calls=0.0, delay_s=0.0)
    for _ in range(_HALVINGS):
        price = math.sqrt(low * high)
        cost = cost_of(distribution, ages(price))
        if abs(cost.calls - calls) < 0.05 * calls:
            break
        low, high = (price, high) if cost.calls > calls else (low, price)
    return cost
