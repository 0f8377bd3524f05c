"""Races of pollers over tasks of one distribution: what each schedule comes to, on average over seeds."""

import math
import random
import statistics
from collections.abc import Iterator, Sequence

from attrs import evolve, frozen

from avatar_async._jobs.planner.durations import Durations
from avatar_async._jobs.planner.timetable import PollLimits, Timetable
from avatar_async.orchestrator.pace import spacing_s
from bench.polling.crowds import Crowd, bound_at
from bench.polling.distributions import Distribution, described
from bench.polling.oracle import Cost, best_at, cost_of, crowding
from bench.polling.plain import Plain, best_fixed_at, best_growing_at, best_raced, watch_plain
from bench.polling.service import Product, Watch, seer, stream, watch

#: Samples that what is learned from few is averaged over, and polls a task at which it is judged.
_SAMPLES, _CALLS = 5, (4.0, 12.0)
_LIMITS = PollLimits(max_s=900.0, deadline_s=1e9)
_HALVINGS = 12
#: Shares of tasks that end before the first poll of a plain schedule with an offset.
_OFFSETS = (0.01, 0.1, 0.3)
#: Polls a task below which all schedules are one, and beyond which nobody asks what would be best.
_FEWEST_POLLS, _MOST_POLLS = 1.05, 1000.0
#: Of each contender its figures, by name.
Figures = dict[str, dict[str, float]]


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


def races(terms: Terms, seeds: int) -> Figures:
    """Return the figures of each contender, the product's on average over so many races.

    A sample of 30 durations tells more or less about the rest, and so does a draw of few tasks: one race
    alone judges the luck of both.
    """
    found = averaged([race(evolve(terms, seed=terms.seed + more)) for more in range(seeds)])
    return found | beside(terms, found["product, 200 known"]["polls_per_job"])


def averaged(found: Sequence[Figures]) -> Figures:
    """Return the mean of each figure of each contender; of the calls in a second, the most."""
    means: Figures = {}
    for name in found[0]:
        rows = [figures[name] for figures in found]
        shared = set.intersection(*(set(row) for row in rows))
        means[name] = {figure: statistics.fmean(row[figure] for row in rows) for figure in sorted(shared)}
        means[name]["window"] = max(row["window"] for row in rows)
    return means


def race(terms: Terms) -> Figures:
    """Return what the product comes to in one race, beside plain schedules in the same one."""
    drawn = _Draw(terms)
    found: Figures = {}
    for number, told in ((0, "nothing"), (30, "30"), (200, "200")):
        asker = Product(
            calls_per_s=1.0 / drawn.call_s,
            batch=terms.batch,
            limits=_LIMITS,
            known=drawn.samples[0][:number],
            seed=terms.seed,
        )
        seen = watch(asker, drawn.begins_s, drawn.durations_s, spacing_s=drawn.call_s)
        figures = found[f"product, {told} known"] = _figures(drawn, seen)
        for figure, offsets_s in (("to_plain", [0.0]), ("to_offset", drawn.offsets_s)):
            plain_s = best_raced(
                drawn.begins_s,
                drawn.durations_s,
                figures["calls_per_job"],
                offsets_s,
                spacing_s=drawn.call_s,
                batch=terms.batch,
            )
            if math.isfinite(plain_s):
                figures[figure] = figures["mean_s"] / plain_s
    return found


def beside(terms: Terms, polls: float) -> Figures:
    """Return what others come to in the first race, and what is best at so many polls a task."""
    drawn = _Draw(terms)
    found: Figures = {}
    for number in (30, 200):
        found[f"schedule learned from {number}"] = _learned(drawn.distribution, drawn.samples, number)
    for each_s in (1, 10, 60):
        fixed = Plain(first_s=float(each_s))
        seen = watch_plain(
            fixed, drawn.begins_s, drawn.durations_s, spacing_s=drawn.call_s, batch=terms.batch
        )
        found[f"every {each_s} s"] = _figures(drawn, seen)
    found["best fixed, as many polls"] = _exact(best_fixed_at(drawn.distribution, polls))
    found["best exponential, as many polls"] = _exact(best_growing_at(drawn.distribution, polls))
    found["oracle, as many polls"] = _exact(best_at(drawn.distribution, polls))
    found["clairvoyant"] = _times(terms, drawn.seer)
    return found


class _Draw:
    """What chance brings in one race: when tasks begin, how long they take, and what is known before."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.distribution = described(terms.shape)
        chance = random.Random(terms.seed)
        self.durations_s = [self.distribution.draw(chance) for _ in range(terms.jobs)]
        self.samples = [[self.distribution.draw(chance) for _ in range(200)] for _ in range(_SAMPLES)]
        mean_s = self.distribution.mean_s
        self.begins_s = stream(terms.jobs, in_flight=terms.in_flight, mean_s=mean_s)
        self.call_s = spacing_s(terms.calls_per_s)
        ordered_s = sorted(self.durations_s)
        self.offsets_s = [ordered_s[int(share * terms.jobs)] for share in _OFFSETS]
        ends_s = [begin_s + lasts_s for begin_s, lasts_s in zip(self.begins_s, self.durations_s, strict=True)]
        self.seer = seer(ends_s, batch=terms.batch, spacing_s=self.call_s)
        self.least_s = statistics.fmean(self.seer.delays_s)


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


def _figures(drawn: _Draw, seen: Watch) -> dict[str, float]:
    """Return the figures of one contender, beside the best that any schedule of as many calls can do."""
    terms, distribution = drawn.terms, drawn.distribution
    figures = _times(terms, seen)
    sharing = min(terms.batch, terms.in_flight)
    polls = max(figures["calls_per_job"] * sharing, _FEWEST_POLLS)
    if polls > _MOST_POLLS:
        return figures
    best_s = best_at(distribution, polls).delay_s
    if terms.at_once:
        crowd = Crowd(number=terms.jobs, batch=terms.batch, calls_per_s=1.0 / drawn.call_s)
        best_s = max(best_s, bound_at(distribution, figures["calls_per_job"], crowd))
    else:
        step_s = distribution.mean_s / terms.in_flight
        best_s *= crowding(distribution, polls, terms.jobs, step_s, sharing / drawn.call_s)
    return figures | {"to_best": figures["mean_s"] / max(best_s, drawn.least_s)}


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
