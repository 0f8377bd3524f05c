"""What may be fed to the wire decoders and what must hold of whatever they return."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from attrs import fields

from avatar_async._jobs.remote import QueryAnswer, RemoteFile, RemoteState, RemoteTask
from avatar_async._wire.callback import CallbackDialect, decode_callback
from avatar_async._wire.calls import Reply
from avatar_async._wire.creation import decode_create
from avatar_async._wire.dialect import FileShape, ListCall, QueryDialect
from avatar_async._wire.envelope import MAX_MESSAGE, address, decode_envelope
from avatar_async._wire.querying import decode_list, decode_query, encode_list, encode_query
from avatar_async._wire.taskfiles import MAX_FILES
from avatar_async._wire.tokens import decode_token
from avatar_async.errors import AvatarError, ConfigError
from avatar_async.requests import Kind
from avatar_async.requests.refs import ROLES
from avatar_async.settings import Settings
from tests.fuzz.feed import Feed, check_told

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET = "T0ken-That.Nobody_May/Repeat="
_FILE_FIELDS = ("at", "role", "name", "url", "size_bytes", "md5")
#: How much of an input chooses the dialect.
DIALECT_BYTES = 40
INT64 = range(-(1 << 63), 1 << 63)
_SETTINGS = {field.name for field in fields(Settings)}
_STATUSES = (200, 201, 204, 302, 400, 401, 403, 404, 408, 429, 500, 503)
_HEADERS: tuple[dict[str, str], ...] = (
    {},
    {"retry-after": "120", "date": "Sun, 01 Mar 2026 12:00:00 GMT"},
    {"retry-after": "9" * 40, "date": "Sun, 99 Mar 2026 12:00:00 GMT"},
    {"retry-after": "-3.5", "date": "Mon, 01 Jan 0001 00:00:00 +2359"},
    {"retry-after": "Fri, 31 Dec 9999 23:59:59 -2359", "date": "\u0663"},
)
#: Paths a random dialect may look at: real ones, wrong ones, and into lists.
_PATHS = (
    ("data",),
    ("data", "list"),
    (),
    ("data", "0"),
    ("a.b",),
    ("taskId",),
    ("files", "0", "url"),
    ("x",),
)
_FIELDS = (("status",), ("taskId",), ("name",), ("files",), ("a", "b"), (), ("0",), ("createTime",))


def reply_of(feed: Feed) -> Reply:
    """Return a reply: status and headers chosen, the rest its body."""
    status, headers = feed.pick(_STATUSES), feed.pick(_HEADERS)
    return Reply(status=status, headers=headers, body=feed.rest(), secrets=(SECRET,))


def check_text(text: str | None, *, limit: int = MAX_MESSAGE) -> None:
    """Check that a service's text can be shown, stored and passed on."""
    if text is None:
        return
    assert len(text) <= limit
    assert not any(char < " " or "\x7f" <= char <= "\x9f" or "\ud800" <= char <= "\udfff" for char in text)
    assert SECRET[:12] not in text
    text.encode()


def check_instant(at: datetime | None) -> None:
    """Check that an instant can be compared, stored and shifted by a week."""
    if at is not None:
        assert at.tzinfo is UTC
        assert at.isoformat()


def check_error(error: AvatarError) -> None:
    """Check that an error can be shown and passes nothing on."""
    said = f"{error} {error!r} {error.args}"
    assert len(str(error)) < 5000
    assert SECRET[:12] not in said
    str(error).encode()


def envelope(data: bytes) -> None:
    """Feed the envelope decoder."""
    try:
        found = decode_envelope(reply_of(Feed(data)))
    except AvatarError as error:
        check_error(error)
    else:
        assert found.code in INT64
        check_text(found.message)


def creation(data: bytes) -> None:
    """Feed the decoder of create calls, which never raises."""
    report = decode_create(reply_of(Feed(data)), now=NOW, fields=frozenset({"videoUrl", "param"}))
    assert report.sent
    assert report.code is None or report.code in INT64
    assert report.task_id is None or 0 < report.task_id < 1 << 63
    assert report.url is None or address(report.url) == report.url
    assert report.retry_after_s is None or 0 <= report.retry_after_s <= 600
    check_text(report.message, limit=MAX_MESSAGE + 100)
    check_instant(report.service_at)


def token(data: bytes) -> None:
    """Feed the decoder of token calls."""
    try:
        grant = decode_token(reply_of(Feed(data)), now=NOW)
    except AvatarError as error:
        check_error(error)
    else:
        for word in (grant.access_token, grant.refresh_token):
            assert word is None or (word.isascii() and word.isprintable() and 0 < len(word) <= 8192)
        for span_s in (grant.expires_in_s, grant.refresh_expires_in_s):
            assert span_s is None or NOW + timedelta(seconds=span_s) > NOW


