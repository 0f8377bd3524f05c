"""A database of jobs as people make one: the same work for a transition, an UPDATE and an INSERT."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

PRAGMAS: Final = ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON")
SCHEMA: Final = """
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    request TEXT NOT NULL,
    state TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    owner TEXT,
    task_id INTEGER,
    updated_at TEXT NOT NULL
);
CREATE INDEX jobs_by_state ON jobs (state);
CREATE TABLE history (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    job_id INTEGER NOT NULL REFERENCES jobs (id),
    from_state TEXT NOT NULL,
    to_state TEXT NOT NULL,
    message TEXT
);
CREATE INDEX history_by_job ON history (job_id);
"""
#: Compare-and-set: state, owner, time, then the job and the state it was in.
UPDATE: Final = "UPDATE jobs SET state = ?, owner = ?, updated_at = ? WHERE id = ? AND state = ?"
ENTRY: Final = "INSERT INTO history (at, job_id, from_state, to_state, message) VALUES (?, ?, ?, ?, ?)"


def new_rows(jobs: int) -> Iterator[tuple[object, ...]]:
    """Yield the rows of that many jobs that have a task, ids from 0."""
    now = datetime.now(UTC).isoformat()
    for number in range(jobs):
        name = f"job-{number:07}"
        body = f'{{"material_name":"{name}","url":"https://media.example.com/takes/{name}.png"}}'
        yield number, name, "image_preview", body, "ready", 1, None, 1_000_000_000 + number, now
