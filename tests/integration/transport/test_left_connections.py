"""Connections that are left, by a file that ended or by everybody: nobody takes another's bytes, or waits."""

import time

import anyio
import pytest

from avatar_async._jobs.remote import RemoteFile
from avatar_async._transport.plaingets import PlainStream
from avatar_async.client import AvatarClient
from avatar_async.errors import ConnectionLostError, TransportTimeoutError
from tests.integration.transport.asking import chunked
from tests.integration.transport.peers import Conversation, answering, http, peer
from tests.integration.transport.test_plain_gets import client, read


async def test_a_file_that_ended_takes_nothing_of_the_one_that_follows_over_its_connection():
    """Whoever looks once more whether there is more must not get another file's bytes."""
    async with peer(answering(http(b"one"))) as met, client() as service:
        await read(service, met.origin)
        async with service.open_artifact(f"{met.origin}/a") as first:
            pieces = first.chunks()
            assert [bytes(chunk) async for chunk in pieces] == [b"one"]
        async with service.open_artifact(f"{met.origin}/b") as second:
            assert [chunk async for chunk in pieces] == []
            assert [bytes(chunk) async for chunk in second.chunks()] == [b"one"]
    assert met.connections == 1


async def test_a_file_that_was_left_early_does_not_look_like_one_that_ended():
    """What came of it is not the whole."""
    short = answering(http(b"body"), http(b"x" * 9, length=10))
    async with peer(short) as met, client(read_timeout_s=0.2) as service:
        await read(service, met.origin)
        async with service.open_artifact(met.origin) as stream:
            pieces = stream.chunks()
            assert await anext(pieces) == b"x" * 9
        with pytest.raises(ConnectionLostError):
            await anext(pieces)


async def test_files_with_a_partial_one_in_their_way_disturb_no_others(tmp_path):
    """They are looked at anew from their first byte, while their connections carry other files."""
    bodies = {f"/{number}.bin": bytes([number]) * (1000 + number) for number in range(60)}

    async def script(conversation: Conversation) -> None:
        while True:
            request = await conversation.read_request()
            body = bodies[request.split(b" ")[1].decode()]
            await conversation.send(http(body)[:-700], body[-700:])

    async def bring(service: AvatarClient, path: str) -> None:
        if len(bodies[path]) % 2:
            (tmp_path / f"{path[1:]}.part").write_bytes(b"left behind")
        file = RemoteFile(role="model", name=path[1:], url=met.origin + path)
        stored = await service.download(file, tmp_path)
        assert stored.read_bytes() == bodies[path]

    async with peer(script) as met, client() as service:
        await bring(service, "/0.bin")
        with anyio.fail_after(20):
            async with anyio.create_task_group() as group:
                for path in [*bodies][1:]:
                    group.start_soon(bring, service, path)
    assert len(met.requests) == len(bodies)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path[1:] for path in bodies)


async def test_what_arrived_before_a_request_is_no_answer_to_it():
    """A host that answers twice would otherwise have one file stored as another."""
    asked, told = anyio.Event(), anyio.Event()

    async def script(conversation: Conversation) -> None:
        await conversation.read_request()
        await conversation.send(http(b"one"))
        await conversation.read_request()
        await conversation.send(http(b"two"))
        await asked.wait()
        await conversation.send(http(b"two"))
        told.set()
        await conversation.wait_until_left()

    async with peer(script) as met, client() as service:
        assert await read(service, met.origin) == b"one"
        async with service.open_artifact(met.origin) as stream:
            assert b"".join([bytes(chunk) async for chunk in stream.chunks()]) == b"two"
            assert isinstance(stream, PlainStream)
            stream._exchange._transport.pause_reading()  # as if the loop were busy
            asked.set()
            await told.wait()
        assert await read(service, met.origin) == b"one"
    assert met.connections == 2


@pytest.mark.parametrize("offset", [0, 1])
async def test_what_came_over_an_idle_connection_is_no_answer_either(offset):
    """It would be taken for one otherwise, and its body waited for without end if it is not whole."""

    async def script(conversation: Conversation) -> None:
        await conversation.read_request()
        await conversation.send(chunked(b"one"))
        await anyio.sleep(0.02)
        await conversation.send(http(b"not asked for", length=14))
        await conversation.wait_until_left()

    async with peer(script) as met, client() as service:
        for _ in range(3):
            async with service.open_artifact(met.origin, offset=offset, etag='"v"') as stream:
                assert b"".join([bytes(chunk) async for chunk in stream.chunks()]) == b"one"
            await anyio.sleep(0.05)
    assert met.connections == len(met.requests)


@pytest.mark.parametrize("length", [9, 100_000, 900_000, 3 << 20])
@pytest.mark.parametrize("begun", [b"", b"begun"])
async def test_whoever_waits_for_a_file_hears_that_the_client_was_left(length, begun):
    """Nothing will come any more, so that waiting would have no end."""
    errors: list[Exception] = []
    asked = anyio.Event()

    async def script(conversation: Conversation) -> None:
        await conversation.read_request()
        await conversation.send(http(b"body"))
        await conversation.read_request()
        await conversation.send(http(begun, length=length))
        asked.set()
        await conversation.wait_until_left()

    async def wait(service: AvatarClient) -> None:
        try:
            await read(service, met.origin)
        except ConnectionLostError as error:
            errors.append(error)

    async with peer(script) as met:
        with anyio.fail_after(10):
            async with anyio.create_task_group() as group, client() as service:
                await read(service, met.origin)
                group.start_soon(wait, service)
                await asked.wait()
                await anyio.sleep(0.05)
    assert len(errors) == 1


async def test_a_host_that_falls_silent_is_waited_for_once():
    """Every connection that is kept to it would be silent as well, one after the other."""

    async def script(conversation: Conversation) -> None:
        while len(met.requests) < 6:
            await conversation.read_request()
            await anyio.sleep(0.05)
            await conversation.send(http(b"body"))
        await conversation.wait_until_left()

    async with peer(script) as met, client(read_timeout_s=0.4) as service:
        await read(service, met.origin)
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(read, service, met.origin)
        asked, began_s = len(met.requests), time.monotonic()
        with pytest.raises(TransportTimeoutError):
            await read(service, met.origin)
    assert time.monotonic() - began_s < 1.2
    assert (asked, met.connections) == (6, 5)
