"""Messages of the token calls (public documentation of the service)."""

import hashlib
from typing import Literal

from avatar_async._wire.calls import JSON_HEADERS, Call, encode_json
from avatar_async._wire.endpoints import REFRESH_PATH, TOKEN_PATH


def sign(app_id: str, timestamp: str | int, app_key: str) -> str:
    """Return the lowercase hex MD5 of appId, timestamp and appKey written one after another."""
    text = f"{app_id}{timestamp}{app_key}"
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def encode_sign_call(
    app_id: str,
    app_key: str,
    *,
    epoch_s: float,
    timestamp_type: Literal["string", "number"] = "string",
    timestamp_unit: Literal["seconds", "milliseconds"] = "seconds",
) -> Call:
    """Return the call that asks for an access token by signature.

    Args:
        app_id: The account's appId.
        app_key: The account's appKey; it is hashed, never sent.
        epoch_s: The present instant in seconds since 1970.
        timestamp_type: Whether the timestamp is a JSON string or number.
        timestamp_unit: Whether it counts seconds or milliseconds.
    """
    stamp = int(epoch_s * 1000) if timestamp_unit == "milliseconds" else int(epoch_s)
    body = {
        "appId": app_id,
        "timestamp": str(stamp) if timestamp_type == "string" else stamp,
        "sign": sign(app_id, stamp, app_key),
        "grantType": "sign",
    }
    return Call(path=TOKEN_PATH, headers=JSON_HEADERS, body=encode_json(body))


def encode_refresh_call(app_id: str, refresh_token: str) -> Call:
    """Return the call that asks for an access token by refresh token."""
    headers = {**JSON_HEADERS, "Authorization": f"Bearer {refresh_token}"}
    return Call(
        path=REFRESH_PATH, headers=headers, body=encode_json({"appId": app_id, "grantType": "refreshToken"})
    )
