"""The tasks of a query or list reply, read in the terms of a dialect."""

import re
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, Final

from avatar_async._jobs.drafts import draft_class
from avatar_async._jobs.remote import RemoteFile, RemoteState, RemoteTask
from avatar_async._wire.dialect import QueryDialect
from avatar_async._wire.envelope import MAX_MESSAGE, sentence, task_id, term, text
from avatar_async._wire.manyfiles import usual_files
from avatar_async._wire.redaction import redacted, repeated
from avatar_async._wire.taskfiles import files_of, shaped_files
from avatar_async._wire.terms import Terms

_SUCCEEDED, _UNKNOWN = RemoteState.SUCCEEDED, RemoteState.UNKNOWN

#: A task that can still be written to.
_DraftTask: Final = draft_class(RemoteTask)


def read_tasks(
    dialect: QueryDialect, items: Iterable[Any], *, only: int | None = None, secrets: tuple[str, ...] = ()
) -> list[RemoteTask]:
    """Return the tasks that items describe, without those that cannot be read.

    Files that cannot be read make the status of a finished task unknown, with words that say so: it must
    seem neither complete nor forgotten.

    Args:
        dialect: How to read them.
        items: What the reply holds.
        only: The id that was asked for, if it was a single one and the item need not repeat it.
        secrets: What the service was told; texts are freed of it, addresses stay as they work.
    """
    pick, terms = dialect.pick, dialect.terms
    tasks: list[RemoteTask] = []
    for item in items:
        if type(item) is not dict:
            continue
        said, status, kind, name, progress, reason, created, finished, expires = pick(item)
        number = task_id(only if said is None else said)
        if number is None:
            continue
        shown = item
        if secrets:
            shown = redacted(item, secrets)
            _, status, kind, name, *_ = pick(shown)
        files: tuple[RemoteFile, ...] = ()
        fault: str | None = None
        try:
            files = files_of(dialect, item, shown)
        except ValueError as error:
            fault = str(error)
        values = (status, kind, name, progress, reason, created, finished, expires)
        tasks.append(_task(terms, number, *values, files, fault, secrets))
    return tasks


def read_shaped(
    terms: Terms, body: bytes, items: Sequence[Any], secrets: tuple[str, ...]
) -> list[RemoteTask] | None:
    """Return the tasks of a reply of known shape, as `read_tasks` does of any.

    Args:
        terms: What the values mean.
        body: The reply.
        items: What it holds (see `ReplyShape.tasks`).
        secrets: What the service was told.

    Returns:
        None if a text repeats a secret: the careful reader takes it out.
    """
    # Then all ASCII in its texts is printable: JSON has no other way to write what is not.
    unescaped = b"\\" not in body and b"\x7f" not in body
    statuses, kinds, moments = terms.statuses, terms.kinds, terms.moments
    most = 100 if terms.progress_full == 100 else -1
    tasks: list[RemoteTask] = []
    told: list[str] = []
    usual = usual_files(terms, items, told) if unescaped and len(items) > 1 else None
    for item in items:
        files: tuple[RemoteFile, ...] = ()
        fault: str | None = None
        if not item.files:
            pass
        elif usual is not None:
            files = tuple(islice(usual, len(item.files)))
        else:
            try:
                files = shaped_files(terms, item.files, told, unescaped=unescaped)
            except ValueError as error:
                fault = str(error)
        # Most tasks need no more than this; each step that is left out here counts a hundred times a reply.
        state = statuses.get(item.status)
        kind = kinds.get(item.kind)
        name = item.name
        progress = item.progress
        if (
            state is None
            or kind is None
            or item.fail_reason
            or not name
            or not ((unescaped and name.isascii()) or name.isprintable())
            or type(progress) is not int
            or not 0 <= progress <= most
            or fault is not None
        ):
            tasks.append(_odd_task(terms, item, files, fault, told))
            continue
        told.append(name)
        draft: Any = _DraftTask()
        draft.task_id = item.task_id
        draft.state = state
        draft.status = item.status
        draft.kind = kind
        draft.name = name.strip()
        draft.progress = progress
        draft.fail_reason = None
        draft.created_at = moments[item.created_at]
        draft.finished_at = moments[item.finished_at]
        draft.expires_at = moments[item.expires_at]
        draft.files = files
        draft.__class__ = RemoteTask
        tasks.append(draft)
    return None if secrets and repeated(told, secrets) else tasks


def _odd_task(
    terms: Terms, item: Any, files: tuple[RemoteFile, ...], fault: str | None, told: list[str]
) -> RemoteTask:
    """Return a task of a reply of known shape, whatever is odd about it.

    Args:
        terms: What the values mean.
        item: What the reply holds of it (see `ReplyShape.tasks`).
        files: Its files.
        fault: What is wrong with these.
        told: Where texts of the service's go that are shown.
    """
    name, reason = item.name, item.fail_reason
    if name:
        told.append(name)
    if reason:
        told.append(reason)
    task = _task(
        terms,
        item.task_id,
        item.status,
        item.kind,
        name,
        item.progress,
        reason,
        item.created_at,
        item.finished_at,
        item.expires_at,
        files,
        fault,
    )
    if task.state is _UNKNOWN and item.status:
        told.append(item.status)
    return task


def _task(
    terms: Terms,
    number: int,
    status: Any,
    kind: Any,
    name: Any,
    progress: Any,
    reason: Any,
    created: Any,
    finished: Any,
    expires: Any,
    files: tuple[RemoteFile, ...],
    fault: str | None,
    secrets: tuple[str, ...] = (),
) -> RemoteTask:
    """Return a task of raw values, of files, and of what is wrong with these.

    This runs for each task of each poll: most values are told to be plain here, others by functions.
    """
    statuses, kinds, moments = terms.statuses, terms.kinds, terms.moments
    word = status if type(status) is str else ""
    state = statuses.get(word)
    if state is None:
        word = term(status)
        state = statuses.get(word, _UNKNOWN)
    if fault is not None and state is _SUCCEEDED:
        state, word = _UNKNOWN, f"{word} ({fault})"
    draft: Any = _DraftTask()
    draft.task_id = number
    draft.state = state
    draft.status = word
    made = kinds.get(kind) if type(kind) is str else None
    draft.kind = kinds.get(term(kind)) if made is None else made
    if type(name) is str and len(name) <= MAX_MESSAGE and name.isprintable():
        draft.name = name.strip()
    else:
        draft.name = text(name)
    if type(progress) is int and 0 <= progress <= terms.progress_full == 100:
        draft.progress = progress
    else:
        draft.progress = _progress(progress, terms.progress_full)
    draft.fail_reason = None if reason is None else sentence(reason, secrets) or None
    draft.created_at = moments[created] if type(created) is str else moments.read(created)
    if finished is None:
        draft.finished_at = None
    else:
        draft.finished_at = moments[finished] if type(finished) is str else moments.read(finished)
    if expires is None:
        draft.expires_at = None
    else:
        draft.expires_at = moments[expires] if type(expires) is str else moments.read(expires)
    draft.files = files
    draft.__class__ = RemoteTask
    task: RemoteTask = draft
    return task


def _progress(value: Any, full: float) -> int | None:
    if type(value) is int and 0 <= value <= full:  # as most are
        return int(value * 100 / full)
    if isinstance(value, str) and re.fullmatch(r"\s*[0-9]{1,9}(\.[0-9]{1,9})?\s*%?\s*", value):
        value = float(value.strip(" \t\r\n%"))
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return int(min(max(value, 0), full) * 100 / full)
