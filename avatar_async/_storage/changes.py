"""The writes of the ledger: functions on a connection inside a transaction."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, Final

from avatar_async._jobs import events as ev
from avatar_async._jobs.changes import Change
from avatar_async._jobs.copies import copied
from avatar_async._jobs.lifecycle import effects
from avatar_async._jobs.records import Job
from avatar_async._jobs.states import State
from avatar_async._jobs.verdicts import Verdict
from avatar_async._storage import columns, readers, rows, schema
from avatar_async._storage.commits import Entry
from avatar_async._storage.transaction import Transaction
from avatar_async.errors import ConflictError, LedgerMismatchError, LifecycleError
from avatar_async.requests.addresses import public_text

#: Events that come often and tell nothing new unless they change a status or an artifact's state.
_NOISY: Final = frozenset({ev.Polled, ev.ArtifactChanged, ev.ReceiptWritten})
_MESSAGE_LENGTH = 300
#: Adds an intent to a job's attempt: job, attempt, owner, fingerprint, written at, closed at, verdict.
INSERT_INTENT = (
    "INSERT INTO intents (job_id, attempt, seq, owner, fingerprint, written_at, closed_at, verdict) "
    "SELECT ?1, ?2, 1 + count(*), ?3, ?4, ?5, ?6, ?7 FROM intents WHERE job_id = ?1 AND attempt = ?2"
)


def bind(connection: sqlite3.Connection, endpoint: str, account: str, *, rebind: bool) -> None:
    """Tie the ledger to an endpoint origin and account, or check that it is tied to these.

    Raises:
        LedgerMismatchError: It is tied to others and `rebind` is false.
    """
    stored = readers.binding(connection)
    if stored == (endpoint, account):
        return
    if stored is not None and not rebind:
        msg = (
            f"this ledger belongs to {stored[0]} (account {stored[1]}), not to {endpoint} "
            f"(account {account}): use another --out or --ledger, or --rebind if its "
            "tasks really live there now"
        )
        raise LedgerMismatchError(msg)
    connection.execute(
        "INSERT OR REPLACE INTO binding (id, endpoint, account) VALUES (1, ?, ?)", (endpoint, account)
    )
    if stored is None:
        connection.execute(
            "UPDATE tasks SET account = ? WHERE account = ?",
            (readers.account(connection), readers.UNBOUND_ACCOUNT),
        )
    else:
        # The tasks of open jobs are asked for there from now on: no other job may be given one of them.
        connection.execute(
            "UPDATE OR IGNORE tasks SET account = ? WHERE (job_id, task_id) IN "  # noqa: S608 - constants only
            f"(SELECT job_id, task_id FROM {schema.OPEN_JOBS} WHERE {schema.OPEN_CONDITION})",
            (readers.account(connection),),
        )


def remember(connection: sqlite3.Connection, key: str, value: str) -> None:
    """Keep a fact."""
    connection.execute("INSERT OR REPLACE INTO facts (key, value) VALUES (?, ?)", (key, value))


def apply(transaction: Transaction, changes: Sequence[Change]) -> list[Job]:
    """Apply changes one after the other; return each job as it stands after its change.

    Raises:
        ConflictError: A job is not as expected, or a task id is another job's.
        JobNotFoundError: There is no such job.
        LifecycleError: A state does not allow its event.
    """
    written = []
    for change in changes:
        before, after = _from_memory(transaction, change) or _from_the_table(transaction, change)
        _write_beside(transaction, change.event, before, after)
        written.append(after)
    return written


def _from_memory(transaction: Transaction, change: Change) -> tuple[Job, Job] | None:
    """Write a job from what its caller knows of it; None, with nothing written, if that is outdated."""
    known = change.known
    if known is None or known.id != change.job_id:
        return None
    known = transaction.latest(known)
    try:
        _check(known, change)
        after = _write(transaction, known, change.event)
    except (ConflictError, LifecycleError):
        return None
    return None if after is None else (known, after)


def _from_the_table(transaction: Transaction, change: Change) -> tuple[Job, Job]:
    before = readers.job(transaction.connection, change.job_id)
    _check(before, change)
    after = _write(transaction, before, change.event)
    assert after is not None, "what was just read is what there is"
    return before, after


def _write(transaction: Transaction, before: Job, event: ev.Event) -> Job | None:
    """Write a job's row as the event leaves it; None, with nothing written, if the row is another one."""
    values = effects(before, event)
    revision = transaction.next_revision()
    statement, parameters = columns.update(before, int(before.id), values, revision)
    values["revision"] = revision
    after = copied(before, values)
    return after if transaction.update(after, statement, parameters) else None


def _write_beside(transaction: Transaction, event: ev.Event, before: Job, after: Job) -> None:
    """Write what a change does outside the job's own row."""
    connection, job_id = transaction.beside, int(before.id)
    if after.artifacts is not before.artifacts:
        write_artifacts(connection, job_id, before, after)
    if after.task_id != before.task_id:
        if before.unseen:
            _release_task(connection, job_id, before)
        if after.task_id is not None:
            claim_task(connection, job_id, after)
    if isinstance(event, ev.Amended):
        body = rows.to_json(dict(event.request))
        connection.execute("UPDATE requests SET body = ? WHERE job_id = ?", (body, job_id))
    if before.state is State.SUBMITTING or after.state is State.SUBMITTING:
        _write_intent(connection, job_id, event, before, after)
    if type(event) not in _NOISY or _standing(before) != _standing(after):
        transaction.note(_entry(job_id, event, before, after))
    else:
        transaction.note((after.revision, job_id, before.revision))


