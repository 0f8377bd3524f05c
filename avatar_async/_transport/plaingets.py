"""Short files by plain requests over connections of our own, at half of what aiohttp's cost.

A connection is tried for what is plain: a direct address without credentials, an answer of one length that
is not coded. Whatever else there is, aiohttp does; a host whose answers are not plain is left to it.
"""

import asyncio
import math
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import aiohttp
import anyio
from attrs import define, field
from yarl import URL

from avatar_async._transport.addresses import name_of
from avatar_async._transport.errors import mapped
from avatar_async._transport.heads import Head
from avatar_async._transport.plainconnection import OddAnswerError, PlainConnection
from avatar_async._transport.tls import own_context

#: Seconds that a connection is kept for another request.
_KEPT_S: Final = 15.0
#: Longest time between two looks, and how many there are at least while a host is silent.
_LOOK_S: Final = 5.0
_LEAST_LOOKS: Final = 8
_HAPPY_EYEBALLS_S: Final = 0.25
_Origin = tuple[str, str, int]


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
    _address: URL = field(repr=False)
    _connection: PlainConnection = field(repr=False)
    _leave: Callable[[PlainConnection, bool], None] = field(repr=False)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives; see `ArtifactStream`."""
        with mapped(name_of(self._address)):
            while chunk := await self._connection.next():
                yield chunk

    def close(self) -> None:
        """Let go of the connection: kept for others if the body was read to its end."""
        self._leave(self._connection, self.head.kept)


class PlainGets:
    """Connections to the hosts that plain requests go to. Enter it before use; leaving closes them.

    Args:
        headers: What every request has beside `Host`.
        connect_s: Seconds to wait for a connection.
        silence_s: Seconds without a byte after which a host is given up.
        ca_file: More authorities to trust than the system's.

    Raises:
        ConfigError: On the first https address, if `ca_file` cannot be read.
    """

    def __init__(
        self, headers: Mapping[str, str], *, connect_s: float, silence_s: float, ca_file: Path | None
    ) -> None:
        self._lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._connect_s = connect_s
        self._look_s = min(_LOOK_S, silence_s / _LEAST_LOOKS)
        self._looks = math.ceil(silence_s / self._look_s)
        self._ca_file = ca_file
        self._context: ssl.SSLContext | None = None
        self._making = anyio.Lock()
        self._open = False
        self._busy: dict[PlainConnection, _Origin] = {}
        self._kept: dict[_Origin, list[PlainConnection]] = {}
        self._odd: set[_Origin] = set()
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> Self:
        self._open = True
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._open = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for connection in (*self._busy, *chain.from_iterable(self._kept.values())):
            connection.close()
        self._kept.clear()
        self._odd.clear()

    async def open(self, address: URL) -> PlainStream | None:
        """Ask for a file; None if aiohttp is to ask for it.

        Cancelled, the connection is closed.

        Raises:
            NotSentError: No connection came about in time.
            TransportTimeoutError: No answer came in time.
            ConnectionLostError: The host closed the connection without an answer.
        """
        host, port = address.raw_host, address.port
        if not host or not port or host.endswith(".") or "@" in address.raw_authority:
            return None
        origin = (address.scheme, host, port)
        if origin in self._odd:
            return None
        line, named = f"GET {address.raw_path_qs} HTTP/1.1", address.host_port_subcomponent
        request = f"{line}\r\nHost: {named}\r\n{self._lines}\r\n".encode("ascii")
        with mapped(name_of(address)):
            while True:
                connection = self._spare(origin) or await self._connected(origin)
                if connection is None:
                    return None
                try:
                    head = await self._ask(connection, request)
                except OddAnswerError:
                    self._odd.add(origin)
                    return None
                except (aiohttp.ClientError, OSError):
                    if connection.used and not connection.answered:
                        continue  # the host closed it while it was kept
                    raise
                return PlainStream(
                    status=head.status,
                    total_bytes=head.length,
                    head=head,
                    address=address,
                    connection=connection,
                    leave=self._leave,
                )

    async def _ask(self, connection: PlainConnection, request: bytes) -> Head:
        try:
            return await connection.ask(request)
        except BaseException:
            self._leave(connection, False)
            raise

    def _spare(self, origin: _Origin) -> PlainConnection | None:
        kept = self._kept.get(origin)
        while kept:
            connection = kept.pop()
            if connection.usable:
                self._busy[connection] = origin
                return connection
            connection.close()
        return None

    async def _connected(self, origin: _Origin) -> PlainConnection | None:
        """Return a new connection; None if the host refuses, of which aiohttp tells more."""
        scheme, host, port = origin
        secure: dict[str, Any] = {}
        if scheme == "https":
            secure = {"ssl": await self._secure(), "server_hostname": host}
        with anyio.move_on_after(self._connect_s):
            try:
                _, connection = await asyncio.get_running_loop().create_connection(
                    PlainConnection, host, port, happy_eyeballs_delay=_HAPPY_EYEBALLS_S, **secure
                )
            except (OSError, ValueError):
                return None
            if not self._open:
                connection.close()
                raise RuntimeError("enter the client with `async with` before using it")
            self._busy[connection] = origin
            if self._timer is None:
                self._look()
            return connection
        raise aiohttp.ConnectionTimeoutError

    async def _secure(self) -> ssl.SSLContext:
        async with self._making:
            if self._context is None:
                self._context = await own_context(self._ca_file)
            return self._context

    def _leave(self, connection: PlainConnection, kept: bool) -> None:
        origin = self._busy.pop(connection, None)
        if origin is None or not kept or not self._open or not connection.usable:
            connection.close()
            return
        connection.used = True
        connection.used_at_s = asyncio.get_running_loop().time()
        self._kept.setdefault(origin, []).append(connection)

    def _look(self) -> None:
        """Look after silent hosts, and let go of connections that nobody needs any more."""
        loop = asyncio.get_running_loop()
        for connection in [*self._busy]:
            connection.look(self._looks)
        old_s = loop.time() - _KEPT_S
        for origin, kept in [*self._kept.items()]:
            for connection in kept:
                if connection.used_at_s < old_s or not connection.usable:
                    connection.close()
            self._kept[origin] = [each for each in kept if each.usable]
            if not self._kept[origin]:
                del self._kept[origin]
        wanted = self._busy or self._kept
        self._timer = loop.call_later(self._look_s, self._look) if wanted else None
