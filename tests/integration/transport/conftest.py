"""Small servers on real sockets."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from tests.integration.transport.peers import Conversation, peer

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def _answering(*replies: bytes) -> Handler:
    """Return a handler that gives each connection the next reply, the last one again and again."""
    left = list(replies)

    async def handler(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(left.pop(0) if len(left) > 1 else left[0])
        await writer.drain()

    return handler


@pytest.fixture
def raw_server():
    """Serve one asyncio handler, or raw replies in their order; yields origin and what was asked."""

    @asynccontextmanager
    async def serve(*answers: Handler | bytes, ssl=None) -> AsyncIterator[tuple[str, list[bytes]]]:
        replies = [answer for answer in answers if isinstance(answer, bytes)]
        handler = next((answer for answer in answers if callable(answer)), None) or _answering(*replies)

        async def script(conversation: Conversation) -> None:
            await conversation.read_request()
            await handler(conversation.reader, conversation.writer)

        async with peer(script, tls=ssl) as met:
            yield met.origin, met.requests

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
        port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined] # typed as AbstractServer
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            await runner.cleanup()

    return serve
