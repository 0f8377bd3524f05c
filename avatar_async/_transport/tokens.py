"""Keeping an access token at hand: one request at a time, here and across processes."""

import copy
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Protocol

import anyio
from attrs import field, frozen

from avatar_async._jobs.ports import Clock
from avatar_async._jobs.verdicts import SubmissionCodes
from avatar_async._transport.tokenfile import HeldToken, OpenTokenFile, TokenFile
from avatar_async._wire.calls import Call, Reply
from avatar_async._wire.tokens import TokenGrant, decode_token, encode_refresh_call, encode_sign_call
from avatar_async.errors import AuthError, AvatarError, NotSentError, ReplyError, ServiceError, ThrottledError
from avatar_async.settings import Settings

_log = logging.getLogger(__name__)
#: How long an access token lives if the service does not say, in seconds (public documentation).
LIFETIME_S = 8 * 3600.0
#: Age at which to get the next one, in seconds (public documentation: every 3.5 hours).
RENEWAL_AGE_S = 3.5 * 3600.0
_RENEWAL_SHARE = 0.75


@frozen(kw_only=True)
class Token:
    """An access token as calls use it.

    Attributes:
        value: Goes into the Authorization header.
        generation: Rises with each token, to renew the one that was refused and no newer one.
    """

    value: str = field(repr=False)
    generation: int


class TokenKeeper(Protocol):
    """Something that has an access token."""

    async def current(self) -> Token:
        """Return a token to use now; gets one if there is none, or the present one nears its end.

        Raises:
            AuthError: The appId or appKey is refused.
            ServiceError, TransportError: No token can be had now.
        """
        ...

    async def renew(self, generation: int) -> None:
        """Replace a refused token, unless one newer than that generation is already here.

        Raises:
            AuthError: The appId or appKey is refused, or the token is a fixed one.
            ServiceError, TransportError: No token can be had now.
        """
        ...


class FixedToken:
    """A token the user gave, which nobody can renew."""

    def __init__(self, value: str) -> None:
        self._token = Token(value=value, generation=1)

    async def current(self) -> Token:
        """Return the token."""
        return self._token

    async def renew(self, generation: int) -> None:  # noqa: ARG002 - the port's
        """Refuse: the token is fixed.

        Raises:
            AuthError: Always.
        """
        raise AuthError("the access token in AVATAR_TOKEN is refused: set a new one, or appId and appKey")


