"""Records to rows and back, and the store's writes against the lifecycle's rules."""

import sqlite3
from datetime import UTC, datetime, timedelta, timezone

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar_async._jobs import events as ev
from avatar_async._jobs.changes import change
from avatar_async._jobs.lifecycle import advance
from avatar_async._jobs.records import Artifact, Job, JobError
from avatar_async._jobs.states import ArtifactState, State
from avatar_async._storage import changes, newcomers, readers, rows, schema
from avatar_async._storage.transaction import Transaction
from avatar_async.errors import LifecycleError
from avatar_async.requests import Kind
from tests.jobs_kept import a_new_job

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)

texts = st.text(st.characters(codec="utf-8"), max_size=40)
digests = st.none() | st.text("0123456789abcdef", min_size=64, max_size=64)
int64s = st.integers(min_value=0, max_value=2**63 - 1)
instants = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001 - the zone is drawn apart
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=8)), timezone(-timedelta(hours=3, minutes=30))]),
)
errors = st.none() | st.builds(
    JobError, code=texts | st.integers(-(2**70), 2**70), message=texts, field=st.none() | texts
)
artifacts = st.builds(
    Artifact,
    role=texts,
    name=texts,
    url=texts,
    size_bytes=st.none() | int64s,
    md5=st.none() | texts,
    state=st.sampled_from(ArtifactState),
    stored_bytes=st.none() | int64s,
    sha256=digests,
    etag=st.none() | texts,
    verified_offset=int64s,
    bad_sha256=digests,
    note=st.none() | texts,
)
jobs = st.builds(
    Job,
    id=st.just(""),
    batch=texts,
    name=texts,
    kind=st.sampled_from(Kind),
    folder=texts,
    task_name=texts,
    fingerprint=texts,
    state=st.sampled_from(State),
    attempt=st.integers(1, 2**31),
    owner=st.none() | texts,
    needs=st.lists(texts, max_size=3).map(tuple),
    created_at=instants,
    not_before=st.none() | instants,
    submitted_at=st.none() | instants,
    accepted_at=st.none() | instants,
    task_id=st.none() | int64s,
    remote_status=st.none() | texts,
    progress=st.none() | st.integers(0, 100),
    last_running_at=st.none() | instants,
    finished_at=st.none() | instants,
    expires_at=st.none() | instants,
    stored_at=st.none() | instants,
    error=errors,
    hold=st.none() | texts,
    artifacts=st.lists(artifacts, max_size=3, unique_by=lambda each: each.name).map(tuple),
    settled_by=st.none() | st.sampled_from(["person", "list", "callback"]),
    candidates=st.lists(int64s, max_size=3).map(tuple),
    receipt_state=st.none() | st.sampled_from(State),
)


@given(st.lists(instants | st.just(datetime.min.replace(tzinfo=UTC)), min_size=1, max_size=5), st.data())
def test_an_instant_is_stored_as_it_is_whatever_was_stored_before_it(found, data):
    """The latest minute is remembered; neighbours, earlier ones and other zones must not take it over."""
    near = [
        at + timedelta(microseconds=data.draw(st.integers(0, 130_000_000)))
        for at in found
        if at.tzinfo is UTC
    ]
    for at in (*found, *near, *reversed(near)):
        assert rows.to_text(at) == at.astimezone(UTC).isoformat(timespec="microseconds")


@pytest.fixture(scope="module")
def database():
    """An empty ledger in memory."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    schema.migrate(connection)
    yield connection
    connection.close()


@given(job=jobs)
def test_any_job_comes_back_equal(database, job):
    """Whatever a service says must survive, in every script."""
    database.execute("BEGIN")
    [saved] = newcomers.adopt(Transaction(database), [(job, {"text": job.name})])
    assert evolve(saved, id="", revision=0) == job
    assert readers.job(database, saved.id) == saved
    assert readers.jobs(database, None, None) == [saved]
    assert readers.jobs(database, None, {saved.state}) == [saved]
    [restored] = newcomers.restore(Transaction(database), [(saved, evolve(saved, state=State.READY), {})])
    assert readers.jobs(database, None, {State.READY}) == [restored]
    database.execute("ROLLBACK")


_error = JobError(code="x", message="x")
_files = tuple(Artifact(role="model", name=name, url="https://files.invalid/") for name in ("a", "b"))
EVENTS = (
    ev.Amended(at=T0, request={"new": True}, fingerprint="new", task_name="new", needs=("x",)),
    ev.IntentWritten(at=T0, owner="run-1"),
    ev.PutBack(at=T0, reason=ev.PutBackReason.SETTING, not_before=None, error=_error),
    ev.OutcomeUnknown(at=T0, error=_error),
    ev.Refused(at=T0, error=_error),
    ev.Accepted(at=T0, task_id=7),
    ev.Settled(at=T0, task_id=9, how="person"),
    ev.Settled(at=T0, task_id=10, how="person"),
    ev.CandidatesFound(at=T0, task_ids=(9, 10)),
    ev.Disowned(at=T0, error=_error),
    ev.ResubmitOrdered(at=T0),
    ev.RetryOrdered(at=T0),
    ev.GivenUp(at=T0),
    ev.Polled(at=T0, remote_status="RUNNING", progress=5),
    ev.Finished(at=T0, remote_status="SUCCESS", finished_at=T0, expires_at=T0, artifacts=_files),
    ev.RemoteFailed(at=T0, remote_status="FAILED", error=_error),
    ev.LostToExpiry(at=T0, remote_status=None, error=_error),
    ev.FetchStarted(at=T0, owner="run-1"),
    ev.ArtifactsRefreshed(at=T0, artifacts=_files[::-1]),
    *(ev.ArtifactChanged(at=T0, artifact=evolve(each, state=ArtifactState.STORED)) for each in _files),
    ev.FetchPaused(at=T0, not_before=T0, error=None),
    ev.AllStored(at=T0),
    ev.Held(at=T0, reason="look"),
    ev.ReceiptWritten(at=T0, state=State.IN_FLIGHT),
)


@settings(max_examples=60)
@given(st.lists(st.sampled_from(EVENTS), max_size=40))
def test_any_story_ends_as_the_lifecycle_says(database, story):
    """The store must neither lose nor invent anything, and leave no intent open by mistake."""
    database.execute("BEGIN")
    transaction = Transaction(database)
    [job] = newcomers.insert(transaction, [a_new_job("one", created_at=T0)])
    for event in story:
        try:
            expected = advance(job, event)
        except LifecycleError:
            continue
        [job] = changes.apply(transaction, [change(job, event)])
        assert evolve(job, revision=0) == evolve(expected, revision=0)
        assert readers.job(database, job.id) == job
        [stage] = database.execute("SELECT stage FROM jobs WHERE job_id = ?", (int(job.id),)).fetchone()
        assert stage == schema.STAGES.get(job.state)
        still_open = [intent for intent in readers.intents(database, job.id) if intent.closed_at is None]
        assert len(still_open) == (job.state is State.SUBMITTING)
    database.execute("ROLLBACK")
