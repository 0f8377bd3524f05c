"""The only way a job changes: `advance(job, event)`.

```
planned ──intent──> submitting ──accepted──> in_flight ──finished──> ready <──> fetching ──> stored
   ^                 │  │  │                  ^   │  │                 │           │
   └───put back──────┘  │  └─refused─>rejected│   │  └─failed          └──expired──┘
                        └─unknown─> in_doubt ─┘   └─expired
                                        ^─disowned─┘ (a person's id that the service denies)
```
"""

from collections.abc import Callable
from typing import Any

from attrs import evolve

from avatar_async._jobs import events as ev
from avatar_async._jobs.copies import copied
from avatar_async._jobs.records import BY_PERSON, Artifact, Job, names_missing
from avatar_async._jobs.states import OPEN, REMOTE, RETRYABLE, ArtifactState, State
from avatar_async.errors import LifecycleError

#: Fields of a job and the values they take.
Values = dict[str, Any]
_Apply = Callable[[Job, Any], Values]


def _amended(_job: Job, event: ev.Amended) -> Values:
    return {
        "fingerprint": event.fingerprint,
        "task_name": event.task_name,
        "needs": event.needs,
        "hold": None,
        "error": None,
    }


def _intent(_job: Job, event: ev.IntentWritten) -> Values:
    return {
        "state": State.SUBMITTING,
        "owner": event.owner,
        "submitted_at": event.at,
        "not_before": None,
        "error": None,
        "hold": None,
    }


def _put_back(_job: Job, event: ev.PutBack) -> Values:
    return {
        "state": State.PLANNED,
        "owner": None,
        "submitted_at": None,
        "not_before": event.not_before,
        "error": event.error,
    }


def _unknown(_job: Job, event: ev.OutcomeUnknown) -> Values:
    return {"state": State.IN_DOUBT, "owner": None, "error": event.error}


def _refused(_job: Job, event: ev.Refused) -> Values:
    return {"state": State.REJECTED, "owner": None, "error": event.error}


def _accepted(_job: Job, event: ev.Accepted) -> Values:
    return {
        "state": State.IN_FLIGHT,
        "owner": None,
        "task_id": event.task_id,
        "accepted_at": event.at,
        "artifacts": event.artifacts,
        "error": None,
    }


def _settled(job: Job, event: ev.Settled) -> Values:
    return {
        "state": State.IN_FLIGHT,
        "task_id": event.task_id,
        "accepted_at": event.at,
        "settled_by": event.how,
        "candidates": (),
        "error": None,
        "receipt_state": None if job.task_id is not None else job.receipt_state,
    }


def _candidates(_job: Job, event: ev.CandidatesFound) -> Values:
    return {"candidates": event.task_ids}


def _disowned(_job: Job, event: ev.Disowned) -> Values:
    return {
        "state": State.IN_DOUBT,
        "task_id": None,
        "accepted_at": None,
        "settled_by": None,
        "error": event.error,
    }


def _anew(job: Job, event: ev.ResubmitOrdered | ev.RetryOrdered) -> Values:
    if isinstance(event, ev.RetryOrdered) and job.hold is not None and job.state in OPEN:
        return _released(job)
    return {
        "state": State.PLANNED,
        "attempt": job.attempt + 1,
        "owner": None,
        "not_before": None,
        "submitted_at": None,
        "accepted_at": None,
        "task_id": None,
        "remote_status": None,
        "progress": None,
        "last_running_at": None,
        "finished_at": None,
        "expires_at": None,
        "stored_at": None,
        "error": None,
        "hold": None,
        "artifacts": (),
        "settled_by": None,
        "candidates": (),
    }


def _released(job: Job) -> Values:
    """Let a held job go on where it stood: its task and stored files stay, bad downloads are forgotten."""
    artifacts = tuple(
        evolve(artifact, state=ArtifactState.KNOWN, bad_sha256=None, verified_offset=0, etag=None)
        if artifact.state is ArtifactState.SUSPECT
        else artifact
        for artifact in job.artifacts
    )
    return {"hold": None, "error": None, "not_before": None, "artifacts": artifacts}


def _given_up(_job: Job, _event: ev.GivenUp) -> Values:
    return {"state": State.ABANDONED, "owner": None, "not_before": None, "hold": None}


def _polled(_job: Job, event: ev.Polled) -> Values:
    return {
        "remote_status": event.remote_status,
        "progress": event.progress,
        "last_running_at": event.at,
        "error": None,
    }


def _left_out(_job: Job, event: ev.LeftOut) -> Values:
    return {"error": event.error}


def _finished(_job: Job, event: ev.Finished) -> Values:
    return {
        "state": State.READY,
        "remote_status": event.remote_status,
        "progress": 100,
        "finished_at": event.finished_at,
        "expires_at": event.expires_at,
        "artifacts": event.artifacts,
        "not_before": None,
        "error": None,
    }


def _remote_failed(_job: Job, event: ev.RemoteFailed) -> Values:
    return {
        "state": State.FAILED,
        "owner": None,
        "remote_status": event.remote_status,
        "finished_at": event.finished_at,
        "error": event.error,
    }


def _lost(job: Job, event: ev.LostToExpiry) -> Values:
    artifacts = tuple(
        artifact if artifact.state is ArtifactState.STORED else evolve(artifact, state=ArtifactState.EXPIRED)
        for artifact in job.artifacts
    )
    return {
        "state": State.EXPIRED,
        "owner": None,
        "remote_status": event.remote_status or job.remote_status,
        "not_before": None,
        "error": evolve(event.error, at=event.at),
        "hold": None,
        "artifacts": artifacts,
    }


def _fetch_started(_job: Job, event: ev.FetchStarted) -> Values:
    return {"state": State.FETCHING, "owner": event.owner, "not_before": None, "hold": None}


