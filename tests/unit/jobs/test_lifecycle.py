"""The lifecycle: which event may happen when, and what every walk through it keeps true."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from avatar_async._jobs import events as ev
from avatar_async._jobs.lifecycle import advance
from avatar_async._jobs.records import Artifact, JobError
from avatar_async._jobs.states import OPEN, REMOTE, RETRYABLE, TERMINAL, ArtifactState, State
from avatar_async.errors import LifecycleError

# One line per state: what may happen there by the design, `retry` of held jobs apart.
ALLOWED: dict[State, set[type[ev.Event]]] = {
    State.PLANNED: {ev.Amended, ev.IntentWritten, ev.GivenUp, ev.Held},
    State.SUBMITTING: {ev.PutBack, ev.OutcomeUnknown, ev.Refused, ev.Accepted},
    State.IN_DOUBT: {ev.Settled, ev.ResubmitOrdered, ev.GivenUp, ev.CandidatesFound},
    State.REJECTED: {ev.RetryOrdered, ev.GivenUp},
    State.IN_FLIGHT: {ev.Polled, ev.LeftOut, ev.Finished, ev.RemoteFailed, ev.LostToExpiry, ev.GivenUp},
    State.READY: {ev.FetchStarted, ev.ArtifactsRefreshed, ev.LostToExpiry, ev.GivenUp, ev.Held},
    State.FETCHING: {
        ev.FetchStarted,
        ev.ArtifactsRefreshed,
        ev.ArtifactChanged,
        ev.FetchPaused,
        ev.AllStored,
        ev.LostToExpiry,
        ev.GivenUp,
        ev.Held,
    },
    State.STORED: set(),
    State.FAILED: {ev.RetryOrdered, ev.GivenUp},
    State.EXPIRED: {ev.RetryOrdered, ev.GivenUp},
    State.ABANDONED: set(),
}
ERROR = JobError(code=3333, message="wrong")
FILES = (
    Artifact(role="model", name="model.zip", url="https://files.example/1?s=1"),
    Artifact(role="thumbnail", name="cover.jpg", url="https://files.example/2?s=2"),
)
HAS_TASK = REMOTE | {State.STORED, State.FAILED, State.EXPIRED}
HAS_NO_TASK = {State.PLANNED, State.SUBMITTING, State.IN_DOUBT, State.REJECTED}


AT = datetime(2026, 3, 1, 15, 0, tzinfo=UTC)
#: What each type of event carries beyond its instant.
CARRIED: dict[type[ev.Event], dict[str, Any]] = {
    ev.Amended: {"request": {}, "fingerprint": "e" * 64, "task_name": "new", "needs": ("other",)},
    ev.IntentWritten: {"owner": "run-2"},
    ev.PutBack: {"reason": ev.PutBackReason.NOT_SENT, "not_before": AT, "error": ERROR},
    ev.OutcomeUnknown: {"error": ERROR},
    ev.Refused: {"error": ERROR},
    ev.Accepted: {"task_id": 41},
    ev.Settled: {"task_id": 43, "how": "person"},
    ev.CandidatesFound: {"task_ids": (43, 44)},
    ev.Disowned: {"error": ERROR},
    ev.Polled: {"remote_status": "RUNNING", "progress": 40},
    ev.LeftOut: {"error": ERROR},
    ev.Finished: {
        "remote_status": "SUCCESS",
        "finished_at": AT,
        "expires_at": AT + timedelta(days=7),
        "artifacts": FILES,
    },
    ev.RemoteFailed: {"remote_status": "FAILED", "error": ERROR},
    ev.LostToExpiry: {"remote_status": "EXPIRED", "error": ERROR},
    ev.FetchStarted: {"owner": "run-2"},
    ev.ArtifactsRefreshed: {"artifacts": FILES},
    ev.ArtifactChanged: {"artifact": evolve(FILES[0], state=ArtifactState.STORED)},
    ev.FetchPaused: {"not_before": None, "error": None},
    ev.Held: {"reason": "the disk is full"},
    ev.ReceiptWritten: {"state": State.IN_FLIGHT},
}


def sample(kind: type[ev.Event], at: datetime) -> ev.Event:
    """Make an event of a type as it could happen."""
    return kind(at=at, **CARRIED.get(kind, {}))


EVENTS: list[type[ev.Event]] = sorted(ev.Event.__subclasses__(), key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("state", list(State))
def test_every_pair_of_state_and_event_is_allowed_or_refused(job_in, state, kind):
    """No event slips into a state in which the design does not have it."""
    stored = tuple(evolve(artifact, state=ArtifactState.STORED) for artifact in job_in(state).artifacts)
    job = job_in(state, artifacts=stored)
    event = sample(kind, job.created_at + timedelta(hours=3))
    if kind is ev.ReceiptWritten or kind in ALLOWED[state]:
        advance(job, event)
    else:
        with pytest.raises(LifecycleError, match=job.name):
            advance(job, event)


def test_every_open_state_has_a_way_out():
    """A job that nothing could move would hang a run for ever."""
    assert all(ALLOWED[state] for state in OPEN | RETRYABLE)
    assert not any(ALLOWED[state] for state in TERMINAL - RETRYABLE)


@given(kind=st.sampled_from(EVENTS), how=st.sampled_from(["person", "list", "callback"]))
def test_nothing_but_a_settled_id_or_a_persons_order_leaves_doubt(job_in, kind, how):
    """A create call that may have made a task is never forgotten, and never sent again by itself."""
    job = job_in(State.IN_DOUBT)
    event = sample(kind, job.created_at + timedelta(hours=3))
    event = evolve(event, how=how) if isinstance(event, ev.Settled) else event
    try:
        after = advance(job, event)
    except LifecycleError:
        return
    left = {ev.Settled: State.IN_FLIGHT, ev.ResubmitOrdered: State.PLANNED, ev.GivenUp: State.ABANDONED}
    assert after.state is left.get(kind, State.IN_DOUBT)


def test_an_id_given_by_a_person_is_open_to_correction_until_the_service_confirms_it(job_in):
    """A slip of the finger must not keep a job in flight for ever."""
    doubt = job_in(State.IN_DOUBT, candidates=(43, 44))
    at = doubt.created_at + timedelta(hours=3)
    given = advance(doubt, ev.Settled(at=at, task_id=43, how="person"))
    assert (given.unseen, given.settled_by, given.candidates) == (True, "person", ())
    corrected = advance(given, ev.Settled(at=at, task_id=44, how="person"))
    assert (corrected.task_id, corrected.receipt_state, corrected.attempt) == (44, None, given.attempt)
    assert advance(given, ev.ResubmitOrdered(at=at)).attempt == given.attempt + 1
    denied = advance(given, ev.Disowned(at=at, error=ERROR))
    assert (denied.state, denied.task_id, denied.settled_by) == (State.IN_DOUBT, None, None)
    assert (denied.error, denied.submitted_at) == (ERROR, doubt.submitted_at)
    with pytest.raises(LifecycleError):
        advance(given, ev.Settled(at=at, task_id=44, how="list"))
    seen = advance(given, ev.Polled(at=at, remote_status="RUNNING", progress=1))
    for event in (
        ev.Settled(at=at, task_id=44, how="person"),
        ev.ResubmitOrdered(at=at),
        ev.Disowned(at=at, error=ERROR),
    ):
        with pytest.raises(LifecycleError):
            advance(seen, event)


@pytest.mark.parametrize("how", ["list", "callback"])
def test_an_id_the_service_itself_named_is_not_open_to_correction(job_in, how):
    """It was seen there with its kind, name and time."""
    at = job_in(State.IN_DOUBT).created_at
    found = advance(job_in(State.IN_DOUBT), ev.Settled(at=at, task_id=43, how=how))
    assert not found.unseen
    with pytest.raises(LifecycleError):
        advance(found, ev.Settled(at=at, task_id=44, how="person"))


def test_a_receipt_of_another_task_does_not_count_as_written(job_in):
    """The id was corrected while the receipt with the wrong one was on its way to the disk."""
    job = job_in(State.IN_FLIGHT)
    assert job.task_id is not None
    stale = ev.ReceiptWritten(at=job.created_at, state=State.IN_FLIGHT, task_id=job.task_id + 1)
    assert advance(job, stale) == job
    fresh = advance(job, evolve(stale, task_id=job.task_id))
    assert fresh.receipt_state is State.IN_FLIGHT


def test_an_event_of_an_unknown_type_is_refused(job_in):
    """A base event says nothing that could be written down."""
    with pytest.raises(LifecycleError, match="unknown event Event"):
        advance(job_in(State.PLANNED), ev.Event(at=job_in(State.PLANNED).created_at))


def test_a_refused_event_leaves_the_record_as_it_was(job_in):
    """Records are frozen: what a caller holds is what was read."""
    job = job_in(State.STORED)
    before = evolve(job)
    with pytest.raises(LifecycleError):
        advance(job, ev.GivenUp(at=job.created_at))
    assert job == before


@pytest.mark.parametrize("state", [state for state in ArtifactState if state is not ArtifactState.STORED])
def test_a_job_is_not_stored_while_one_artifact_is_not(job_in, state):
    """`stored` promises that every file is on disk and verified."""
    files = (evolve(FILES[0], state=ArtifactState.STORED), evolve(FILES[1], state=state))
    job = job_in(State.FETCHING, artifacts=files)
    with pytest.raises(LifecycleError, match=r"cover\.jpg"):
        advance(job, ev.AllStored(at=job.created_at))


def test_the_last_file_and_the_end_are_one_change(job_in):
    """Both are known at the same moment, and each change waits for the disk."""
    files = (evolve(FILES[0], state=ArtifactState.STORED), evolve(FILES[1], state=ArtifactState.FETCHING))
    job = job_in(State.FETCHING, artifacts=files)
    last = evolve(files[1], state=ArtifactState.STORED, sha256="f" * 64)
    after = advance(job, ev.AllStored(at=job.created_at, artifact=last))
    assert (after.state, after.artifacts) == (State.STORED, (files[0], last))
    with pytest.raises(LifecycleError, match=r"cover\.jpg"):
        advance(job, ev.AllStored(at=job.created_at, artifact=files[0]))
    with pytest.raises(LifecycleError, match=r"other\.zip"):
        advance(job, ev.AllStored(at=job.created_at, artifact=evolve(last, name="other.zip")))


def test_a_job_without_artifacts_is_not_stored(job_in):
    """A result that brought nothing home is no result."""
    job = job_in(State.FETCHING, artifacts=())
    with pytest.raises(LifecycleError, match="any file at all"):
        advance(job, ev.AllStored(at=job.created_at))


def test_only_known_artifacts_can_change(job_in):
    """A stray name must not add a file to a job."""
    job = job_in(State.FETCHING)
    stray = evolve(job.artifacts[0], name="other.zip")
    with pytest.raises(LifecycleError, match=r"other\.zip"):
        advance(job, ev.ArtifactChanged(at=job.created_at, artifact=stray))


def test_a_changed_artifact_leaves_the_others_alone(job_in):
    """Files of one job arrive side by side."""
    job = job_in(State.FETCHING, artifacts=FILES)
    changed = evolve(FILES[1], verified_offset=64)
    assert advance(job, ev.ArtifactChanged(at=job.created_at, artifact=changed)).artifacts == (
        FILES[0],
        changed,
    )


@pytest.mark.parametrize("state", sorted(RETRYABLE))
def test_a_retry_is_a_clean_new_attempt(job_in, state):
    """Nothing of the old task may be taken for the new one's."""
    old = job_in(state)
    new = advance(old, ev.RetryOrdered(at=old.created_at))
    assert new.state is State.PLANNED
    assert new.attempt == old.attempt + 1
    left = (new.task_id, new.remote_status, new.submitted_at, new.accepted_at, new.finished_at)
    assert left == (None,) * 5
    assert (new.expires_at, new.error, new.hold, new.owner, new.artifacts) == (None, None, None, None, ())


