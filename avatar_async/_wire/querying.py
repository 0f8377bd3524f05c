"""Query and list calls in the terms of a dialect: ids to a call, a reply to tasks."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import msgspec
from attrs import frozen

from avatar_async._jobs.remote import QueryAnswer, RemoteTask
from avatar_async._jobs.verdicts import SubmissionCodes
from avatar_async._wire.calls import JSON_HEADERS, Call, Reply, encode_json
from avatar_async._wire.dialect import ListCall, QueryDialect
from avatar_async._wire.envelope import MAX_BODY_BYTES, decode_json, integer
from avatar_async._wire.jsonpath import JsonPath, find
from avatar_async._wire.moments import service_at
from avatar_async._wire.redaction import repeats
from avatar_async._wire.refusals import check_status, open_body
from avatar_async._wire.tasks import read_shaped, read_tasks
from avatar_async.errors import ConfigError, ReplyError

_ACCEPT = {"Accept": "application/json"}
_NO_CODES = SubmissionCodes()
_ENCODER = msgspec.json.Encoder()


@frozen(kw_only=True)
class TaskPage:
    """One page of a list.

    Attributes:
        answer: Its tasks, those that can be read.
        count: How many it holds, those that cannot be read included.
        total: How many the whole list holds, if the service tells.
    """

    answer: QueryAnswer
    count: int
    total: int | None = None


def encode_query(dialect: QueryDialect, task_ids: Sequence[int]) -> Call:
    """Return the call that asks for tasks.

    Raises:
        ValueError: There are no ids, or more than the dialect's batch.
    """
    if not 0 < len(task_ids) <= dialect.batch:
        raise ValueError(f"{len(task_ids)} ids, one call takes 1 to {dialect.batch}")
    path = dialect.path
    if (begun := dialect.plain_body) is not None:
        ids = b"[%d]" % task_ids[0] if len(task_ids) == 1 else _ENCODER.encode([*task_ids])
        body = b"%b%b}" % (begun, ids)
        return Call(method=dialect.method, path=path, headers=JSON_HEADERS, body=body)
    values: dict[str, Any] = dict(dialect.extra)
    if dialect.id_in == "path":
        path = path.replace("{id}", str(task_ids[0]))
    elif dialect.id_in == "query":
        values[dialect.id_name] = ",".join(str(number) for number in task_ids)
    else:
        told = [number if dialect.id_type == "number" else str(number) for number in task_ids]
        values[dialect.id_name] = told if dialect.batch > 1 else told[0]
    in_body = dialect.id_in == "json" or (dialect.method == "POST" and dialect.id_in == "path")
    return _call(dialect.method, path, values, in_body=in_body)


def encode_list(dialect: QueryDialect, name: str, *, page: int = 1) -> Call:
    """Return the call that lists the tasks of a material or video name.

    Raises:
        ConfigError: The dialect has no list call.
    """
    listing = _listing(dialect)
    values = {**listing.extra, listing.name_name: name}
    if listing.page_name:
        values[listing.page_name] = page
    if listing.size_name:
        values[listing.size_name] = listing.page_size
    return _call(listing.method, listing.path, values, in_body=listing.send_in == "json")


def decode_query(
    dialect: QueryDialect,
    reply: Reply,
    *,
    asked: Sequence[int],
    asked_at: datetime,
    now: datetime,
    codes: SubmissionCodes = _NO_CODES,
) -> QueryAnswer:
    """Return the tasks a reply holds; one that cannot be read is left out.

    Args:
        dialect: How to read it.
        reply: What the service answered.
        asked: The ids that were asked for; a single one need not be repeated in the reply.
        asked_at: Our clock before the call left.
        now: Our clock.
        codes: What the profile says of envelope codes.

    Raises:
        ServiceError: The service refused (see `open_envelope`).
        ReplyError: The answer cannot be read.
    """
    tasks = _shaped_tasks(dialect, reply, codes)
    if tasks is None:
        only = asked[0] if dialect.batch == 1 and asked else None
        top = _top(dialect, reply, now=now, codes=codes, what="query call")
        items = _items_at(top, dialect.tasks, what="query call")
        tasks = read_tasks(dialect, items, only=only, secrets=_repeated_secrets(reply))
        if dialect.shape is not None and items:
            dialect.shape.learn(top)
    wanted, told = {*asked}, {task.task_id for task in tasks}
    if len(told) < len(tasks) or not told <= wanted:
        first: dict[int, RemoteTask] = {}
        for task in tasks:
            if task.task_id in wanted:
                first.setdefault(task.task_id, task)
        tasks = [*first.values()]
    return QueryAnswer(tasks=tuple(tasks), asked_at=asked_at, service_at=service_at(reply.headers))


def decode_list(
    dialect: QueryDialect,
    reply: Reply,
    *,
    asked_at: datetime,
    now: datetime,
    codes: SubmissionCodes = _NO_CODES,
) -> TaskPage:
    """Return a page of the list; a task that cannot be read is counted only.

    Raises:
        ConfigError: The dialect has no list call.
        ServiceError: The service refused.
        ReplyError: The answer cannot be read.
    """
    listing = _listing(dialect)
    top = _top(dialect, reply, now=now, codes=codes, what="list call")
    items = _items_at(top, listing.tasks, what="list call")
    tasks = read_tasks(dialect, items, secrets=_repeated_secrets(reply))
    answer = QueryAnswer(tasks=tuple(tasks), asked_at=asked_at, service_at=service_at(reply.headers))
    total = None if listing.total is None else integer(find(top, listing.total))
    return TaskPage(answer=answer, count=len(items), total=total if total is None or total >= 0 else None)


def _shaped_tasks(dialect: QueryDialect, reply: Reply, codes: SubmissionCodes) -> list[RemoteTask] | None:
    """Return the tasks of a success that is written like those before; None if it may not be."""
    shape = dialect.shape
    if shape is None or not 200 <= reply.status < 300 or len(reply.body) > MAX_BODY_BYTES:
        return None
    if dialect.envelope and (0 in codes.busy or 0 in codes.token_expired):
        return None
    items = shape.tasks(reply.body)
    return None if items is None else read_shaped(dialect.terms, reply.body, items, reply.secrets)


def _repeated_secrets(reply: Reply) -> tuple[str, ...]:
    """Return what the service was told, if it may have repeated any of it."""
    return reply.secrets if repeats(reply.body, reply.secrets) else ()


def _listing(dialect: QueryDialect) -> ListCall:
    if dialect.list is None:
        raise ConfigError("the query dialect has no list call: write [query_dialect.list] into the profile")
    return dialect.list


def _call(method: str, path: str, values: Mapping[str, Any], *, in_body: bool) -> Call:
    if in_body:
        return Call(method=method, path=path, headers=JSON_HEADERS, body=encode_json(values))
    query = urlencode(values, safe=",")
    if query:
        path = f"{path}{'&' if '?' in path else '?'}{query}"
    return Call(method=method, path=path, headers=_ACCEPT)


def _top(dialect: QueryDialect, reply: Reply, *, now: datetime, codes: SubmissionCodes, what: str) -> Any:
    if dialect.envelope:
        return open_body(reply, what=what, now=now, codes=codes)
    check_status(reply, what=what, now=now)
    return decode_json(reply.body)


def _items_at(top: Any, path: JsonPath, *, what: str) -> list[Any]:
    value = find(top, path)
    if value is None:
        return []
    if not isinstance(value, (list, dict)):
        raise ReplyError(f"{what}: the reply has no tasks where the dialect says")
    return value if isinstance(value, list) else [value]
