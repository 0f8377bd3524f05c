"""Jobs that wait, folded into plain values."""

import gc
from datetime import UTC, datetime
from typing import Any

import attrs
import pytest

from avatar_async._jobs.folding import folded, unfolded
from avatar_async._jobs.records import Artifact, Job, JobError
from avatar_async._jobs.states import State
from avatar_async.requests import Kind
from tests.jobs_kept import a_job

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
FLYING = a_job(
    "anchor",
    id="7",
    fingerprint="0f",
    state=State.IN_FLIGHT,
    created_at=AT,
    submitted_at=AT,
    accepted_at=AT,
    task_id=9,
    revision=3,
)
#: For every field another value than that of the job in flight.
OTHERS: dict[str, Any] = {
    "id": "8",
    "batch": "other",
    "name": "other",
    "kind": Kind.TAKEOVER,
    "folder": "other",
    "task_name": "other",
    "fingerprint": "task:9",
    "state": State.READY,
    "attempt": 2,
    "owner": "run-1",
    "needs": ("first", "second"),
    "created_at": AT.replace(hour=1),
    "not_before": AT,
    "submitted_at": None,
    "accepted_at": None,
    "task_id": 2**62,
    "remote_status": "RUNNING",
    "progress": 40,
    "last_running_at": AT,
    "finished_at": AT,
    "expires_at": AT,
    "stored_at": AT,
    "error": JobError(code="left_out", message="the service leaves it out"),
    "hold": "",
    "artifacts": (Artifact(role="model", name="model.zip", url="https://cdn.example/model.zip"),),
    "settled_by": "person",
    "candidates": (9, 10),
    "receipt_state": State.SUBMITTING,
    "revision": 4,
}
#: Fields that a job in flight mostly has not, and its state.
MORE = {
    *("state", "not_before", "finished_at", "expires_at", "stored_at"),
    *("error", "hold", "artifacts", "candidates"),
}


@pytest.mark.parametrize("state", State)
def test_only_jobs_that_wait_in_great_numbers_are_folded(state):
    """Others are few, and looked at often."""
    job = attrs.evolve(FLYING, state=state)
    plain = folded(job)
    assert (plain is not None) == (state in {State.PLANNED, State.IN_FLIGHT})
    assert plain is None or unfolded(plain) == job


@pytest.mark.parametrize("field", [field.name for field in attrs.fields(Job)])
def test_no_field_is_lost(field):
    """What is not folded stays a record; what is comes back as it was."""
    job = attrs.evolve(FLYING, **{field: OTHERS[field]})
    assert job != FLYING
    plain = folded(job)
    assert (plain is None) == (field in MORE)
    if plain is not None:
        back = unfolded(plain)
        assert type(back) is Job
        assert back == job
        assert (back.kind, back.state, back.receipt_state) == (job.kind, job.state, job.receipt_state)
        assert isinstance(back.kind, Kind)
        assert back.receipt_state is None or isinstance(back.receipt_state, State)


def test_the_garbage_collector_leaves_them_alone():
    """With a hundred thousand of them it would stop the loop for long."""
    plain = folded(attrs.evolve(FLYING, needs=("first",), receipt_state=State.IN_FLIGHT, last_running_at=AT))
    gc.collect()
    assert not gc.is_tracked(plain)
