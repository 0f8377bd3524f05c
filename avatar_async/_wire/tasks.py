"""The tasks of a query or list reply, read in the terms of a dialect."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from avatar_async._jobs.copies import draft_class
from avatar_async._jobs.remote import LARGEST_TASK_ID, RemoteFile, RemoteState, RemoteTask
from avatar_async._wire.dialect import FileShape, QueryDialect
from avatar_async._wire.envelope import MAX_MESSAGE, address, integer, sentence, task_id, text
from avatar_async._wire.jsonpath import JsonPath, find
from avatar_async._wire.moments import moment_reader
from avatar_async._wire.redaction import redacted

#: Most files of one task that are read.
MAX_FILES = 1000
_MAX_WORD = 100
_MD5 = re.compile(r"[0-9a-fA-F]{32}")
_SUCCEEDED, _UNKNOWN = RemoteState.SUCCEEDED, RemoteState.UNKNOWN
_ROLE_OF_SUFFIX = {
    **dict.fromkeys(("zip", "7z", "tar", "gz"), "model"),
    **dict.fromkeys(("jpg", "jpeg", "png", "webp", "bmp", "gif"), "image"),
    **dict.fromkeys(("mp4", "webm", "mov", "mkv"), "video"),
}


#: Tasks and files that can still be written to.
_DraftTask: Final = draft_class(RemoteTask)
_DraftFile: Final = draft_class(RemoteFile)


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
    pick, statuses, kinds, full = dialect.pick, dialect.statuses, dialect.kinds, dialect.progress_full
    moment, shape, urls = moment_reader(dialect.zone), dialect.files, dialect.urls
    at = None if shape is None or len(shape.at) != 1 else shape.at[0]
    tasks: list[RemoteTask] = []
    # This runs for each task of each poll: most values are told to be plain here, others by functions.
    for item in items:
        if type(item) is not dict:
            continue
        said, status, kind, name, progress, reason, created, finished, expires = pick(item)
        number = only if said is None else said
        if type(number) is not int or not 0 < number <= LARGEST_TASK_ID:
            number = task_id(number)
            if number is None:
                continue
        shown = item
        if secrets:
            shown = redacted(item, secrets)
            _, status, kind, name, *_ = pick(shown)
        word = status if type(status) is str else ""
        state = statuses.get(word)
        if state is None:
            word = _word(status)
            state = statuses.get(word, _UNKNOWN)
        listed = item.get(at) if at is not None else _listed(shape, item)
        files: tuple[RemoteFile, ...] = ()
        if urls or (listed is not None and listed != []):
            try:
                files = _files(dialect, item, shown)
            except ValueError as error:
                if state is _SUCCEEDED:
                    state, word = _UNKNOWN, f"{word} ({error})"
        draft: Any = _DraftTask()
        draft.task_id = number
        draft.state = state
        draft.status = word
        made = kinds.get(kind) if type(kind) is str else None
        draft.kind = kinds.get(_word(kind)) if made is None else made
        if type(name) is str and len(name) <= MAX_MESSAGE and name.isprintable():
            draft.name = name.strip()
        else:
            draft.name = text(name)
        if type(progress) is int and 0 <= progress <= full == 100:
            draft.progress = progress
        else:
            draft.progress = _progress(progress, full)
        draft.fail_reason = None if reason is None else sentence(reason, secrets) or None
        draft.created_at = None if created is None else moment(created)
        draft.finished_at = None if finished is None else moment(finished)
        draft.expires_at = None if expires is None else moment(expires)
        draft.files = files
        draft.__class__ = RemoteTask
        tasks.append(draft)
    return tasks


def _files(dialect: QueryDialect, item: dict[str, Any], shown: dict[str, Any]) -> tuple[RemoteFile, ...]:
    shape = dialect.files
    listed = _listed(shape, item)
    files: tuple[RemoteFile, ...] = ()
    if shape is not None and listed is not None and listed != []:
        words = listed if shown is item else find(shown, shape.at)
        files = _listed_files(shape, listed, words)
    return files + _single_files(dialect.urls, item) if dialect.urls else files


def _listed(shape: FileShape | None, item: dict[str, Any]) -> Any:
    return None if shape is None else find(item, shape.at)


def _listed_files(shape: FileShape, listed: Any, shown: Any) -> tuple[RemoteFile, ...]:
    if type(listed) is not list or len(listed) > MAX_FILES:
        raise ValueError("its files are no list")
    files: list[RemoteFile] = []
    pick, roles = shape.pick, shape.roles
    for entry, words in zip(listed, shown, strict=True):
        if type(entry) is not dict:
            raise ValueError("one of its files is no object")
        said, name, role, size, md5 = pick(entry)
        url = _address(said)
        if url is None:
            continue
        if words is not entry:
            _, name, role, *_ = pick(words)
        called = text(name) or _name_in(url)
        meant = roles.get(role) if type(role) is str else None
        draft: Any = _DraftFile()
        draft.role = meant = meant or roles.get(_word(role)) or _role_of(called, url)
        draft.name = called or meant
        draft.url = url
        length = size if type(size) is int and size <= LARGEST_TASK_ID else integer(size)
        draft.size_bytes = length if length is not None and length > 0 else None
        if type(md5) is not str or not _MD5.fullmatch(md5):
            md5 = text(md5)
        draft.md5 = md5.lower() if md5 is not None and _MD5.fullmatch(md5) else None
        draft.__class__ = RemoteFile
        files.append(draft)
    return tuple(files)


def _single_files(places: Mapping[str, JsonPath], item: dict[str, Any]) -> tuple[RemoteFile, ...]:
    urls = {role: _address(find(item, path)) for role, path in places.items()}
    return tuple(
        RemoteFile(role=role, name=_name_in(url) or role, url=url)
        for role, url in urls.items()
        if url is not None
    )


def _address(value: Any) -> str | None:
    if value is None or value == "":
        return None
    url = address(value)
    if url is None:
        raise ValueError("an address of its files cannot be read")
    return url


def _name_in(url: str) -> str:
    try:
        path = urlsplit(url).path
    except ValueError:
        return ""
    return text(unquote(path.rpartition("/")[2])) or ""


def _role_of(name: str, url: str) -> str:
    for word in (name, _name_in(url)):
        role = _ROLE_OF_SUFFIX.get(word.lower().rpartition(".")[2])
        if role is not None:
            return role
    return "model"


def _word(value: Any) -> str:
    """Return a word of the service, or number, as text; empty if it is none."""
    if isinstance(value, str):
        return text(value, _MAX_WORD) or ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)[:_MAX_WORD]
    return ""


def _progress(value: Any, full: float) -> int | None:
    if type(value) is int and 0 <= value <= full:  # as most are
        return int(value * 100 / full)
    if isinstance(value, str) and re.fullmatch(r"\s*[0-9]{1,9}(\.[0-9]{1,9})?\s*%?\s*", value):
        value = float(value.strip(" \t\r\n%"))
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return int(min(max(value, 0), full) * 100 / full)
