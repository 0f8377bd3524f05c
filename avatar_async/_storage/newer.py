"""Receipts that tell more than the ledger, which is an older one then, or lost its last writes."""

import functools
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import anyio.to_thread

from avatar_async._jobs.records import Job, Standing
from avatar_async._jobs.states import OPEN, RETRYABLE, State
from avatar_async._storage import receipt_values as values
from avatar_async._storage.receipts import LONGEST_BYTES, RECEIPT_NAME
from avatar_async.settings.files import read_file

#: States in which an attempt has no task that a receipt could tell of.
_WITHOUT_TASK = frozenset({State.PLANNED, State.SUBMITTING})

Asked = TypeVar("Asked", Job, Standing)


async def outdated(jobs: Iterable[Asked], out: Path) -> list[Asked]:
    """Return those of the jobs of which the receipts know a later attempt, or a task of this one.

    A receipt is written after the ledger, so that it never knows more than the ledger it belongs to.
    """
    asked = [job for job in jobs if job.state in OPEN | RETRYABLE]
    find = functools.partial(_outdated, asked, out)
    return await anyio.to_thread.run_sync(find)


def _outdated(jobs: Iterable[Asked], out: Path) -> list[Asked]:
    return [job for job in jobs if _knows_more(f"{out}/{job.folder}/{RECEIPT_NAME}", job)]


def _knows_more(receipt: str, job: Job | Standing) -> bool:
    if not os.access(receipt, os.F_OK):
        return False
    path = Path(receipt)
    if not path.is_file():
        return False
    try:
        data = json.loads(read_file(path, longest_bytes=LONGEST_BYTES))
        name, attempt, noted = values.text(data, "name"), values.attempt(data), State(data["state"])
        task_id = values.task_id(data)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return job.state in _WITHOUT_TASK and job.receipt_state is None
    if name != job.name:
        return False
    if attempt != job.attempt or job.state not in _WITHOUT_TASK:
        return attempt > job.attempt
    return noted is not State.PLANNED or task_id is not None
