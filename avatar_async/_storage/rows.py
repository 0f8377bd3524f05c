"""Records to rows and back. Instants are stored as ISO 8601 text in UTC with microseconds."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from sys import intern
from typing import Any, Final

from avatar_async._jobs.copies import Draft, finished
from avatar_async._jobs.drafts import draft_class
from avatar_async._jobs.records import Artifact, Job, JobError
from avatar_async._jobs.states import ArtifactState, State
from avatar_async._storage import schema
from avatar_async.requests import Kind

#: Columns that are written, save the revision.
OWN_COLUMNS: Final = (
    "job_id, batch, name, kind, folder, task_name, fingerprint, state, attempt, owner, needs, created_at, "
    "not_before, submitted_at, accepted_at, task_id, remote_status, progress, last_running_at, finished_at, "
    "expires_at, stored_at, error, hold, receipt_state, settled_by, candidates"
)
#: What is read of a job. The revision that it was added with stands apart: its index is written to once.
JOB_COLUMNS: Final = f"{OWN_COLUMNS}, coalesce(written, added)"
ARTIFACT_COLUMNS = (
    "job_id, position, role, name, url, size_bytes, md5, state, stored_bytes, sha256, etag, "
    "verified_offset, bad_sha256, note"
)
#: Placeholders for one row of ARTIFACT_COLUMNS.
ARTIFACT_PLACES = ", ".join("?" * len(ARTIFACT_COLUMNS.split(", ")))
#: A list without members, as it is stored.
_NONE: Final = "[]"
_KINDS: Final = {kind.value: kind for kind in Kind}
_STATES: Final = {state.value: state for state in State}
_ARTIFACT_STATES: Final = {state.value: state for state in ArtifactState}
#: An artifact that can still be written to, made in a fraction of the time.
_ArtifactDraft: Final = draft_class(Artifact)
#: Reads a stored instant.
_read: Final = datetime.fromisoformat
#: A minute and how it is stored, up to its seconds; the instants of one group are mostly of one minute.
_minute: tuple[datetime, str] = (datetime.min.replace(tzinfo=UTC), "0001-01-01T00:00:")
_SECONDS: Final = tuple(f"{number:02}." for number in range(60))
#: Columns of a job that can change.
CHANGING: Final = tuple(
    column
    for column in (*OWN_COLUMNS.split(", "), "written")
    if column not in {"job_id", "batch", "name", "kind", "folder", "created_at"}
)
#: Writes everything of a job that can change; parameters from `job_changes`.
UPDATE_JOB = (
    f"UPDATE jobs SET {', '.join(f'{column} = ?' for column in CHANGING)}, stage = ? "  # noqa: S608 - constants
    "WHERE job_id = ?"
)
#: Writes a whole new job; parameters from `job_row`.
INSERT_JOB = (
    f"INSERT INTO jobs ({OWN_COLUMNS}, added, stage, folder_key) "  # noqa: S608 - constants only
    f"VALUES ({', '.join('?' * (len(OWN_COLUMNS.split(', ')) + 3))})"
)


def to_text(at: datetime | None) -> str | None:
    """Return an instant as it is stored.

    Raises:
        ValueError: It has no time zone.
    """
    if at is None:
        return None
    if at.tzinfo is None:
        msg = f"an instant without a time zone cannot be stored: {at.isoformat()}"
        raise ValueError(msg)
    if at.tzinfo is not UTC:
        at = at.astimezone(UTC)
    # Taken apart this way, it takes two fifths of the time of isoformat.
    global _minute  # noqa: PLW0603 - one tuple, replaced as a whole by whichever thread
    since, begins = _minute
    passed = at - since
    seconds = passed.seconds
    if seconds >= 60 or passed.days:
        since = at.replace(second=0, microsecond=0)
        begins = since.isoformat(timespec="minutes")[:-6] + ":"
        _minute = since, begins
        passed = at - since
        seconds = passed.seconds
    return f"{begins}{_SECONDS[seconds]}{str(passed.microseconds + 1_000_000)[1:]}+00:00"


def to_instant(text: str | None) -> datetime | None:
    """Return a stored instant, aware, in UTC."""
    return None if text is None else datetime.fromisoformat(text)


def to_word(value: StrEnum | None) -> str | None:
    """Return a word of a closed set as it is stored."""
    return None if value is None else value._value_


def to_json(value: Any) -> str:
    """Return a plain value as compact JSON text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def job_changes(job: Job) -> tuple[Any, ...]:
    """Return the parameters of `UPDATE_JOB`, save the job's key at the end."""
    return (
        job.task_name,
        job.fingerprint,
        job.state.value,
        job.attempt,
        job.owner,
        to_json(job.needs),
        to_text(job.not_before),
        to_text(job.submitted_at),
        to_text(job.accepted_at),
        job.task_id,
        job.remote_status,
        job.progress,
        to_text(job.last_running_at),
        to_text(job.finished_at),
        to_text(job.expires_at),
        to_text(job.stored_at),
        error_text(job.error),
        job.hold,
        to_word(job.receipt_state),
        job.settled_by,
        to_json(job.candidates),
        job.revision,
        schema.STAGES.get(job.state),
    )


