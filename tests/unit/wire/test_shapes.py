"""Replies written like those before: read at once, and as the careful reader would."""

import base64
import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from avatar_async._jobs.remote import RemoteState
from avatar_async._wire.calls import Reply
from avatar_async._wire.dialect import FileShape, QueryDialect
from avatar_async._wire.querying import decode_query
from avatar_async.errors import AvatarError

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SECRET = "T0ken-That.Nobody_May/Repeat="
IDS = (81, 82, 83)
FILE = {
    "type": "model",
    "name": "m.zip",
    "url": "https://cdn.example/m.zip?sig=1",
    "size": 10,
    "md5": "9F" * 16,
}
TASK = {
    "taskId": 81,
    "taskType": "training",
    "materialName": "anchor",
    "status": "SUCCESS",
    "progress": 100,
    "failReason": None,
    "createTime": "2026-02-20T08:00:00+08:00",
    "finishTime": "2026-02-20T12:00:00",
    "expireTime": "2026-02-27T12:00:00",
    "files": [FILE, {**FILE, "type": "thumbnail", "name": "t.png"}],
    "owner": {"name": "x", "tags": [1, None]},
}
RUNNING = {**TASK, "taskId": 82, "status": "RUNNING", "progress": 7, "finishTime": None, "files": []}
GOOD = {"code": 0, "message": "success", "data": [TASK, RUNNING]}

ODD = st.sampled_from(
    [
        None, True, False, 0, -1, 7, 100.0, 99.5, 2**63 - 1, 2**63, 10**22, 1e300, "", "a", " x ",
        " SUCCESS ", "NEW", "主播", "a\x00b", "\x7f", "x" * 499 + "  ", "x" * 501, "5", "50%", "82", " 83 ",
        "2026-01-02 03:04:05", "1700000000000", 1700000000, "9999-12-31T23:59:59-12:00", [], {}, [1],
        {"a": 1},
        "https://cdn.example/a b", "https://cdn.example/\x7f", "https://cdn.example/中", "http://h:0/",
        "ftp://h/", "https:///x",
        "HTTPS://h/x", "https://cdn.example/" + "a" * 17000, "9f" * 15 + "  ", "9f " * 10 + "9f",
        "0x" + "9f" * 15, SECRET, f"says {SECRET[:14]}", base64.b64encode(b"x" + SECRET.encode()).decode(),
        "y" * 490 + SECRET, "z" * 95 + SECRET, [FILE], [[FILE]], 'q"\\',
    ]
)  # fmt: skip
TORN = st.sampled_from(
    [
        (b'"code":0', b'"code":7,"code":0'),
        (b'"code":0', b'"code":0,"code":7'),
        (b'"code":0', b'"code":0,"\\u0063ode":7'),
        (b'"code":0', b'"code":0.0'),
        (b'"code":0', b'"code":-0'),
        (b'"taskId":81', b'"taskId":82,"taskId":81'),
        (b'"taskId":81', b'"taskId":81.0'),
        (b'"taskId":81', b'"taskId":8.1e1'),
        (b'"status":', b'"status":"FAILED","status":'),
        (b'"status":', b'"status" : "FAILED", "status" : '),
        (b'"files":[', b'"files":[],"files":['),
        (b'"name":"x"', b'"name":"y","name":"x"'),
        (b'"SUCCESS"', b'"\\u0053UCCESS"'),
        (b'"SUCCESS"', b'"SUC\xffCESS"'),
        (b"null", b"NaN"),
        (b"null", b"1e400"),
        (b"null", b'"\\ud800"'),
        (b"null", b"9" * 41),
        (b"null", b"[" * 70 + b"]" * 70),
        (b"a", b"\\u0061"),
        (b":", b" :\n"),
        (b"]}", b"]} "),
        (b"]}", b"]}x"),
        (b"]}", b"]"),
    ]
)


def said(dialect, body, secrets=()):
    """Return what a dialect makes of a reply, be it an error."""
    reply = Reply(status=200, body=body, secrets=secrets)
    try:
        return repr(decode_query(dialect, reply, asked=IDS, asked_at=NOW, now=NOW))
    except AvatarError as error:
        return repr(error)


def written(value, *, spaced=False):
    """Return a reply as services write it."""
    separators = (", ", ": ") if spaced else (",", ":")
    return json.dumps(value, separators=separators, ensure_ascii=False).encode()


def practised(value=GOOD, **dialect):
    """Return a dialect that has seen a reply."""
    found = QueryDialect(**dialect)
    said(found, written(value))
    return found


