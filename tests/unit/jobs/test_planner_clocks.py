"""What the planner makes of instants that a clock, set in between, has spoilt."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_async._jobs.planner import LONGEST_PAUSE_S, Durations, pause_left_s, took_s
from avatar_async._jobs.planner.queue import Polled, PollQueue
from avatar_async.requests import Kind

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
seconds = st.floats(-1e7, 1e7)


def at(offset_s: float) -> datetime:
    """Return an instant so many seconds after noon."""
    return T0 + timedelta(seconds=offset_s)


@given(pause_s=st.floats(0.0, LONGEST_PAUSE_S), passed_s=seconds)
def test_a_pause_never_lasts_longer_than_it_was_made_for(pause_s, passed_s):
    """Wherever the clock was set meanwhile."""
    left_s = pause_left_s(at(pause_s), at(passed_s))
    assert 0 <= left_s <= LONGEST_PAUSE_S
    if passed_s >= 0:
        assert left_s == pytest.approx(max(0.0, pause_s - passed_s), abs=1e-3)
    if passed_s < -LONGEST_PAUSE_S:
        assert left_s == 0.0


def test_without_a_pause_there_is_nothing_to_wait_for():
    """The usual case."""
    assert pause_left_s(None, T0) == 0.0


@given(finished=seconds, running=seconds | st.none(), age=st.floats(0, 1e7) | st.none())
def test_what_a_task_took_is_positive_and_no_longer_than_it_was_watched(finished, running, age):
    """Else it would teach the planner nonsense."""
    seconds = took_s(T0, at(finished), None if running is None else at(running), age_s=age)
    if seconds is not None:
        assert seconds > 0
        assert age is None or seconds <= age + 61


def test_a_finish_clamped_to_the_submission_counts_from_the_last_poll_that_found_it_running():
    """A service whose clock is behind by hours must not make every task seem to take no time."""
    assert took_s(T0, T0, at(500)) == 500
    assert took_s(T0, T0, None) is None


@given(
    usual=st.lists(st.floats(50, 150), min_size=20, max_size=60),
    wild=st.lists(st.sampled_from([1e-3, 86400.0, 90000.0]), max_size=4),
)
def test_a_few_absurd_durations_hardly_move_what_is_learnt(usual, wild):
    """One day more or less for a task of a minute is a clock's fault, not the task's."""
    spoilt = Durations.learn(usual + wild)
    assert 15 < spoilt.median_s < 500
    assert 0.05 <= spoilt.spread < 3


@given(dues=st.lists(st.floats(0, 1e6), min_size=1, max_size=30), now_s=st.floats(0, 1e6))
def test_hurried_polls_are_all_due_and_none_is_lost_or_doubled(dues, now_s):
    """After a sleep everything is asked for once."""
    queue = PollQueue()
    for number, due_s in enumerate(dues):
        task = Polled(str(number), Kind.TRAINING, 0.0)
        queue.add(task)
        queue.put(task, due_s, now_s=0.0)
    taken = {task.job_id for task in queue.take(now_s, 3)}
    queue.hurry(now_s)
    rest = [task.job_id for task in queue.take(now_s, len(dues))]
    assert sorted(rest) == sorted(str(number) for number in range(len(dues)) if str(number) not in taken)
    assert len(queue) == len(dues)
