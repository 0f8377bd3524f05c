"""What a service repeats of its callers' secrets is taken out before anything reads it."""

import base64
import json
import time
from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from avatar_async._wire.calls import Reply
from avatar_async._wire.creation import decode_create
from avatar_async._wire.dialect import QueryDialect
from avatar_async._wire.querying import decode_list, decode_query
from avatar_async._wire.redaction import redacted
from avatar_async._wire.tokens import decode_token, encode_refresh_call, encode_sign_call
from avatar_async.errors import AuthError

SECRET = "tok+N3/verSay=ThisAloud0123456789"
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def reply(value, status=200):
    """Return a reply of a service that was told the secret."""
    return Reply(status=status, body=json.dumps(value).encode(), secrets=(SECRET,))


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET, safe=""),
        quote(SECRET),
        SECRET[:12],
        SECRET[:20],
        *(base64.b64encode(b"x" * before + SECRET.encode()).decode() for before in range(6)),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
        base64.b64encode(f"Bearer {SECRET}".encode()).decode(),
    ],
)
def test_a_secret_is_taken_out_in_every_form(form):
    """A service that repeats a header may encode it, or cut it."""
    said = redacted(f"before {form} after {form}", [SECRET])
    assert said.startswith("before ")
    assert " after " in said
    assert said.count("***") == 2
    for written in (SECRET, quote(SECRET, safe=""), base64.b64encode(SECRET.encode()).decode()):
        assert written[:12] not in said


def test_words_that_only_look_alike_stay():
    """Ordinary text must not be torn; neither must a text that holds a short key by chance."""
    assert redacted({"a": ["tok+N3/verS", 7, None]}, [SECRET, ""]) == {"a": ["tok+N3/verS", 7, None]}
    assert redacted("a key is missing", ["key"]) == "a key is missing"


def test_a_text_full_of_beginnings_takes_no_longer():
    """A megabyte of secrets is one reply, not an hour."""
    started = time.perf_counter()
    assert SECRET[:12] not in redacted(SECRET[:12] * 80_000, [SECRET])
    assert time.perf_counter() - started < 5


def test_create_replies_are_freed_of_it():
    """Their message ends in ledger, receipt, status and events."""
    report = decode_create(reply({"code": 3333, "message": f"bad header {SECRET}"}), now=NOW)
    assert report.message == "bad header ***"


def test_task_texts_are_freed_of_it_and_addresses_work_on():
    """A file is worth more than a query; addresses stand in the ledger alone."""
    url = f"https://bucket.example/m.zip?token={SECRET}"
    task = {
        "taskId": 7,
        "status": f"W {SECRET}",
        "materialName": f"n {SECRET}",
        "failReason": f"f {SECRET}",
        "files": [{"type": "model", "name": f"{SECRET}.zip", "url": url}],
    }
    dialect = QueryDialect()
    answer = decode_query(dialect, reply({"code": 0, "data": [task]}), asked=[7], asked_at=NOW, now=NOW)
    page = decode_list(dialect, reply({"code": 0, "data": {"list": [task]}}), asked_at=NOW, now=NOW)
    for found in (*answer.tasks, *page.answer.tasks):
        assert (found.status, found.name, found.fail_reason) == ("W ***", "n ***", "f ***")
        assert (found.files[0].name, found.files[0].url) == ("***.zip", url)


def test_token_refusals_are_freed_of_it():
    """A service that dislikes a sign may say which."""
    with pytest.raises(AuthError) as caught:
        decode_token(reply({"code": 5, "message": f"sign {SECRET} is wrong"}), now=NOW)
    assert SECRET[:12] not in str(caught.value)


def test_a_grant_that_repeats_the_refresh_token_is_a_grant():
    """Some services keep the refresh token: it is an answer there, no echo."""
    data = {"accessToken": "new", "refreshToken": SECRET}
    assert decode_token(reply({"code": 0, "data": data}), now=NOW).refresh_token == SECRET


def test_token_calls_name_what_may_not_come_back():
    """Key, sign and refresh token; and none of them shows in a call's own words."""
    signing = encode_sign_call("app", SECRET, epoch_s=1.0)
    refreshing = encode_refresh_call("app", SECRET)
    assert signing.secrets == (SECRET, json.loads(signing.body)["sign"])
    assert refreshing.secrets == (SECRET,)
    for shown in (repr(signing), repr(refreshing), repr(reply({"a": SECRET}))):
        assert SECRET[:8] not in shown
