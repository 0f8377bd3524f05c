"""Connections of aiohttp's over which nothing came while nobody asked."""

from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import aiohttp

from avatar_async._transport.lending import lends
from avatar_async._transport.pending import has_more

if TYPE_CHECKING:
    from aiohttp import ClientRequest
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace


class CleanConnector(aiohttp.TCPConnector):
    """A pool that gives no connection away over which something came since its last request.

    aiohttp (3.14) looks only when a connection is put back. What comes later, be it a second answer or word
    that the host is tired of waiting, it would take for the answer to the next request; were that answer's
    body not whole, its reader would wait for ever. A version that hides how a connection stands is trusted.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        #: Those that were given away at least once.
        self._used: WeakSet[ResponseHandler] = WeakSet()

    async def connect(
        self, req: "ClientRequest", traces: "list[Trace]", timeout: aiohttp.ClientTimeout
    ) -> "Connection":
        """Return a kept connection, or one that is made."""
        while True:
            connection = await super().connect(req, traces, timeout)
            protocol = connection.protocol
            if protocol is None or not lends(protocol):
                return connection
            if protocol not in self._used:
                self._used.add(protocol)
                return connection
            transport = protocol.transport
            if not protocol.should_close and transport is not None and not has_more(transport):
                return connection
            connection.close()
