"""When to poll: within bounds, as asked, few polls, the finish noticed soon."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_async._jobs.planner import LEARNED_FROM, Durations, PollLimits, Timetable, poll_limits
from avatar_async._jobs.planner.timetable import LONGEST_S
from avatar_async.requests import Kind

elapsed = st.floats(0, 30 * 86400, allow_nan=False)
parts = st.floats(0, 1, exclude_max=True)
observed = st.lists(st.floats(1e-3, 10 * 86400), max_size=30)
prices = st.floats(0, 1e6)
kinds = st.sampled_from(Kind)


def timetable(seconds: list[float]) -> Timetable:
    """Return what is learned from tasks that took so long."""
    return Timetable(durations=Durations.learn(seconds))


def wait_s(
    table: Timetable, age_s: float, limits: PollLimits, wanted: float = 0.0, part: float = 0.5
) -> float:
    """Return the wait under the price that the budget asks for."""
    return table.wait_s(age_s, limits, table.price(wanted, age_s), part)


@given(elapsed, observed, kinds, parts, prices)
def test_the_wait_keeps_to_its_bounds(age_s, seconds, kind, part, price):
    """Neither a storm of polls nor a job that is forgotten, whatever was learned and a poll costs."""
    limits = poll_limits()[kind]
    delay = wait_s(timetable(seconds), age_s, limits, price, part)
    assert limits.min_s * 0.9 <= delay <= max(LONGEST_S, 4 * limits.max_s) * 1.1


@given(elapsed, observed, kinds, parts)
def test_a_wait_of_the_same_task_is_always_the_same(age_s, seconds, kind, part):
    """Nothing but what it is told goes into it."""
    limits = poll_limits()[kind]
    first, second = (wait_s(timetable(seconds), age_s, limits, 10.0, part) for _ in range(2))
    assert first == second


@given(elapsed, observed, kinds)
def test_chance_spreads_a_little_either_way(age_s, seconds, kind):
    """Tasks made together must not be asked for together for ever, nor far from the best moment."""
    table, limits = timetable(seconds), poll_limits()[kind]
    low, middle, high = (wait_s(table, age_s, limits, part=part) for part in (0.0, 0.5, 0.999999))
    assert 0.996 * middle - 1e-6 <= low < middle < high <= 1.004 * middle + 1e-6


def test_the_first_polls_of_a_crowd_begin_about_the_best_moment_and_go_on_later():
    """What is asked before shows nothing, and has to be asked again when calls are scarce."""
    table, limits = timetable([3600.0 * (0.9 + index / 150) for index in range(31)]), PollLimits()
    price = table.price(50.0, 0.0)
    alone_s = table.wait_s(0.0, limits, price, 0.5)
    low_s, middle_s, high_s = (
        table.wait_s(0.0, limits, price, part, scatter_s=50.0) for part in (0.0, 0.5, 1.0)
    )
    assert high_s - low_s == pytest.approx(100.0)
    assert alone_s - 25 < low_s < alone_s < middle_s


@given(elapsed.filter(lambda age_s: age_s > 1), observed, kinds, prices, st.floats(2, 100))
def test_dearer_polls_are_fewer(age_s, seconds, kind, price, factor):
    """The budget works through the price."""
    table, limits = timetable(seconds), poll_limits()[kind]
    assert wait_s(table, age_s, limits, price * factor) >= wait_s(table, age_s, limits, price) * 0.999


@given(kinds)
def test_overdue_jobs_are_polled_more_slowly(kind):
    """They may never end; they go on costing polls."""
    limits = poll_limits()[kind]
    before = wait_s(Timetable(), limits.deadline_s, limits)
    after = wait_s(Timetable(), limits.deadline_s + 1, limits)
    assert after == pytest.approx(4 * before, rel=0.01)


def test_few_finished_jobs_are_not_trusted_yet():
    """One lucky job says nothing about its kind."""
    limits = PollLimits()
    few, enough = timetable([3600.0] * (LEARNED_FROM - 1)), timetable([3600.0] * LEARNED_FROM)
    assert wait_s(few, 10, limits) == wait_s(Timetable(), 10, limits)
    assert wait_s(enough, 10, limits) > 50 * wait_s(few, 10, limits)


def watch(median_s: float, sigma: float, table: Timetable, limits: PollLimits) -> tuple[float, float]:
    """Watch 300 log-normal jobs in virtual time; return polls per job and lateness per duration."""
    chance = random.Random(20260301)
    polls, late_s, total_s = 0, 0.0, 0.0
    for _ in range(300):
        takes_s = median_s * math.exp(sigma * chance.gauss(0, 1))
        now_s = 0.0
        while now_s < takes_s:
            now_s += wait_s(table, now_s, limits, part=chance.random())
            polls += 1
        late_s += now_s - takes_s
        total_s += takes_s
    return polls / 300, late_s / total_s


@pytest.mark.parametrize("sigma", [0.15, 0.3, 0.6, 1.0])
@pytest.mark.parametrize("median_s", [20.0, 60.0, 600.0, 3600.0, 4 * 3600.0])
def test_learned_durations_cost_few_polls_and_little_time(median_s, sigma):
    """The reason to learn at all: some twenty polls a job, the end noticed within a few percent."""
    chance = random.Random(7)
    table = timetable([median_s * math.exp(sigma * chance.gauss(0, 1)) for _ in range(60)])
    polls, lateness = watch(median_s, sigma, table, poll_limits()[Kind.TRAINING])
    assert polls <= 27
    assert lateness <= 0.05


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("median_s", [2.0, 5.0])
def test_learned_short_tasks_are_not_overslept(kind, median_s):
    """A first poll at the longest spacing would wait many times the task itself."""
    chance = random.Random(7)
    table = timetable([median_s * math.exp(0.3 * chance.gauss(0, 1)) for _ in range(60)])
    polls, lateness = watch(median_s, 0.3, table, poll_limits()[kind])
    assert polls <= 10
    assert lateness * median_s <= 0.4


@pytest.mark.parametrize("median_s", [5.0, 60.0, 3600.0, 4 * 3600.0])
def test_unknown_durations_cost_more_polls_but_stay_in_hand(median_s):
    """The first jobs of a kind: spacing grows with the time waited."""
    polls, lateness = watch(median_s, 0.6, Timetable(), poll_limits()[Kind.TRAINING])
    assert polls <= 75
    assert lateness <= 0.12
