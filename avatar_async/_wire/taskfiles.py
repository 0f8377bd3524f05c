"""The files of a task in a query or list reply, read in the terms of a dialect."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from avatar_async._jobs.drafts import draft_class
from avatar_async._jobs.remote import LARGEST_TASK_ID, RemoteFile
from avatar_async._wire.dialect import FileShape, QueryDialect
from avatar_async._wire.envelope import address, integer, plain_origin, term, text
from avatar_async._wire.jsonpath import JsonPath, find
from avatar_async._wire.terms import Terms
from avatar_async.requests.addresses import LONGEST_URL

#: Most files of one task that are read.
MAX_FILES = 1000
_MD5 = re.compile(r"[0-9a-fA-F]{32}")
_ROLE_OF_SUFFIX = {
    **dict.fromkeys(("zip", "7z", "tar", "gz"), "model"),
    **dict.fromkeys(("jpg", "jpeg", "png", "webp", "bmp", "gif"), "image"),
    **dict.fromkeys(("mp4", "webm", "mov", "mkv"), "video"),
}

#: A file that can still be written to.
_DraftFile: Final = draft_class(RemoteFile)


def files_of(dialect: QueryDialect, item: dict[str, Any], shown: dict[str, Any]) -> tuple[RemoteFile, ...]:
    """Return the files of a task.

    Args:
        dialect: How to read it.
        item: The task; addresses are taken from it.
        shown: The same, its texts free of secrets.

    Raises:
        ValueError: They cannot be read.
    """
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
    for entry, words in zip(listed, shown, strict=True):
        if type(entry) is not dict:
            raise ValueError("one of its files is no object")
        url, name, role, size, md5 = shape.pick(entry)
        if words is not entry:
            _, name, role, *_ = shape.pick(words)
        if (file := _file(shape.roles, url, name, role, size, md5)) is not None:
            files.append(file)
    return tuple(files)


def shaped_files(
    terms: Terms, listed: Sequence[Any], told: list[str], *, unescaped: bool
) -> tuple[RemoteFile, ...]:
    """Return the files of a task in a reply of known shape, as `files_of` does.

    Args:
        terms: What the values mean.
        listed: What the task holds (see `ReplyShape.tasks`).
        told: Where texts of the service's go that are shown.
        unescaped: Whether all ASCII in the reply's texts is printable.

    Raises:
        ValueError: They cannot be read.
    """
    if len(listed) > MAX_FILES:
        raise ValueError("its files are no list")
    roles = terms.roles
    files: list[RemoteFile] = []
    for entry in listed:
        url, name, role, size, md5 = entry.url, entry.name, entry.role, entry.size_bytes, entry.md5
        if name:
            told.append(name)
        plain = type(url) is str and len(url) <= LONGEST_URL and url.startswith(terms.origins)
        plain = plain and unescaped and url.isascii() and " " not in url
        called = name.strip() if plain and type(name) is str and name.isprintable() else ""
        meant = roles.get(role) if type(role) is str else None
        if called and meant and type(size) is int and size > 0:
            draft: Any = _DraftFile()
            draft.role = meant
            draft.name = called
            draft.url = url
            draft.size_bytes = size
            draft.md5 = _digest(md5)
            draft.__class__ = RemoteFile
            files.append(draft)
            continue
        file = _file(roles, url or None, name, role, size, md5)
        if file is not None:
            files.append(file)
            origin = None if plain else plain_origin(file.url)
            if origin is not None:
                terms.remember(origin)
    return tuple(files)


def _file(roles: Mapping[str, str], url: Any, name: Any, role: Any, size: Any, md5: Any) -> RemoteFile | None:
    """Return a file of raw values; None if it has no address.

    Raises:
        ValueError: Its address cannot be read.
    """
    read = _address(url)
    if read is None:
        return None
    called = text(name) or _name_in(read)
    draft: Any = _DraftFile()
    meant = roles.get(role) if type(role) is str else None
    draft.role = meant = meant or roles.get(term(role)) or _role_of(called, read)
    draft.name = called or meant
    draft.url = read
    length = size if type(size) is int and size <= LARGEST_TASK_ID else integer(size)
    draft.size_bytes = length if length is not None and length > 0 else None
    draft.md5 = _digest(md5)
    draft.__class__ = RemoteFile
    file: RemoteFile = draft
    return file


def _digest(value: Any) -> str | None:
    """Return an MD5 in small letters; None if it is none."""
    try:
        if len(value) == 32 and len(bytes.fromhex(value)) == 16:  # as most are: there is no room for blanks
            small: str = value.lower()
            return small
    except (TypeError, ValueError):
        pass
    md5 = text(value)
    return md5.lower() if md5 is not None and _MD5.fullmatch(md5) else None


def _single_files(places: Mapping[str, JsonPath], item: dict[str, Any]) -> tuple[RemoteFile, ...]:
    urls = {role: _address(find(item, path)) for role, path in places.items()}
    return tuple(
        RemoteFile(role=role, name=_name_in(url) or role, url=url)
        for role, url in urls.items()
        if url is not None
    )


def _address(value: Any) -> str | None:
    """Return the address of a file; None if it has none.

    Raises:
        ValueError: It cannot be read.
    """
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
