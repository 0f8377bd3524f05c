"""Jobs as a ledger would give them, for tests to which only some of their fields matter."""

from datetime import UTC, datetime
from typing import Any

from avatar_async._jobs.records import Job, NewJob
from avatar_async.requests import Kind

#: When the jobs were made, if a test does not say.
MADE_AT = datetime(2026, 3, 1, tzinfo=UTC)


def a_job(name: str, **fields: Any) -> Job:
    """Return a planned training whose id, folder and task have its name; keyword arguments replace fields."""
    usual: dict[str, Any] = {
        "id": name,
        "batch": "default",
        "kind": Kind.TRAINING,
        "folder": name,
        "task_name": name,
        "fingerprint": name,
        "created_at": MADE_AT,
    }
    return Job(name=name, **(usual | fields))


def a_new_job(name: str, **fields: Any) -> NewJob:
    """Return a training that was never saved, named alike throughout; keyword arguments replace fields."""
    usual: dict[str, Any] = {
        "batch": "default",
        "kind": Kind.TRAINING,
        "folder": name,
        "task_name": name,
        "request": {},
        "fingerprint": name,
        "created_at": MADE_AT,
    }
    return NewJob(name=name, **(usual | fields))
