"""Small servers on real sockets, and a clock that need not be waited for."""

import asyncio
import ssl as ssl_errors
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class VirtualClock:
    """A clock that jumps where it is told to sleep."""

    def __init__(self) -> None:
        self.at = datetime(2024, 5, 1, 12, tzinfo=UTC)
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    async def sleep(self, delay_s: float) -> None:
        self.slept.append(delay_s)
        self.at += timedelta(seconds=delay_s)
        await asyncio.sleep(0)


@pytest.fixture
def clock() -> VirtualClock:
    """Return a clock that stands still until something sleeps."""
    return VirtualClock()


@pytest.fixture
def raw_server():
    """Serve one asyncio handler; counts connections."""

    @asynccontextmanager
    async def serve(handler: Handler, *, ssl=None) -> AsyncIterator[tuple[str, list[bytes]]]:
        requests: list[bytes] = []
        handling: set[asyncio.Task[None]] = set()

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            handling.add(task)
            try:
                head = await reader.readuntil(b"\r\n\r\n")
                length = 0
                for line in head.split(b"\r\n"):
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                requests.append(head + await reader.readexactly(length))
                await handler(reader, writer)
            except (asyncio.IncompleteReadError, ConnectionError):
                pass
            finally:
                writer.close()
                with suppress(ConnectionError, ssl_errors.SSLError):
                    await writer.wait_closed()
                handling.discard(task)

        server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=ssl)
        port = server.sockets[0].getsockname()[1]
        try:
            yield f"{'https' if ssl else 'http'}://127.0.0.1:{port}", requests
        finally:
            server.close()
            if handling:
                await asyncio.wait(handling, timeout=2)

    return serve


@pytest.fixture
def app_server():
    """Serve an aiohttp application."""

    @asynccontextmanager
    async def serve(app: web.Application) -> AsyncIterator[str]:
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        assert site._server is not None
        port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            await runner.cleanup()

    return serve
