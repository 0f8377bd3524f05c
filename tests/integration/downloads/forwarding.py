"""A forward proxy on loopback: plain requests and tunnels, for those who know its password."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

import anyio
from attrs import define, field

_OF_THE_PROXY = (b"proxy-authorization:", b"proxy-connection:")


@define
class ForwardProxy:
    """A running proxy.

    Attributes:
        address: Its address with the user and the password it asks for, as settings take it.
        heads: Every request for it, as it came.
        refused: How many of them it did not forward, for want of the password.
    """

    address: str = ""
    heads: list[bytes] = field(factory=list)
    refused: int = 0


@asynccontextmanager
async def forward_proxy(
    *, password: str = "pa55word", tls: ssl.SSLContext | None = None
) -> AsyncIterator[ForwardProxy]:
    """Forward what comes until the block ends; over TLS itself if a context is given."""
    proxy = ForwardProxy()
    wanted = b"proxy-authorization: basic " + base64.b64encode(f"user:{password}".encode()).lower()
    handling: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        handling.add(task)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            proxy.heads.append(head)
            if wanted not in head.lower():
                proxy.refused += 1
                writer.write(
                    b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n"
                )
                await writer.drain()
                return
            await _forward(head, reader, writer)
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            await _close(writer)
            handling.discard(task)

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    proxy.address = f"{'https' if tls else 'http'}://user:pa55word@127.0.0.1:{port}"
    try:
        yield proxy
    finally:
        server.close()
        if handling:
            await asyncio.wait(handling, timeout=2)


async def _forward(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Open a tunnel, or hand one request on as the origin wants it; then carry bytes both ways."""
    method, target, version = head.split(b"\r\n", 1)[0].split(b" ")
    if method == b"CONNECT":
        host, _, port = target.decode().rpartition(":")
        far_reader, far_writer = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    else:
        parts = urlsplit(target.decode())
        far_reader, far_writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
        fields = [line for line in head.split(b"\r\n")[1:] if not line.lower().startswith(_OF_THE_PROXY)]
        path = parts._replace(scheme="", netloc="").geturl().encode()
        far_writer.write(b"\r\n".join([b" ".join((method, path, version)), *fields]))
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(_carry, reader, far_writer, group.cancel_scope)
            group.start_soon(_carry, far_reader, writer, group.cancel_scope)
    finally:
        await _close(far_writer)


async def _carry(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, scope: anyio.CancelScope
) -> None:
    """Carry what comes until one of the two ends; then neither direction is of use any more."""
    with suppress(ConnectionError, ssl.SSLError):
        while block := await reader.read(1 << 16):
            writer.write(block)
            await writer.drain()
    scope.cancel()


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError, ssl.SSLError):
        await writer.wait_closed()
