"""From a reply's bytes to a verdict: every row of the design's table as a service would write it."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from avatar_async._jobs.verdicts import SubmissionCodes, Verdict, decide
from avatar_async._wire.calls import Reply
from avatar_async._wire.creation import decode_create

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
CODES = SubmissionCodes(busy=frozenset({1001}), token_expired=frozenset({2002}), refused=frozenset({3003}))
MADE = {"code": 0, "message": "success", "data": 812345}
WRONG = {"code": 3333, "message": "crf is wrong", "data": None}
BUSY = {"code": 1001, "message": "busy", "data": None}
EXPIRED = {"code": 2002, "message": "token expired", "data": None}
SURE = {"code": 3003, "message": "no", "data": None}
NO_BODY = b""
PAGE = b"<html>try later</html>"
#: A whole envelope whose last bytes are missing.
HALF = json.dumps(MADE).encode()[:-5]

ROWS = [
    # 429, or a code configured as busy, whatever else the reply says
    (429, NO_BODY, Verdict.THROTTLED),
    (429, PAGE, Verdict.THROTTLED),
    (429, HALF, Verdict.THROTTLED),
    (429, WRONG, Verdict.THROTTLED),
    (429, MADE, Verdict.THROTTLED),
    (429, EXPIRED, Verdict.THROTTLED),
    (200, BUSY, Verdict.THROTTLED),
    (400, BUSY, Verdict.THROTTLED),
    (401, BUSY, Verdict.THROTTLED),
    (404, BUSY, Verdict.THROTTLED),
    (503, BUSY, Verdict.THROTTLED),
    # the first 401, or a code configured as an expired token
    (401, NO_BODY, Verdict.TOKEN),
    (401, PAGE, Verdict.TOKEN),
    (401, WRONG, Verdict.TOKEN),
    (401, MADE, Verdict.TOKEN),
    (401, SURE, Verdict.TOKEN),
    (200, EXPIRED, Verdict.TOKEN),
    (403, EXPIRED, Verdict.TOKEN),
    (500, EXPIRED, Verdict.TOKEN),
    # statuses that blame the setting, an envelope or not
    (403, WRONG, Verdict.SETTING),
    (404, NO_BODY, Verdict.SETTING),
    (404, MADE, Verdict.SETTING),
    (405, PAGE, Verdict.SETTING),
    (407, NO_BODY, Verdict.SETTING),
    (300, NO_BODY, Verdict.SETTING),
    (301, MADE, Verdict.SETTING),
    (302, HALF, Verdict.SETTING),
    (304, NO_BODY, Verdict.SETTING),
    (307, WRONG, Verdict.SETTING),
    (308, SURE, Verdict.SETTING),
    (399, MADE, Verdict.SETTING),
    # 5xx and 408, unless the code is configured as refused
    (500, NO_BODY, Verdict.UNKNOWN),
    (500, WRONG, Verdict.UNKNOWN),
    (500, MADE, Verdict.UNKNOWN),
    (502, PAGE, Verdict.UNKNOWN),
    (503, HALF, Verdict.UNKNOWN),
    (504, WRONG, Verdict.UNKNOWN),
    (599, MADE, Verdict.UNKNOWN),
    (600, MADE, Verdict.UNKNOWN),
    (999, WRONG, Verdict.UNKNOWN),
    (408, NO_BODY, Verdict.UNKNOWN),
    (408, WRONG, Verdict.UNKNOWN),
    (408, MADE, Verdict.UNKNOWN),
    (500, SURE, Verdict.REFUSED),
    (408, SURE, Verdict.REFUSED),
    # code 0 without a usable id
    (200, {"code": 0, "message": "success"}, Verdict.UNKNOWN),
    (201, {"code": 0, "data": None}, Verdict.UNKNOWN),
    (400, {"code": 0, "data": None}, Verdict.UNKNOWN),
    # a readable refusal, or another 4xx
    (200, WRONG, Verdict.REFUSED),
    (201, {"code": -1}, Verdict.REFUSED),
    (200, {"code": "3333", "message": "as text"}, Verdict.REFUSED),
    (200, {"code": 3333, "data": 812345}, Verdict.REFUSED),
    (400, NO_BODY, Verdict.REFUSED),
    (400, PAGE, Verdict.REFUSED),
    (400, MADE, Verdict.REFUSED),
    (413, NO_BODY, Verdict.REFUSED),
    (422, WRONG, Verdict.REFUSED),
    (451, HALF, Verdict.REFUSED),
    # code 0 with an id
    (200, MADE, Verdict.ACCEPTED),
    (201, MADE, Verdict.ACCEPTED),
    (202, {"code": "0", "data": "812345"}, Verdict.ACCEPTED),
    (299, {"code": 0, "data": {"id": 812345, "url": "https://x.example/p.png"}}, Verdict.ACCEPTED),
    # anything else
    (200, NO_BODY, Verdict.UNKNOWN),
    (200, PAGE, Verdict.UNKNOWN),
    (200, HALF, Verdict.UNKNOWN),
    (200, [MADE], Verdict.UNKNOWN),
    (200, 0, Verdict.UNKNOWN),
    (200, {"data": 812345}, Verdict.UNKNOWN),
    (200, {"code": None, "data": 812345}, Verdict.UNKNOWN),
    (200, {"code": False, "data": 812345}, Verdict.UNKNOWN),
    (200, {"code": 0.0, "data": 812345}, Verdict.UNKNOWN),
    (200, {"code": 1 << 70}, Verdict.UNKNOWN),
    (200, b'{"code": 0, "data": NaN}', Verdict.UNKNOWN),
    (200, json.dumps(MADE).encode("utf-16"), Verdict.UNKNOWN),
    (204, NO_BODY, Verdict.UNKNOWN),
    (101, NO_BODY, Verdict.UNKNOWN),
    (101, MADE, Verdict.UNKNOWN),
    (199, MADE, Verdict.UNKNOWN),
    (0, MADE, Verdict.UNKNOWN),
]


def verdict_of(status, body, *, after=False, codes=CODES, headers=None):
    """Return the verdict on a reply, and what was reported of it."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    report = decode_create(Reply(status=status, headers=headers or {}, body=raw), now=NOW)
    return decide(report, after_token_refusal=after, codes=codes), report


