"""Connections of aiohttp's that plain exchanges may use, too: those it made itself, straight to a host."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import aiohttp
import aiohttp.client
from aiohttp.client_proto import ResponseHandler
from attrs import frozen
from yarl import URL

from avatar_async._transport.cleanconnector import CleanConnector
from avatar_async._transport.lending import all_lend, lends
from avatar_async._transport.plainexchange import PlainExchange

if TYPE_CHECKING:
    from aiohttp import ClientRequest

#: Scheme, host and port.
Origin: TypeAlias = tuple[str, str | None, int | None]
#: Most origins that are remembered.
_MOST_ORIGINS: Final = 256


def origin_of(address: URL) -> Origin:
    """Return what an address has in common with others that share connections."""
    return address.scheme, address.raw_host, address.port


class UnreachedError(Exception):
    """Tell that a host is to be spoken to by aiohttp's own code only."""


@frozen
class _Reached:
    """How an origin was reached: the request that was done for, and the functions that send requests."""

    request: "ClientRequest"
    senders: tuple[Callable[..., Any] | None, ...]


class PlainConnector(CleanConnector):
    """A pool of connections that serves plain exchanges beside the requests of a session.

    Only without a proxy can origins be spoken to plainly, and only while requests are sent by aiohttp's own
    code: where a test answers them in its stead, or something records them, every request goes that way.
    Connections are made, limited, checked and kept by aiohttp.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._reached: dict[Origin, _Reached] = {}
        self._made = 0
        #: Whether what aiohttp makes can be lent, as far as can be told beforehand.
        self._may_lend = all_lend(ResponseHandler)

    def reaches(self, origin: Origin) -> bool:
        """Whether plain exchanges are possible with an origin that was connected to."""
        reached = self._reached.get(origin)
        return reached is not None and reached.senders == _senders()

    def may_reach(self, origin: Origin) -> bool:
        """Whether plain exchanges with an origin are possible, as far as can be told before connecting."""
        if origin in self._reached:
            return self.reaches(origin)
        return self._may_lend and all(map(_is_aiohttps, _senders()))

    async def exchange(
        self, origin: Origin, timeout: aiohttp.ClientTimeout, *, patience_s: float = 0.0
    ) -> PlainExchange:
        """Return an exchange on a connection to an origin: a kept one, or one that is made.

        Args:
            origin: Whom to speak to.
            timeout: How long a connection is waited for.
            patience_s: See `PlainExchange`.

        Raises:
            UnreachedError: It turns out that there can be none with that origin.
            aiohttp.ClientError: None could be had, as aiohttp tells of it.
        """
        reached = self._reached.get(origin)
        request = _request_to(origin) if reached is None else reached.request
        made = self._made
        try:
            connection = await self.connect(request, [], timeout)
        except TimeoutError as error:
            raise aiohttp.ConnectionTimeoutError from error
        if origin not in self._reached:
            connection.release()
            raise UnreachedError
        # Nothing else is made while a kept one is taken, which waits for nothing.
        return PlainExchange(connection, used=self._made == made, patience_s=patience_s)

    async def _create_connection(self, req: "ClientRequest", *rest: Any, **named: Any) -> "ResponseHandler":
        """Make a connection: the hook of every connector."""
        protocol = await super()._create_connection(req, *rest, **named)
        self._made += 1
        origin, senders = origin_of(req.url), _senders()
        self._reached.pop(origin, None)
        if lends(protocol) and req.proxy is None and all(map(_is_aiohttps, senders)):
            if len(self._reached) >= _MOST_ORIGINS:
                del self._reached[next(iter(self._reached))]
            self._reached[origin] = _Reached(req, senders)
        return protocol


def _request_to(origin: Origin) -> "ClientRequest":
    """Return a request by which an origin can be connected to; it is never sent.

    Raises:
        UnreachedError: This version of aiohttp wants more for one.
    """
    scheme, host, port = origin
    address = URL.build(scheme=scheme, host=host or "", port=port)
    try:
        return aiohttp.ClientRequest("GET", address, loop=asyncio.get_running_loop())
    except TypeError as error:
        raise UnreachedError from error


def _senders() -> tuple[Callable[..., Any] | None, ...]:
    """Return the functions through which sessions send what we ask for; tests put others in their place."""
    return tuple(getattr(aiohttp.ClientSession, name, None) for name in ("_request", "request", "get"))


def _is_aiohttps(function: Callable[..., Any] | None) -> bool:
    return getattr(function, "__globals__", None) is vars(aiohttp.client)


def plain_connector(session: aiohttp.ClientSession) -> PlainConnector | None:
    """Return the pool of a session if plain exchanges may use it: nobody traces what the session does."""
    connector = session.connector
    return connector if isinstance(connector, PlainConnector) and not session.trace_configs else None
