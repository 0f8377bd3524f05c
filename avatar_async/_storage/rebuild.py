"""A ledger made anew from the receipts beside the files, when the old one is lost."""

import functools
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio.to_thread
from attrs import field, frozen

from avatar_async._jobs.records import DEFAULT_BATCH, Artifact, Job, JobError
from avatar_async._jobs.states import REMOTE, ArtifactState, State
from avatar_async._storage import receipt_values as values
from avatar_async._storage.ledger import Ledger
from avatar_async._storage.newer import outdated
from avatar_async._storage.paths import checked_name
from avatar_async._storage.receipts import LONGEST_BYTES, RECEIPT_NAME, SCHEMA
from avatar_async.errors import DownloadError, LedgerError, LedgerMismatchError
from avatar_async.requests import Kind
from avatar_async.settings.files import read_file

_LONGEST_FAULT = 500


@frozen(kw_only=True)
class Receipt:
    """What one `job.json` says, held against the files beside it.

    Attributes:
        path: Where it lies.
        job: The job as a new ledger should know it; without id and revision.
        request: Its request; addresses lack their queries.
        endpoint: Origin the task was made at, if noted.
        account: Who pays for it, if noted.
    """

    path: Path
    job: Job
    request: Mapping[str, Any] = field(repr=False)
    endpoint: str | None
    account: str | None


async def adopt_receipts(ledger: Ledger, out: str | Path) -> list[Job]:
    """Save a job for each receipt below an output folder that tells more than the ledger.

    These are the receipts of jobs that it does not know, or knows no task of that the receipt names.

    Jobs whose files all agree with their digests are stored; other jobs with a task are in flight
    again, to be queried, and list the files that do agree; calls of unknown outcome are in doubt. A ledger
    that is not bound yet is bound to the receipts' endpoint and account.

    Raises:
        LedgerError: A receipt cannot be read; nothing was saved.
        LedgerMismatchError: Receipts tell of several endpoints or accounts, or of others than the ledger's.
        ConflictError: Two receipts claim one name, folder or task; nothing was saved.
    """
    receipts = await anyio.to_thread.run_sync(functools.partial(read_receipts, Path(out)))
    places = {(each.endpoint, each.account) for each in receipts if each.endpoint and each.account}
    if len(places) > 1:
        listed = ", ".join(sorted(f"{endpoint} (account {account})" for endpoint, account in places))
        msg = f"the receipts below {out} tell of several places: {listed}: keep them in separate folders"
        raise LedgerMismatchError(msg)
    for endpoint, account in places:
        await ledger.bind(str(endpoint), str(account))
    known = {(job.batch, job.name): job for job in await ledger.jobs()}
    fresh = [each for each in receipts if (each.job.batch, each.job.name) not in known]
    by_name = {(each.job.batch, each.job.name): each for each in receipts}
    old = [(job, by_name.get((job.batch, job.name))) for job in await outdated(known.values(), Path(out))]
    restored = [(job, each.job, each.request) for job, each in old if each and each.job.folder == job.folder]
    return [
        *(await ledger.restore(restored) if restored else ()),
        *await ledger.adopt([(each.job, each.request) for each in fresh]),
    ]


def read_receipts(out: Path) -> list[Receipt]:
    """Read every receipt below a folder, oldest job first, and hash the files they list. Blocking.

    Raises:
        LedgerError: At least one cannot be read; all such are named.
    """
    receipts, bad = [], []
    for path in sorted(out.glob(f"*/{RECEIPT_NAME}")):
        if path.parent.is_symlink() or path.is_symlink():
            continue
        try:
            receipts.append(_read(path))
        except OSError as error:
            bad.append(f"{path} ({error.strerror or error})")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, DownloadError) as error:
            bad.append(f"{path} ({type(error).__name__}: {error})"[:_LONGEST_FAULT])
    if bad:
        msg = f"receipts that cannot be read: {'; '.join(bad)}: mend them or move them away"
        raise LedgerError(msg)
    return sorted(receipts, key=lambda each: (each.job.created_at, each.job.name))


