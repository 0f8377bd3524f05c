"""The first lines of plain answers, read strictly: whatever is not plain is left to aiohttp."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from attrs import frozen

#: Longest head that is plain, in bytes.
MOST_HEAD_BYTES: Final = 16 << 10
#: Longest head whose lines are remembered: a host repeats most of them in each answer.
_MOST_KEPT_BYTES: Final = 1 << 10
_TEXT = rb"[\t\x20-\x7e\x80-\xff]*"
_STATUS = re.compile(rb"HTTP/1\.1 ([2-5][0-9]{2})(?: " + _TEXT + rb")?")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*(" + _TEXT + rb")")
_LENGTH = re.compile(r"[0-9]{1,18}", re.ASCII)
#: Statuses whose answers have no body, whatever they say of its length.
_BODILESS: Final = frozenset({204, 304})
#: Headers that change how a body is framed; with them it is not plain.
_SPECIAL: Final = frozenset({"transfer-encoding", "content-range", "trailer"})
#: Headers that must have one meaning.
_SINGLE: Final = frozenset({"content-length", "etag", "location", "retry-after"})
#: Headers whose words may come in several lines.
_LISTS: Final = frozenset({"connection", "content-encoding"})


@frozen(kw_only=True)
class Head:
    """What an answer says before its body.

    Attributes:
        status: HTTP status.
        headers: By name in small letters; of those that come often, the first.
        length: Bytes of the body; None if it is not plain how long that is, which no success is without.
        coded: Whether the body is coded, with gzip for example.
        kept: Whether the connection can carry another request after it.
    """

    status: int
    headers: Mapping[str, str]
    length: int | None
    coded: bool = False
    kept: bool


def read_head(lines: bytes) -> Head | None:
    """Return what a head says (RFC 9112, sections 4 to 6); None if it is not plain.

    Plain is an HTTP/1.1 answer that can be read in one way only: nothing that matters is said twice, and a
    success has a body of one length. What another answer says counts even if its body has no such length.

    Args:
        lines: Everything up to the empty line, each line with its end.
    """
    return _remembered(lines) if len(lines) <= _MOST_KEPT_BYTES else _read(lines, _status, _field)


def _read(
    lines: bytes,
    read_status: Callable[[bytes], int | None],
    read_field: Callable[[bytes], tuple[str, str] | None],
) -> Head | None:
    first, *rest = lines.split(b"\r\n")
    status = read_status(first)
    if status is None or not rest or rest.pop():
        return None
    headers: dict[str, str] = {}
    for line in rest:
        read = read_field(line)
        if read is None:
            return None
        name, value = read
        if name not in headers:
            headers[name] = value
        elif name in _SINGLE:
            return None
        elif name in _LISTS:
            headers[name] += f",{value}"
    told = headers.get("content-length", "")
    length = int(told) if _LENGTH.fullmatch(told) and _SPECIAL.isdisjoint(headers) else None
    if status == 200 and length is None:
        return None
    return Head(
        status=status,
        headers=MappingProxyType(headers),
        length=None if status in _BODILESS else length,
        coded="content-encoding" in headers and not _words(headers, "content-encoding") <= {"", "identity"},
        kept="connection" not in headers or "close" not in _words(headers, "connection"),
    )


def _status(line: bytes) -> int | None:
    match = _STATUS.fullmatch(line)
    return None if match is None else int(match[1])


def _field(line: bytes) -> tuple[str, str] | None:
    """Return the name, in small letters, and the value of a header; None if it is none."""
    match = _FIELD.fullmatch(line)
    return match and (match[1].decode().lower(), match[2].decode("latin-1").strip(" \t"))


_kept_status = lru_cache(maxsize=16)(_status)
_kept_field = lru_cache(maxsize=256)(_field)


@lru_cache(maxsize=64)
def _remembered(lines: bytes) -> Head | None:
    return _read(lines, _kept_status, _kept_field)


def _words(headers: Mapping[str, str], name: str) -> set[str]:
    return {word.strip() for word in headers.get(name, "").lower().split(",")}