def _refreshed(_job: Job, event: ev.ArtifactsRefreshed) -> Values:
    return {"artifacts": event.artifacts}


def _artifact_changed(job: Job, event: ev.ArtifactChanged) -> Values:
    return {"artifacts": _replace(job, event.artifact)}


def _replace(job: Job, changed: Artifact) -> tuple[Artifact, ...]:
    if all(artifact.name != changed.name for artifact in job.artifacts):
        msg = f"job {job.name!r} has no artifact {changed.name!r}"
        raise LifecycleError(msg)
    return tuple(changed if artifact.name == changed.name else artifact for artifact in job.artifacts)


def _fetch_paused(_job: Job, event: ev.FetchPaused) -> Values:
    return {"state": State.READY, "owner": None, "not_before": event.not_before, "error": event.error}


def _all_stored(job: Job, event: ev.AllStored) -> Values:
    artifacts = job.artifacts if event.artifact is None else _replace(job, event.artifact)
    missing = names_missing(artifacts)
    if missing or not artifacts:
        lacking = ", ".join(missing) or "any file at all"
        msg = f"job {job.name!r} cannot be stored: not yet verified on disk: {lacking}"
        raise LifecycleError(msg)
    return {
        "state": State.STORED,
        "owner": None,
        "stored_at": event.at,
        "error": None,
        "hold": None,
        "artifacts": artifacts,
    }


def _held(job: Job, event: ev.Held) -> Values:
    state = State.READY if job.state is State.FETCHING else job.state
    return {"state": state, "owner": None, "hold": event.reason, "error": event.error or job.error}


def _receipt_written(job: Job, event: ev.ReceiptWritten) -> Values:
    if event.task_id not in (None, job.task_id):
        return {}
    return {"receipt_state": event.state}


#: Which event may happen in which states, and what it does.
_TRANSITIONS: dict[type[ev.Event], tuple[frozenset[State], _Apply]] = {
    ev.Amended: (frozenset({State.PLANNED}), _amended),
    ev.IntentWritten: (frozenset({State.PLANNED}), _intent),
    ev.PutBack: (frozenset({State.SUBMITTING}), _put_back),
    ev.OutcomeUnknown: (frozenset({State.SUBMITTING}), _unknown),
    ev.Refused: (frozenset({State.SUBMITTING}), _refused),
    ev.Accepted: (frozenset({State.SUBMITTING}), _accepted),
    ev.Settled: (frozenset({State.IN_DOUBT, State.IN_FLIGHT}), _settled),
    ev.CandidatesFound: (frozenset({State.IN_DOUBT}), _candidates),
    ev.Disowned: (frozenset({State.IN_FLIGHT}), _disowned),
    ev.ResubmitOrdered: (frozenset({State.IN_DOUBT, State.IN_FLIGHT}), _anew),
    ev.RetryOrdered: (RETRYABLE | {State.PLANNED, State.READY}, _anew),
    ev.GivenUp: (
        RETRYABLE | {State.PLANNED, State.IN_DOUBT, State.IN_FLIGHT, State.READY, State.FETCHING},
        _given_up,
    ),
    ev.Polled: (frozenset({State.IN_FLIGHT}), _polled),
    ev.LeftOut: (frozenset({State.IN_FLIGHT}), _left_out),
    ev.Finished: (frozenset({State.IN_FLIGHT}), _finished),
    ev.RemoteFailed: (frozenset({State.IN_FLIGHT}), _remote_failed),
    ev.LostToExpiry: (REMOTE, _lost),
    ev.FetchStarted: (frozenset({State.READY, State.FETCHING}), _fetch_started),
    ev.ArtifactsRefreshed: (frozenset({State.READY, State.FETCHING}), _refreshed),
    ev.ArtifactChanged: (frozenset({State.FETCHING}), _artifact_changed),
    ev.FetchPaused: (frozenset({State.FETCHING}), _fetch_paused),
    ev.AllStored: (frozenset({State.FETCHING}), _all_stored),
    ev.Held: (frozenset({State.PLANNED, State.READY, State.FETCHING}), _held),
    ev.ReceiptWritten: (frozenset(State), _receipt_written),
}


def effects(job: Job, event: ev.Event) -> Values:
    """Return the fields that the event gives a value, which may be the one they have.

    Raises:
        LifecycleError: The job's state does not allow the event.
    """
    kind = type(event)
    try:
        allowed, values = _TRANSITIONS[kind]
    except KeyError:
        msg = f"unknown event {kind.__name__}"
        raise LifecycleError(msg) from None
    if job.state not in allowed or (kind in _CHOOSY and not _fits(job, event)):
        msg = f"job {job.name!r} is {job.state} and cannot take {kind.__name__}"
        raise LifecycleError(msg)
    return values(job, event)


def advance(job: Job, event: ev.Event) -> Job:
    """Return the job as it stands after the event.

    Raises:
        LifecycleError: The job's state does not allow the event.
    """
    values = effects(job, event)
    return copied(job, values) if values else job


#: Events that not every job in a state that allows them can take.
_CHOOSY = frozenset({ev.RetryOrdered, ev.Settled, ev.ResubmitOrdered, ev.Disowned})


def _fits(job: Job, event: ev.Event) -> bool:
    """Tell whether a job in a state that allows the event is one that can take it."""
    match event:
        case ev.RetryOrdered():
            return job.state not in OPEN or job.hold is not None
        case ev.Settled(how=how):
            return job.state is State.IN_DOUBT or (job.unseen and how == BY_PERSON)
        case ev.ResubmitOrdered():
            return job.state is State.IN_DOUBT or job.unseen
        case _:
            return job.unseen