@pytest.mark.parametrize("state", [State.PLANNED, State.READY])
def test_a_held_job_is_released_where_it_stood(job_in, state):
    """A full disk must not cost a new task: the same attempt goes on."""
    held = advance(job_in(state), ev.Held(at=job_in(state).created_at, reason="the disk is full"))
    assert held.hold == "the disk is full"
    freed = advance(held, ev.RetryOrdered(at=held.created_at))
    assert (freed.state, freed.attempt, freed.task_id, freed.hold) == (
        state,
        held.attempt,
        held.task_id,
        None,
    )


@pytest.mark.parametrize("state", sorted(OPEN))
def test_a_retry_of_a_job_that_goes_on_is_refused(job_in, state):
    """It would submit a second task beside the first."""
    job = job_in(state)
    with pytest.raises(LifecycleError):
        advance(job, ev.RetryOrdered(at=job.created_at))


def test_a_released_job_forgets_its_bad_downloads_and_keeps_the_good(job_in):
    """The person looked at the suspect file; the sound ones are not fetched again."""
    good = evolve(FILES[0], state=ArtifactState.STORED, sha256="aa")
    bad = evolve(FILES[1], state=ArtifactState.SUSPECT, bad_sha256="bb", verified_offset=9, etag='"x"')
    held = advance(
        job_in(State.FETCHING, artifacts=(good, bad)),
        ev.Held(at=job_in(State.FETCHING).created_at, reason="bad twice"),
    )
    assert held.state is State.READY
    assert advance(held, ev.RetryOrdered(at=held.created_at)).artifacts == (good, FILES[1])


