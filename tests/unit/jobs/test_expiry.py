"""When results vanish: always the earlier, safe reading."""

from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from avatar_async._jobs.expiry import (
    RETENTION,
    at_risk,
    burden,
    bytes_left,
    expiry_of,
    finish_of,
    least_expiry_of,
    overtaken,
)
from avatar_async._jobs.records import Artifact
from avatar_async._jobs.remote import RemoteState, RemoteTask
from avatar_async._jobs.states import ArtifactState, State

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


@given(finished=instants | st.none(), submitted=instants, running=instants | st.none(), noticed=instants)
def test_the_finish_never_lies_outside_what_we_saw(new_job, finished, submitted, running, noticed):
    """Where our own clock was set back in between, the earlier reading is the safe one."""
    job = new_job(state=State.IN_FLIGHT, submitted_at=submitted, last_running_at=running)
    finish = finish_of(job, task(finished_at=finished), noticed_at=noticed)
    assert min(submitted, noticed) <= finish <= noticed
    if submitted <= noticed and finished is not None:
        assert finish == min(max(finished, submitted), noticed)


@given(
    finished=instants | st.none(),
    told=instants | st.none(),
    submitted=instants,
    running=instants | st.none(),
    noticed=instants,
)
def test_results_never_last_longer_than_the_retention_after_they_were_noticed(
    new_job, finished, told, submitted, running, noticed
):
    """No mixture of clocks may make us believe that there is more time than there can be."""
    job = new_job(state=State.IN_FLIGHT, submitted_at=submitted, last_running_at=running)
    report = task(finished_at=finished, expires_at=told)
    finish = finish_of(job, report, noticed_at=noticed)
    expires = expiry_of(finish, report, submitted_at=submitted)
    assert expires <= noticed + RETENTION
    if told is not None and told > max(finished or submitted, submitted):
        assert expires <= told


def test_a_task_made_elsewhere_may_have_finished_before_it_was_adopted(job_in):
    """Counting from the adoption would promise days that are already over."""
    job = job_in(State.IN_FLIGHT, submitted_at=None, accepted_at=T0)
    told = T0 - timedelta(days=5)
    assert finish_of(job, task(finished_at=told), noticed_at=T0 + MINUTE) == told
    made = evolve(task(), created_at=T0 - timedelta(days=6))
    assert finish_of(job, made, noticed_at=T0 + MINUTE) == T0 - timedelta(days=6)


def test_results_of_a_task_not_known_to_have_finished_may_vanish_from_its_last_sign_of_life_on(job_in):
    """It ran then, so its results cannot vanish earlier than that plus the retention."""
    job = job_in(State.IN_FLIGHT, submitted_at=T0, last_running_at=None)
    assert least_expiry_of(job) == T0 + RETENTION
    seen = evolve(job, last_running_at=T0 + timedelta(hours=3))
    assert least_expiry_of(seen) == T0 + timedelta(hours=3) + RETENTION
    known = job_in(State.READY, expires_at=T0 + MINUTE)
    assert least_expiry_of(known) == T0 + MINUTE


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


def to_fetch(new_job, number: int, hours: float, size_bytes: int | None, **fields):
    """Make a finished job that vanishes after so many hours."""
    model = Artifact(role="model", name="m.zip", url="http://x/m.zip", size_bytes=size_bytes, **fields)
    return new_job(
        id=str(number), state=State.READY, expires_at=T0 + timedelta(hours=hours), artifacts=(model,)
    )


def too_slow(jobs, now, speed_bytes_s):
    """Return the ids of jobs that the speed does not bring home in time."""
    return overtaken(map(burden, jobs), now, speed_bytes_s)


def test_a_job_is_too_slow_when_all_bytes_before_its_own_take_too_long(new_job):
    """Its own would fit, but those that vanish sooner come first."""
    jobs = [to_fetch(new_job, 1, 30, 20 * 3600), to_fetch(new_job, 2, 31, 20 * 3600)]
    assert too_slow(jobs, T0, 1.0) == {"2"}
    assert too_slow(reversed(jobs), T0, 1.0) == {"2"}
    assert too_slow(jobs, T0, 10.0) == frozenset()
    assert too_slow(jobs[1:], T0, 1.0) == frozenset()


def test_only_bytes_that_are_still_to_come_count(new_job):
    """What is on disk needs no time, and an unknown length cannot be counted."""
    size = 40 * 3600
    assert bytes_left(to_fetch(new_job, 1, 1, size, verified_offset=size - 7)) == 7
    assert bytes_left(to_fetch(new_job, 1, 1, size, state=ArtifactState.STORED)) == 0
    assert bytes_left(to_fetch(new_job, 1, 1, None)) == 0
    assert too_slow([to_fetch(new_job, 1, 30, size)], T0, None) == frozenset()
    assert too_slow([to_fetch(new_job, 1, 30, size)], T0, 0.0) == frozenset()


loads = st.lists(st.tuples(st.floats(0.1, 200), st.integers(0, 10**6)), max_size=12)


@given(loads=loads, speed=st.floats(0.1, 1e4))
def test_none_is_too_slow_exactly_when_a_schedule_exists(new_job, loads, speed):
    """One file after the other in the order of expiry meets every expiry that can be met at all."""
    jobs = [to_fetch(new_job, number, hours, size) for number, (hours, size) in enumerate(loads)]
    possible = all(
        sum(size for other, size in loads if other <= hours) <= speed * hours * 3600 + 1e-6
        for hours, _ in loads
    )
    late = too_slow(jobs, T0, speed)
    close = any(
        abs(sum(size for other, size in loads if other <= hours) - speed * hours * 3600) < 1
        for hours, _ in loads
    )
    assert close or bool(late) is not possible


def test_an_unfinished_job_is_at_no_risk(job_in):
    """There is nothing yet to lose."""
    assert not at_risk(job_in(State.IN_FLIGHT), T0)