@pytest.mark.parametrize(("status", "body", "verdict"), ROWS)
def test_each_reply_gives_the_verdict_of_the_first_row_it_matches(status, body, verdict):
    """The whole table, as bytes; the order of its rows decides where several match."""
    assert verdict_of(status, body)[0] is verdict


def test_every_verdict_on_a_reply_stands_in_the_table():
    """A verdict added later must not go untested."""
    assert {row[2] for row in ROWS} == set(Verdict) - {Verdict.NOT_SENT}


@pytest.mark.parametrize(("status", "body"), [(row[0], row[1]) for row in ROWS if row[2] is Verdict.TOKEN])
def test_the_second_refusal_of_a_token_running_blames_the_setting(status, body):
    """A third token would be refused, too; nothing else changes by a refusal before."""
    assert verdict_of(status, body, after=True)[0] is Verdict.SETTING


@pytest.mark.parametrize(("status", "body", "verdict"), [row for row in ROWS if row[2] is not Verdict.TOKEN])
def test_an_earlier_refusal_of_the_token_changes_no_other_verdict(status, body, verdict):
    """A second send that is accepted is accepted; one whose answer is lost is in doubt."""
    assert verdict_of(status, body, after=True)[0] is verdict


@pytest.mark.parametrize(
    ("data", "task_id"),
    [
        (1, 1),
        (2**63 - 1, 2**63 - 1),
        ("12", 12),
        (" 12 ", 12),
        ("0012", 12),
        ({"id": 12}, 12),
        ({"id": "12"}, 12),
        ({"id": 12, "url": None}, 12),
        (0, None),
        (-1, None),
        ("0", None),
        ("-12", None),
        (2**63, None),
        (10**30, None),
        (str(2**63), None),
        ("9" * 50, None),
        (True, None),
        (False, None),
        (12.0, None),
        (12.5, None),
        ("12.0", None),
        ("1e3", None),
        ("0x10", None),
        ("١٢", None),
        ("12a", None),
        ("", None),
        ([12], None),
        ({"taskId": 12}, None),
        ({"id": {"id": 12}}, None),
        ({"id": True}, None),
        ({"id": 0}, None),
        ({}, None),
    ],
)
def test_only_a_positive_int64_is_an_id(data, task_id):
    """A task that cannot be asked for again is in doubt, not accepted."""
    verdict, report = verdict_of(200, {"code": 0, "data": data})
    assert report.task_id == task_id
    assert verdict is (Verdict.UNKNOWN if task_id is None else Verdict.ACCEPTED)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "x"]), inner),
    max_leaves=6,
)
envelopes = st.fixed_dictionaries(
    {"code": st.sampled_from([0, 0, "0", 1001, 2002, 3003, 3333, None, True]) | json_values},
    optional={"message": json_values, "data": st.integers(-5, 2**64) | json_values},
).map(lambda value: json.dumps(value).encode())
bodies = (
    st.binary() | envelopes | st.tuples(envelopes, st.integers(0, 60)).map(lambda pair: pair[0][: pair[1]])
)
header_values = st.text() | st.sampled_from(["9", "-1", "1e999", "Wed, 01 May 2024 12:00:00 GMT"])
headers = st.dictionaries(st.sampled_from(["retry-after", "date", "content-type"]), header_values)


@given(st.integers(0, 999), headers, bodies, st.booleans(), st.sampled_from([None, CODES]))
@example(200, {}, b"[" * 2000, False, None)
@example(200, {"date": "Fri, 31 Dec 9999 23:59:59 -2359"}, b"", False, None)
@example(429, {"retry-after": "Fri, 31 Dec 9999 23:59:59 -2359"}, b"", False, None)
def test_any_reply_gives_one_verdict_and_only_a_made_task_is_accepted(status, given, body, after, codes):
    """Whatever a stranger's bytes say, a create call ends in the table, never in an exception."""
    report = decode_create(Reply(status=status, headers=given, body=body), now=NOW)
    verdict = decide(report, after_token_refusal=after, codes=codes)
    assert isinstance(verdict, Verdict)
    assert verdict is not Verdict.NOT_SENT
    assert report.retry_after_s is None or 0 <= report.retry_after_s <= 600
    if verdict is Verdict.ACCEPTED:
        envelope = json.loads(body.decode("utf-8-sig"))
        assert 200 <= status < 300
        assert int(envelope["code"]) == 0
        assert report.task_id is not None
        assert 0 < report.task_id < 2**63
        assert str(report.task_id) in json.dumps(envelope["data"])
    if verdict is Verdict.REFUSED and codes is None:
        assert status < 500
        assert status != 408