def query(data: bytes) -> None:
    """Feed the decoder of query calls, under the default dialect or another."""
    dialect, feed = dialect_of(Feed(data[:DIALECT_BYTES])), Feed(data[DIALECT_BYTES:])
    asked = [1, 7, 9007199254740993][: feed.number(3) + 1]
    try:
        answer = decode_query(dialect, reply_of(feed), asked=asked, asked_at=NOW, now=NOW)
    except AvatarError as error:
        check_error(error)
    else:
        check_answer(answer)
        assert {task.task_id for task in answer.tasks} <= set(asked)
        assert len(answer.tasks) == len({task.task_id for task in answer.tasks})


def listing(data: bytes) -> None:
    """Feed the decoder of list calls, under the default dialect or another."""
    dialect, feed = dialect_of(Feed(data[:DIALECT_BYTES])), Feed(data[DIALECT_BYTES:])
    try:
        page = decode_list(dialect, reply_of(feed), asked_at=NOW, now=NOW)
    except AvatarError as error:
        check_error(error)
    else:
        check_answer(page.answer)


def check_answer(answer: QueryAnswer) -> None:
    """Check everything a query or list reply was read as."""
    check_instant(answer.service_at)
    for task in answer.tasks:
        check_task(task)


def check_task(task: RemoteTask) -> None:
    """Check a task."""
    assert 0 < task.task_id < 1 << 63
    assert isinstance(task.state, RemoteState)
    assert task.kind is None or isinstance(task.kind, Kind)
    assert task.progress is None or 0 <= task.progress <= 100
    assert len(task.files) <= MAX_FILES + len(ROLES)
    for text in (task.status, task.name, task.fail_reason):
        check_text(text, limit=700)
    for at in (task.created_at, task.finished_at, task.expires_at):
        check_instant(at)
    for file in task.files:
        _check_file(file)


def _check_file(file: RemoteFile) -> None:
    assert file.role in ROLES
    assert file.name
    assert address(file.url) == file.url
    assert file.size_bytes is None or 0 < file.size_bytes < 1 << 63
    assert file.md5 is None or len(file.md5) == 32
    check_text(file.name)


def dialect_of(feed: Feed) -> QueryDialect:
    """Return the default dialect, or one of chosen parts."""
    if feed.number(2) == 0:
        return QueryDialect()
    names = ("task_id", "kind", "name", "progress", "fail_reason", "created_at", "finished_at", "expires_at")
    chosen: dict[str, Any] = {name: feed.pick(_FIELDS) for name in names}
    placed: dict[str, Any] = {name: feed.pick(_FIELDS) for name in _FILE_FIELDS}
    shape = FileShape(**placed)
    return QueryDialect(
        **chosen,
        status=feed.pick(_FIELDS[:5]),
        tasks=feed.pick(_PATHS),
        envelope=feed.number(2) == 0,
        progress_full=feed.pick((100.0, 1.0, 1e-300, 999999999.0)),
        zone=timezone(timedelta(minutes=feed.number(2 * 1439) - 1439)),
        files=feed.pick((shape, FileShape(), None)),
        urls={role: feed.pick(_FIELDS) for role in ROLES[: feed.number(len(ROLES) + 1)]},
        list=ListCall(tasks=feed.pick(_PATHS), page_size=feed.number(5) + 1),
    )


def callback(data: bytes) -> None:
    """Feed the decoder of callbacks."""
    feed = Feed(data)
    dialect = CallbackDialect(task_id=feed.pick(_FIELDS), status=feed.pick(_FIELDS))
    try:
        said = decode_callback(feed.pick((CallbackDialect(), dialect)), feed.rest())
    except AvatarError as error:
        check_error(error)
    else:
        assert 0 < said.task_id < 1 << 63
        check_text(said.status.replace(SECRET[:12], ""))


def profile(data: bytes) -> None:
    """Feed the reader of profiles, and use the dialect it gives."""
    import tomllib

    try:
        raw = tomllib.loads(data.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return
    try:
        settings = Settings(**{key: value for key, value in raw.items() if key in _SETTINGS})
    except ConfigError as error:
        check_told(error)
    else:
        assert settings.endpoint.startswith(("http://", "https://"))
    described = raw.get("query_dialect", raw)
    if not isinstance(described, dict):
        return
    try:
        dialect = QueryDialect.from_mapping(described)
    except ConfigError as error:
        str(error).encode("utf-8", "replace")
        return
    for call in (encode_query(dialect, [7]), encode_list(dialect, "名") if dialect.list else None):
        if call is not None:
            assert call.path.startswith("/")
            assert call.path.isascii()
            assert not call.body or isinstance(json.loads(call.body), dict)
