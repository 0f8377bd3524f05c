"""When results vanish: always the earlier, safe reading."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_async._jobs.expiry import RETENTION, at_risk, expiry_of, finish_of
from avatar_async._jobs.remote import RemoteState, RemoteTask
from avatar_async._jobs.states import State

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
instants = st.integers(-(10**6), 10**6).map(lambda seconds: T0 + timedelta(seconds=seconds))


def task(*, finished_at=None, expires_at=None) -> RemoteTask:
    """Make a finished task as a poll reports it."""
    return RemoteTask(
        task_id=7,
        state=RemoteState.SUCCEEDED,
        status="SUCCESS",
        finished_at=finished_at,
        expires_at=expires_at,
    )


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (T0 + 5 * MINUTE, T0 + 5 * MINUTE),
        (T0 - timedelta(hours=8), T0),
        (T0 + timedelta(hours=8), T0 + 10 * MINUTE),
    ],
)
def test_the_services_finish_time_is_believed_within_what_we_saw(job_in, told, expected):
    """A wrong zone or clock must not move the finish out of the time between submission and notice."""
    job = job_in(State.IN_FLIGHT, submitted_at=T0)
    assert finish_of(job, task(finished_at=told), noticed_at=T0 + 10 * MINUTE) == expected


def test_an_unreported_finish_is_the_last_poll_that_said_running(job_in):
    """It surely ran then, so it cannot have finished earlier."""
    job = job_in(State.IN_FLIGHT, submitted_at=T0, last_running_at=T0 + 9 * MINUTE)
    assert finish_of(job, task(), noticed_at=T0 + 10 * MINUTE) == T0 + 9 * MINUTE


def test_an_unreported_finish_without_any_poll_is_the_submission(job_in):
    """Nothing later is proven."""
    job = job_in(State.IN_FLIGHT, submitted_at=T0)
    assert finish_of(job, task(), noticed_at=T0 + 10 * MINUTE) == T0


def test_an_adopted_task_counts_from_its_adoption(job_in):
    """We never submitted it, so its acceptance is the first we know."""
    job = job_in(State.IN_FLIGHT, submitted_at=None, accepted_at=T0 + MINUTE)
    assert finish_of(job, task(), noticed_at=T0 + 10 * MINUTE) == T0 + MINUTE


@given(finished=instants, submitted=instants, noticed=instants)
def test_the_finish_never_lies_outside_what_we_saw(new_job, finished, submitted, noticed):
    """Even where the clocks disagree about before and after."""
    job = new_job(state=State.IN_FLIGHT, submitted_at=submitted)
    finish = finish_of(job, task(finished_at=finished), noticed_at=noticed)
    assert submitted <= finish <= max(noticed, submitted)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (None, T0 + RETENTION),
        (T0 + timedelta(days=3), T0 + timedelta(days=3)),
        (T0 + timedelta(days=30), T0 + RETENTION),
    ],
)
def test_results_vanish_at_the_earlier_of_both_readings(told, expected):
    """Seven days are documented; what the service tells can only shorten them."""
    assert expiry_of(T0, task(expires_at=told)) == expected
    assert timedelta(days=7) == RETENTION


def test_a_configured_retention_replaces_the_seven_days():
    """Another deployment may keep results for another time."""
    assert expiry_of(T0, task(), retention=timedelta(days=1)) == T0 + timedelta(days=1)


def test_an_expiry_before_the_finish_is_not_believed():
    """A service with a default date in that field must not make jobs expire at the first refusal."""
    long_ago = T0 - timedelta(days=2000)
    assert expiry_of(T0, task(finished_at=T0, expires_at=long_ago)) == T0 + RETENTION


def test_an_expiry_before_the_submission_is_not_believed():
    """Nor where the service says nothing of the finish."""
    assert expiry_of(T0, task(expires_at=T0 - MINUTE), submitted_at=T0) == T0 + RETENTION


def test_an_expiry_in_the_past_is_believed_of_a_task_that_finished_before_it():
    """A task adopted late may be gone already."""
    done = task(finished_at=T0 - timedelta(days=10), expires_at=T0 - timedelta(days=3))
    assert expiry_of(T0, done) == T0 - timedelta(days=3)


@pytest.mark.parametrize(
    ("left", "risk"), [(timedelta(hours=24), False), (timedelta(hours=23, minutes=59), True)]
)
def test_less_than_a_day_left_is_a_risk(job_in, left, risk):
    """A night's outage would lose the results."""
    assert at_risk(job_in(State.READY, expires_at=T0 + left), T0) is risk


def test_too_little_time_at_the_measured_speed_is_a_risk(job_in):
    """Two days do not help when the files take three."""
    job = job_in(State.READY, expires_at=T0 + timedelta(days=2))
    assert at_risk(job, T0, bytes_left=3 * 86400 * 1000, speed_bytes_s=1000.0)
    assert not at_risk(job, T0, bytes_left=86400 * 1000, speed_bytes_s=1000.0)
    assert not at_risk(job, T0, bytes_left=10**15, speed_bytes_s=None)
    assert not at_risk(job, T0, bytes_left=None, speed_bytes_s=1.0)


def test_an_unfinished_job_is_at_no_risk(job_in):
    """There is nothing yet to lose."""
    assert not at_risk(job_in(State.IN_FLIGHT), T0)
