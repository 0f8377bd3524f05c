"""Short files over connections of our own: when they are used again, and when aiohttp takes over."""

import base64
import ssl
from pathlib import Path

import anyio
import pytest

from avatar_async.client import AvatarClient
from avatar_async.errors import ConnectionLostError, ReplyError, TransportError, TransportTimeoutError
from avatar_async.settings import Settings
from tests.integration.transport.asking import chunked
from tests.integration.transport.peers import Conversation, answering, http, peer

CERTIFICATE = Path(__file__).parent / "tls" / "test-only-cert.pem"


def client(**changes) -> AvatarClient:
    """Return a client whose service nobody asks."""
    return AvatarClient(settings=Settings(endpoint="http://127.0.0.1:1", token="t0ken", **changes))


async def read(service: AvatarClient, url: str) -> bytes:
    """Return the bytes of a file that is probably short."""
    async with service.open_artifact(url) as stream:
        return b"".join([bytes(chunk) async for chunk in stream.chunks()])


async def test_a_connection_carries_one_file_after_the_other():
    """Connecting costs more than a short file."""
    async with peer(answering(http(b"one"), http(b""), http(b"three"))) as met, client() as service:
        came = [await read(service, f"{met.origin}/{name}") for name in "abc"]
    assert came == [b"one", b"", b"three"]
    assert met.connections == 1


async def test_the_first_file_of_a_host_is_asked_for_plainly_too():
    """Many files begin at the same time, and each of these is a first one."""
    async with peer(answering(http(b"body"))) as met, client() as service:
        assert await read(service, met.origin) == b"body"
        gets = service._downloads._plain
        assert gets is not None
        assert [len(exchanges) for exchanges in gets._parked.values()] == [1]


async def test_files_at_the_same_time_do_not_share_a_connection():
    """Each has one of its own, which is kept for the next."""
    async with peer(answering(http(b"body"))) as met, client() as service:
        async with service.open_artifact(f"{met.origin}/a"):
            assert await read(service, f"{met.origin}/b") == b"body"
        assert await read(service, f"{met.origin}/c") == b"body"
    assert met.connections == 2


async def test_a_kept_connection_that_the_host_closes_is_replaced_unnoticed():
    """A host may close a connection at the moment it is used."""
    async with peer(answering(http(b"body"), close_after=1)) as met, client() as service:
        for _ in range(3):
            assert await read(service, met.origin) == b"body"
    assert met.connections == 3


async def test_a_host_that_closes_a_kept_connection_upon_the_request_is_asked_anew():
    """The request reached it, but a request for a file may be sent twice."""

    async def script(conversation: Conversation) -> None:
        await conversation.read_request()
        if conversation._peer.connections == 1:
            await conversation.send(http(b"first"))
            await conversation.read_request()
            return
        await conversation.send(http(b"second"))

    async with peer(script) as met, client() as service:
        assert [await read(service, met.origin) for _ in range(2)] == [b"first", b"second"]
    assert (met.connections, len(met.requests)) == (2, 3)


async def test_a_host_that_never_answers_is_told_of():
    """A new connection that is closed without an answer is no stale one."""
    asked = 0

    async def script(conversation: Conversation) -> None:
        nonlocal asked
        asked += 1
        await conversation.read_request()
        if asked == 1:
            await conversation.send(http(b"body", "200 OK", "Connection: close"))

    async with peer(script) as met, client() as service:
        await read(service, met.origin)
        with pytest.raises(ConnectionLostError, match="closed the connection without an answer"):
            await read(service, met.origin)


async def test_a_connection_whose_body_was_not_read_is_not_used_again():
    """The rest of one file must never begin the next."""
    async with peer(answering(http(b"body" * 1_000_000))) as met, client() as service:
        async with service.open_artifact(met.origin):
            pass
        assert await read(service, met.origin) == b"body" * 1_000_000
    assert met.connections == 2


async def test_bytes_behind_an_answer_end_the_connection():
    """They could be taken for the next answer."""
    async with peer(answering(http(b"body") + http(b"forged"))) as met, client() as service:
        assert [await read(service, met.origin) for _ in range(2)] == [b"body", b"body"]
    assert met.connections == 2


@pytest.mark.parametrize("body", [b"body", b"long" * (1 << 19)])
async def test_bytes_while_nothing_is_asked_end_the_connection(body):
    """The same, a moment later, whoever received the body."""

    async def script(conversation: Conversation) -> None:
        await conversation.read_request()
        await conversation.send(http(body))
        await anyio.sleep(0.05)
        await conversation.send(http(b"forged"))
        await conversation.wait_until_left()

    async with peer(script) as met, client() as service:
        assert await read(service, met.origin) == body
        before = met.connections
        await anyio.sleep(0.15)
        with anyio.fail_after(5):
            assert await read(service, met.origin) == body
    assert met.connections == before + 1


async def test_a_head_in_pieces_is_read():
    """Its parts come as the network likes."""
    reply = http(b"body", "200 OK", 'ETag: "v"')
    async with peer(answering_bytewise(reply)) as met, client() as service:
        assert [await read(service, met.origin) for _ in range(2)] == [b"body"] * 2
    assert met.connections == 1


def answering_bytewise(reply: bytes):
    """Return a script that sends a reply byte by byte."""

    async def script(conversation: Conversation) -> None:
        while True:
            await conversation.read_request()
            await conversation.send(*(reply[at : at + 1] for at in range(len(reply))))

    return script


