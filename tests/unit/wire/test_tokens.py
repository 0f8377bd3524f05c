"""Messages of the token calls."""

import json

from avatar_async._wire.tokens import encode_refresh_call, encode_sign_call, sign

APP_ID = "c103af9ac77646ca9fb0122e75f30811"
APP_KEY = "89f81a207e5e4a1297ed1255879191ee"
SIGN = "f6ffecf33d2073d9b3b93ba157665cfc"


def test_sign_agrees_with_the_published_vector():
    """The one example of the vendor's own documentation decides what the signature is."""
    assert sign(APP_ID, "1686730537", APP_KEY) == SIGN


def test_sign_call_sends_the_timestamp_as_a_string_of_seconds_by_default():
    """The vendor's FAQ writes it so."""
    call = encode_sign_call(APP_ID, APP_KEY, epoch_s=1686730537.9)
    assert call.method == "POST"
    assert call.path == "/api/uc/v1/access/api/token"
    assert json.loads(call.body) == {
        "appId": APP_ID,
        "timestamp": "1686730537",
        "sign": SIGN,
        "grantType": "sign",
    }


def test_sign_call_can_send_a_number_of_milliseconds():
    """Public clients of the service disagree on it, so it is configurable."""
    call = encode_sign_call(
        APP_ID, APP_KEY, epoch_s=1686730537.25, timestamp_type="number", timestamp_unit="milliseconds"
    )
    body = json.loads(call.body)
    assert body["timestamp"] == 1686730537250
    assert body["sign"] == sign(APP_ID, "1686730537250", APP_KEY)


def test_app_key_is_never_sent():
    """Only its hash may leave the machine."""
    assert APP_KEY.encode() not in encode_sign_call(APP_ID, APP_KEY, epoch_s=1.0).body


def test_refresh_call_carries_the_refresh_token_as_bearer():
    """The public documentation of the refresh call."""
    call = encode_refresh_call(APP_ID, "r-token")
    assert call.path == "/api/uc/v1/access/api/token/refresh"
    assert call.headers["Authorization"] == "Bearer r-token"
    assert json.loads(call.body) == {"appId": APP_ID, "grantType": "refreshToken"}


def test_calls_do_not_show_tokens_when_printed():
    """A call may end in a log or a traceback."""
    assert "r-token" not in repr(encode_refresh_call(APP_ID, "r-token"))
