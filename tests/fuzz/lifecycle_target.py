"""Random histories of a job, and what every one of them keeps true."""

from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import evolve, fields

from avatar_async._jobs import events as ev
from avatar_async._jobs.lifecycle import advance
from avatar_async._jobs.records import Artifact, Job, JobError
from avatar_async._jobs.states import REMOTE, RETRYABLE, TERMINAL, ArtifactState, State
from avatar_async.errors import LifecycleError
from avatar_async.requests import Kind
from tests.fuzz.feed import Feed, check_told

_T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
_EVENTS = sorted(ev.Event.__subclasses__(), key=lambda kind: kind.__name__)
_ORDERS = (ev.RetryOrdered, ev.ResubmitOrdered)


def history(data: bytes) -> None:
    """Lead a job through a history; every event is taken or refused, and nothing else happens."""
    feed = Feed(data)
    job = Job(
        id="1",
        batch="default",
        name="anchor",
        kind=feed.pick(tuple(Kind)),
        folder="anchor",
        task_name="anchor",
        fingerprint="f" * 64,
        created_at=_T0,
    )
    at = _T0
    while feed:
        at += timedelta(seconds=feed.number(7200))
        event = _event(feed, at)
        try:
            after = advance(job, event)
        except LifecycleError as error:
            check_told(error, "anchor")
            continue
        _check_step(job, event, after)
        _check(after)
        job = after


def _event(feed: Feed, at: datetime) -> ev.Event:
    kind = feed.pick(_EVENTS)
    values: dict[str, Any] = {"at": at}
    for field in fields(kind):
        if field.name != "at":
            values[field.name] = _value(field.name, feed, at)
    return kind(**values)


def _value(name: str, feed: Feed, at: datetime) -> Any:
    files = [
        Artifact(
            role="model",
            name=f"model-{number}.zip",
            url="https://files.example/x",
            state=feed.pick(tuple(ArtifactState)),
        )
        for number in range(feed.number(3))
    ]
    match name:
        case "artifacts":
            return tuple(files)
        case "artifact":
            return evolve([*files, Artifact(role="model", name="model-0.zip", url="https://f.example/")][0])
        case "request" | "needs":
            return {} if name == "request" else ()
        case "task_id" | "task_ids":
            return feed.number(5) + 1 if name == "task_id" else (feed.number(5) + 1, 9)
        case "how":
            return feed.pick(("person", "list", "callback"))
        case "state":
            return feed.pick(tuple(State))
        case "reason":
            return feed.pick(tuple(ev.PutBackReason))
        case "progress":
            return feed.pick((None, 0, 50, 100))
        case "error":
            return feed.pick((JobError(code=1, message="m"), JobError(code="w", message="?a=b")))
        case "not_before" | "finished_at" | "expires_at":
            return at + timedelta(seconds=feed.number(90000) - 3600)
        case _:
            return feed.pick(("one", "another"))


def _check_step(job: Job, event: ev.Event, after: Job) -> None:
    assert after.attempt - job.attempt in (0, 1)
    assert (after.id, after.batch, after.name, after.folder) == (job.id, job.batch, job.name, job.folder)
    if after.attempt > job.attempt:
        assert isinstance(event, _ORDERS)
        assert after.state is State.PLANNED
    if job.state in TERMINAL and after.state is not job.state:
        assert isinstance(event, (ev.RetryOrdered, ev.GivenUp))
        assert job.state in RETRYABLE
    if job.state is State.IN_DOUBT and after.state is not State.IN_DOUBT:
        assert isinstance(event, (ev.Settled, ev.ResubmitOrdered, ev.GivenUp))
    if job.task_id is not None and after.task_id != job.task_id:
        assert isinstance(event, (*_ORDERS, ev.Settled, ev.Disowned))
    if after.state is State.SUBMITTING and job.state is not State.SUBMITTING:
        assert job.state is State.PLANNED
    if after.state is State.EXPIRED and job.state is not State.EXPIRED:
        assert isinstance(event, ev.LostToExpiry)


def _check(job: Job) -> None:
    if job.state in REMOTE or job.state in {State.STORED, State.FAILED, State.EXPIRED}:
        assert job.task_id is not None
    if job.state in {State.PLANNED, State.SUBMITTING, State.IN_DOUBT, State.REJECTED}:
        assert job.task_id is None
    if job.state is State.STORED:
        assert job.stored_at is not None
        assert job.artifacts
        assert all(artifact.state is ArtifactState.STORED for artifact in job.artifacts)
    if job.terminal:
        assert job.owner is None
