"""The reads by which a person is shown a ledger: page by page, however long it is."""

import sqlite3
from collections.abc import Collection
from typing import Any, Final

from avatar_async._jobs.records import Job
from avatar_async._jobs.states import OPEN, State
from avatar_async._storage import rows, schema
from avatar_async._storage.joined import jobs_of

_LOOK: Final = (
    f"SELECT {rows.JOB_COLUMNS} FROM {schema.JOBS_TO_LOOK_AT} "  # noqa: S608 - constants only
    f"WHERE {schema.LOOK_CONDITION} ORDER BY job_id LIMIT ?"
)
_VANISHING: Final = (
    f"SELECT {rows.JOB_COLUMNS} FROM {schema.JOBS_BY_STAGE} "  # noqa: S608 - constants only
    f"WHERE stage = {schema.STAGES[State.READY]} ORDER BY expires_at, job_id LIMIT ?"
)


def page(
    connection: sqlite3.Connection, states: Collection[State] | None, after: str | None, limit: int
) -> list[Job]:
    """Return the first jobs of these states behind one, in the order they were added."""
    conditions, table = ["job_id > ?"], "jobs NOT INDEXED"
    values: list[Any] = [0 if after is None else int(after)]
    if states is not None:
        if OPEN.issuperset(states):
            conditions.append(schema.OPEN_CONDITION)
            table = schema.OPEN_JOBS
        conditions.append("state IN (SELECT value FROM json_each(?))")
        values.append(rows.to_json([state.value for state in states]))
    query = f"SELECT {rows.JOB_COLUMNS} FROM {table} WHERE {' AND '.join(conditions)}"  # noqa: S608
    return jobs_of(connection, f"{query} ORDER BY job_id LIMIT ?", (*values, limit))


def to_look_at(connection: sqlite3.Connection, limit: int) -> list[Job]:
    """Return the first open jobs that wait for a person, or that the service does not show."""
    return jobs_of(connection, _LOOK, (limit,))


def first(connection: sqlite3.Connection, state: State, limit: int) -> list[Job]:
    """Return the first jobs of a state, in the order they were added."""
    table, condition, values = schema.of_state(state)
    query = f"SELECT {rows.JOB_COLUMNS} FROM {table} WHERE {condition} ORDER BY job_id LIMIT ?"  # noqa: S608
    return jobs_of(connection, query, (*values, limit))


def vanishing(connection: sqlite3.Connection, limit: int) -> list[Job]:
    """Return the finished jobs whose files are not all home, those that vanish first before others."""
    return jobs_of(connection, _VANISHING, (limit,))


def states_of(
    connection: sqlite3.Connection, names: Collection[tuple[str, str]]
) -> dict[tuple[str, str], State]:
    """Return, for those pairs of batch and name that are jobs, their states."""
    found = connection.execute(
        "SELECT batch, name, state FROM json_each(?) AS asked JOIN jobs "
        "ON batch = json_extract(asked.value, '$[0]') AND name = json_extract(asked.value, '$[1]')",
        (rows.to_json([list(pair) for pair in names]),),
    )
    return {(batch, name): State(state) for batch, name, state in found}
