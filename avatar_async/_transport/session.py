"""Calls to the service: bounded in time and size, never redirected, certificates always checked."""

import zlib
from collections.abc import Mapping
from contextlib import AsyncExitStack
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp
from attrs import frozen
from yarl import URL

from avatar_async import __version__
from avatar_async._jobs.verdicts import says_enough
from avatar_async._transport.errors import MAPPED, Departure, translate
from avatar_async._transport.time_limit import TimeLimit, Watch
from avatar_async._transport.tls import tls_context
from avatar_async._wire.calls import Call, Reply
from avatar_async._wire.envelope import MAX_BODY_BYTES
from avatar_async._wire.redaction import repeats
from avatar_async.errors import AvatarError, ReplyError, TransportError
from avatar_async.settings import Settings, is_loopback

#: What every request says of us.
USER_AGENT = f"avatar-async/{__version__}"
_HEADERS = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
_MAX_CONNECTIONS = 64
_MAX_SECRETS = 16


@frozen(kw_only=True)
class _Leaving:
    """What is noted when a request leaves."""

    departure: Departure
    limit: TimeLimit


def proxy_for(settings: Settings, host: str | None) -> str | None:
    """Return the proxy to reach a host through; loopback hosts are reached directly."""
    return None if is_loopback(host) else settings.proxy


