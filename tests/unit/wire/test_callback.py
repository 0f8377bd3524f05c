"""Callbacks: what is read of them, and that garbage is only garbage."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_async._wire.callback import Callback, CallbackDialect, decode_callback
from avatar_async._wire.envelope import MAX_BODY_BYTES
from avatar_async.errors import ConfigError, ReplyError

DEFAULT = CallbackDialect()


@pytest.mark.parametrize(
    ("body", "read"),
    [
        ({"taskId": 81234, "status": "SUCCESS"}, Callback(task_id=81234, status="SUCCESS")),
        ({"taskId": "81234"}, Callback(task_id=81234, status="")),
        ({"taskId": 2**63 - 1, "status": 3}, Callback(task_id=2**63 - 1, status="3")),
        ({"taskId": 5, "status": {"no": "word"}}, Callback(task_id=5, status="")),
        ({"taskId": 5, "status": "a\x1b[31m\u202eb" * 50, "more": 1}, None),
    ],
)
def test_a_callback_names_a_task(body, read):
    """As the emulator sends it; a status is told, never needed."""
    found = decode_callback(DEFAULT, json.dumps(body).encode())
    if read is None:
        assert found.task_id == 5
        assert len(found.status) <= 100
        assert "\x1b" not in found.status
    else:
        assert found == read


def test_a_profile_says_where_the_task_stands():
    """The vendor documents no body."""
    dialect = CallbackDialect.from_mapping({"task_id": "data.tasks.0.id", "status": ["data", "task.state"]})
    body = {"data": {"tasks": [{"id": 7}], "task.state": "done"}}
    assert decode_callback(dialect, json.dumps(body).encode()) == Callback(task_id=7, status="done")


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"taskid": "x"}, r"callback_dialect\.taskid is no known key \(did you mean task_id\?\)"),
        ({"task_id": 5}, r"callback_dialect\.task_id must be a path such as data\.status"),
        ({"task_id": ""}, r"callback_dialect\.task_id is needed"),
        ({"status": [1], "x": 1}, r"(?s)status must be.*x is no known key"),
    ],
)
def test_every_mistake_of_a_dialect_is_told(raw, said):
    """Before anything is sent."""
    with pytest.raises(ConfigError, match=said):
        CallbackDialect.from_mapping(raw)


BAD = [
    b"",
    b"null",
    b"[]",
    b"{}",
    b"{",
    b'{"taskId": 0}',
    b'{"taskId": -5}',
    b'{"taskId": true}',
    b'{"taskId": 1.5}',
    b'{"taskId": 9223372036854775808}',
    b'{"taskId": "x"}',
    b'{"taskId": [1]}',
    b'{"taskId": null}',
    b"\xff\xfe",
    b'{"taskId": ' + b"9" * 100_000 + b"}",
    b"[" * 100_000,
    b'{"taskId": 1, "x": "' + b"a" * MAX_BODY_BYTES + b'"}',
    b'{"taskId": NaN}',
]


@pytest.mark.parametrize("body", BAD, ids=range(len(BAD)))
def test_garbage_is_refused_with_an_error_of_ours(body):
    """Anybody may post anything."""
    with pytest.raises(ReplyError):
        decode_callback(DEFAULT, body)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.binary(max_size=200) | _json.map(lambda value: json.dumps(value).encode()))
def test_no_body_breaks_the_reader(body):
    """Either a usable id or our own error."""
    try:
        found = decode_callback(DEFAULT, body)
    except ReplyError:
        return
    assert 0 < found.task_id < 2**63


@given(_json)
def test_any_status_is_taken(status):
    """It is shown, and nothing hangs on it."""
    found = decode_callback(DEFAULT, json.dumps({"taskId": 1, "status": status}).encode())
    assert len(found.status) <= 100