def _read(path: Path) -> Receipt:
    data = json.loads(read_file(path, longest_bytes=LONGEST_BYTES))
    if data["schema"] != SCHEMA:
        msg = f"its schema is {data['schema']}, known is {SCHEMA}"
        raise ValueError(msg)
    artifacts = tuple(_artifact(path.parent, each) for each in data["artifacts"])
    noted = State(data["state"])
    task_id = values.task_id(data)
    state = _state(noted, task_id, artifacts)
    verified = tuple(each for each in artifacts if each.state is ArtifactState.STORED)
    created_at = values.instant(data, "created_at")
    if created_at is None:
        msg = "created_at is missing"
        raise ValueError(msg)
    job = Job(
        id="",
        batch=values.optional_text(data, "batch") or DEFAULT_BATCH,
        name=values.text(data, "name"),
        kind=Kind(data["kind"]),
        folder=path.parent.name,
        task_name=values.text(data, "task_name"),
        fingerprint=values.text(data, "fingerprint"),
        state=state,
        attempt=values.attempt(data),
        needs=values.texts(data, "needs"),
        created_at=created_at,
        submitted_at=values.instant(data, "submitted_at"),
        accepted_at=values.instant(data, "accepted_at"),
        task_id=task_id,
        settled_by=None if task_id is None else values.optional_text(data, "settled_by"),
        remote_status=values.optional_text(data, "remote_status"),
        progress=100 if state is State.STORED else None,
        finished_at=values.instant(data, "finished_at"),
        expires_at=values.instant(data, "expires_at"),
        stored_at=values.instant(data, "stored_at") if state is State.STORED else None,
        error=_error(data),
        artifacts=verified if state in REMOTE else artifacts,
        receipt_state=noted,
    )
    return Receipt(
        path=path,
        job=job,
        request=values.request(data),
        endpoint=values.optional_text(data, "endpoint"),
        account=values.optional_text(data, "account"),
    )


def _error(data: Mapping[str, Any]) -> JobError | None:
    error = data["error"]
    if error is None:
        return None
    code = error["code"]
    if isinstance(code, bool) or not isinstance(code, int):
        code = values.text(error, "code")
    return JobError(
        code=code,
        message=values.text(error, "message"),
        field=values.optional_text(error, "field"),
        at=values.instant(data, "lost_at"),
    )


def _state(noted: State, task_id: int | None, artifacts: tuple[Artifact, ...]) -> State:
    if noted is State.STORED and all(each.state is ArtifactState.STORED for each in artifacts):
        return State.STORED
    if noted in REMOTE or noted in {State.STORED, State.SUBMITTING, State.IN_DOUBT}:
        return State.IN_DOUBT if task_id is None else State.IN_FLIGHT
    return noted


def _artifact(folder: Path, data: Mapping[str, Any]) -> Artifact:
    name = checked_name(values.text(data, "name"))
    length, digest = values.length(data, "bytes"), values.optional_text(data, "sha256")
    state = ArtifactState(data["state"])
    whole = digest is not None and length is not None and _agrees(folder / name, length, digest)
    if whole:
        state = ArtifactState.STORED
    elif state in {ArtifactState.STORED, ArtifactState.FETCHING}:
        state = ArtifactState.KNOWN
    return Artifact(
        role=values.text(data, "role"),
        name=name,
        url="",
        size_bytes=length,
        md5=values.optional_text(data, "md5"),
        state=state,
        stored_bytes=length if whole else None,
        sha256=digest if whole else None,
        note=values.optional_text(data, "note"),
    )


def _agrees(path: Path, length: int, digest: str) -> bool:
    if path.is_symlink() or not path.is_file() or path.stat().st_size != length:
        return False
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest() == digest
