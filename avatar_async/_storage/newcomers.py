"""The jobs that come into a ledger: new ones, and those that receipts know."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, Final

from attrs import evolve

from avatar_async._jobs.names import folder_key
from avatar_async._jobs.records import Job, NewJob
from avatar_async._jobs.states import State
from avatar_async._jobs.verdicts import Verdict
from avatar_async._storage import rows
from avatar_async._storage.changes import INSERT_INTENT, claim_task, write_artifacts
from avatar_async._storage.transaction import Transaction
from avatar_async.errors import ConflictError

#: States without a task of which it is known that none was made for the latest attempt.
_NO_TASK: Final = frozenset({State.PLANNED, State.REJECTED})


def insert(transaction: Transaction, jobs: Sequence[NewJob]) -> list[Job]:
    """Save new jobs as planned.

    Raises:
        ConflictError: A (batch, name) or folder is taken.
    """
    return adopt(
        transaction,
        [
            (
                Job(
                    id="",
                    batch=new.batch,
                    name=new.name,
                    kind=new.kind,
                    folder=new.folder,
                    task_name=new.task_name,
                    fingerprint=new.fingerprint,
                    needs=new.needs,
                    created_at=new.created_at,
                ),
                new.request,
            )
            for new in jobs
        ],
    )


def adopt(transaction: Transaction, jobs: Sequence[tuple[Job, Mapping[str, Any]]]) -> list[Job]:
    """Save jobs with everything they know, task ids and artifacts included; ids and revisions are new.

    Raises:
        ConflictError: A (batch, name), a folder or a task id is taken.
    """
    connection = transaction.connection
    saved = []
    for job, request in jobs:
        numbered = evolve(job, revision=transaction.next_revision())
        try:
            cursor = connection.execute(rows.INSERT_JOB, rows.job_row(numbered, None, folder_key(job.folder)))
        except sqlite3.IntegrityError as error:
            raise _taken(connection, job) from error
        job_id = cursor.lastrowid
        assert job_id is not None
        connection.execute(
            "INSERT INTO requests (job_id, body) VALUES (?, ?)", (job_id, rows.to_json(dict(request)))
        )
        numbered = evolve(numbered, id=str(job_id))
        write_artifacts(connection, job_id, None, numbered)
        if job.task_id is not None:
            claim_task(connection, job_id, numbered)
        _note_lost_call(connection, job_id, numbered)
        saved.append(numbered)
    return saved


def restore(transaction: Transaction, jobs: Sequence[tuple[Job, Job, Mapping[str, Any]]]) -> list[Job]:
    """Bring jobs to where their receipts saw them: each as it is, as it is to be, and its request.

    Raises:
        ConflictError: A task id is another job's.
    """
    connection = transaction.connection
    restored = []
    for before, seen, request in jobs:
        after = evolve(seen, id=before.id, revision=transaction.next_revision())
        job_id = int(before.id)
        connection.execute(rows.UPDATE_JOB, (*rows.job_changes(after), job_id))
        transaction.note((after.revision, job_id, before.revision))
        body = rows.to_json(dict(request))
        connection.execute("UPDATE requests SET body = ? WHERE job_id = ?", (body, job_id))
        write_artifacts(connection, job_id, before, after)
        if after.task_id is not None:
            claim_task(connection, job_id, after)
        _note_lost_call(connection, job_id, after)
        restored.append(after)
    return restored


def _taken(connection: sqlite3.Connection, job: Job) -> ConflictError:
    rival = connection.execute(
        "SELECT name FROM jobs WHERE folder_key = ?", (folder_key(job.folder),)
    ).fetchone()
    if connection.execute(
        "SELECT 1 FROM jobs WHERE batch = ? AND name = ?", (job.batch, job.name)
    ).fetchone():
        return ConflictError(f"there is a job {job.name!r} in batch {job.batch!r} already")
    if rival is not None:
        return ConflictError(f"folder {job.folder!r} of job {job.name!r} belongs to job {rival[0]!r}")
    return ConflictError(f"job {job.name!r} cannot be saved beside those of the ledger")


def _note_lost_call(connection: sqlite3.Connection, job_id: int, job: Job) -> None:
    """Know of a create call that another ledger wrote down and whose outcome nobody knows."""
    if job.submitted_at is None or job.task_id is not None or job.state in _NO_TASK:
        return
    at = rows.to_text(job.submitted_at)
    connection.execute(
        INSERT_INTENT, (job_id, job.attempt, job.owner or "", job.fingerprint, at, at, Verdict.UNKNOWN.value)
    )
