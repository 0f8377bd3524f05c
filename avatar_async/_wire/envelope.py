"""Reading replies: bounded JSON, the envelope around every answer, and the values inside it."""

import json
import math
import re
from codecs import BOM_UTF8
from typing import Any
from urllib.parse import urlsplit

from attrs import field, frozen

from avatar_async._jobs.remote import LARGEST_TASK_ID
from avatar_async._wire.calls import Reply
from avatar_async._wire.plain import UNUSUAL, plain_value
from avatar_async._wire.redaction import redacted
from avatar_async.errors import ReplyError
from avatar_async.requests.addresses import LONGEST_URL, public_text

#: Longest body that is read, in bytes.
MAX_BODY_BYTES = 1 << 20
#: Deepest nesting that is read.
MAX_DEPTH = 64
#: Longest message that is kept, in characters.
MAX_MESSAGE = 500
#: Longest word that a status or kind can be, in characters.
MAX_WORD = 100
_MAX_DIGITS = 40
_JSON_SPACE = " \t\n\r"
_PLAIN_ORIGIN = re.compile(r"https?://[A-Za-z0-9][A-Za-z0-9.-]*(?::[1-9][0-9]{0,3})?/")
_WRITTEN_INTEGER = re.compile(r"\s*-?[0-9]{1,19}\s*")
_UNREADABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


@frozen(kw_only=True)
class Envelope:
    """What stands around every answer of the service.

    Attributes:
        code: 0 for success.
        message: The service's words, cut and freed of control characters and of secrets it was told.
        data: The answer itself.
        body: The whole decoded object.
    """

    code: int
    message: str
    data: Any = field(repr=False)
    body: dict[str, Any] = field(repr=False)


def decode_json(body: bytes) -> Any:
    """Return the value of a JSON body.

    Raises:
        ReplyError: It is too long, too deep, not UTF-8, not JSON, or contradicts itself.
    """
    if len(body) > MAX_BODY_BYTES:
        raise ReplyError(f"the reply is longer than {MAX_BODY_BYTES} bytes")
    value = plain_value(body)
    return _careful_value(body) if value is UNUSUAL else value


def _careful_value(body: bytes) -> Any:
    end, text = -1, ""
    try:
        text = body.removeprefix(BOM_UTF8).decode().strip(_JSON_SPACE)
        value, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        pass
    if end != len(text):
        # Raised here, it has no cause: the parser's own error holds the body, and a token with it.
        raise ReplyError(f"the reply is not JSON ({len(body)} bytes)")
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH and _too_deep(value):
        raise ReplyError(f"the reply is nested deeper than {MAX_DEPTH} levels")
    return value


def decode_envelope(reply: Reply) -> Envelope:
    """Return the envelope a reply holds, whatever its code.

    Raises:
        ReplyError: The body is no envelope.
    """
    body = decode_json(reply.body)
    code = integer(body.get("code")) if isinstance(body, dict) else None
    if code is None:
        raise ReplyError(f"the reply has no envelope (HTTP {reply.status})")
    message = sentence(body.get("message"), reply.secrets) or sentence(body.get("msg"), reply.secrets) or ""
    return Envelope(code=code, message=message, data=body.get("data"), body=body)


def integer(value: Any) -> int | None:
    """Return a JSON number or numeric text as an int64; None if it is neither. `true` is no number."""
    if type(value) is not int:
        if not isinstance(value, str) or not _WRITTEN_INTEGER.fullmatch(value):
            return None
        value = int(value)
    return value if -LARGEST_TASK_ID - 1 <= value <= LARGEST_TASK_ID else None


def task_id(value: Any) -> int | None:
    """Return a usable task id: a positive int64, as a number or text."""
    if type(value) is int and 0 < value <= LARGEST_TASK_ID:  # as most are
        return value
    number = integer(value)
    return number if number is not None and number > 0 else None


def text(value: Any, limit: int = MAX_MESSAGE) -> str | None:
    """Return a JSON text fit to be shown and stored, cut at `limit` characters; None if it is none."""
    if not isinstance(value, str):
        return None
    if len(value) <= limit and value.isprintable():  # as most are
        return value.strip()
    return _UNREADABLE.sub(" ", value[: limit * 2]).strip()[:limit]


def term(value: Any) -> str:
    """Return a word of the service, or number, as text; empty if it is none."""
    if isinstance(value, str):
        return text(value, MAX_WORD) or ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)[:MAX_WORD]
    return ""


def sentence(value: Any, secrets: tuple[str, ...] = ()) -> str | None:
    """Return what a service says to people, as `text`, free of secrets and of the queries of addresses.

    Args:
        value: A JSON value.
        secrets: What the service was told and may repeat.
    """
    if not isinstance(value, str):
        return None
    words = redacted(value[: MAX_MESSAGE * 4], secrets)
    return text(public_text(words) if "://" in words or "?" in words else words)


def address(value: Any) -> str | None:
    """Return an http(s) address; None if the value is none."""
    if not isinstance(value, str) or len(value) > LONGEST_URL:
        return None
    if plain_origin(value) and " " not in value and value.isascii() and value.isprintable():
        return value
    if _unreadable(value):
        return None
    try:
        parts = urlsplit(value)
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return value if usable and re.match(r"https?://[^/?#]", value, re.IGNORECASE) else None


def plain_origin(url: str) -> str | None:
    """Return how most addresses begin, up to the slash after the host; None if this one begins otherwise.

    If it holds nothing but printable ASCII beside and no blank, it is an http(s) address.
    """
    match = _PLAIN_ORIGIN.match(url)
    return match and match[0]


def _unreadable(text: str) -> bool:
    return not text.isprintable() and _UNREADABLE.search(text) is not None


def _integer(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise ValueError("a number has too many digits")
    return int(digits)


def _float(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; one that says two things under one key says nothing."""
    found = dict(pairs)
    if len(found) < len(pairs) and any(found[key] != value for key, value in pairs):
        raise ValueError("a key is given twice, with different values")
    return found


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(
    parse_int=_integer, parse_float=_float, parse_constant=_constant, object_pairs_hook=_unambiguous
)


def _too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        inner: list[Any] = []
        for outer in level:
            if type(outer) is dict:
                inner += outer.values()
            elif type(outer) is list:
                inner += outer
        level = inner
    return any(type(inmost) in (dict, list) for inmost in level)
