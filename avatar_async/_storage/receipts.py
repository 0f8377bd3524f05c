"""The `job.json` beside a job's files: what was asked, what came of it, and no secrets."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import anyio.to_thread
import msgspec

from avatar_async._jobs.records import Artifact, Job
from avatar_async._storage.replacing import replace_together
from avatar_async.requests.addresses import public_text, public_value

#: File name of a receipt.
RECEIPT_NAME = "job.json"
_MODE: Final = 0o600
#: Version of the receipt's form; a reader refuses a higher one.
SCHEMA = 1
#: Length above which a receipt is not read.
LONGEST_BYTES = 16 << 20


class ReceiptFolder:
    """Write receipts below one output folder, as the `Receipts` port asks for it."""

    def __init__(self, out: str | Path, *, endpoint: str | None = None, account: str | None = None) -> None:
        """Take the folder and whose tasks the receipts tell of.

        Args:
            out: The output folder; each job has a folder in it.
            endpoint: Origin of the service.
            account: The appId, or another stable word for who pays.
        """
        self._out = Path(out)
        self._endpoint = endpoint
        self._account = account

    async def write(self, jobs: Sequence[tuple[Job, Mapping[str, Any]]]) -> list[Exception | None]:
        """Write the receipts of jobs; see `Receipts.write`."""
        return await anyio.to_thread.run_sync(self._write, jobs)

    async def present(self, folders: Collection[str]) -> set[str]:
        """Return those of the job folders that hold a receipt."""
        return await anyio.to_thread.run_sync(
            lambda: {folder for folder in folders if (self._out / folder / RECEIPT_NAME).exists()}
        )

    def _write(self, jobs: Sequence[tuple[Job, Mapping[str, Any]]]) -> list[Exception | None]:
        contents: dict[str, bytes] = {}
        unwritten: dict[str, Exception] = {}
        for job, request in jobs:
            try:
                contents[job.folder] = self._content(job, request)
            except Exception as error:  # noqa: BLE001 - one job's mishap is not the others'
                unwritten[job.folder] = error
        unwritten |= replace_together(self._out, RECEIPT_NAME, contents, mode=_MODE)
        return [unwritten.get(job.folder) for job, _ in jobs]

    def _content(self, job: Job, request: Mapping[str, Any]) -> bytes:
        # The encoder of the standard library takes ten times as long where it indents.
        plain = json.dumps(self._receipt(job, request), ensure_ascii=False, allow_nan=False).encode()
        return msgspec.json.format(plain, indent=2) + b"\n"

    def _receipt(self, job: Job, request: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "name": job.name,
            "kind": job.kind.value,
            "state": job.state.value,
            "task_id": None if job.task_id is None else str(job.task_id),
            "settled_by": job.settled_by,
            "attempt": job.attempt,
            "batch": job.batch,
            "task_name": job.task_name,
            "endpoint": self._endpoint,
            "account": self._account,
            "created_at": _text(job.created_at),
            "submitted_at": _text(job.submitted_at),
            "accepted_at": _text(job.accepted_at),
            "finished_at": _text(job.finished_at),
            "expires_at": _text(job.expires_at),
            "stored_at": _text(job.stored_at),
            "lost_at": _text(job.lost_at),
            "remote_status": job.remote_status,
            "hold": None if job.hold is None else public_text(job.hold),
            "error": _error(job),
            "artifacts": [_artifact(job, artifact) for artifact in job.artifacts],
            "needs": list(job.needs),
            "fingerprint": job.fingerprint,
            "request": public_value(dict(request)),
        }


def _error(job: Job) -> dict[str, Any] | None:
    if job.error is None:
        return None
    return {"code": job.error.code, "message": public_text(job.error.message), "field": job.error.field}


def _artifact(job: Job, artifact: Artifact) -> dict[str, Any]:
    return {
        "role": artifact.role,
        "name": artifact.name,
        "path": f"{job.folder}/{artifact.name}",
        "bytes": artifact.stored_bytes if artifact.stored_bytes is not None else artifact.size_bytes,
        "sha256": artifact.sha256,
        "md5": artifact.md5,
        "note": artifact.note,
        "state": artifact.state.value,
    }


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat()
