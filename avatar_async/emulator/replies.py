"""Replies that can be changed before they are sent, and ways of breaking off while they are."""

import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import BinaryIO, Literal, NoReturn

import anyio
import anyio.to_thread
from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from attrs import frozen

_CHUNK_BYTES = 1 << 18
_RESET_AT_ONCE = struct.pack("ii", 1, 0)

#: How a reply ends: as promised, with a closed connection, with a reset one, or never.
Ending = Literal["whole", "close", "reset", "hang"]
Wait = Callable[[float], Awaitable[None]]


@frozen
class Content:
    """Be bytes in memory."""

    value: bytes

    @property
    def size_bytes(self) -> int:
        """Return the length."""
        return len(self.value)

    async def pieces(self, chunk_bytes: int) -> AsyncIterator[bytes]:
        """Yield the bytes in pieces."""
        for start in range(0, len(self.value), chunk_bytes):
            yield self.value[start : start + chunk_bytes]


@frozen(kw_only=True)
class FileSpan:
    """Be bytes of a file.

    Attributes:
        path: The file.
        start: First byte.
        stop: One after the last byte.
        total_bytes: Length of the whole file.
        sent: Told how many bytes were handed to the connection.
    """

    path: Path
    start: int
    stop: int
    total_bytes: int
    sent: Callable[[int], None] = lambda _number: None

    @property
    def size_bytes(self) -> int:
        """Return the length."""
        return self.stop - self.start

    async def pieces(self, chunk_bytes: int) -> AsyncIterator[bytes]:
        """Yield the bytes in pieces; the file is closed whatever happens."""
        stream = await anyio.to_thread.run_sync(_open_at, self.path, self.start)
        try:
            left = self.size_bytes
            while left > 0:
                piece = await anyio.to_thread.run_sync(stream.read, min(chunk_bytes, left))
                if not piece:
                    raise ConnectionResetError("the file is shorter than recorded")
                left -= len(piece)
                self.sent(len(piece))
                yield piece
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(stream.close)

    async def read(self) -> bytes:
        """Return all the bytes."""
        return b"".join([piece async for piece in self.pieces(_CHUNK_BYTES)])


@frozen(kw_only=True)
class Reply:
    """Describe a reply that has not been sent.

    Attributes:
        status: HTTP status.
        headers: Header fields, without the length.
        body: What is sent.
        promised_bytes: The length its header tells; None sends it in chunks without a length.
        cut_bytes: How many bytes are sent before `ending`; None sends all.
        ending: How it ends.
        chunk_bytes: Largest piece sent at once.
        pause_s: How long to wait after each piece, in seconds.
        extra: Bytes sent after the end.
    """

    status: int
    headers: Mapping[str, str]
    body: Content | FileSpan
    promised_bytes: int | None
    cut_bytes: int | None = None
    ending: Ending = "whole"
    chunk_bytes: int = _CHUNK_BYTES
    pause_s: float = 0.0
    extra: bytes = b""


class Sending(web.StreamResponse):
    """Send a reply as it is described, faults included."""

    def __init__(self, reply: Reply, wait: Wait, leave: Callable[[web.Request], Awaitable[None]]) -> None:
        super().__init__(status=reply.status, headers=dict(reply.headers))
        self.reply = reply
        self._wait = wait
        self._leave = leave
        self.content_length = reply.promised_bytes
        self._to: web.BaseRequest | None = None

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send the headers."""
        self._to = request
        return await super().prepare(request)

    async def write_eof(self, data: bytes = b"") -> None:
        """Send the body and end as described.

        Raises:
            ConnectionResetError: The connection was broken off on purpose, or by the other side.
        """
        reply, request = self.reply, self._to
        assert request is not None
        if request.method != "HEAD":
            await self._copy(reply)
        if reply.ending == "whole":
            await super().write_eof(data)
            if reply.extra and request.transport is not None:
                request.transport.write(reply.extra)
            return
        if reply.ending == "hang":
            assert isinstance(request, web.Request)
            await self._leave(request)
        break_off(request, reset=reply.ending == "reset")

    async def _copy(self, reply: Reply) -> None:
        left = reply.body.size_bytes if reply.cut_bytes is None else reply.cut_bytes
        if left <= 0:
            return
        async for piece in reply.body.pieces(reply.chunk_bytes):
            await self.write(piece[:left])
            left -= len(piece)
            if left <= 0:
                return
            if reply.pause_s:
                await self._wait(reply.pause_s)


class BrokenOff(web.StreamResponse):
    """Answer with nothing but a reset connection."""

    async def prepare(self, request: web.BaseRequest) -> NoReturn:
        """Reset the connection.

        Raises:
            ConnectionResetError: Always; the server takes it for a client that left.
        """
        break_off(request, reset=True)


def break_off(request: web.BaseRequest, *, reset: bool) -> NoReturn:
    """End a connection in the middle of things.

    Args:
        request: What came over it.
        reset: With a TCP reset; otherwise it is closed in order.

    Raises:
        ConnectionResetError: Always; the server takes it for a client that left.
    """
    transport = request.transport
    if transport is not None:
        if reset:
            connection = transport.get_extra_info("socket")
            if connection is not None:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_ONCE)
            transport.abort()
        else:
            transport.close()
    raise ConnectionResetError("broken off on purpose")


def reply_of(response: web.StreamResponse) -> Reply:
    """Return the description of a response that has not been sent.

    Raises:
        TypeError: The response is of a type whose body is not known before it is sent.
    """
    if isinstance(response, Sending):
        return response.reply
    if not isinstance(response, web.Response):
        raise TypeError(f"a {type(response).__name__} cannot be changed")
    headers = {name: value for name, value in response.headers.items() if name != "Content-Length"}
    body = response.body if isinstance(response.body, bytes) else b""
    return Reply(status=response.status, headers=headers, body=Content(body), promised_bytes=len(body))


def _open_at(path: Path, start: int) -> BinaryIO:
    stream = path.open("rb")
    stream.seek(start)
    return stream
