"""Reading token replies."""

import contextlib
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_async._jobs.verdicts import SubmissionCodes
from avatar_async._wire.calls import Reply
from avatar_async._wire.tokens import decode_token
from avatar_async.errors import (
    AuthError,
    AvatarError,
    ReplyError,
    ServiceError,
    SettingRefusedError,
    ThrottledError,
)

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)


def reply(body, status=200, **headers) -> Reply:
    """Return a reply with a JSON or raw body."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status=status, headers=headers, body=raw)


def test_token_below_data_is_read():
    """As public clients read it."""
    data = {"accessToken": "a", "expiresIn": 28800, "refreshToken": "r", "refreshTokenExpiresIn": "86400"}
    grant = decode_token(reply({"code": 0, "message": "success", "data": data}), now=NOW)
    assert (grant.access_token, grant.expires_in_s) == ("a", 28800)
    assert (grant.refresh_token, grant.refresh_expires_in_s) == ("r", 86400)
    assert "'a'" not in repr(grant)


def test_token_at_the_top_level_is_read():
    """As the vendor's FAQ shows it."""
    grant = decode_token(reply({"code": 0, "accessToken": "a"}), now=NOW)
    assert (grant.access_token, grant.expires_in_s, grant.refresh_token) == ("a", None, None)


@pytest.mark.parametrize(("body", "status"), [({"code": 4, "message": "sign error"}, 200), (b"", 401)])
def test_refusal_names_the_variables(body, status):
    """A wrong appKey is the commonest first mistake."""
    with pytest.raises(AuthError, match="AVATAR_APP_ID and AVATAR_APP_KEY"):
        decode_token(reply(body, status), now=NOW)


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({"code": 0, "data": {}}, 200, ReplyError),
        ({"code": 0, "data": {"accessToken": "a b\n"}}, 200, ReplyError),
        (b"<html>", 200, ReplyError),
        (b"", 500, ServiceError),
        ({"code": 500, "message": "x"}, 503, ServiceError),
        (b"", 429, ThrottledError),
        (b"", 404, SettingRefusedError),
        (b"", 302, SettingRefusedError),
        ({"code": 77, "message": "busy"}, 200, ThrottledError),
    ],
)
def test_other_answers_have_their_errors(body, status, error):
    """Only a refusal is a wrong appKey; everything else is worth another try or another endpoint."""
    with pytest.raises(error) as caught:
        decode_token(reply(body, status), now=NOW, codes=SubmissionCodes(busy=frozenset({77})))
    assert not isinstance(caught.value, AuthError)


@given(st.binary(), st.integers(100, 599))
def test_any_reply_is_read_or_refused(body, status):
    """Nothing leaves the error tree."""
    with contextlib.suppress(AvatarError):
        decode_token(Reply(status=status, body=body), now=NOW)
