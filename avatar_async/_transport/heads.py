"""The first lines of plain answers, read strictly: whatever is not plain is left to aiohttp."""

import re
from collections.abc import Mapping
from typing import Final

from attrs import frozen

#: Longest head that is plain, in bytes.
MOST_HEAD_BYTES: Final = 16 << 10
_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_TEXT = rb"[\t\x20-\x7e\x80-\xff]*"
_HEAD = re.compile(
    rb"HTTP/1\.1 ([2-5][0-9]{2})(?: " + _TEXT + rb")?\r\n((?:" + _TOKEN + rb":" + _TEXT + rb"\r\n)*)"
)
_LENGTH = re.compile(r"[0-9]{1,18}", re.ASCII)
#: Headers that change how a body is framed; with them it is not plain.
_SPECIAL: Final = frozenset({"transfer-encoding", "content-range", "trailer"})
#: Headers that must have one meaning.
_SINGLE: Final = frozenset({"content-length", "etag", "location", "retry-after"})
#: Headers whose words may come in several lines.
_LISTS: Final = frozenset({"connection", "content-encoding"})


@frozen(kw_only=True)
class Head:
    """What a plain answer says before its body.

    Attributes:
        status: HTTP status.
        headers: By name in small letters; of those that may come often, the last.
        length: Bytes of the body; none are read of an answer that is no success.
        coded: Whether the body is coded, with gzip for example.
        kept: Whether the connection can carry another request after it.
    """

    status: int
    headers: Mapping[str, str]
    length: int
    coded: bool = False
    kept: bool


def read_head(lines: bytes) -> Head | None:
    """Return what a head says (RFC 9112, sections 4 to 6); None if it is not plain.

    Plain is an HTTP/1.1 answer that can be read in one way only: a success has a body of one length, and
    nothing that matters is said twice.

    Args:
        lines: Everything up to the empty line, each line with its end.
    """
    match = _HEAD.fullmatch(lines)
    if match is None:
        return None
    headers: dict[str, str] = {}
    for line in match[2].decode("latin-1").split("\r\n")[:-1]:
        name, _, value = line.partition(":")
        name = name.lower()
        if name in _SINGLE and name in headers:
            return None
        value = value.strip(" \t")
        headers[name] = f"{headers[name]},{value}" if name in _LISTS and name in headers else value
    status = int(match[1])
    if status != 200:
        return Head(status=status, headers=headers, length=0, kept=False)
    length = headers.get("content-length", "")
    if not _SPECIAL.isdisjoint(headers) or _LENGTH.fullmatch(length) is None:
        return None
    return Head(
        status=status,
        headers=headers,
        length=int(length),
        coded=not _words(headers, "content-encoding") <= {"", "identity"},
        kept="close" not in _words(headers, "connection"),
    )


def _words(headers: Mapping[str, str], name: str) -> set[str]:
    return {word.strip() for word in headers.get(name, "").lower().split(",")}