def _check(job: Job, change: Change) -> None:
    if job.state is not change.state or job.attempt != change.attempt:
        msg = (
            f"job {job.name!r} is {job.state} (attempt {job.attempt}), not {change.state} "
            f"(attempt {change.attempt}): it changed in the meantime, nothing was written"
        )
        raise ConflictError(msg)
    if change.owner not in (job.owner, Change.ANY_OWNER):
        msg = f"job {job.name!r} belongs to run {job.owner}, not to {change.owner}: nothing was written"
        raise ConflictError(msg)
    if change.task_id not in (job.task_id, Change.ANY_TASK):
        msg = f"job {job.name!r} has task {job.task_id} now, not {change.task_id}: nothing was written"
        raise ConflictError(msg)
    if change.revision not in (job.revision, None):
        msg = f"job {job.name!r} was written to in the meantime: nothing was written"
        raise ConflictError(msg)


def write_artifacts(connection: sqlite3.Connection, job_id: int, before: Job | None, after: Job) -> None:
    """Write what changed among a job's artifacts; all of them for a new job."""
    old = before.artifacts if before is not None else ()
    if after.artifacts is old or after.artifacts == old:
        return
    if [each.name for each in old] != [each.name for each in after.artifacts]:
        connection.execute("DELETE FROM artifacts WHERE job_id = ?", (job_id,))
        old = ()
    connection.executemany(
        f"INSERT OR REPLACE INTO artifacts ({rows.ARTIFACT_COLUMNS}) "  # noqa: S608 - constants only
        f"VALUES ({rows.ARTIFACT_PLACES})",
        [
            rows.artifact_row(job_id, position, artifact)
            for position, artifact in enumerate(after.artifacts)
            if position >= len(old) or old[position] != artifact
        ],
    )


def claim_task(connection: sqlite3.Connection, job_id: int, job: Job) -> None:
    """Note a task as the job's.

    Raises:
        ConflictError: It is another job's.
    """
    account = readers.account(connection)
    rival = connection.execute(
        "SELECT jobs.job_id, jobs.name FROM tasks JOIN jobs USING (job_id) "
        "WHERE tasks.account = ? AND tasks.task_id = ?",
        (account, job.task_id),
    ).fetchone()
    if rival is not None and rival[0] != job_id:
        msg = f"task {job.task_id} belongs to job {rival[1]!r}, so it cannot be job {job.name!r}'s"
        raise ConflictError(msg)
    connection.execute(
        "INSERT OR REPLACE INTO tasks (account, task_id, job_id, attempt, fingerprint) "
        "VALUES (?, ?, ?, ?, ?)",
        (account, job.task_id, job_id, job.attempt, job.fingerprint),
    )


def _release_task(connection: sqlite3.Connection, job_id: int, job: Job) -> None:
    connection.execute(
        "DELETE FROM tasks WHERE account = ? AND task_id = ? AND job_id = ?",
        (readers.account(connection), job.task_id, job_id),
    )


def _write_intent(
    connection: sqlite3.Connection, job_id: int, event: ev.Event, before: Job, after: Job
) -> None:
    if isinstance(event, ev.IntentWritten):
        at = rows.to_text(event.at)
        connection.execute(
            INSERT_INTENT, (job_id, after.attempt, event.owner, after.fingerprint, at, None, None)
        )
    elif before.state is State.SUBMITTING and after.state is not State.SUBMITTING:
        connection.execute(
            "UPDATE intents SET closed_at = ?, verdict = ? WHERE job_id = ? AND closed_at IS NULL",
            (rows.to_text(event.at), _verdict(event), job_id),
        )


def _verdict(event: ev.Event) -> str:
    match event:
        case ev.PutBack(reason=reason):
            return reason.value
        case ev.Accepted():
            return Verdict.ACCEPTED.value
        case ev.Refused():
            return Verdict.REFUSED.value
        case _:
            return Verdict.UNKNOWN.value


def _entry(job_id: int, event: ev.Event, before: Job, after: Job) -> Entry:
    kind = type(event)
    tell = _TOLD.get(kind)
    text = None if tell is None else tell(event)
    return (
        after.revision,
        job_id,
        before.revision,
        rows.to_text(event.at),
        after.attempt,
        kind.__name__,
        before.state._value_,
        after.state._value_,
        None if text is None else public_text(text)[:_MESSAGE_LENGTH],
    )


def _standing(job: Job) -> tuple[object, ...]:
    return (job.state, job.remote_status, *(artifact.state for artifact in job.artifacts))


def _error(event: Any) -> str | None:
    return None if event.error is None else f"{event.error.code}: {event.error.message}"


def _found(event: ev.CandidatesFound) -> str:
    return f"tasks {', '.join(map(str, event.task_ids))}" if event.task_ids else "none"


#: What the history says of an event beside its name and the states.
_TOLD: Final[dict[type[ev.Event], Callable[[Any], str | None]]] = {
    **dict.fromkeys(
        (ev.PutBack, ev.OutcomeUnknown, ev.Refused, ev.Disowned, ev.LeftOut, ev.RemoteFailed), _error
    ),
    **dict.fromkeys((ev.LostToExpiry, ev.FetchPaused), _error),
    ev.IntentWritten: lambda event: f"by {event.owner}",
    ev.FetchStarted: lambda event: f"by {event.owner}",
    ev.Accepted: lambda event: f"task {event.task_id}",
    ev.Settled: lambda event: f"task {event.task_id}, found by {event.how}",
    ev.CandidatesFound: _found,
    ev.Polled: lambda event: event.remote_status,
    ev.ArtifactChanged: lambda event: f"{event.artifact.name}: {event.artifact.state}",
    ev.Held: lambda event: _error(event) or event.reason,
}
