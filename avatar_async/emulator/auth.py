"""Issue and check tokens as the service is publicly known to."""

import hmac
import secrets
from collections.abc import Mapping
from typing import Any

from attrs import asdict, frozen

from avatar_async._jobs.ports import Clock
from avatar_async._wire.tokens import sign
from avatar_async.emulator.store import Store

#: How long an access token lives, in seconds.
ACCESS_TOKEN_S = 8 * 3600
#: How long a refresh token lives, in seconds; the service's own figure is not documented.
REFRESH_TOKEN_S = 7 * 86_400
#: How many access tokens are valid at once; one more invalidates the oldest.
MAX_ACCESS_TOKENS = 2

_MAX_REFRESH_TOKENS = 16


class UnauthorizedError(Exception):
    """Tell that a signature, key or token is refused."""


class ParameterError(Exception):
    """Tell that a field of a token call is missing or wrong; the message names it."""


@frozen
class _Token:
    value: str
    expires_epoch_s: float


class Tokens:
    """Hold the account's valid tokens; they outlive a restart of the emulator."""

    def __init__(self, store: Store, clock: Clock, app_id: str, app_key: str) -> None:
        self._store = store
        self._clock = clock
        self._app_id = app_id
        self._app_key = app_key
        kept = store.settings.get("tokens", {"access": [], "refresh": []})
        self._access = [_Token(**each) for each in kept["access"]]
        self._refresh = [_Token(**each) for each in kept["refresh"]]

    async def by_signature(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return new tokens for a signed call.

        Args:
            body: `appId`, `timestamp` (seconds or milliseconds, string or number), `sign`, `grantType`.

        Raises:
            ParameterError: A field is missing or of a wrong type.
            UnauthorizedError: The appId is unknown or the signature is wrong.
        """
        app_id, given = _text(body, "appId"), _text(body, "sign")
        timestamp = body.get("timestamp")
        if (
            isinstance(timestamp, bool)
            or not isinstance(timestamp, str | int)
            or not str(timestamp).isdecimal()
        ):
            raise ParameterError("timestamp must be a whole number of seconds or milliseconds")
        if body.get("grantType") != "sign":
            raise ParameterError("grantType must be sign")
        expected = sign(self._app_id, timestamp, self._app_key)
        if app_id != self._app_id or not hmac.compare_digest(expected.encode(), given.encode()):
            raise UnauthorizedError("the appId or the signature is wrong")
        return await self._issue()

    async def by_refresh(self, body: Mapping[str, Any], authorization: str | None) -> dict[str, Any]:
        """Return new tokens for a refresh token in the Authorization header.

        Raises:
            ParameterError: A field is missing or of a wrong type.
            UnauthorizedError: The appId or the refresh token is unknown or expired.
        """
        if body.get("grantType") != "refreshToken":
            raise ParameterError("grantType must be refreshToken")
        if _text(body, "appId") != self._app_id or not self._is_valid(self._refresh, authorization):
            raise UnauthorizedError("the appId or the refresh token is wrong or expired")
        return await self._issue(refreshed=True)

    def admits(self, authorization: str | None) -> bool:
        """Tell whether an Authorization header carries a valid access token."""
        return self._is_valid(self._access, authorization)

    def _is_valid(self, tokens: list[_Token], authorization: str | None) -> bool:
        scheme, _, value = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            return False
        now = self._clock.now().timestamp()
        given = value.strip().encode()
        return any(
            hmac.compare_digest(token.value.encode(), given) and now < token.expires_epoch_s
            for token in tokens
        )

    async def end(self, authorization: str | None) -> None:
        """Make an access token invalid before its time."""
        value = (authorization or "").partition(" ")[2].strip()
        self._access = [each for each in self._access if each.value != value]
        await self._keep()

    async def _issue(self, *, refreshed: bool = False) -> dict[str, Any]:
        now = self._clock.now().timestamp()
        alive = [each for each in self._access if now < each.expires_epoch_s]
        counts = self._store.received.tokens
        counts["issued"] += 1
        if refreshed:
            counts["refreshed"] += 1
        if len(alive) >= MAX_ACCESS_TOKENS:
            counts["displaced"] += 1
        counts["most_alive"] = max(counts["most_alive"], min(len(alive) + 1, MAX_ACCESS_TOKENS))
        access = _Token(secrets.token_urlsafe(24), now + ACCESS_TOKEN_S)
        refresh = _Token(secrets.token_urlsafe(24), now + REFRESH_TOKEN_S)
        self._access = [*alive, access][-MAX_ACCESS_TOKENS:]
        self._refresh = [*self._refresh, refresh][-_MAX_REFRESH_TOKENS:]
        await self._keep()
        return {
            "accessToken": access.value,
            "expiresIn": ACCESS_TOKEN_S,
            "refreshToken": refresh.value,
            "refreshTokenExpiresIn": REFRESH_TOKEN_S,
        }

    async def _keep(self) -> None:
        await self._store.set(
            "tokens",
            {
                "access": [asdict(each) for each in self._access],
                "refresh": [asdict(each) for each in self._refresh],
            },
        )


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise ParameterError(f"{name} is missing or is not a string")
    return value
