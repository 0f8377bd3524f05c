"""The reads of the ledger: functions on a connection."""

import json
import sqlite3
from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from attrs import frozen

from avatar_async._jobs.names import folder_key
from avatar_async._jobs.planner import took_s
from avatar_async._jobs.records import Job
from avatar_async._jobs.states import OPEN, TERMINAL, State
from avatar_async._storage import commits, rows, schema
from avatar_async._storage.commits import HistoryEntry
from avatar_async.errors import JobNotFoundError
from avatar_async.requests import Kind

#: What tasks are filed under until the ledger is bound.
UNBOUND_ACCOUNT = ""
#: Of so many tasks that ended latest, some tell how long such tasks take.
_SAMPLED_FROM: Final = 10_000
_COUNT_ENDED: Final = (
    f"SELECT state, count(*) FROM {schema.ENDED_JOBS} WHERE {schema.ENDED_CONDITION} GROUP BY state"  # noqa: S608
)
_COUNT_OPEN: Final = (
    f"SELECT stage, count(*) FROM {schema.JOBS_BY_STAGE} WHERE {schema.OPEN_CONDITION} GROUP BY stage"  # noqa: S608
)
_COUNT_STAGE: Final = f"SELECT state, count(*) FROM {schema.JOBS_BY_STAGE} WHERE stage = ? GROUP BY state"  # noqa: S608


@frozen(kw_only=True)
class Intent:
    """A promise of one create call.

    Attributes:
        attempt: The job's attempt it belongs to.
        seq: 1 for the attempt's first create call.
        owner: The run that made the promise.
        closed_at: When its outcome was known; None while the call may be under way.
        verdict: The outcome in a word (`Verdict`).
    """

    attempt: int
    seq: int
    owner: str
    written_at: datetime
    closed_at: datetime | None
    verdict: str | None


def binding(connection: sqlite3.Connection) -> tuple[str, str] | None:
    """Return the endpoint origin and account the ledger is tied to."""
    row = connection.execute("SELECT endpoint, account FROM binding").fetchone()
    return None if row is None else (row[0], row[1])


def account(connection: sqlite3.Connection) -> str:
    """Return what task ids are filed under: the binding in one text, empty before there is one."""
    bound = binding(connection)
    return UNBOUND_ACCOUNT if bound is None else json.dumps(bound)


def job(connection: sqlite3.Connection, job_id: str) -> Job:
    """Return one job.

    Raises:
        JobNotFoundError: There is no such job.
    """
    key = _key(job_id)
    row = connection.execute(
        f"SELECT {rows.JOB_COLUMNS} FROM jobs WHERE job_id = ?",  # noqa: S608 - the columns are constants
        (key,),
    ).fetchone()
    if row is None:
        raise _missing(job_id)
    artifacts = connection.execute(
        f"SELECT {rows.ARTIFACT_COLUMNS} FROM artifacts "  # noqa: S608 - the columns are constants
        "WHERE job_id = ? ORDER BY position",
        (key,),
    )
    return rows.job_of(row, tuple(map(rows.artifact_of, artifacts)))


def jobs_where(
    connection: sqlite3.Connection, condition: str, parameters: Sequence[Any] = (), table: str = "jobs"
) -> list[Job]:
    """Return the jobs of a condition on the jobs table, in the order they were added.

    Args:
        connection: A connection in a transaction, so that jobs and artifacts agree.
        condition: SQL of this package, never of a user.
        parameters: Values of its placeholders.
        table: The jobs table, perhaps with the index to read it through.
    """
    artifacts = connection.execute(
        f"SELECT {rows.ARTIFACT_COLUMNS} FROM artifacts "  # noqa: S608 - values are bound, not written in
        f"WHERE job_id IN (SELECT job_id FROM {table} WHERE {condition}) ORDER BY job_id, position",
        parameters,
    )
    by_job = {key: tuple(map(rows.artifact_of, group)) for key, group in groupby(artifacts, key=_first)}
    found = connection.execute(
        f"SELECT {rows.JOB_COLUMNS} FROM {table} "  # noqa: S608 - values are bound, not written in
        f"WHERE {condition} ORDER BY job_id",
        parameters,
    )
    return [rows.job_of(row, by_job.get(row[0], ())) for row in found]


