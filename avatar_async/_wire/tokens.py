"""Messages of the token calls (public documentation of the service)."""

import hashlib
from datetime import datetime
from typing import Any, Literal

from attrs import field, frozen

from avatar_async._jobs.verdicts import SubmissionCodes
from avatar_async._wire.calls import JSON_HEADERS, Call, Reply, encode_json
from avatar_async._wire.endpoints import REFRESH_PATH, TOKEN_PATH
from avatar_async._wire.envelope import integer
from avatar_async._wire.refusals import open_envelope
from avatar_async.errors import AuthError, RejectedError, ReplyError

_CREDENTIALS = "check AVATAR_APP_ID and AVATAR_APP_KEY"


@frozen(kw_only=True)
class TokenGrant:
    """An access token the service gave.

    Attributes:
        access_token: Goes into every call's Authorization header.
        expires_in_s: Seconds it lives, if the service said.
        refresh_token: Buys the next one.
        refresh_expires_in_s: Seconds the refresh token lives, if the service said.
    """

    access_token: str = field(repr=False)
    expires_in_s: float | None = None
    refresh_token: str | None = field(default=None, repr=False)
    refresh_expires_in_s: float | None = None


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
    return Call(
        path=TOKEN_PATH, headers=JSON_HEADERS, body=encode_json(body), secrets=(app_key, str(body["sign"]))
    )


def encode_refresh_call(app_id: str, refresh_token: str) -> Call:
    """Return the call that asks for an access token by refresh token."""
    headers = {**JSON_HEADERS, "Authorization": f"Bearer {refresh_token}"}
    body = encode_json({"appId": app_id, "grantType": "refreshToken"})
    return Call(path=REFRESH_PATH, headers=headers, body=body, secrets=(refresh_token,))


def decode_token(reply: Reply, *, now: datetime, codes: SubmissionCodes | None = None) -> TokenGrant:
    """Return the token a reply of either token call holds, below `data` or at the top level.

    Raises:
        AuthError: The appId, appKey or refresh token is refused.
        ThrottledError: Too many calls.
        ServiceError: The service failed, or has no token call at that path.
        ReplyError: The answer cannot be read.
    """
    try:
        envelope = open_envelope(reply, what="token call", now=now, codes=codes or SubmissionCodes())
    except (AuthError, RejectedError) as error:
        raise AuthError(f"{error}: {_CREDENTIALS}", code=error.code, http_status=error.http_status) from error
    for place in (envelope.data, envelope.body):
        grant = _grant(place)
        if grant is not None:
            return grant
    raise ReplyError("token call: the reply holds no usable accessToken")


def _grant(place: Any) -> TokenGrant | None:
    if not isinstance(place, dict):
        return None
    access = bearer(place.get("accessToken"))
    if access is None:
        return None
    return TokenGrant(
        access_token=access,
        expires_in_s=_seconds(place.get("expiresIn")),
        refresh_token=bearer(place.get("refreshToken")),
        refresh_expires_in_s=_seconds(place.get("refreshTokenExpiresIn")),
    )


def bearer(value: Any) -> str | None:
    """Return a token that can stand in a header; None if the value is none."""
    fits = isinstance(value, str) and 0 < len(value) <= 8192 and value.isascii() and value.isprintable()
    return value if fits and " " not in value else None


def _seconds(value: Any) -> float | None:
    number = value if isinstance(value, float) else integer(value)
    return float(number) if number is not None and 0 < number < 10**9 else None
