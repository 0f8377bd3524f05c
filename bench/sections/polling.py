"""Polling in virtual time: the product's planner beside plain schedules and the best there can be."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bench.contenders.polling_planner import SIZES
from bench.model import Contender, Place, Section, Setting, Target, Work
from bench.polling.distributions import described

_NAMES = (
    "product, nothing known",
    "product, 30 known",
    "product, 200 known",
    "schedule learned from 30",
    "schedule learned from 200",
    "every 1 s",
    "every 10 s",
    "every 60 s",
    "best fixed, as many polls",
    "best exponential, as many polls",
    "oracle, as many polls",
    "clairvoyant",
)
_COLUMNS = (
    "calls_per_job",
    "polls_per_job",
    "mean_s",
    "median_s",
    "p95_s",
    "to_best",
    "to_plain",
    "to_offset",
    "window",
)
_SHAPES = (
    "training=lognormal:7200:0.5;preview=lognormal:20:0.4;heavy tail=pareto:20:40:1.8;"
    "two modes=0.5*lognormal:600:0.15+0.5*lognormal:7200:0.2;"
    "failing early=0.15*uniform:10:60+0.85*lognormal:7200:0.4"
)
#: Seconds after which the races of one kind count as failed.
_RACE_S = 1200.0
_QUICK_SHAPES = "training=lognormal:7200:0.5;preview=lognormal:20:0.4"


@contextmanager
def works(place: Place) -> Iterator[Sequence[Work]]:
    """Yield the races of each distribution, and the planner's own speed."""
    shapes = [pair.partition("=")[::2] for pair in place.text("polling_shapes").split(";")]
    jobs, rate = place.number("polling_jobs"), place.real("polling_rate")
    batch = place.number("polling_batch")
    found: list[Work] = []
    for name, shape in shapes:
        mean_s = described(shape).mean_s
        steady = max(1, min(jobs // 2, round(rate * mean_s / place.real("polling_calls"))))
        steady_rate = steady * place.real("polling_calls") / mean_s
        title = f"{name}: {steady} in flight, one id a call"
        found.append(_race(place, f"{name}, steady", title, shape, (jobs, steady, steady_rate, 1)))
    name, shape = shapes[0]
    few = place.number("polling_few")
    few_title = f"{name}: {few} in flight, calls in plenty"
    found.append(_race(place, f"{name}, few", few_title, shape, (min(jobs, 60 * few), few, 100.0, 1)))
    once = f"{name}: all at once"
    found.append(_race(place, f"{name}, at once", f"{once}, one id a call", shape, (jobs, jobs, rate, 1)))
    batch_rate = place.real("polling_batch_rate")
    found.append(
        _race(
            place, f"{name}, batches", f"{once}, {batch} ids a call", shape, (jobs, jobs, batch_rate, batch)
        )
    )
    yield [*found, _planner(place)]


def _race(place: Place, name: str, title: str, shape: str, terms: tuple[int, int, float, int]) -> Work:
    jobs, in_flight, rate, batch = terms
    told = {
        "shape": shape,
        "jobs": jobs,
        "in_flight": in_flight,
        "calls_per_s": rate,
        "batch": batch,
        "seed": place.number("polling_seed"),
    }
    key = name.replace(" ", "-").replace(",", "")
    kept = place.scratch / f"{key}.json"
    return Work(
        name=key,
        title=f"{title}: {jobs} jobs of {shape}, {rate:.3g} calls/s",
        contenders=[
            Contender(
                name=contender,
                command=place.program(
                    "polling_race", kept, json.dumps(told), place.number("polling_seeds"), contender
                ),
                timeout_s=_RACE_S,
            )
            for contender in _NAMES
        ],
        columns=_COLUMNS,
        rounds=1,
        virtual=True,
        targets=(
            *_ratios("product, 200 known", 1.25),
            *_ratios("product, 30 known", 1.4),
            Target(of="schedule learned from 30", figure="to_best", most=1.4),
            Target(of="schedule learned from 200", figure="to_best", most=1.25),
        ),
        remark=_REMARK,
    )


def _ratios(contender: str, most: float) -> tuple[Target, ...]:
    return (
        Target(
            of=contender, figure="to_best", most=most, text=f"{contender}: delay beside the best possible"
        ),
        Target(
            of=contender, figure="to_plain", most=1.0, text=f"{contender}: delay beside the best plain one"
        ),
        Target(
            of=contender, figure="window", most=1.0, text=f"{contender}: calls in any second beside the rate"
        ),
    )


def _planner(place: Place) -> Work:
    sizes = [int(size) for size in place.text("polling_queued").split("+")]
    return Work(
        name="decisions",
        title="Decisions of the planner a second of CPU: take what is due, plan it anew",
        contenders=[
            Contender(
                name=f"{size} queued, {told}",
                command=place.program("polling_planner", size, batch, place.number("polling_decisions")),
            )
            for size in sizes
            for batch, told in SIZES.items()
        ],
        amount=place.number("polling_decisions"),
        unit="decisions",
        columns=("seconds", "speed", "bytes_per_task"),
        targets=[
            Target(of=f"{size} queued, {told}", figure="speed", least=50_000.0)
            for size in sizes
            for told in SIZES.values()
        ],
    )


_REMARK = (
    "Means over several races, with durations and samples of their own. to best: mean delay beside the "
    "least that any schedule of as many calls a job can reach that knows the distribution and no more, "
    "lengthened by what the budget by the second costs at least. to plain: beside the better of fixed and "
    "exponential schedules of as many calls in the same race (growth 1 to 2). to offset: beside the best of "
    "those whose first poll waits until 1, 10 or 30 in 100 tasks have ended. window: most calls in any "
    "second, of those allowed. A schedule learned from so few is judged alone, without budget, at 4 and 12 "
    "polls a job, over several samples. Schedules of 1, 10 and 60 s share the budget; they are raced once."
)

SECTION = Section(
    name="polling",
    title="Polling",
    works=works,
    rounds=3,
    quick_rounds=1,
    order=40,
    about=(
        "A service in virtual time, asked by the product's own planner; the best schedule for a distribution "
        "is found by dynamic programming over its exact survival function."
    ),
    settings=(
        Setting(
            name="polling_shapes", default=_SHAPES, quick=_QUICK_SHAPES, text="NAME=SHAPE;... of durations"
        ),
        Setting(name="polling_jobs", default=10_000, quick=200, text="jobs of a race"),
        Setting(name="polling_rate", default=5, least=0.001, text="calls a second that may be spent"),
        Setting(name="polling_calls", default=8, least=0.1, text="calls a job that a steady stream leaves"),
        Setting(name="polling_few", default=5, quick=3, text="jobs in flight where calls are in plenty"),
        Setting(name="polling_batch", default=100, text="ids a call, where calls take many"),
        Setting(name="polling_batch_rate", default=0.5, least=0.001, text="calls a second of many ids each"),
        Setting(name="polling_seed", default=1, least=0, text="of all left to chance, in the first race"),
        Setting(name="polling_seeds", default=8, quick=2, text="races that figures are averaged over"),
        Setting(
            name="polling_queued",
            default="10000+100000",
            quick="10000+30000",
            text="tasks queued, as 10000+100000",
        ),
        Setting(name="polling_decisions", default=300_000, quick=30_000, text="decisions that are timed"),
    ),
)
