"""When to poll: within bounds, as asked, few polls, the finish noticed soon."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_async._jobs.planner import (
    LEARNED_FROM,
    Durations,
    PollLimits,
    next_delay,
    poll_limits,
)
from avatar_async.requests import Kind

elapsed = st.floats(0, 30 * 86400, allow_nan=False)
jitters = st.floats(0, 1, exclude_max=True)
observed = st.lists(st.floats(1e-3, 10 * 86400), max_size=30)
kinds = st.sampled_from(Kind)


@given(elapsed, observed, kinds, jitters)
def test_the_wait_keeps_to_its_bounds(elapsed_s, seconds, kind, jitter):
    """Neither a storm of polls nor a job that is forgotten, whatever was learned."""
    limits = poll_limits()[kind]
    delay = next_delay(elapsed_s, Durations.learn(seconds), limits, jitter=jitter)
    most = limits.max_s if elapsed_s <= limits.deadline_s else 4 * limits.max_s
    assert limits.min_s * 0.9 <= delay <= most * 1.1


@given(elapsed, observed, kinds, jitters, st.floats(-10, 1e6))
def test_the_services_hint_is_honoured_up_to_ten_minutes(elapsed_s, seconds, kind, jitter, hint_s):
    """An absurd Retry-After must not stop the polling, a sensible one is never undercut."""
    durations, limits = Durations.learn(seconds), poll_limits()[kind]
    plain = next_delay(elapsed_s, durations, limits, jitter=jitter)
    hinted = next_delay(elapsed_s, durations, limits, jitter=jitter, hint_s=hint_s)
    assert hinted == max(plain, min(max(hint_s, 0.0), 600.0))


@given(elapsed, observed, kinds)
def test_jitter_spreads_by_a_tenth_either_way(elapsed_s, seconds, kind):
    """Tasks made together must not be asked for together for ever."""
    durations, limits = Durations.learn(seconds), poll_limits()[kind]
    low, middle, high = (
        next_delay(elapsed_s, durations, limits, jitter=jitter) for jitter in (0.0, 0.5, 0.999999)
    )
    assert low == pytest.approx(0.9 * middle)
    assert high == pytest.approx(1.1 * middle, rel=1e-3)


@given(kinds)
def test_overdue_jobs_are_polled_more_slowly(kind):
    """They may never end; they go on costing polls."""
    limits = poll_limits()[kind]
    before = next_delay(limits.deadline_s, Durations(), limits)
    after = next_delay(limits.deadline_s + 1, Durations(), limits)
    assert after == pytest.approx(4 * before, rel=0.01)


def test_few_finished_jobs_are_not_trusted_yet():
    """One lucky job says nothing about its kind."""
    limits = PollLimits()
    few = Durations.learn([3600.0] * (LEARNED_FROM - 1))
    enough = Durations.learn([3600.0] * LEARNED_FROM)
    assert next_delay(10, few, limits) == next_delay(10, Durations(), limits)
    assert next_delay(10, enough, limits) > 50 * next_delay(10, few, limits)


@given(st.lists(st.floats(0, 1e7), max_size=50))
def test_learning_takes_any_durations(seconds):
    """A clock that stood still or one odd job must not break the planning."""
    durations = Durations.learn(seconds)
    assert durations.count == len(seconds)
    assert math.isfinite(durations.log_mean)
    assert durations.log_sigma >= 0.1


@given(observed.filter(lambda seconds: len(seconds) >= LEARNED_FROM), elapsed)
def test_the_hazard_is_a_finite_chance(seconds, elapsed_s):
    """Far out in the tail the arithmetic must not divide by nothing."""
    hazard = Durations.learn(seconds).hazard(elapsed_s)
    assert math.isfinite(hazard)
    assert hazard >= 0


def watch(median_s: float, sigma: float, durations: Durations, limits: PollLimits) -> tuple[float, float]:
    """Watch 300 log-normal jobs in virtual time; return polls per job and lateness per duration."""
    chance = random.Random(20260301)
    polls, late_s, total_s = 0, 0.0, 0.0
    for _ in range(300):
        takes_s = median_s * math.exp(sigma * chance.gauss(0, 1))
        now_s = 0.0
        while now_s < takes_s:
            now_s += next_delay(now_s, durations, limits, jitter=chance.random())
            polls += 1
        late_s += now_s - takes_s
        total_s += takes_s
    return polls / 300, late_s / total_s


@pytest.mark.parametrize("sigma", [0.15, 0.3, 0.6, 1.0])
@pytest.mark.parametrize("median_s", [20.0, 60.0, 600.0, 3600.0, 4 * 3600.0])
def test_learned_durations_cost_few_polls_and_little_time(median_s, sigma):
    """The reason to learn at all: some twenty polls a job, the finish noticed within a few percent."""
    chance = random.Random(7)
    durations = Durations.learn([median_s * math.exp(sigma * chance.gauss(0, 1)) for _ in range(60)])
    polls, lateness = watch(median_s, sigma, durations, poll_limits()[Kind.TRAINING])
    assert polls <= 36
    assert lateness <= 0.05


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("median_s", [2.0, 5.0])
def test_learned_short_tasks_are_not_overslept(kind, median_s):
    """A first poll at the longest spacing would wait many times the task itself."""
    chance = random.Random(7)
    durations = Durations.learn([median_s * math.exp(0.3 * chance.gauss(0, 1)) for _ in range(60)])
    polls, lateness = watch(median_s, 0.3, durations, poll_limits()[kind])
    assert polls <= 10
    assert lateness * median_s <= 0.35


@pytest.mark.parametrize("median_s", [5.0, 60.0, 3600.0, 4 * 3600.0])
def test_unknown_durations_cost_more_polls_but_stay_in_hand(median_s):
    """The first jobs of a kind: spacing grows with the time waited."""
    polls, lateness = watch(median_s, 0.6, Durations(), poll_limits()[Kind.TRAINING])
    assert polls <= 75
    assert lateness <= 0.12