def job_row(job: Job, job_id: int | None, folder_key: str) -> tuple[Any, ...]:
    """Return the parameters of `INSERT_JOB`; without a key SQLite chooses the next one."""
    task_name, fingerprint, state, attempt, owner, needs, *rest = job_changes(job)
    head = (job_id, job.batch, job.name, job.kind.value, job.folder, task_name, fingerprint, state, attempt)
    return (*head, owner, needs, to_text(job.created_at), *rest, folder_key)


def job_of(row: Sequence[Any], artifacts: tuple[Artifact, ...]) -> Job:
    """Return the job of a row of JOB_COLUMNS.

    Texts that many jobs share, or that one job has twice, are kept once: a hundred thousand may wait.
    """
    job: Any = Draft()
    # In the order of JOB_COLUMNS.
    (
        key,
        batch,
        name,
        kind,
        folder,
        task_name,
        job.fingerprint,
        state,
        job.attempt,
        owner,
        needs,
        created,
        not_before,
        submitted,
        accepted,
        job.task_id,
        status,
        job.progress,
        running,
        ended,
        expires,
        stored,
        error,
        job.hold,
        receipt,
        job.settled_by,
        candidates,
        job.revision,
    ) = row
    job.id, job.batch, job.name = str(key), intern(batch), name
    job.kind, job.state = _KINDS[kind], _STATES[state]
    job.folder = name if folder == name else folder
    job.task_name = name if task_name == name else task_name
    job.owner = None if owner is None else intern(owner)
    job.needs = () if needs == _NONE else tuple(json.loads(needs))
    job.created_at = _read(created)
    job.not_before = None if not_before is None else _read(not_before)
    job.submitted_at = None if submitted is None else _read(submitted)
    job.accepted_at = None if accepted is None else _read(accepted)
    job.remote_status = None if status is None else intern(status)
    job.last_running_at = None if running is None else _read(running)
    job.finished_at = None if ended is None else _read(ended)
    job.expires_at = None if expires is None else _read(expires)
    job.stored_at = None if stored is None else _read(stored)
    job.error = _error_of(error)
    job.receipt_state = None if receipt is None else _STATES[receipt]
    job.candidates = () if candidates == _NONE else tuple(json.loads(candidates))
    job.artifacts = artifacts
    return finished(job)


def artifact_row(job_id: int, position: int, artifact: Artifact) -> tuple[Any, ...]:
    """Return the row of ARTIFACT_COLUMNS of an artifact."""
    return (
        job_id,
        position,
        artifact.role,
        artifact.name,
        artifact.url,
        artifact.size_bytes,
        artifact.md5,
        artifact.state.value,
        artifact.stored_bytes,
        artifact.sha256,
        artifact.etag,
        artifact.verified_offset,
        artifact.bad_sha256,
        artifact.note,
    )


def artifact_of(row: Sequence[Any]) -> Artifact:
    """Return the artifact of a row of ARTIFACT_COLUMNS."""
    draft: Any = _ArtifactDraft()
    # In the order of ARTIFACT_COLUMNS.
    (
        _job_id,
        _position,
        draft.role,
        draft.name,
        draft.url,
        draft.size_bytes,
        draft.md5,
        state,
        draft.stored_bytes,
        draft.sha256,
        draft.etag,
        draft.verified_offset,
        draft.bad_sha256,
        draft.note,
    ) = row
    draft.state = _ARTIFACT_STATES[state]
    draft.__class__ = Artifact
    artifact: Artifact = draft
    return artifact


def error_text(error: JobError | None) -> str | None:
    """Return an error as it is stored."""
    if error is None:
        return None
    when = [] if error.at is None else [to_text(error.at)]
    return to_json([error.code, error.message, error.field, *when])


def _error_of(text: str | None) -> JobError | None:
    if text is None:
        return None
    code, message, field, *when = json.loads(text)
    return JobError(code=code, message=message, field=field, at=to_instant(when[0]) if when else None)
