"""Files by plain requests, at half of what aiohttp's cost.

What is plain: an address without credentials at a host that is reached without a proxy, and an answer of one
length. Whatever else there is, aiohttp does; a host whose answers are not plain is left to it.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import closing
from types import TracebackType
from typing import Final, Self

import aiohttp
from attrs import define, field

from avatar_async._jobs.ports import Chunk
from avatar_async._transport.blocks import BlockShares
from avatar_async._transport.errors import mapped
from avatar_async._transport.heads import Head
from avatar_async._transport.places import Place
from avatar_async._transport.plainconnector import Origin, PlainConnector, UnreachedError
from avatar_async._transport.plainexchange import OddAnswerError, PlainExchange
from avatar_async._transport.receiving import Receiver

#: Seconds for which a body is waited for before its reader has what came of it.
_PATIENCE_S: Final = 0.1
#: Longest time between two looks, and how many there are at least while a host is silent.
_LOOK_S: Final = 5.0
_LEAST_LOOKS: Final = 8


@define(eq=False, kw_only=True)
class PlainStream:
    """A plain answer whose body is still to be read; see `ArtifactStream`.

    Attributes:
        status: HTTP status.
        offset: Where in the file the first chunk lies.
        total_bytes: Length of the file.
        etag: Strong validator, if there is one.
        head: The answer's head.
    """

    status: int
    offset: int = 0
    total_bytes: int | None
    etag: str | None = None
    head: Head = field(repr=False)
    _name: str = field(repr=False)
    _exchange: PlainExchange = field(repr=False)
    _origin: Origin = field(repr=False)
    _leave: Callable[[PlainExchange, Origin | None], None] = field(repr=False)
    _lent: tuple[bytes, Receiver] | None = field(repr=False)
    _shares: BlockShares = field(repr=False)
    _pieces: "_Pieces | None" = field(default=None, init=False, repr=False)

    def chunks(self) -> AsyncIterator[Chunk]:
        """Yield the body as it arrives; see `ArtifactStream`. To be called once."""
        if self._lent is not None:
            return self._views(*self._lent)
        self._pieces = _Pieces(self._name, self._exchange)
        return self._pieces

    async def _views(self, begun: bytes, receiver: Receiver) -> AsyncIterator[Chunk]:
        with mapped(self._name):
            if begun:
                yield begun
            with closing(receiver), self._shares.engaged():
                while view := await receiver.next():
                    yield view

    def close(self) -> None:
        """Let go of the connection: kept for others if the body was read to its end."""
        if self._lent is not None:
            self._lent[1].close()
        if self._pieces is not None:
            self._pieces.leave()
        self._leave(self._exchange, self._origin if self.head.kept else None)


class _Pieces:
    """What comes of a body that nobody else receives; a generator would be dearer than the asking.

    After the last piece, and once it is left, the connection is another file's.
    """

    __slots__ = ("_ended", "_exchange", "_name")

    def __init__(self, name: str, exchange: PlainExchange) -> None:
        self._name = name
        self._exchange: PlainExchange | None = exchange
        self._ended = False

    def leave(self) -> None:
        """Let go of the connection, wherever the body is."""
        self._exchange = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Chunk:
        exchange = self._exchange
        piece = b"" if exchange is None else exchange.take()
        if piece:
            return piece
        if exchange is None and self._ended:
            raise StopAsyncIteration
        with mapped(self._name):
            if exchange is None:
                raise aiohttp.ClientConnectionError("the download was left")
            piece = await exchange.next()
        if not piece:
            self._ended, self._exchange = True, None
            raise StopAsyncIteration
        return piece


class PlainGets:
    """Plain requests for files. Enter it before use; leaving ends those under way.

    Args:
        connector: Where connections come from.
        headers: What every request has beside `Host`.
        timeout: How long a connection is waited for.
        silence_s: Seconds without a byte after which a host is given up.
        shares: Blocks for long files.
    """

    def __init__(
        self,
        connector: PlainConnector,
        *,
        headers: Mapping[str, str],
        timeout: aiohttp.ClientTimeout,
        silence_s: float,
        shares: BlockShares,
    ) -> None:
        self._connector = connector
        self._lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._timeout = timeout
        self._silence_s = silence_s
        self._shares = shares
        self._look_s = min(_LOOK_S, silence_s / _LEAST_LOOKS)
        self._looks = math.ceil(silence_s / self._look_s)
        self._busy: set[PlainExchange] = set()
        #: Connections between one file and the next, until the next look.
        self._parked: dict[Origin, list[PlainExchange]] = {}
        self._odd: set[Origin] = set()
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for exchange in [*self._busy]:
            self._leave(exchange, None)
        self._unpark(kept=False)

    async def open(self, place: Place, path: str) -> PlainStream | None:
        """Ask for a file; None if aiohttp is to ask for it.

        Cancelled, the connection is closed.

        Args:
            place: Where it lies.
            path: Its path and query there.

        Raises:
            NotSentError: No connection came about in time.
            TransportTimeoutError: No answer came in time.
            ConnectionLostError: The host closed the connection without an answer.
        """
        origin = place.origin
        if origin in self._odd or not self._connector.may_reach(origin):
            return None
        request = f"GET {path} HTTP/1.1\r\nHost: {place.header}\r\n{self._lines}\r\n".encode("ascii")
        with mapped(place.name):
            while True:
                try:
                    exchange = self._parked_one(origin) or await self._connector.exchange(
                        origin, self._timeout, patience_s=_PATIENCE_S
                    )
                except UnreachedError:
                    return None
                self._busy.add(exchange)
                if self._timer is None:
                    self._look()
                try:
                    head = await exchange.ask(request)
                except BaseException as error:
                    self._leave(exchange, None)
                    if isinstance(error, (aiohttp.ClientError, OSError)):
                        stale = exchange.used and not exchange.answered
                        if stale and not isinstance(error, TimeoutError):
                            continue  # the host closed it while it was kept
                        raise
                    if not isinstance(error, OddAnswerError):
                        raise
                    if exchange.head is None:
                        self._odd.add(origin)
                        return None
                    head = exchange.head
                return PlainStream(
                    status=head.status,
                    total_bytes=head.length,
                    head=head,
                    name=place.name,
                    origin=origin,
                    exchange=exchange,
                    leave=self._leave,
                    lent=exchange.lend(self._silence_s, self._shares) if head.status == 200 else None,
                    shares=self._shares,
                )

    def _parked_one(self, origin: Origin) -> PlainExchange | None:
        parked = self._parked.get(origin)
        while parked:
            latest = parked.pop()
            if latest.again():
                return latest
        return None

    def _leave(self, exchange: PlainExchange, origin: Origin | None) -> None:
        """Park a connection to an origin for the next file from there, if that can be; close it for none."""
        if exchange not in self._busy:
            return
        self._busy.discard(exchange)
        if origin is None or not exchange.over:
            exchange.close(kept=origin is not None)
        elif origin in self._parked:
            self._parked[origin].append(exchange)
        else:
            self._parked[origin] = [exchange]

    def _unpark(self, *, kept: bool) -> None:
        parked, self._parked = self._parked, {}
        for exchanges in parked.values():
            for exchange in exchanges:
                exchange.close(kept=kept)

    def _look(self) -> None:
        """Look after silent hosts, and have aiohttp keep the connections that nobody needs."""
        for exchange in [*self._busy]:
            exchange.look(self._looks)
        self._unpark(kept=True)
        self._timer = asyncio.get_running_loop().call_later(self._look_s, self._look) if self._busy else None