def test_lost_results_keep_what_is_already_home(job_in):
    """A stored file is not undone because its neighbour expired."""
    files = (evolve(FILES[0], state=ArtifactState.STORED), FILES[1])
    job = job_in(State.READY, artifacts=files)
    lost = advance(job, ev.LostToExpiry(at=job.created_at, remote_status=None, error=ERROR))
    assert [artifact.state for artifact in lost.artifacts] == [ArtifactState.STORED, ArtifactState.EXPIRED]
    assert lost.remote_status == job.remote_status


walks = st.lists(st.sampled_from(EVENTS), max_size=60)


@given(walks)
def test_every_walk_keeps_the_promises_of_the_lifecycle(new_job, walk):
    """Whatever happens in whatever order: doubt, ends, task ids and attempts stay honest."""
    job = new_job()
    for step, kind in enumerate(walk):
        try:
            after = advance(job, sample(kind, job.created_at + timedelta(seconds=step)))
        except LifecycleError:
            continue
        _check_step(job, kind, after)
        _check_record(after)
        job = after


# Walks that mostly go forward, so that the far states are met often.
onward = st.lists(
    st.sampled_from(
        [
            *EVENTS,
            *[ev.IntentWritten, ev.Accepted, ev.Polled, ev.Finished, ev.FetchStarted] * 6,
            *[ev.ArtifactChanged, ev.AllStored, ev.OutcomeUnknown, ev.Settled] * 3,
        ]
    ),
    min_size=20,
    max_size=80,
)


