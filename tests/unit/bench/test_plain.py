"""The plain schedules that the planner is judged by, and the bounds: each checked by another way to them."""

import random

import numpy as np
import pytest

from bench.polling.crowds import Crowd, bound_at
from bench.polling.distributions import described
from bench.polling.oracle import best_at
from bench.polling.plain import Plain, best_fixed_at, best_growing_at, best_raced, watch_plain
from bench.polling.race import averaged

SHAPES = ("lognormal:600:0.5", "weibull:600:0.7", "uniform:300:900")


def drawn(shape: str, number: int) -> list[float]:
    """Return durations of one distribution."""
    chance, distribution = random.Random(4), described(shape)
    return [distribution.draw(chance) for _ in range(number)]


@pytest.mark.parametrize("plain", [Plain(first_s=70.0), Plain(first_s=20.0, growth=1.5, offset_s=100.0)])
def test_a_race_without_a_budget_comes_to_what_the_schedule_costs_alone(plain):
    """Asked for one by one, and all together: the same polls and delays."""
    durations_s = drawn(SHAPES[0], 300)
    seen = watch_plain(plain, [0.0] * 300, durations_s, spacing_s=0.0)
    alone = plain.alone(np.array(durations_s))
    assert seen.asked / 300 == pytest.approx(alone.calls)
    assert sum(seen.delays_s) / 300 == pytest.approx(alone.delay_s, rel=1e-3)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("growth", [1.0, 1.2])
def test_the_cost_over_a_distribution_is_the_mean_over_its_draws(shape, growth):
    """The sum over its survival function is another way to the same figures."""
    plain = Plain(first_s=60.0, growth=growth)
    exact, alone = plain.exact(described(shape)), plain.alone(np.array(drawn(shape, 40_000)))
    assert exact.calls == pytest.approx(alone.calls, rel=0.02)
    assert exact.delay_s == pytest.approx(alone.delay_s, rel=0.02)


@pytest.mark.parametrize("shape", SHAPES)
def test_no_plain_schedule_beats_the_oracle(shape):
    """Nor does a growing one beat the best growing one."""
    distribution = described(shape)
    best, fixed, growing = (find(distribution, 8.0) for find in (best_at, best_fixed_at, best_growing_at))
    assert best.delay_s <= growing.delay_s * 1.001 <= fixed.delay_s * 1.002


def test_a_race_keeps_to_its_budget():
    """Plain schedules get no more calls in a second than the planner does."""
    seen = watch_plain(Plain(first_s=1.0), [0.0] * 200, drawn(SHAPES[2], 200), spacing_s=0.2001, batch=3)
    assert seen.most_in_a_second <= 5
    assert len(seen.delays_s) == 200


def test_the_best_raced_makes_as_many_calls_as_it_is_asked_for():
    """Twice the calls, about half the delay: else the comparison would be with another number of calls."""
    durations_s = drawn(SHAPES[0], 400)
    few, many = (
        best_raced([0.0] * 400, durations_s, calls, [0.0], spacing_s=0.001, batch=1) for calls in (5.0, 10.0)
    )
    assert 0.4 * few < many < 0.6 * few


def test_calls_for_more_tasks_are_never_worth_less_to_a_crowd():
    """A bound in calls: with one id a call it is the one in polls."""
    distribution = described(SHAPES[0])
    bounds = [
        bound_at(distribution, 0.5, Crowd(number=1000, batch=batch, calls_per_s=10.0)) for batch in (10, 100)
    ]
    assert bounds[1] < bounds[0]


def test_races_are_averaged_but_for_the_budget():
    """One second over it in one race is one too many."""
    rows = [{"a": {"mean_s": 1.0, "window": 0.9}}, {"a": {"mean_s": 3.0, "window": 1.1, "extra": 1.0}}]
    assert averaged(rows) == {"a": {"mean_s": 2.0, "window": 1.1}}
