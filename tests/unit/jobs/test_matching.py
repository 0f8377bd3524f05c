"""Whose task is it: the rule that settles a doubt without a person, held against every odd list."""

from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve
from hypothesis import example, given
from hypothesis import strategies as st

from avatar_async._jobs.matching import WINDOW, Sighting, is_sure, may_be, may_have_a_task, read, same_name
from avatar_async._jobs.remote import RemoteState, RemoteTask
from avatar_async._jobs.states import State
from avatar_async.requests import Kind
from tests.jobs_kept import a_job

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def doubtful(name="a", *, minute=0.0, kind=Kind.TRAINING, state=State.IN_DOUBT, task_name="clip", timed=True):
    """Return a job whose intent was written that many minutes after T0, by our clock."""
    submitted_at = T0 + minute * MINUTE if timed else None
    return a_job(name, kind=kind, task_name=task_name, state=state, created_at=T0, submitted_at=submitted_at)


def seen(task_id=1, *, minute=0.0, kind=Kind.TRAINING, name="clip", ahead=timedelta(0), dated=True):
    """Return a task created that many minutes after T0, seen an hour later on a clock that is `ahead`."""
    task = RemoteTask(
        task_id=task_id,
        state=RemoteState.RUNNING,
        status="RUNNING",
        kind=kind,
        name=name,
        created_at=None if minute is None else T0 + minute * MINUTE + ahead,
    )
    asked_at = T0 + 60 * MINUTE
    return Sighting(task=task, asked_at=asked_at, service_at=asked_at + ahead if dated else None)


@pytest.mark.parametrize("ahead", [timedelta(days=-1), timedelta(0), timedelta(days=1)])
@pytest.mark.parametrize(("minute", "agrees"), [(-10, True), (10, True), (-10.1, False), (10.1, False)])
def test_time_is_read_on_the_services_clock(ahead, minute, agrees):
    """Clocks may be a day apart: only how long ago something was counts."""
    assert is_sure(doubtful(), seen(minute=minute, ahead=ahead)) is agrees
    assert may_be(doubtful(), seen(minute=minute, ahead=ahead)) is agrees


@pytest.mark.parametrize("untold", [{"kind": None}, {"name": None}, {"minute": None}, {"dated": False}])
def test_what_is_not_told_settles_nothing_but_stands_in_the_way(untold):
    """A task that may be the job's is a second candidate, whatever the service keeps to itself."""
    vague = seen(2, **untold)
    assert may_be(doubtful(), vague)
    assert not is_sure(doubtful(), vague)
    assert read(doubtful(), [], [vague]).task_id is None
    assert read(doubtful(), [], [seen(1)]).task_id == 1
    assert read(doubtful(), [], [seen(1), vague]) == read(doubtful(), [], [vague, seen(1)])
    assert read(doubtful(), [], [seen(1), vague]).candidates == (1, 2)
    assert read(doubtful(), [], [seen(1), vague]).task_id is None


@pytest.mark.parametrize("other", [{"kind": Kind.REBUILD}, {"name": "clap"}, {"minute": 11}])
def test_a_task_that_differs_is_no_candidate(other):
    """Another kind, name or time is another task."""
    assert read(doubtful(), [], [seen(1), seen(2, **other)]).task_id == 1
    assert read(doubtful(), [], [seen(2, **other)]).candidates == ()


@pytest.mark.parametrize("state", [State.SUBMITTING, State.IN_DOUBT, State.ABANDONED])
def test_a_task_that_may_be_another_jobs_is_nobodys(state):
    """A create call under way, or one that was given up, may have made it just as well."""
    rival = doubtful("b", minute=5, state=state)
    assert read(doubtful(), [rival], [seen(1)]).task_id is None
    assert read(doubtful(), [evolve(rival, submitted_at=None)], [seen(1)]).task_id is None
    assert read(doubtful(), [evolve(rival, submitted_at=T0 + 11 * MINUTE)], [seen(1)]).task_id == 1
    assert read(doubtful(), [evolve(rival, kind=Kind.REBUILD)], [seen(1)]).task_id == 1


def test_a_job_given_up_before_it_was_sent_is_nobodys_rival():
    """No create call of it can have made a task."""
    assert not may_have_a_task(doubtful(state=State.ABANDONED, timed=False))
    assert may_have_a_task(doubtful(state=State.ABANDONED))
    assert may_have_a_task(doubtful(timed=False))
    assert not may_have_a_task(evolve(doubtful(state=State.ABANDONED), task_id=7))
    assert not may_have_a_task(doubtful(state=State.PLANNED))


