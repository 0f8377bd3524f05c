"""Peers on real sockets that misbehave at a chosen moment, and count what reached them."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

Script = Callable[["Conversation"], Awaitable[None]]


class Peer:
    """What reached a peer.

    Attributes:
        origin: Where it listens, such as http://127.0.0.1:40123.
        connections: How often somebody connected.
        requests: Every request that arrived whole, head and body.
        received: Every byte that arrived.
    """

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.connections = 0
        self.requests: list[bytes] = []
        self.received = bytearray()


class Conversation:
    """One connection, from the peer's side."""

    def __init__(self, peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._peer = peer
        self.reader = reader
        self.writer = writer

    async def read_head(self) -> bytes:
        """Read up to the end of the request's head."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        self._peer.received += head
        return head

    async def read_request(self) -> bytes:
        """Read one whole request and count it."""
        head = await self.read_head()
        length = 0
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        body = await self.reader.readexactly(length)
        self._peer.received += body
        self._peer.requests.append(head + body)
        return head + body

    async def send(self, *parts: bytes) -> None:
        """Write bytes, each part on its own."""
        for part in parts:
            self.writer.write(part)
            await self.writer.drain()
            await asyncio.sleep(0)

    def reset(self) -> None:
        """Close with a reset instead of an orderly end."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def wait_until_left(self) -> None:
        """Wait until the other side closes."""
        with suppress(ConnectionError):
            while await self.reader.read(65536):
                pass


@asynccontextmanager
async def peer(script: Script, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Peer]:
    """Run a peer that follows a script on each connection."""
    handling: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        handling.add(task)
        counted.connections += 1
        try:
            await script(Conversation(counted, reader, writer))
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()
            handling.discard(task)

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    counted = Peer(f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    try:
        yield counted
    finally:
        server.close()
        if handling:
            await asyncio.wait(handling, timeout=2)


def http(body: bytes = b"", status: str = "200 OK", *headers: str, length: int | str | None = None) -> bytes:
    """Return a raw reply; `length` is announced instead of the body's own."""
    announced = len(body) if length is None else length
    head = [f"HTTP/1.1 {status}", f"Content-Length: {announced}", *headers]
    return "\r\n".join([*head, "", ""]).encode() + body


def replying(*parts: bytes) -> Script:
    """Return a script that reads a request, answers it with these bytes and closes."""

    async def script(conversation: Conversation) -> None:
        await conversation.read_request()
        await conversation.send(*parts)

    return script


def answering(*replies: bytes, close_after: int | None = None) -> Script:
    """Return a script that gives each request of a connection the next reply, the last again and again."""

    async def script(conversation: Conversation) -> None:
        left, given = list(replies), 0
        while given != close_after:
            await conversation.read_request()
            await conversation.send(left.pop(0) if len(left) > 1 else left[0])
            given += 1

    return script