@pytest.mark.parametrize("reply", [chunked(b"body"), b"HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nbody"])
async def test_a_host_whose_answers_are_not_plain_is_left_to_aiohttp(reply):
    """It is asked twice once, and never again."""
    async with peer(answering(reply, close_after=1)) as met, client() as service:
        assert [await read(service, met.origin) for _ in range(3)] == [b"body"] * 3
    assert len(met.requests) == 4


async def test_a_head_without_end_is_given_up():
    """Nobody's memory is filled with it."""
    endless = b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000

    async def script(conversation: Conversation) -> None:
        while True:
            await conversation.read_request()
            await conversation.send(http(b"body") if len(met.requests) == 1 else endless)

    async with peer(script) as met, client() as service:
        await read(service, met.origin)
        with pytest.raises(ReplyError):
            await read(service, met.origin)


async def test_a_head_that_comes_in_drips_is_given_up_as_a_whole():
    """Each byte comes within the silence limit; all of them would take a week."""

    async def script(conversation: Conversation) -> None:
        while True:
            await conversation.read_request()
            await conversation.send(http(b"body") if len(met.requests) == 1 else b"HTTP/1.1 200 OK\r\n")
            while len(met.requests) > 1:
                await conversation.send(b"X: x\r\n")
                await anyio.sleep(0.03)

    async with peer(script) as met, client(read_timeout_s=0.2, connect_timeout_s=0.05) as service:
        await read(service, met.origin)
        with anyio.fail_after(5):
            with pytest.raises(TransportTimeoutError):
                await read(service, met.origin)
            with pytest.raises(TransportTimeoutError):
                async with service.open_artifact(met.origin):
                    pass


async def test_a_slow_reader_slows_the_host_down():
    """A file that turns out long must not fill the memory."""
    sent = 0

    async def script(conversation: Conversation) -> None:
        nonlocal sent
        await conversation.read_request()
        await conversation.send(http(b"short"))
        await conversation.read_request()
        await conversation.send(http(length=64 << 20))
        for _ in range(64):
            await conversation.send(bytes(1 << 20))
            sent += 1

    async with peer(script) as met, client() as service:
        await read(service, met.origin)
        async with service.open_artifact(met.origin) as stream:
            chunks = stream.chunks()
            came = len(await anext(chunks))
            await anyio.sleep(0.3)
            assert sent < 48
            async for chunk in chunks:
                came += len(chunk)
    assert came == 64 << 20


async def test_credentials_in_an_address_are_sent_as_ever():
    """Only aiohttp makes a header of them."""
    async with peer(answering(http(b"body"))) as met, client() as service:
        assert await read(service, met.origin.replace("//", "//me:word@")) == b"body"
    told = f"Authorization: Basic {base64.b64encode(b'me:word').decode()}".encode()
    assert told in met.requests[0]


@pytest.mark.parametrize("body", [b"body", b"body" * 50_000])
async def test_hosts_prove_who_they_are(body):
    """The file of authorities counts here too, and nothing is sent to a host that it does not know."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, CERTIFICATE.with_name("test-only-key.pem"))
    async with peer(answering(http(body)), tls=context) as met:
        async with client(ca_file=CERTIFICATE) as service:
            assert [await read(service, met.origin) for _ in range(3)] == [body] * 3
        assert met.connections == 1
        async with client() as service:
            with pytest.raises(TransportError, match="certificate"):
                await read(service, met.origin)
    assert len(met.requests) == 3


@pytest.mark.parametrize("framed", [http, chunked])
async def test_a_redirect_is_followed_and_leaves_the_host_plain(framed):
    """Only the first address leads elsewhere; the host's other files are asked for as before."""
    async with peer(answering(http(b"body"))) as there:
        redirect = framed(b"moved", "302 Found", f"Location: {there.origin}/b")
        replies = (http(b"one"), redirect, http(b"two"))
        async with peer(answering(*replies, close_after=2)) as met, client() as service:
            assert [await read(service, met.origin) for _ in range(3)] == [b"one", b"body", b"one"]
            gets = service._downloads._plain
            assert gets is not None
            assert not gets._odd
    assert [len(met.requests), len(there.requests)] == [3, 1]


async def test_a_proxy_is_used_as_ever():
    """Files behind a proxy are aiohttp's."""
    async with peer(answering(http(b"body"))) as met, client(proxy=met.origin) as service:
        assert await read(service, "http://files.example/a") == b"body"
    assert met.requests[0].startswith(b"GET http://files.example/a HTTP/1.1")


async def test_a_connection_that_nobody_needs_for_a_while_is_aiohttps_to_keep():
    """It ends idle connections in time, and gives them to whoever needs one, whatever is asked for."""
    async with peer(answering(http(b"body"))) as met, client() as service:
        assert [await read(service, f"{met.origin}/{name}") for name in "ab"] == [b"body"] * 2
        gets = service._downloads._plain
        assert gets is not None
        assert gets._parked
        gets._look()
        assert (gets._parked, gets._timer) == ({}, None)
        async with service.open_artifact(f"{met.origin}/c", offset=2, etag='"v"') as stream:
            assert [bytes(chunk) async for chunk in stream.chunks()] == [b"body"]
    assert met.connections == 1


async def test_silence_ends_what_waits_and_what_is_kept_ends_with_the_client():
    """No connection is left behind."""
    async with peer(answering(http(b"body"), http(length=9))) as met:
        async with client(read_timeout_s=0.2) as service:
            assert await read(service, met.origin) == b"body"
            with pytest.raises(TransportError, match="no answer in time"):
                await read(service, met.origin)
            gets = service._downloads._plain
            assert gets is not None
        assert (gets._busy, gets._parked) == (set(), {})