def jobs(connection: sqlite3.Connection, batch: str | None, states: Collection[State] | None) -> list[Job]:
    """Return jobs of a batch and of states, in the order they were added."""
    of_batch, parameters = ("TRUE", []) if batch is None else ("batch = ?", [batch])
    if states is None:
        return jobs_where(connection, of_batch, parameters)
    found: list[Job] = []
    for among in (OPEN.intersection(states), TERMINAL.intersection(states)):
        if among:
            table, condition, values = schema.of_states(among)
            found += jobs_where(connection, f"{of_batch} AND {condition}", [*parameters, *values], table)
    return sorted(found, key=_number)


def find(connection: sqlite3.Connection, batch: str, names: Collection[str]) -> dict[str, Job]:
    """Return those of the named jobs that exist, by name."""
    condition = "batch = ? AND name IN (SELECT value FROM json_each(?))"
    return {each.name: each for each in jobs_where(connection, condition, (batch, rows.to_json(list(names))))}


def sent_again(connection: sqlite3.Connection, kind: Kind) -> list[Job]:
    """Return the jobs of a kind of which there was more than one attempt, in the order they were added."""
    return jobs_where(connection, "kind = ? AND attempt > 1", (kind.value,), schema.JOBS_SENT_AGAIN)


def counts(connection: sqlite3.Connection) -> dict[State, int]:
    """Return how many jobs are in each state."""
    found = dict(connection.execute(_COUNT_ENDED))
    for stage, number in connection.execute(_COUNT_OPEN).fetchall():
        of_stage = [state for state, its in schema.STAGES.items() if its == stage]
        if len(of_stage) == 1:
            found[of_stage[0].value] = number
        else:
            found |= dict(connection.execute(_COUNT_STAGE, (stage,)))
    return {state: found.get(state.value, 0) for state in State}


def request(connection: sqlite3.Connection, job_id: str) -> dict[str, Any]:
    """Return a job's request in its plain form.

    Raises:
        JobNotFoundError: There is no such job.
    """
    row = connection.execute("SELECT body FROM requests WHERE job_id = ?", (_key(job_id),)).fetchone()
    if row is None:
        raise _missing(job_id)
    body: dict[str, Any] = json.loads(row[0])
    return body