def places(value, path=()):
    """Yield where values stand in a reply."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield *path, key
        if isinstance(inner, (dict, list)):
            yield from places(inner, (*path, key))


def changed(path, odd):
    """Return a reply with another value somewhere; a key in it goes away for the name `gone`."""
    reply = copy.deepcopy(GOOD)
    inner: Any = reply
    for key in path[:-1]:
        inner = inner[key]
    if odd == "gone":
        del inner[path[-1]]
    else:
        inner[path[-1]] = odd
    return reply


PRACTISED = practised()
PLACES = st.sampled_from(sorted(places(GOOD), key=repr))


def test_a_reply_like_one_before_needs_no_careful_reader():
    """Otherwise nothing would be won; spaces and other values change nothing about it."""
    assert PRACTISED.shape.tasks(written(GOOD)) is not None
    other = {**GOOD, "data": [{**RUNNING, "taskId": number} for number in range(81, 84)]}
    assert len(PRACTISED.shape.tasks(written(other, spaced=True))) == 3


@given(PLACES, ODD | st.just("gone"), st.booleans(), st.sampled_from([(), (SECRET,)]))
@example(("data", 0, "status"), "z" * 95 + SECRET, False, (SECRET,))
@example(("data", 0, "files", 0, "name"), SECRET, False, (SECRET,))
@example(("data", 0, "files", 0, "url"), None, False, ())
def test_odd_values_are_read_as_the_careful_reader_does(path, odd, spaced, secrets):
    """What a reply says decides whether a paid task is taken as failed, finished or unknown."""
    body = written(changed(path, odd), spaced=spaced)
    assert said(PRACTISED, body, secrets) == said(QueryDialect(), body, secrets)


@given(TORN, st.sampled_from([1, 2, 99]))
def test_odd_spellings_are_read_as_the_careful_reader_does(change, times):
    """Two values under one key above all: a decoder takes the last and says nothing."""
    body = written(GOOD).replace(*change, times)
    assert said(PRACTISED, body) == said(QueryDialect(), body)


@given(st.data())
def test_any_torn_reply_is_read_as_the_careful_reader_does(data):
    """Whatever a broken connection or service makes of it."""
    torn = bytearray(written(GOOD))
    for at in data.draw(st.lists(st.integers(0, len(torn) - 1), max_size=3)):
        torn[at] = data.draw(st.integers(0, 255))
    body = bytes(torn[: data.draw(st.integers(0, len(torn)) | st.just(len(torn)))])
    assert said(PRACTISED, body) == said(QueryDialect(), body)


@pytest.mark.parametrize(
    "other",
    [
        {"data": [TASK], "code": 0},
        {**GOOD, "data": [dict(reversed(TASK.items()))]},
        {**GOOD, "data": [{**TASK, "vip": True, "files": [{"id": 1, **FILE}]}], "traceId": "7f"},
        {**GOOD, "data": [{key: TASK[key] for key in ("taskId", "status")}]},
    ],
)
def test_a_service_that_writes_otherwise_is_learned_from(other):
    """Some leave out what is null, and an update may add a key."""
    dialect = practised()
    assert said(dialect, written(other)) == said(QueryDialect(), written(other))
    assert dialect.shape.tasks(written(other)) is not None
    assert said(dialect, written(other)) == said(QueryDialect(), written(other))


def test_a_service_that_never_writes_the_same_is_learned_from_seldom():
    """Learning costs more than it brings then."""
    dialect = QueryDialect()
    shapes = set()
    assert dialect.shape is not None
    for number in range(1000):
        said(dialect, written({**GOOD, f"key-{number}": 1}))
        shapes.add(dialect.shape._decoder)
    assert len(shapes) == 10


def test_keys_that_cannot_be_learned_leave_replies_to_the_careful_reader():
    """Too many, too long, or written with escapes."""
    for keys in ([f"key-{number}" for number in range(99)], ["k" * 101], ['a"b'], ["a\\b"], ["\x7f"]):
        reply = {**GOOD, "data": [{**TASK, **dict.fromkeys(keys)}]}
        dialect = practised(reply)
        assert dialect.shape.tasks(written(reply)) is None
        assert said(dialect, written(reply)) == said(QueryDialect(), written(reply)) != said(dialect, b"")


@pytest.mark.parametrize(
    "dialect",
    [
        {"status": ("state", "word")},
        {"kind": ()},
        {"name": ("status",)},
        {"files": None},
        {"files": FileShape(at=("result", "files"))},
        {"urls": {"model": ("modelUrl",)}},
        {"tasks": ("code",)},
        {"tasks": ()},
    ],
)
def test_dialects_that_look_elsewhere_are_left_to_the_careful_reader(dialect):
    """A shape knows objects and their own keys only."""
    practised_one = practised(**dialect)
    assert practised_one.shape is None or practised_one.shape.tasks(written(GOOD)) is None
    assert said(practised_one, written(GOOD)) == said(QueryDialect(**dialect), written(GOOD))


def test_a_reply_with_a_secret_is_freed_of_it():
    """However familiar it looks."""
    reply = {**GOOD, "data": [{**TASK, "materialName": f"for {SECRET}"}]}
    assert PRACTISED.shape.tasks(written(reply)) is not None
    assert "for ***" in said(PRACTISED, written(reply), (SECRET,))


def test_a_code_other_than_success_is_never_of_a_shape():
    """Refusals are errors, whatever tasks they hold."""
    for code in (1, -1, "0", None, False, 0.0):
        assert PRACTISED.shape.tasks(written({**GOOD, "code": code})) is None
    assert "code 1" in said(PRACTISED, written({**GOOD, "code": 1}))


def test_finished_tasks_have_their_files():
    """The plain values, as everybody expects them."""
    answer = decode_query(PRACTISED, Reply(status=200, body=written(GOOD)), asked=IDS, asked_at=NOW, now=NOW)
    done, running = answer.tasks
    assert (done.state, running.state) == (RemoteState.SUCCEEDED, RemoteState.RUNNING)
    assert [(file.role, file.name, file.url, file.size_bytes, file.md5) for file in done.files] == [
        ("model", "m.zip", FILE["url"], 10, "9f" * 16),
        ("thumbnail", "t.png", FILE["url"], 10, "9f" * 16),
    ]
    assert done.finished_at == datetime(2026, 2, 20, 4, tzinfo=UTC)
    assert (running.progress, running.files, running.finished_at) == (7, (), None)
