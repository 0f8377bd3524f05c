"""The reads by which a run takes up what is open: page by page, and no more of a job than is needed."""

import sqlite3
from collections.abc import Collection
from typing import Final

from avatar_async._jobs.records import BY_PERSON, Job, Standing
from avatar_async._jobs.states import State
from avatar_async._storage import rows, schema
from avatar_async._storage.joined import jobs_of

_PAGE: Final = (
    f"SELECT {rows.JOB_COLUMNS} FROM {schema.OPEN_JOBS} "  # noqa: S608 - constants only
    f"WHERE {schema.OPEN_CONDITION} AND job_id > ? AND batch = ? ORDER BY job_id LIMIT ?"
)
_SOME: Final = (
    f"SELECT {rows.JOB_COLUMNS} FROM jobs "  # noqa: S608 - constants only
    "WHERE job_id IN (SELECT value FROM json_each(?)) ORDER BY job_id"
)
_STANDINGS: Final = (
    "SELECT job_id, name, folder, state, attempt, receipt_state FROM {} "
    "WHERE {} AND job_id > ? ORDER BY job_id LIMIT ?"
)
_WITNESS: Final = (
    f"SELECT task_id FROM {schema.JOBS_BY_ACCEPTANCE} "  # noqa: S608 - constants only
    "WHERE task_id IS NOT NULL AND state IN ('in_flight', 'ready', 'stored') "
    "AND job_id IS NOT ? AND NOT (state = 'in_flight' AND settled_by IS ? AND remote_status IS NULL) "
    "ORDER BY coalesce(accepted_at, created_at) DESC LIMIT 1"
)


def open_page(connection: sqlite3.Connection, batch: str, after: str | None, limit: int) -> list[Job]:
    """Return the first open jobs of a batch behind one, in the order they were added."""
    return jobs_of(connection, _PAGE, (0 if after is None else int(after), batch, limit))


def some(connection: sqlite3.Connection, job_ids: Collection[str]) -> list[Job]:
    """Return those of the jobs that exist, in the order they were added."""
    return jobs_of(connection, _SOME, (rows.to_json([int(job_id) for job_id in job_ids]),))


def standings(connection: sqlite3.Connection, state: State, after: str | None, limit: int) -> list[Standing]:
    """Return where the first jobs of a state behind one stand, in the order they were added."""
    table, condition, values = schema.of_state(state)
    found = connection.execute(
        _STANDINGS.format(table, condition), (*values, 0 if after is None else int(after), limit)
    )
    return [
        Standing(
            id=str(job_id),
            name=name,
            folder=folder,
            state=State(standing),
            attempt=attempt,
            receipt_state=None if receipt is None else State(receipt),
        )
        for job_id, name, folder, standing, attempt, receipt in found
    ]


def witness(connection: sqlite3.Connection, besides: str | None) -> int | None:
    """Return the id of the newest task that is surely ours, not that job's own; None if there is none."""
    key = None if besides is None else int(besides)
    row = connection.execute(_WITNESS, (key, BY_PERSON)).fetchone()
    return None if row is None else row[0]