def requests(connection: sqlite3.Connection, job_ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """Return, for those of the jobs that exist, their requests in the plain form."""
    found = connection.execute(
        "SELECT job_id, body FROM requests WHERE job_id IN (SELECT value FROM json_each(?))",
        (rows.to_json([_key(job_id) for job_id in job_ids]),),
    )
    return {str(key): json.loads(body) for key, body in found}


def submitted_as(connection: sqlite3.Connection, fingerprints: Collection[str]) -> dict[str, str]:
    """Return, for fingerprints of which a task was or may have been made, the name of the first such job."""
    found = connection.execute(
        "WITH asked AS (SELECT value AS fingerprint FROM json_each(?)) "
        "SELECT claims.fingerprint, jobs.name FROM ("
        "SELECT fingerprint, job_id FROM asked CROSS JOIN tasks USING (fingerprint) UNION "
        "SELECT fingerprint, job_id FROM asked CROSS JOIN intents USING (fingerprint) "
        "WHERE verdict IS NULL OR verdict IN ('unknown', 'accepted')"
        ") AS claims CROSS JOIN jobs USING (job_id) ORDER BY jobs.job_id DESC",
        (rows.to_json(list(fingerprints)),),
    )
    return dict(found)


def claimed(connection: sqlite3.Connection, task_ids: Collection[int]) -> dict[int, str]:
    """Return, for task ids ever given to a job of this endpoint and account, that job's name."""
    found = connection.execute(
        "SELECT tasks.task_id, jobs.name FROM tasks JOIN jobs USING (job_id) "
        "WHERE tasks.account = ? AND tasks.task_id IN (SELECT value FROM json_each(?))",
        (account(connection), rows.to_json(list(task_ids))),
    )
    return dict(found)


def taken_folders(connection: sqlite3.Connection, folders: Collection[str]) -> set[str]:
    """Return those of the folder names that some file system takes for a job's folder."""
    keys = {folder: folder_key(folder) for folder in folders}
    found = connection.execute(
        "SELECT folder_key FROM json_each(?) AS asked CROSS JOIN jobs ON folder_key = asked.value",
        (rows.to_json(list(keys.values())),),
    )
    taken = {row[0] for row in found}
    return {folder for folder, key in keys.items() if key in taken}


def durations_s(connection: sqlite3.Connection, kind: Kind, limit: int) -> list[float]:
    """Return how long tasks of a kind took that ended, well or not, the latest first, in seconds.

    They are spread evenly over the latest ones: of a large batch, the last to end are its slowest.
    """
    latest = [
        row[0]
        for row in connection.execute(
            "SELECT job_id FROM jobs INDEXED BY jobs_finished WHERE kind = ? AND finished_at IS NOT NULL "
            "ORDER BY finished_at DESC LIMIT ?",
            (kind.value, _SAMPLED_FROM),
        )
    ]
    number = min(limit, len(latest))
    chosen = [latest[place * len(latest) // number] for place in range(number)]
    found = connection.execute(
        "SELECT submitted_at, finished_at, last_running_at FROM json_each(?) AS chosen "
        "CROSS JOIN jobs ON job_id = chosen.value WHERE submitted_at IS NOT NULL ORDER BY chosen.key",
        (rows.to_json(chosen),),
    )
    taken = [
        took_s(datetime.fromisoformat(submitted), datetime.fromisoformat(finished), rows.to_instant(running))
        for submitted, finished, running in found
    ]
    return [seconds for seconds in taken if seconds is not None]


def receipts_due(connection: sqlite3.Connection) -> list[Job]:
    """Return jobs that have, or may have, a task and whose receipt does not tell of their present state."""
    due = schema.RECEIPT_DUE_CONDITION
    found = jobs_where(connection, f"{schema.OPEN_CONDITION} AND {due}", table=schema.OPEN_JOBS)
    found += jobs_where(connection, f"{schema.ENDED_CONDITION} AND {due}", table=schema.ENDED_RECEIPTS_DUE)
    return sorted(found, key=_number)


def recall(connection: sqlite3.Connection, key: str) -> str | None:
    """Return a fact kept with `remember`."""
    row = connection.execute("SELECT value FROM facts WHERE key = ?", (key,)).fetchone()
    return None if row is None else row[0]


def intents(connection: sqlite3.Connection, job_id: str) -> list[Intent]:
    """Return every create call promised for a job, in order."""
    found = connection.execute(
        "SELECT attempt, seq, owner, written_at, closed_at, verdict FROM intents WHERE job_id = ? "
        "ORDER BY intent_id",
        (_key(job_id),),
    )
    return [
        Intent(
            attempt=attempt,
            seq=seq,
            owner=owner,
            written_at=datetime.fromisoformat(written),
            closed_at=rows.to_instant(closed),
            verdict=verdict,
        )
        for attempt, seq, owner, written, closed, verdict in found
    ]


def history(connection: sqlite3.Connection, job_id: str) -> list[HistoryEntry]:
    """Return what happened to a job, in order."""
    return commits.history(connection, _key(job_id))


def _number(job: Job) -> int:
    return int(job.id)


def _first(row: Sequence[Any]) -> Any:
    return row[0]


def _key(job_id: str) -> int:
    if not (job_id.isascii() and job_id.isdecimal()) or len(job_id) > 18:
        raise _missing(job_id)
    return int(job_id)


def _missing(job_id: str) -> JobNotFoundError:
    return JobNotFoundError(f"there is no job with id {job_id!r}")
