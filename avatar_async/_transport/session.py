"""Calls to the service: bounded in time and size, never redirected, certificates always checked."""

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
from avatar_async._transport.allocation import keep_blocks
from avatar_async._transport.bodies import decoded, read_body
from avatar_async._transport.errors import MAPPED, Departure, translate
from avatar_async._transport.plaincalls import Answer, PlainCalls
from avatar_async._transport.plainconnector import PlainConnector, plain_connector
from avatar_async._transport.time_limit import TimeLimit, Watch
from avatar_async._transport.tls import tls_context
from avatar_async._wire.calls import Call, Reply
from avatar_async.errors import AvatarError, TransportError
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
        self._told: dict[str, None] = {}
        self._latest: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
        self._stack = AsyncExitStack()
        self._plain: PlainCalls | None = None
        self._kept: aiohttp.ClientSession | None = None
        self._fresh: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        keep_blocks()
        context = await tls_context(self._settings.ca_file)
        async with AsyncExitStack() as stack:
            kept = PlainConnector(ssl=context, limit=_MAX_CONNECTIONS)
            fresh = aiohttp.TCPConnector(ssl=context, limit=0, force_close=True)
            self._kept = await stack.enter_async_context(self._session(kept))
            self._fresh = await stack.enter_async_context(self._session(fresh, _noticing()))
            connector = plain_connector(self._kept)
            if connector is not None and self._proxy is None:
                endpoint = URL(self._settings.endpoint)
                self._plain = PlainCalls(connector, endpoint, headers=_HEADERS, timeout=self._timeout)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._kept = self._fresh = self._plain = None
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
        plain = None if fresh else self._plain
        answer = Answer()
        try:
            with self._watch.limit() as limit:
                url = self._url(call.path)
                request = None if plain is None else plain.request(call, url, token)
                if plain is not None and request is not None:
                    body = await plain.send(request, limit, answer)
                else:
                    leaving = None if departure is None else _Leaving(departure=departure, limit=limit)
                    body = await self._send(session, call, url, token, leaving, limit, answer)
                body = decoded(body, answer.headers.get("content-encoding"))
        except (TransportError, *MAPPED) as error:
            if says_enough(answer.status):
                return Reply(status=answer.status, headers=answer.headers, secrets=secrets)
            if isinstance(error, AvatarError):
                raise
            failure = translate(error, f"{what} to {self._settings.endpoint}", departure or Departure())
            raise failure from (error if isinstance(error, OSError) else None)
        return Reply(status=answer.status, headers=answer.headers, body=body, secrets=secrets)

    async def _send(
        self,
        session: aiohttp.ClientSession,
        call: Call,
        url: URL,
        token: str | None,
        leaving: _Leaving | None,
        limit: TimeLimit,
        answer: Answer,
    ) -> bytes:
        """Send one call by aiohttp, and return the body of its answer."""
        headers = call.headers if token is None else {**call.headers, "Authorization": f"Bearer {token}"}
        response = await session.request(
            call.method,
            url,
            data=call.body or None,
            headers=headers,
            allow_redirects=False,
            proxy=self._proxy,
            trace_request_ctx=leaving,
        )
        answer.status, answer.headers = response.status, response.headers
        try:
            connection = response.connection
            protocol = None if connection is None else connection.protocol
            return await read_body(response.content, protocol, limit)
        except BaseException:
            response.close()
            raise

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
