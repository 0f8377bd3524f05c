"""One task of a query or list reply, read in the terms of a dialect."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from avatar_async._jobs.remote import RemoteFile, RemoteState, RemoteTask
from avatar_async._wire.dialect import FileShape, QueryDialect
from avatar_async._wire.envelope import address, integer, sentence, task_id, text
from avatar_async._wire.jsonpath import JsonPath, find
from avatar_async._wire.moments import moment
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


class _Draft:
    """A task that can still be written to: its slots are the same, so it may become a `RemoteTask`."""

    __slots__ = RemoteTask.__slots__  # type: ignore[attr-defined]


def read_task(
    dialect: QueryDialect, item: Any, *, only: int | None = None, secrets: tuple[str, ...] = ()
) -> RemoteTask | None:
    """Return the task an item describes; None if it cannot be read.

    Files that cannot be read make the status of a finished task unknown, with words that say so: it must
    seem neither complete nor forgotten.

    Args:
        dialect: How to read it.
        item: What the reply holds.
        only: The id that was asked for, if it was a single one and the item need not repeat it.
        secrets: What the service was told; its texts are freed of it, addresses stay as they work.
    """
    if not isinstance(item, dict):
        return None
    said, status, kind, name, progress, reason, created, finished, expires = _values(dialect, item)
    number = only if said is None else task_id(said)
    if number is None:
        return None
    shown = item
    if secrets:
        shown = redacted(item, secrets)
        _, status, kind, name, *_ = _values(dialect, shown)
    word = _word(status) or ""
    state = dialect.statuses.get(word, _UNKNOWN)
    files: tuple[RemoteFile, ...] = ()
    try:
        if dialect.files is not None:
            files = _listed_files(dialect.files, item, shown)
        if dialect.urls:
            files += _single_files(dialect.urls, item)
    except ValueError as error:
        files = ()
        if state is _SUCCEEDED:
            state, word = _UNKNOWN, f"{word} ({error})"
    zone = dialect.zone
    draft: Any = _Draft()
    draft.task_id = number
    draft.state = state
    draft.status = word
    draft.kind = dialect.kinds.get("" if kind is None else _word(kind) or "")
    draft.name = None if name is None else text(name)
    draft.progress = None if progress is None else _progress(progress, dialect.progress_full)
    draft.fail_reason = None if reason is None else sentence(reason, secrets) or None
    draft.created_at = None if created is None else moment(created, zone)
    draft.finished_at = None if finished is None else moment(finished, zone)
    draft.expires_at = None if expires is None else moment(expires, zone)
    draft.files = files
    draft.__class__ = RemoteTask
    task: RemoteTask = draft
    return task


def _values(dialect: QueryDialect, item: dict[str, Any]) -> list[Any]:
    """Return a task's values, in the order of `QueryDialect.value_paths`; None for what is not there."""
    keys = dialect.value_keys
    if keys is not None:
        return list(map(item.get, keys))
    return [find(item, path) if path else None for path in dialect.value_paths]


def _listed_files(shape: FileShape, item: Any, shown: Any) -> tuple[RemoteFile, ...]:
    listed = find(item, shape.at)
    if listed is None or listed == []:
        return ()
    if not isinstance(listed, list) or len(listed) > MAX_FILES:
        raise ValueError("its files are no list")
    if not listed:
        return ()
    if not all(isinstance(entry, dict) for entry in listed):
        raise ValueError("one of its files is no object")
    files = (_file(shape, *entry) for entry in zip(listed, find(shown, shape.at), strict=True))
    return tuple(file for file in files if file is not None)


def _file(shape: FileShape, entry: dict[str, Any], words: dict[str, Any]) -> RemoteFile | None:
    url = _address(find(entry, shape.url))
    if url is None:
        return None
    name = text(find(words, shape.name)) or _name_in(url)
    role = shape.roles.get(_word(find(words, shape.role)) or "") or _role_of(name, url)
    size = integer(find(entry, shape.size_bytes))
    md5 = text(find(entry, shape.md5)) or ""
    return RemoteFile(
        role=role,
        name=name or role,
        url=url,
        size_bytes=size if size is not None and size > 0 else None,
        md5=md5.lower() if _MD5.fullmatch(md5) else None,
    )


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


def _word(value: Any) -> str | None:
    if isinstance(value, str):
        if len(value) <= _MAX_WORD and value.isprintable():  # as most are
            return value.strip()
        return text(value, _MAX_WORD)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)[:_MAX_WORD]
    return None


def _progress(value: Any, full: float) -> int | None:
    if type(value) is int and 0 <= value <= full:  # as most are
        return int(value * 100 / full)
    if isinstance(value, str) and re.fullmatch(r"\s*[0-9]{1,9}(\.[0-9]{1,9})?\s*%?\s*", value):
        value = float(value.strip(" \t\r\n%"))
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return int(min(max(value, 0), full) * 100 / full)
