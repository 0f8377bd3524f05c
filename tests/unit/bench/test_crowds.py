"""The bound that crowds are judged by: below whatever was raced, and tight where the best is known."""

import random
from itertools import combinations, pairwise

import numpy as np
import pytest

from bench.polling.crowds import Crowd, _most, bound_at
from bench.polling.distributions import described
from bench.polling.oracle import best_at
from bench.polling.plain import Plain, watch_plain

TWO_MODES = "0.9*lognormal:900:0.2+0.1*lognormal:9000:0.2"


@pytest.mark.parametrize("shape", ["lognormal:600:0.5", TWO_MODES])
def test_with_calls_in_plenty_it_is_the_best_schedule(shape):
    """Nothing but the number of calls binds: both searches find the same."""
    distribution = described(shape)
    bound_s = bound_at(distribution, 5.0, Crowd(number=100, batch=1, calls_per_s=1000.0))
    assert bound_s == pytest.approx(best_at(distribution, 5.0).delay_s, rel=0.02)


def test_a_scarce_budget_raises_it():
    """Nine tenths end within minutes, and not all can be asked for then."""
    distribution = described(TWO_MODES)
    plenty, scarce = (
        bound_at(distribution, 3.4, Crowd(number=1000, batch=1, calls_per_s=rate)) for rate in (100.0, 4.0)
    )
    assert scarce > 1.1 * plenty


def test_tasks_that_end_together_wait_for_their_turn():
    """With one call for each, all after the last end, the mean turn is half of what asking for all takes."""
    crowd = Crowd(number=400, batch=20, calls_per_s=0.05)
    assert 170 < bound_at(described("uniform:3590:3610"), 1.001 / 20, crowd) < 209.5


@pytest.mark.parametrize(
    ("shape", "batch", "calls_per_s"), [(TWO_MODES, 1, 1.0), ("uniform:300:900", 30, 0.05)]
)
def test_no_schedule_that_was_raced_does_better(shape, batch, calls_per_s):
    """At the calls that it made itself, and for the durations that were drawn."""
    chance, distribution, number = random.Random(4), described(shape), 300
    crowd = Crowd(number=number, batch=batch, calls_per_s=calls_per_s)
    durations_s = [distribution.draw(chance) for _ in range(number)]
    plain = Plain(first_s=100.0, growth=1.2, offset_s=400.0)
    seen = watch_plain(plain, [0.0] * number, durations_s, spacing_s=1 / calls_per_s, batch=batch)
    assert sum(seen.delays_s) / number >= 0.97 * bound_at(distribution, seen.calls / number, crowd)


def test_rents_are_collected_by_the_best_instants_that_the_budget_allows():
    """Tried one by one, on a small scale."""
    ages_s, rent = np.linspace(0.0, 10.0, 11), np.array([0, 3, 0, 5, 4, 0, 0, 2, 0, 1, 0], dtype=float)
    instants = [index / 4 for index in range(41)]
    paid = dict(zip(instants, np.interp(instants, ages_s, rent), strict=True))
    most = max(
        sum(paid[at_s] for at_s in chosen)
        for number in range(1, 5)
        for chosen in combinations(instants, number)
        if all(later - sooner >= 2.5 for sooner, later in pairwise(chosen))
    )
    assert most <= _most(ages_s, rent, 2.5) <= 1.1 * most
