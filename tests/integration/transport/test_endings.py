"""Bodies that break the rules of HTTP while their reader is behind: he is told, soon."""

import asyncio
import gc

import anyio
import pytest
from attrs import evolve

from avatar_async._transport.ranges import START_BYTES, RangeSession
from avatar_async.client import AvatarClient
from avatar_async.errors import TransportError
from avatar_async.settings import Settings
from tests.integration.transport.peers import Conversation, http, peer, replying
from tests.integration.transport.plainly import ask_by

SIZE = 900_000
PIECE = bytes(8192)
#: More than a reader's buffer holds, and then a length of a chunk that is none.
BROKEN = b"2000\r\n" + PIECE + b"\r\n"
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + BROKEN * (SIZE // len(PIECE)) + b"zz\r\nx"
)


def settings() -> Settings:
    """Return settings with a patience that no test waits for."""
    return Settings(endpoint="http://127.0.0.1:1", token="t0ken", read_timeout_s=30)


@pytest.mark.parametrize("pause_s", [None, 0, 0.001, 0.01])
async def test_a_download_that_turns_into_garbage_ends(pause_s):
    """The reader of aiohttp waits for ever, or calls it a mistake of ours, depending on how fast it is."""
    async with (
        peer(replying(CHUNKED)) as met,
        AvatarClient(settings=settings()) as client,
        client.open_artifact(met.origin) as stream,
    ):
        came = 0
        with anyio.fail_after(10), pytest.raises(TransportError):
            async for chunk in stream.chunks():
                came += len(chunk)
                if pause_s is not None:
                    await anyio.sleep(pause_s)
    assert came <= SIZE


async def test_a_file_looked_at_that_turns_into_garbage_ends():
    """The preflight reads other people's servers, too."""
    async with peer(replying(CHUNKED)) as met, RangeSession(settings()) as ranges:
        with anyio.fail_after(10), pytest.raises(TransportError):
            await ranges.file(met.origin).read(0, START_BYTES)


@pytest.mark.parametrize("way", ["aiohttp", "plain"])
async def test_a_connection_that_breaks_after_its_last_body_is_no_news(way, monkeypatch):
    """Nobody waits for it any more, and asyncio must not call its error forgotten."""
    told: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told.append(context))
    ask_by(way, monkeypatch)

    async def script(conversation: Conversation) -> None:
        await conversation.read_request()
        await conversation.send(http(length=4))
        await anyio.sleep(0.05)
        await conversation.send(b"body")
        await anyio.sleep(0.05)
        conversation.reset()

    async with peer(script) as met, AvatarClient(settings=settings()) as client:
        for _ in range(3):  # each lets go of the connection before it
            async with client.open_artifact(met.origin) as stream:
                assert b"".join([bytes(chunk) async for chunk in stream.chunks()]) == b"body"
            await anyio.sleep(0.1)
            gc.collect()
    assert met.connections == 3
    assert told == []


async def test_a_reply_that_turns_into_garbage_is_told_of_before_the_service_is_given_up():
    """Nobody waits for a limit where the connection has ended, and nothing but errors of ours come of it."""
    async with (
        peer(replying(CHUNKED)) as met,
        AvatarClient(settings=evolve(settings(), endpoint=met.origin)) as client,
    ):
        for _ in range(3):
            with anyio.fail_after(10), pytest.raises(TransportError):
                await client.query_tasks([1])
