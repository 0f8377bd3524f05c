"""What is learned of durations: a distribution of any shape, from few, from survivors, and anew."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_async._jobs.planner import Durations, Life
from avatar_async._jobs.planner.schedules import rounded, schedule

many = st.lists(st.floats(0, 1e7), min_size=1, max_size=60)
ages = st.floats(0, 1e8)


@given(many, ages)
def test_learning_takes_any_durations(seconds, age_s):
    """A clock that stood still or one odd job must not break the planning."""
    durations = Durations.learn(seconds)
    assert durations.count == len(seconds)
    assert all(before < after for before, after in zip(durations.ages_s, durations.ages_s[1:], strict=False))
    assert all(before >= after for before, after in zip(durations.left, durations.left[1:], strict=False))
    assert durations.median_s > 0
    assert 0 <= durations.at(age_s)[0] <= 1
    assert math.isfinite(durations.hazard(age_s))
    assert durations.hazard(age_s) >= 0


@given(many, ages, st.floats(1e-6, 1e6))
def test_a_schedule_always_moves_on(seconds, age_s, price):
    """An age at which nothing follows would ask for ever, or never."""
    plan = schedule(Durations.learn(seconds), rounded(price))
    following = plan.next_age_s(age_s)
    assert age_s < following < math.inf


@given(many, st.floats(0, 1e6), st.floats(0, 1e6), st.floats(1e-3, 1e4))
def test_an_older_task_is_never_asked_for_before_a_younger_one(seconds, one, other, price):
    """The best next age grows with the age."""
    plan = schedule(Durations.learn(seconds), rounded(price))
    low, high = sorted((one, other))
    assert plan.next_age_s(low) <= plan.next_age_s(high) * (1 + 1e-9)


@pytest.mark.parametrize("number", [30, 200])
def test_two_modes_stay_two(number):
    """Between previews of a minute and trainings of two hours nothing ends, and nothing is asked for."""
    chance = random.Random(3)
    seconds = [chance.gauss(*chance.choice([(60, 5), (7200, 600)])) for _ in range(number)]
    durations = Durations.learn(seconds)
    assert durations.at(200)[0] - durations.at(3000)[0] < 0.05
    plan = schedule(durations, 20.0)
    age_s, asked = 0.0, []
    while age_s < 3000:
        age_s = plan.next_age_s(age_s)
        asked.append(age_s)
    assert sum(200 < age_s < 3000 for age_s in asked) <= 2


def test_between_two_sharp_modes_nothing_is_asked_for():
    """Where what is best leaps from the first mode to the second, no age in the middle is."""
    chance = random.Random(5)
    seconds = [chance.uniform(*chance.choice([(598, 600), (7180, 7200)])) for _ in range(200)]
    plan = schedule(Durations.learn(seconds), 20.0)
    following = [plan.next_age_s(590 + place / 100) for place in range(3000)]
    assert min(following) < 650
    assert max(following) > 7000
    assert not [age_s for age_s in following if 650 < age_s < 7000]


def test_those_that_still_run_count():
    """The first to finish of a batch are its fastest: alone they would tell that all are."""
    chance = random.Random(5)
    seconds = [7200 * chance.lognormvariate(0, 0.5) for _ in range(600)]
    now_s = sorted(seconds)[120]
    ended = [value for value in seconds if value <= now_s]
    running = [Life(seconds=now_s, ended=False) for value in seconds if value > now_s]
    alone, together = Durations.learn(ended), Durations.learn(ended, running)
    assert alone.at(now_s)[0] < 0.05
    assert together.at(now_s)[0] == pytest.approx(0.8, abs=0.05)
    assert together.median_s > now_s


def test_tasks_watched_from_later_on_tell_nothing_of_what_was_before():
    """Taken up at an hour, tasks say nothing of those that ended within it and were not seen."""
    chance = random.Random(6)
    seconds = [7200 * chance.lognormvariate(0, 0.5) for _ in range(400)]
    late = [Life(seconds=9000, ended=False, since_s=8999.0) for _ in range(300)]
    assert Durations.learn(seconds, late).median_s == pytest.approx(
        Durations.learn(seconds).median_s, rel=0.1
    )


def test_the_tail_goes_on_beyond_the_longest():
    """A task longer than any before may take much longer still."""
    durations = Durations.learn([100.0 * 1.1**power for power in range(30)])
    longest_s = 100.0 * 1.1**29
    assert durations.at(2 * longest_s)[0] > 0
    assert durations.hazard(10 * longest_s) > 0
    assert durations.at(4 * longest_s)[0] < durations.at(2 * longest_s)[0]