class SharedToken:
    """A token had for an appId and appKey, shared with other processes through a file.

    At most one request for a token is under way, however many callers wait, and the next one leaves
    `token_spacing_s` after the answer to the latest, whatever the wall clock does meanwhile. (Falling back
    from a refused refresh token to a signature counts as one request.) Callers whose token is refused
    wait for that; others use what they have.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        send: Callable[[Call], Awaitable[Reply]],
        file: TokenFile,
        clock: Clock,
        codes: SubmissionCodes | None = None,
    ) -> None:
        self._settings = settings
        self._send = send
        self._file = file
        self._clock = clock
        self._codes = codes or SubmissionCodes()
        self._spacing = timedelta(seconds=settings.token_spacing_s)
        self._lock = anyio.Lock()
        self._held: HeldToken | None = None
        self._token: Token | None = None
        self._generation = 0
        #: When the latest request of this process was answered (monotonic seconds).
        self._asked_s = clock.monotonic() - settings.token_spacing_s
        #: Tokens the service refused; another process may still have one of them in the file.
        self._refused: set[str] = set()
        self._flights = 0
        self._failure: AvatarError | None = None

    def __repr__(self) -> str:
        return f"<SharedToken generation {self._generation}>"

    async def current(self) -> Token:
        """Return a token to use now."""
        if not self._fresh() and not (self._valid() and self._own_wait_s() > 0):
            await self._fly(refused=None)
        assert self._token is not None
        return self._token

    async def renew(self, generation: int) -> None:
        """Replace a refused token, unless a newer one is already here."""
        if self._generation <= generation:
            if self._held is not None:
                self._refused.add(self._held.access_token)
            await self._fly(refused=generation)

    def _fresh(self) -> bool:
        return self._held is not None and self._clock.now() < self._held.renew_at

    def _valid(self) -> bool:
        return self._held is not None and self._clock.now() < self._held.expires_at

    async def _fly(self, *, refused: int | None) -> None:
        boarded = self._flights
        async with self._lock:
            if self._fresh() if refused is None else self._generation > refused:
                return
            if self._flights > boarded and self._failure is not None:
                if refused is None and self._valid():
                    return
                raise copy.copy(self._failure)
            try:
                await self._obtain(refused=refused is not None)
                self._failure = None
            except AvatarError as error:
                self._failure = error
                if refused is not None or not self._valid():
                    raise
                _log.warning("the access token could not be renewed ahead of its end: %s", error)
            finally:
                self._flights += 1

    async def _obtain(self, *, refused: bool) -> None:
        async with self._file.locked() as file:
            shared = await file.read()
            now = self._clock.now()
            if shared is not None and self._is_news(shared) and now < shared.renew_at:
                self._hold(shared)
                return
            wait_s = self._own_wait_s()
            if shared is not None:
                wait = min(shared.granted_at + self._spacing - now, self._spacing)
                wait_s = max(wait_s, wait.total_seconds())
            if wait_s > 0:
                if not refused and self._valid():
                    return
                await self._clock.sleep(wait_s)
            await self._ask(file, shared or self._held)

    def _is_news(self, shared: HeldToken) -> bool:
        known = self._held.access_token if self._held is not None else None
        return shared.access_token != known and shared.access_token not in self._refused

    def _own_wait_s(self) -> float:
        """Return for how many seconds this process must not ask for a token."""
        return self._asked_s + self._settings.token_spacing_s - self._clock.monotonic()

    async def _ask(self, file: OpenTokenFile, last: HeldToken | None) -> None:
        asked_at = self._clock.now()
        try:
            grant = await self._refreshed(last) or await self._signed()
        except NotSentError:
            raise
        except AvatarError:
            self._asked_s = self._clock.monotonic()
            raise
        self._asked_s = self._clock.monotonic()
        lifetime_s = grant.expires_in_s or LIFETIME_S
        refresh_s = grant.refresh_expires_in_s
        held = HeldToken(
            access_token=grant.access_token,
            refresh_token=grant.refresh_token,
            granted_at=self._clock.now(),
            renew_at=asked_at + timedelta(seconds=min(RENEWAL_AGE_S, lifetime_s * _RENEWAL_SHARE)),
            expires_at=asked_at + timedelta(seconds=lifetime_s),
            refresh_expires_at=asked_at + timedelta(seconds=refresh_s) if refresh_s else None,
        )
        self._hold(held)
        await file.write(held)

    async def _refreshed(self, last: HeldToken | None) -> TokenGrant | None:
        if last is None or last.refresh_token is None:
            return None
        if last.refresh_expires_at is not None and self._clock.now() >= last.refresh_expires_at:
            return None
        assert self._settings.app_id is not None
        reply = await self._send(encode_refresh_call(self._settings.app_id, last.refresh_token))
        try:
            return decode_token(reply, now=self._clock.now(), codes=self._codes)
        except ThrottledError:
            raise
        except (ServiceError, ReplyError) as error:
            _log.info("the refresh token was not taken, signing instead: %s", error)
            return None

    async def _signed(self) -> TokenGrant:
        settings = self._settings
        assert settings.app_id is not None
        assert settings.app_key is not None
        call = encode_sign_call(
            settings.app_id,
            settings.app_key,
            epoch_s=self._clock.now().timestamp(),
            timestamp_type=settings.timestamp_type,
            timestamp_unit=settings.timestamp_unit,
        )
        return decode_token(await self._send(call), now=self._clock.now(), codes=self._codes)

    def _hold(self, token: HeldToken) -> None:
        self._held = token
        self._generation += 1
        self._token = Token(value=token.access_token, generation=self._generation)


def token_keeper(
    settings: Settings,
    *,
    send: Callable[[Call], Awaitable[Reply]],
    clock: Clock,
    codes: SubmissionCodes | None = None,
) -> TokenKeeper:
    """Return the keeper the settings ask for: their fixed token, or one for their appId and appKey."""
    if settings.token is not None:
        return FixedToken(settings.token)
    assert settings.app_id is not None
    assert settings.app_key is not None
    file = TokenFile(
        settings.token_cache_dir,
        endpoint=settings.endpoint,
        app_id=settings.app_id,
        app_key=settings.app_key,
    )
    return SharedToken(settings, send=send, file=file, clock=clock, codes=codes)
