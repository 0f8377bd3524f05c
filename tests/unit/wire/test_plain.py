"""The quick reading of JSON beside the careful one."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from avatar_async._wire.envelope import decode_json
from avatar_async._wire.plain import UNUSUAL, plain_value
from avatar_async.errors import ReplyError

SPACE = st.sampled_from(["", "", "", " ", "\n", "\t "])
WORD = st.sampled_from(["a", "code", "\\u0061", "\u4e2d", "\\u4e2d", "/", "\\ud800", '\\"', "[", "\x7f"])
NUMBER = st.sampled_from(["0", "-0", "1", "1.0", "1.50", "1e3", "1E400", "01", "9" * 19, "9" * 40, "9" * 41])
NUMBERS = st.floats(allow_nan=False, allow_infinity=False).map(repr) | st.integers().map(str) | NUMBER
SCALARS = NUMBERS | st.sampled_from(["true", "null", "NaN", "Infinity"]) | WORD.map('"{}"'.format)


def spelled(inner):
    """Return strategies for lists and objects as texts, spaced and repeating themselves as they like."""
    pairs = st.tuples(SPACE, WORD, SPACE, inner).map(lambda pair: '{}"{}"{}:{}'.format(*pair))
    return st.builds(lambda items, space: f"[{space}{','.join(items)}]", st.lists(inner), SPACE) | st.builds(
        lambda items, space: "{" + ",".join(items) + space + "}", st.lists(pairs), SPACE
    )


def careful(body):
    """Return what the careful reading makes of a body, which a byte order mark keeps from the quick one."""
    try:
        return repr(decode_json(b"\xef\xbb\xbf" + body))
    except ReplyError as error:
        return error


@given(st.recursive(SCALARS, spelled, max_leaves=12))
@example('{"code":0,"code":3333}')
@example('{"code":0,"code" :3333}')
@example('{"code":0,"\\u0063ode":3333}')
@example('{"data":[{"id":1,"id":2}]}')
@example('{"id":' + "9" * 41 + "}")
@example("[" * 65 + "]" * 65)
def test_the_quick_reading_is_the_careful_one_or_none(text):
    """Two readers that differ over a task id are one too many."""
    read = plain_value(text.encode())
    assert read is UNUSUAL or repr(read) == careful(text.encode())


@given(st.binary())
def test_any_bytes_are_read_alike(body):
    """Broken ones too."""
    read = plain_value(body)
    assert read is UNUSUAL or repr(read) == careful(body)


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_a_reply_as_services_write_them_is_read_quickly(separators):
    """Otherwise nothing would be won."""
    files = [{"type": "model", "url": "https://cdn.example/a?b=c", "size": 123, "md5": None}]
    task = {
        "taskId": 2**53 + 1,
        "status": "SUCCESS",
        "materialName": "主播",
        "progress": 99.5,
        "files": files,
    }
    reply = {"code": 0, "message": "success", "data": {"list": [task, {**task, "done": True}], "total": 2}}
    assert plain_value(json.dumps(reply, separators=separators, ensure_ascii=False).encode()) == reply
