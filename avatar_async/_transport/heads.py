"""The first lines of plain answers, read strictly: whatever is not plain is left to aiohttp."""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from attrs import frozen

#: Longest head that is plain, in bytes.
MOST_HEAD_BYTES: Final = 16 << 10
#: Longest head that is remembered: a host repeats itself within a second, whose `Date` is the same.
_MOST_KEPT_BYTES: Final = 1 << 10
_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_TEXT = rb"[\t\x20-\x7e\x80-\xff]*"
_HEAD = re.compile(
    rb"HTTP/1\.1 ([2-5][0-9]{2})(?: " + _TEXT + rb")?\r\n((?:" + _TOKEN + rb":" + _TEXT + rb"\r\n)*)"
)
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
    return _remembered(lines) if len(lines) <= _MOST_KEPT_BYTES else _read(lines)


def _read(lines: bytes) -> Head | None:
    match = _HEAD.fullmatch(lines)
    if match is None:
        return None
    headers: dict[str, str] = {}
    for line in match[2].decode("latin-1").split("\r\n")[:-1]:
        name, _, value = line.partition(":")
        name, value = name.lower(), value.strip(" \t")
        if name not in headers:
            headers[name] = value
        elif name in _SINGLE:
            return None
        elif name in _LISTS:
            headers[name] += f",{value}"
    status, told = int(match[1]), headers.get("content-length", "")
    length = int(told) if _LENGTH.fullmatch(told) and _SPECIAL.isdisjoint(headers) else None
    if status == 200 and length is None:
        return None
    return Head(
        status=status,
        headers=MappingProxyType(headers),
        length=None if status in _BODILESS else length,
        coded=not _words(headers, "content-encoding") <= {"", "identity"},
        kept="close" not in _words(headers, "connection"),
    )


_remembered = lru_cache(maxsize=64)(_read)


def _words(headers: Mapping[str, str], name: str) -> set[str]:
    return {word.strip() for word in headers.get(name, "").lower().split(",")}
