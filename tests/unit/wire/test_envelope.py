"""Bounded reading of replies."""

import contextlib
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from avatar_async._wire.calls import Reply
from avatar_async._wire.envelope import (
    MAX_BODY_BYTES,
    MAX_DEPTH,
    address,
    decode_envelope,
    decode_json,
    integer,
    task_id,
    text,
)
from avatar_async.errors import ReplyError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(st.binary())
@example(b"[" * 100_000)
@example(b'{"a":' * 100_000)
@example(b"1" * 100_000)
@example(b'"' + b'\\"' * 300_000)
@example(b"NaN")
@example(b"\xff\xfe{\x00}\x00")
@example(b"x" * (MAX_BODY_BYTES + 1))
def test_any_bytes_are_read_or_refused(body):
    """A hostile or broken service must not raise anything outside the error tree, or stall us."""
    with contextlib.suppress(ReplyError):
        decode_envelope(Reply(status=200, body=body))


@given(JSON)
def test_any_json_is_an_envelope_or_refused(value):
    """Whatever a gateway answers instead of the service."""
    with contextlib.suppress(ReplyError):
        decode_envelope(Reply(status=200, body=json.dumps(value).encode()))


def test_nesting_is_bounded_and_brackets_in_text_are_not_nesting():
    """Depth costs stack; text does not."""
    assert decode_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    with pytest.raises(ReplyError, match="deeper"):
        decode_json(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1))
    assert decode_json(json.dumps("[{\\" * 1000).encode()) == "[{\\" * 1000


@pytest.mark.parametrize(
    "body",
    [
        b'{"code": 0, "code": 3333}',
        b'{"code": 0, "data": {"id": 1, "id": 2}}',
        b'{"code": 0, "data": 1, "data": null}',
    ],
)
def test_a_reply_that_contradicts_itself_is_refused(body):
    """Python would take the last word; which of two task ids was meant is not ours to guess."""
    with pytest.raises(ReplyError, match="not JSON"):
        decode_envelope(Reply(status=200, body=body))


@pytest.mark.parametrize("number", [b"1e999", b"-1e400", b"9" * 400 + b".0", b"NaN", b"Infinity"])
def test_a_number_that_none_can_hold_is_refused(number):
    """Python would make it infinite, which nobody wrote."""
    with pytest.raises(ReplyError, match="not JSON"):
        decode_json(b'{"code": 0, "data": %b}' % number)


def test_a_reply_that_repeats_itself_is_read():
    """Odd, and clear all the same."""
    assert decode_json(b'{"code": 0, "a": [1], "code": 0, "a": [1]}') == {"code": 0, "a": [1]}


def test_integers_of_absurd_length_are_refused():
    """Their conversion takes quadratic time, and no field of ours holds them."""
    with pytest.raises(ReplyError):
        decode_json(b'{"code": ' + b"9" * 41 + b"}")


def test_what_is_no_json_is_told_by_its_length():
    """An empty body and a gateway's page are different troubles; names of Python errors tell neither."""
    with pytest.raises(ReplyError, match=r"^the reply is not JSON \(11 bytes\)$"):
        decode_json(b"Bad Gateway")


def test_envelope_is_read():
    """The vendor's own example."""
    envelope = decode_envelope(Reply(status=200, body=b'{"code": 0, "message": "success", "data": 1}'))
    assert (envelope.code, envelope.message, envelope.data) == (0, "success", 1)


def test_byte_order_mark_is_passed_over():
    """Some gateways write one."""
    assert decode_json(b"\xef\xbb\xbf{}") == {}


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b'{"code": true}', b'{"code": null}', b'{"code": 1.5}', b"<html>", b""]
)
def test_what_has_no_code_is_no_envelope(body):
    """A proxy's page must not pass for an answer of the service."""
    with pytest.raises(ReplyError):
        decode_envelope(Reply(status=200, body=body))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, 1),
        ("1", 1),
        (" 42 ", 42),
        (2**63 - 1, 2**63 - 1),
        (str(2**63 - 1), 2**63 - 1),
        (2**63, None),
        (0, None),
        (-5, None),
        (True, None),
        (1.0, None),
        ("", None),
        ("1e3", None),
        ("١", None),
        (None, None),
        ([1], None),
    ],
)
def test_task_ids_are_positive_int64(value, expected):
    """A task id that cannot be stored or asked for is none."""
    assert task_id(value) == expected


def test_true_is_no_number():
    """Python says that it is."""
    assert integer(True) is None
    assert integer("-3") == -3


def test_text_is_cut_and_freed_of_control_characters():
    """Messages end on terminals, in logs and in SQLite."""
    assert text("a\x1b[31m\nb\ud800c") == "a [31m b c"
    assert len(text("x" * 10_000) or "") == 500
    assert text(3) is None


@pytest.mark.parametrize(
    "value",
    [
        *("file:///etc/passwd", "/a/b", "https://", "http:///x", "ftp://h/x", "https://a\nb", " https://h/x"),
        *("https://[bad/x", "https://h:port/x", "https://h:99999/x", "https://h:0/x", "https://@/x", 3, None),
    ],
)
def test_only_http_addresses_are_addresses(value):
    """Nothing else is ever opened."""
    assert address(value) is None
