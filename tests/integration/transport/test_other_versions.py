"""Versions of aiohttp that hide what is used beside its documented interface: then it does all itself."""

import asyncio
from types import SimpleNamespace
from typing import cast

import aiohttp
import pytest
from aiohttp.base_protocol import BaseProtocol
from aiohttp.client_proto import ResponseHandler

from avatar_async._transport import cleanconnector, lending, plainconnector, receiving
from avatar_async._transport.endings import Body
from avatar_async._transport.plainconnector import PlainConnector
from avatar_async.client import AvatarClient
from tests.integration.transport.asking import GOOD, ask, client
from tests.integration.transport.peers import answering, http, peer

LONG = bytes(range(256)) * 8192
#: What reads a connection, and tells nothing.
HIDING = cast("ResponseHandler", object())


@pytest.fixture
def hidden(monkeypatch, asked) -> None:
    """Hide one of the things that are needed."""
    monkeypatch.setattr(lending, "NEEDED", (*lending.NEEDED, "gone"))
    monkeypatch.setattr(cleanconnector, "has_more", lambda _: asked.append("look"))


@pytest.fixture
def asked(monkeypatch) -> list[str]:
    """Return the ways past aiohttp that were taken."""
    ways: list[str] = []
    monkeypatch.setattr(PlainConnector, "exchange", lambda *_, **__: ways.append("exchange"))
    monkeypatch.setattr(receiving, "Receiver", lambda *_, **__: ways.append("receiver"))
    return ways


async def read(service: AvatarClient, url: str) -> bytes:
    """Return the bytes of a file."""
    async with service.open_artifact(url) as stream:
        return b"".join([bytes(chunk) async for chunk in stream.chunks()])


async def test_calls_go_by_aiohttp(hidden, asked):
    """They cost more, and say the same."""
    async with peer(answering(GOOD)) as met, client(met.origin) as service:
        assert [await ask(service) for _ in range(3)] == ["RUNNING"] * 3
    assert len(met.requests) == 3
    assert asked == []


async def test_long_files_are_received_by_aiohttp(hidden, asked):
    """Taking its connection over could lose bytes, if it cannot be told of that."""
    async with peer(answering(http(LONG))) as met, client(met.origin) as service:
        assert [await read(service, met.origin) for _ in range(2)] == [LONG] * 2
    assert asked == []


@pytest.mark.parametrize("body", [b"short", LONG])
async def test_a_connection_that_turns_out_not_to_be_lent_is_left_to_aiohttp(monkeypatch, body):
    """What reads it is known for certain only once it is there."""
    monkeypatch.setattr(plainconnector, "lends", lambda _: False)
    async with peer(answering(http(body))) as met, client(met.origin) as service:
        assert await read(service, met.origin) == body
    assert (met.connections, len(met.requests)) == (1, 1)


async def test_first_files_go_by_aiohttp_where_requests_are_made_otherwise(monkeypatch):
    """A connection needs one, and only a session knows what a later version wants for it."""

    def wants_more(*_: object, **__: object) -> None:
        raise TypeError

    monkeypatch.setattr(aiohttp, "ClientRequest", wants_more)
    async with peer(answering(http(b"body"))) as met, client(met.origin) as service:
        assert [await read(service, met.origin) for _ in range(2)] == [b"body"] * 2
    assert (met.connections, len(met.requests)) == (1, 2)


async def test_sessions_without_the_function_that_mocks_replace_are_left_alone(asked, monkeypatch):
    """Nobody could tell any more whether a test answers in their place."""
    async with peer(answering(GOOD)) as met, client(met.origin) as service:
        bare = SimpleNamespace(request=aiohttp.ClientSession.request, get=aiohttp.ClientSession.get)
        monkeypatch.setattr(aiohttp, "ClientSession", bare)
        assert [await ask(service) for _ in range(3)] == ["RUNNING"] * 3
    assert asked == []


async def test_bodies_are_read_where_the_end_of_connections_is_hidden():
    """Only a host that breaks the rules of HTTP makes a difference: silence has to end it."""
    loop = asyncio.get_running_loop()
    content = aiohttp.StreamReader(BaseProtocol(loop), 1 << 16, loop=loop)
    content.feed_data(b"whole")
    content.feed_eof()
    with Body(content, HIDING) as body:
        assert (await body.more(), await body.more()) == (b"whole", b"")


async def test_a_reader_that_gives_up_is_told_in_our_words_where_the_end_is_hidden():
    """What aiohttp raises then looks like a mistake of ours."""

    class Broken(aiohttp.StreamReader):
        async def readany(self) -> bytes:
            raise RuntimeError

    loop = asyncio.get_running_loop()
    content = Broken(BaseProtocol(loop), 1 << 16, loop=loop)
    with Body(content, HIDING) as body, pytest.raises(aiohttp.ClientPayloadError):
        await body.more()


class Needed:
    """What is needed, but for one function."""

    closed = connection_lost = data_received = read = should_close = None


class Whole(Needed):
    """What is needed, and nothing else."""

    def set_response_params(self, *, read_until_eof: bool = False, auto_decompress: bool = True) -> None:
        """Begin a new answer."""


class Renamed(Needed):
    """One of the options has another name."""

    def set_response_params(self, *, until_eof: bool = False, auto_decompress: bool = True) -> None:
        """Begin a new answer."""


def test_what_is_there_is_used():
    """The version that this is tested with lends its connections."""
    assert lending.lends(object.__new__(ResponseHandler))
    assert lending.lends(Whole())


def test_a_function_that_is_called_otherwise_is_as_good_as_none():
    """It would fail inside the event loop, where nobody could go on in another way."""
    assert not lending.lends(Renamed())
    assert not lending.lends(Needed())