class ServiceSession:
    """HTTP connections to the service's origin.

    Enter it before use; leaving closes every connection.

    Raises:
        ConfigError: On entering, if the settings' `ca_file` cannot be read.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._proxy = proxy_for(settings, urlsplit(settings.endpoint).hostname)
        self._timeout = aiohttp.ClientTimeout(
            total=None,
            connect=settings.connect_timeout_s,
            sock_connect=settings.connect_timeout_s,
            sock_read=None,
        )
        self._watch = Watch(limit_s=settings.total_timeout_s, silence_s=settings.read_timeout_s)
        self._url = lru_cache(maxsize=64)(self._url_of)
        self._standing: tuple[Mapping[str, str], str | None] | None = None
        self._told: dict[str, None] = {}
        self._latest: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
        self._stack = AsyncExitStack()
        self._kept: aiohttp.ClientSession | None = None
        self._fresh: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        context = await tls_context(self._settings.ca_file)
        async with AsyncExitStack() as stack:
            kept = aiohttp.TCPConnector(ssl=context, limit=_MAX_CONNECTIONS)
            fresh = aiohttp.TCPConnector(ssl=context, limit=0, force_close=True)
            self._kept = await stack.enter_async_context(self._session(kept))
            self._fresh = await stack.enter_async_context(self._session(fresh, _noticing()))
            self._stack = stack.pop_all()
        self._standing = None
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._kept = self._fresh = None
        await self._stack.aclose()

    def _session(
        self, connector: aiohttp.TCPConnector, *traces: aiohttp.TraceConfig
    ) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=connector,
            timeout=self._timeout,
            headers=_HEADERS,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trace_configs=[*traces],
        )

    async def send(self, call: Call, *, what: str, token: str | None = None, fresh: bool = False) -> Reply:
        """Send one call, once, and return its reply, whatever its status.

        The body of a reply whose status says enough is left out if it breaks off or cannot be read.
        Cancellation leaves open whether the service did what it was asked.

        Args:
            call: What to send.
            what: The call's name, for messages.
            token: Access token to send along.
            fresh: Whether to use a connection of its own instead of one kept alive, which the service
                may be closing at this moment; and to notice when the first byte leaves.

        Raises:
            NotSentError: No byte of the call reached a socket. (A kept connection that fails in time is
                never taken for that.)
            TransportError: Something was sent, and no whole reply came.
        """
        session = self._fresh if fresh else self._kept
        if session is None:
            raise RuntimeError("enter the client with `async with` before using it")
        secrets = self._secrets(call.secrets if token is None else (*call.secrets, token))
        departure = Departure(sent=False) if fresh else None
        response: aiohttp.ClientResponse | None = None
        try:
            with self._watch.limit() as limit:
                # Nothing is awaited between the choice of headers and their use.
                response = await session.request(
                    call.method,
                    self._url(call.path),
                    data=call.body or None,
                    headers=self._headers(session, call.headers, token),
                    allow_redirects=False,
                    proxy=self._proxy,
                    trace_request_ctx=_Leaving(departure=departure, limit=limit) if departure else None,
                )
                body = await _whole(response, limit)
        except (TransportError, *MAPPED) as error:
            if response is not None and says_enough(response.status):
                return Reply(status=response.status, headers=response.headers, secrets=secrets)
            if isinstance(error, AvatarError):
                raise
            failure = translate(error, f"{what} to {self._settings.endpoint}", departure or Departure())
            raise failure from (error if isinstance(error, OSError) else None)
        told = secrets if repeats(body, secrets) else ()
        return Reply(status=response.status, headers=response.headers, body=body, secrets=told)

    def _headers(
        self, session: aiohttp.ClientSession, headers: Mapping[str, str], token: str | None
    ) -> Mapping[str, str] | None:
        """Return the headers of a call; None if they are those that the session sends by itself.

        A session sends its own headers to the proxy, too, which must not have the token.
        """
        if session is not self._kept or self._proxy is not None:
            return headers if token is None else {**headers, "Authorization": f"Bearer {token}"}
        standing = self._standing
        if standing is None or standing[0] is not headers or standing[1] != token:
            session.headers.clear()
            session.headers.update({**_HEADERS, **headers})
            if token is not None:
                session.headers["Authorization"] = f"Bearer {token}"
            self._standing = (headers, token)
        return None

    def _url_of(self, path: str) -> URL:
        return URL(self._settings.endpoint + path, encoded=True)

    def _secrets(self, told: tuple[str, ...]) -> tuple[str, ...]:
        """Return what the service may repeat: what this call and the latest ones before it tell it."""
        if told and told == self._latest[0]:
            return self._latest[1]
        for secret in (*filter(None, (self._settings.app_key, self._settings.token)), *told):
            self._told.pop(secret, None)
            self._told[secret] = None
        for oldest in [*self._told][:-_MAX_SECRETS]:
            del self._told[oldest]
        self._latest = (told, tuple(self._told))
        return self._latest[1]


def _noticing() -> aiohttp.TraceConfig:
    trace = aiohttp.TraceConfig()
    trace.on_request_headers_sent.append(_departed)
    return trace


async def _departed(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: Any) -> None:
    leaving: _Leaving = context.trace_request_ctx
    leaving.departure.sent = True
    leaving.limit.restart()


async def _whole(response: aiohttp.ClientResponse, limit: TimeLimit) -> bytes:
    """Return the body of a reply, which is closed if that fails."""
    content = response.content
    try:
        if content.is_eof():  # as most are: it came with the headers
            body = content.read_nowait()
        else:
            limit.restart()
            parts = bytearray()
            while len(parts) <= MAX_BODY_BYTES and (part := await content.readany()):
                limit.restart()
                parts += part
            body = bytes(parts)
        if len(body) > MAX_BODY_BYTES:
            raise ReplyError(f"the reply is longer than {MAX_BODY_BYTES} bytes")
        encoding = response.headers.get("Content-Encoding")
        return body if encoding is None else _plain(body, encoding)
    except BaseException:
        response.close()
        raise


def _plain(body: bytes, encoding: str) -> bytes:
    encoding = encoding.strip().lower()
    if encoding in ("", "identity") or not body:
        return body
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise ReplyError("the reply has an encoding nobody asked for")
    try:
        return _inflated(body, zlib.MAX_WBITS | 32)
    except zlib.error:
        try:
            return _inflated(body, -zlib.MAX_WBITS)
        except zlib.error as error:
            raise ReplyError("the reply's encoding cannot be read") from error


def _inflated(body: bytes, window: int) -> bytes:
    inflater = zlib.decompressobj(window)
    plain = inflater.decompress(body, MAX_BODY_BYTES + 1)
    if len(plain) > MAX_BODY_BYTES:
        raise ReplyError(f"the reply is longer than {MAX_BODY_BYTES} bytes")
    if not inflater.eof:
        raise ReplyError("the reply broke off")
    return plain
