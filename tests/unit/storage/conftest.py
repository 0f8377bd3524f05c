"""Jobs and ledgers for the tests of what stays on disk."""

from datetime import UTC, datetime

import pytest

from avatar_async._jobs.records import NewJob
from avatar_async.requests import Kind

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def new_job():
    """A callable that returns a job that was never saved."""

    def make(name="one", **fields):
        defaults = {
            "batch": "default",
            "name": name,
            "kind": Kind.TRAINING,
            "folder": name,
            "task_name": name,
            "request": {"videoUrl": f"https://user:word@files.invalid/{name}.mp4?sign=secret#part"},
            "fingerprint": f"print-{name}",
            "created_at": T0,
        }
        return NewJob(**(defaults | fields))

    return make
