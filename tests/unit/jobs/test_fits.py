"""What log-normal parts tell of durations, and where they are not to be believed."""

import math
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_async._jobs.planner import Durations, Life
from avatar_async._jobs.planner.fits import Seen, fits
from avatar_async._jobs.planner.schedules import schedule

logs = st.lists(st.floats(-7, 16), min_size=1, max_size=60).map(sorted)


def seen(values: list[float], *, left: float = 0.0, last: float | None = None) -> Seen:
    """Return ends of equal weight, and a share that outlasted them."""
    share = (1 - left) / len(values)
    return Seen(
        logs=values,
        shares=[share] * len(values),
        left=left,
        last=values[-1] if last is None else last,
        ends=len(values),
    )


def drawn(number: int, *modes: tuple[float, float, float], seed: int = 4) -> list[float]:
    """Return seconds from log-normal modes, each told by its share, median and spread."""
    chance = random.Random(seed)
    shares = [share for share, _, _ in modes]
    found = []
    for _, median_s, spread in chance.choices(modes, shares, k=number):
        found.append(median_s * chance.lognormvariate(0, spread))
    return found


@given(logs, st.floats(0, 0.999), st.floats(0, 3))
def test_every_fit_is_a_distribution(values, left, further):
    """Whatever was seen: shares that fall from one to none."""
    grid = [-40 + step * 0.5 for step in range(180)]
    for fit in fits(seen(values, left=left, last=values[-1] + further), 3):
        assert math.isfinite(fit.score)
        assert sum(part.share for part in fit.parts) == pytest.approx(1, abs=1e-6)
        shares = fit.left(grid)
        assert all(before >= after - 1e-9 for before, after in pairwise(shares))
        assert -1e-9 <= shares[-1] <= shares[0] <= 1 + 1e-6


def test_two_modes_are_told_by_two_parts():
    """Nine in ten take a quarter of an hour, one in ten two hours and a half."""
    values = sorted(math.log(s) for s in drawn(200, (0.9, 900, 0.2), (0.1, 9000, 0.2)))
    one, two, *_ = fits(seen(values), 3)
    assert two.score > one.score + 20
    first, second = sorted(two.parts, key=lambda part: part.middle)
    assert first.share == pytest.approx(0.9, abs=0.05)
    assert math.exp(first.middle) == pytest.approx(900, rel=0.1)
    assert math.exp(second.middle) == pytest.approx(9000, rel=0.2)


def test_those_that_run_on_move_the_middle():
    """Half of all outlast the ends that were seen: the median lies there, not among those."""
    chance = random.Random(2)
    values = sorted(chance.gauss(0, 1) for _ in range(2000))
    [fit] = fits(seen(values[:1000], left=0.5, last=values[1000]), 1)
    [part] = fit.parts
    # Each that runs on counts as far as it got, not as far as the one in the middle will.
    assert part.middle == pytest.approx(0, abs=0.05)
    assert part.spread == pytest.approx(1, abs=0.05)


def test_no_part_is_made_of_tasks_that_nobody_saw_end():
    """A guess at when they will end would leave them alone until then."""
    values = sorted(random.Random(3).gauss(5, 0.1) for _ in range(40))
    for fit in fits(seen(values, left=0.25, last=6.0), 3):
        assert len(fit.parts) == 1 or all(part.middle < 6.0 for part in fit.parts)


def test_many_that_end_at_the_same_second_are_counted_once_each():
    """A clock of whole seconds must not make most of them seem to last for ever."""
    durations = Durations.learn([50.0] * 20 + [86400.0])
    assert durations.at(60.0)[0] < 0.15
    assert durations.long_s < 100


@pytest.mark.parametrize("number", [60, 200, 800])
def test_a_single_outlier_leaves_no_gap_in_which_nothing_is_asked_for(number):
    """One task took an hour: others that last long are asked for before that all the same."""
    seconds = [*drawn(number, (1.0, 30, 0.8)), 3600.0]
    durations = Durations.learn(seconds)
    longest_s = sorted(seconds)[-2]
    plan = schedule(durations, 0.3)
    age_s, waits = longest_s, []
    while age_s < 3600:
        waits.append((plan.next_age_s(age_s) - age_s) / age_s)
        age_s = plan.next_age_s(age_s)
    assert max(waits) < 1.0


def test_survivors_of_a_young_batch_are_not_left_alone_for_ever():
    """A few of a batch have ended, the others are all of one age: they are asked for on the way."""
    chance = random.Random(8)
    seconds = sorted(3600 * chance.weibullvariate(1, 0.6) for _ in range(300))
    now_s = 1000.0
    lives = [Life(seconds=min(value, now_s), ended=value <= now_s) for value in seconds]
    durations = Durations.learn([], lives)
    plan = schedule(durations, 4.0)
    assert plan.next_age_s(now_s) - now_s < 600


@pytest.mark.parametrize("price", [1e-4, 1e-2, 1.0])
def test_dense_polls_are_as_dense_as_the_price_tells(price):
    """Spaced by the root of twice the price over the hazard, however coarse the grid of ages."""
    durations = Durations.learn(drawn(200, (1.0, 7200, 0.8)))
    plan = schedule(durations, price)
    for age_s in (3000.0, 7200.0, 20000.0):
        wait_s = plan.next_age_s(age_s) - age_s
        assert wait_s == pytest.approx(math.sqrt(2 * price / durations.hazard(age_s)), rel=0.5)
