"""Jobs in any state, as the ledger would give them."""

from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve

from avatar_async._jobs.records import Job
from avatar_async._jobs.states import State
from avatar_async.requests import Kind

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


@pytest.fixture
def now():
    """Return the present instant of these tests."""
    return NOW


@pytest.fixture
def make_job():
    """Return a maker of jobs; fields not given are those of a fresh job."""

    def make(name="anchor-01", state=State.PLANNED, **fields):
        fresh = Job(
            id=name,
            batch="default",
            name=name,
            kind=Kind.TRAINING,
            folder=name,
            task_name=name,
            fingerprint=name,
            created_at=NOW - timedelta(hours=3),
        )
        return evolve(fresh, state=state, **fields)

    return make
