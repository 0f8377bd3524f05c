"""Create calls: a request to a call, a reply to a report. What it means is decided elsewhere."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from attrs import frozen

from avatar_async._jobs.remote import SubmissionReport
from avatar_async._wire.calls import JSON_HEADERS, Call, Reply, encode_json
from avatar_async._wire.endpoints import CREATE_PATHS
from avatar_async._wire.envelope import address, decode_envelope, task_id
from avatar_async._wire.moments import retry_after_s, service_at
from avatar_async.errors import ReplyError, RequestError

if TYPE_CHECKING:
    from avatar_async.requests import Request

_WORD = r"[A-Za-z_][\w-]*(?:(?:\.|\[[0-9]+\]\.?)[A-Za-z_][\w-]*)*(?:\[[0-9]+\])?"
_QUOTED = re.compile(rf"['\"`‘’“”「\[]({_WORD})['\"`‘’“”」\]]", re.ASCII)
_NAMES = re.compile(_WORD, re.ASCII)
_COMPOUND = re.compile(r"[a-z0-9][A-Z]|[a-z]_[a-z]|\.|\[")


@frozen(kw_only=True)
class CreateCall:
    """A create call and the names of the fields it sends.

    Attributes:
        call: What to send.
        fields: Every key of the body, `param` included.
    """

    call: Call
    fields: frozenset[str]


def encode_create(request: "Request", *, preview_case: Literal["snake", "camel"] = "snake") -> CreateCall:
    """Return the call that creates a task.

    Raises:
        RequestError: The request holds values that JSON cannot carry.
    """
    try:
        body = request.to_vendor(preview_case=preview_case)
        call = Call(path=CREATE_PATHS[request.kind], headers=JSON_HEADERS, body=encode_json(body))
        return CreateCall(call=call, fields=frozenset(_keys(body)))
    except (TypeError, ValueError, RecursionError) as error:
        raise RequestError(f"the request cannot be written as JSON: {error}") from error


def decode_create(
    reply: Reply, *, now: datetime, fields: frozenset[str] = frozenset(), token_generation: int = 0
) -> SubmissionReport:
    """Return what a create call's reply says, readable or not.

    Args:
        reply: What the service answered.
        now: Our clock.
        fields: Names of fields that were sent, to know one in a message.
        token_generation: Which token was used.
    """
    report: dict[str, Any] = {
        "sent": True,
        "http_status": reply.status,
        "retry_after_s": retry_after_s(reply.headers, now),
        "service_at": service_at(reply.headers),
        "token_generation": token_generation,
    }
    try:
        envelope = decode_envelope(reply)
    except ReplyError as error:
        return SubmissionReport(message=f"HTTP {reply.status}: {error}", **report)
    made, url, message = None, None, envelope.message
    if envelope.code == 0:
        made, url = _made(envelope.data)
        if made is None:
            message = "the reply says success, but holds no usable task id"
    return SubmissionReport(
        code=envelope.code,
        message=message,
        task_id=made,
        url=url,
        field=named_field(envelope.message, fields) if envelope.code else None,
        **report,
    )


def named_field(message: str, fields: frozenset[str] = frozenset()) -> str | None:
    """Return the field a refusal names: one in quotes, one spelt like a key, or one that was sent."""
    for match in _QUOTED.finditer(message):
        if _last(match[1]) in fields or _COMPOUND.search(match[1]):
            return match[1]
    names = [match[0] for match in _NAMES.finditer(message)]
    for name in names:
        if _COMPOUND.search(name) and (_last(name) in fields or "." not in name):
            return name
    return next((name for name in names if name in fields), None)


def _made(data: Any) -> tuple[int | None, str | None]:
    if isinstance(data, Mapping):
        return task_id(data.get("id")), address(data.get("url"))
    return task_id(data), None


def _last(name: str) -> str:
    return re.sub(r"\[[0-9]+\]", "", name).rpartition(".")[2]


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key)
            yield from _keys(_opened(inner) if key == "param" else inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _keys(inner)


def _opened(param: Any) -> Any:
    try:
        return json.loads(param) if isinstance(param, str) else param
    except (ValueError, RecursionError):
        return None