@given(onward)
def test_long_walks_keep_the_promises_too(new_job, walk):
    """The same promises on ways that reach downloads and ends."""
    job = new_job()
    for step, kind in enumerate(walk):
        event = sample(kind, job.created_at + timedelta(seconds=step))
        if isinstance(event, ev.ArtifactChanged) and job.artifacts:
            todo = [file for file in job.artifacts if file.state is not ArtifactState.STORED] or job.artifacts
            event = evolve(event, artifact=evolve(todo[0], state=ArtifactState.STORED))
        try:
            after = advance(job, event)
        except LifecycleError:
            continue
        _check_step(job, kind, after)
        _check_record(after)
        job = after


def _check_step(before, kind, after):
    if before.state in TERMINAL and after.state is not before.state:
        assert kind in {ev.RetryOrdered, ev.GivenUp}
        assert before.state in RETRYABLE
    if before.state is State.IN_DOUBT and after.state is not State.IN_DOUBT:
        assert kind in {ev.Settled, ev.ResubmitOrdered, ev.GivenUp}
    if after.state is State.SUBMITTING and before.state is not State.SUBMITTING:
        assert (before.state, kind) == (State.PLANNED, ev.IntentWritten)
    if after.state is State.IN_DOUBT and before.state is not State.IN_DOUBT:
        assert kind is ev.OutcomeUnknown or (kind is ev.Disowned and before.unseen)
    if before.task_id is not None and after.task_id != before.task_id:
        assert kind in {ev.RetryOrdered, ev.ResubmitOrdered, ev.Disowned}
        assert before.state in RETRYABLE or before.unseen
    ended = before.state in RETRYABLE | {State.IN_DOUBT} or before.unseen
    ordered = ended and kind in {ev.RetryOrdered, ev.ResubmitOrdered}
    assert after.attempt == before.attempt + ordered
    same = (after.id, after.batch, after.name, after.kind, after.folder, after.created_at)
    assert same == (before.id, before.batch, before.name, before.kind, before.folder, before.created_at)


def _check_record(job):
    if job.state in HAS_TASK:
        assert job.task_id is not None
        assert job.accepted_at is not None
    if job.state in HAS_NO_TASK:
        assert job.task_id is None
        assert not job.artifacts
    if job.state in {State.SUBMITTING, State.FETCHING}:
        assert job.owner is not None
    else:
        assert job.owner is None
    if job.state is State.STORED:
        assert job.stored_at is not None
        assert {artifact.state for artifact in job.artifacts} == {ArtifactState.STORED}
    if job.state in {State.REJECTED, State.FAILED, State.EXPIRED, State.IN_DOUBT}:
        assert job.error is not None
    if job.hold is not None:
        assert job.state in {State.PLANNED, State.READY}
