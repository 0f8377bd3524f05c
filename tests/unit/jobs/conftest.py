"""Jobs to test with: in any state, brought there by the events that lead to it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve

from avatar_async._jobs import events as ev
from avatar_async._jobs.lifecycle import advance
from avatar_async._jobs.records import Artifact, Job, JobError
from avatar_async._jobs.states import ArtifactState, State
from tests.jobs_kept import a_job

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ERROR = JobError(code="why", message="something happened")
MODEL = Artifact(role="model", name="model.zip", url="https://files.example/model.zip?signature=s3cret")
STORED_MODEL = evolve(MODEL, state=ArtifactState.STORED, stored_bytes=10, sha256="ab" * 32)

_INTENT = ev.IntentWritten(at=T0 + timedelta(seconds=1), owner="run-1")
_ACCEPTED = ev.Accepted(at=T0 + timedelta(seconds=2), task_id=9007199254740993)
_FINISHED = ev.Finished(
    at=T0 + timedelta(hours=1),
    remote_status="SUCCESS",
    finished_at=T0 + timedelta(hours=1),
    expires_at=T0 + timedelta(days=7, hours=1),
    artifacts=(MODEL,),
)
_FETCHING = ev.FetchStarted(at=T0 + timedelta(hours=1), owner="run-1")
_END = T0 + timedelta(hours=2)

WAYS: dict[State, tuple[ev.Event, ...]] = {
    State.PLANNED: (),
    State.SUBMITTING: (_INTENT,),
    State.IN_DOUBT: (_INTENT, ev.OutcomeUnknown(at=_END, error=ERROR)),
    State.REJECTED: (_INTENT, ev.Refused(at=_END, error=ERROR)),
    State.IN_FLIGHT: (_INTENT, _ACCEPTED),
    State.READY: (_INTENT, _ACCEPTED, _FINISHED),
    State.FETCHING: (_INTENT, _ACCEPTED, _FINISHED, _FETCHING),
    State.STORED: (
        _INTENT,
        _ACCEPTED,
        _FINISHED,
        _FETCHING,
        ev.ArtifactChanged(at=_END, artifact=STORED_MODEL),
        ev.AllStored(at=_END),
    ),
    State.FAILED: (_INTENT, _ACCEPTED, ev.RemoteFailed(at=_END, remote_status="FAILED", error=ERROR)),
    State.EXPIRED: (_INTENT, _ACCEPTED, _FINISHED, ev.LostToExpiry(at=_END, remote_status=None, error=ERROR)),
    State.ABANDONED: (ev.GivenUp(at=_END),),
}


def _new_job(*, name: str = "anchor-01", **fields) -> Job:
    return a_job(name, **({"id": "1", "fingerprint": "f" * 64, "created_at": T0} | fields))


@pytest.fixture(scope="session")
def new_job() -> Callable[..., Job]:
    """Make a job as it is first saved; keyword arguments replace fields."""
    return _new_job


@pytest.fixture(scope="session")
def job_in() -> Callable[..., Job]:
    """Make a job that came to a state by its usual way; keyword arguments replace fields at the end."""

    def make(state: State, **fields) -> Job:
        job = _new_job()
        for event in WAYS[state]:
            job = advance(job, event)
        assert job.state is state
        return evolve(job, **fields)

    return make