def test_two_doubts_of_one_name_far_apart_are_each_settled():
    """The reading is unique, so nobody need be asked."""
    early, late = doubtful("early"), doubtful("late", minute=30)
    tasks = [seen(1, minute=0.1), seen(2, minute=30.1)]
    assert read(early, [early, late], tasks).task_id == 1
    assert read(late, [early, late], tasks).task_id == 2


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [
        ("clip", "clip", True),
        (" clip ", "clip", True),
        ("x" * 600, "x" * 500, True),
        ("clip", "Clip", False),
        ("clip", "clip 2", False),
        ("x" * 499 + "y", "x" * 500, False),
    ],
)
def test_a_name_is_known_again_as_replies_write_it(ours, theirs, same):
    """White space around it is cut off, and what is too long."""
    assert same_name(ours, theirs) is same


@example(service_at=datetime.max.replace(tzinfo=UTC), created_at=datetime.min.replace(tzinfo=UTC))
@given(
    service_at=st.datetimes(timezones=st.just(UTC)),
    created_at=st.datetimes(timezones=st.just(UTC)),
)
def test_no_date_however_odd_breaks_the_rule(service_at, created_at):
    """A service's clock may say anything."""
    task = evolve(seen().task, created_at=created_at)
    odd = Sighting(task=task, asked_at=T0, service_at=service_at)
    assert may_be(doubtful(), odd) is (abs((service_at - created_at) - timedelta(0)) <= WINDOW)


_minutes = st.floats(-25, 25)
_kinds = st.sampled_from([Kind.TRAINING, Kind.REBUILD])
_names = st.sampled_from(["clip", "clap"])
_jobs = st.lists(
    st.builds(
        doubtful,
        minute=_minutes,
        kind=_kinds,
        state=st.sampled_from([State.IN_DOUBT, State.IN_DOUBT, State.SUBMITTING, State.ABANDONED]),
        task_name=_names,
        timed=st.sampled_from([True, True, True, False]),
    ),
    min_size=1,
    max_size=5,
).map(lambda jobs: [evolve(job, id=str(number)) for number, job in enumerate(jobs)])
_tasks = st.lists(
    st.builds(
        seen,
        task_id=st.integers(1, 2**63 - 1),
        minute=st.one_of(_minutes, _minutes, _minutes, st.none()),
        kind=st.one_of(_kinds, _kinds, st.none()),
        name=st.one_of(_names, _names, st.none()),
        ahead=st.sampled_from([timedelta(0), timedelta(days=1)]),
        dated=st.sampled_from([True, True, True, False]),
    ),
    max_size=5,
    unique_by=lambda each: each.task.task_id,
)


def _distance(job, sighting):
    """Return how far apart intent and creation are, on one clock; written without the product's code."""
    if sighting.service_at is None or sighting.task.created_at is None or job.submitted_at is None:
        return None
    offset = sighting.service_at - sighting.asked_at
    return abs(sighting.task.created_at - offset - job.submitted_at)


def _possible(job, sighting):
    task, apart = sighting.task, _distance(job, sighting)
    if task.kind is not None and task.kind != job.kind:
        return False
    if task.name is not None and task.name != job.task_name:
        return False
    return apart is None or apart <= timedelta(minutes=10)


@given(jobs=_jobs, tasks=_tasks)
def test_a_task_is_given_only_where_one_reading_is_possible(jobs, tasks):
    """Never to two jobs, nor to the wrong kind, name or time, nor out of two; always if it is clear."""
    given_away = {}
    for job in jobs:
        if job.state is not State.IN_DOUBT:
            continue
        found = read(job, jobs, tasks)
        mine = [each for each in tasks if _possible(job, each)]
        assert found.candidates == tuple(sorted(each.task.task_id for each in mine))
        clear = (
            len(mine) == 1
            and mine[0].task.kind is not None
            and mine[0].task.name is not None
            and _distance(job, mine[0]) is not None
            and sum(_possible(other, mine[0]) for other in jobs) == 1
        )
        assert (found.task_id is not None) is clear
        if found.task_id is not None:
            assert found.task_id == mine[0].task.task_id
            assert found.task_id not in given_away
            given_away[found.task_id] = job.id
