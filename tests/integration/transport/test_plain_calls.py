"""Queries as plain requests: sent as aiohttp would send them, over connections that serve no other."""

import ssl
from pathlib import Path

import anyio
import pytest

from avatar_async._wire.calls import JSON_HEADERS, Call
from avatar_async.errors import ConnectionLostError, NotSentError, TransportTimeoutError
from tests.integration.transport.asking import BODY, GOOD, ask, chunked, client
from tests.integration.transport.peers import Conversation, answering, http, peer

CERTIFICATE = Path(__file__).parent / "tls" / "test-only-cert.pem"


def fields(request: bytes) -> tuple[bytes, set[bytes], bytes]:
    """Return a request's line, its headers in whatever order, and its body."""
    head, _, body = request.partition(b"\r\n\r\n")
    line, *rest = head.split(b"\r\n")
    return line, {each.partition(b":")[0].lower() + b":" + each.partition(b":")[2] for each in rest}, body


@pytest.mark.parametrize(
    "dialect", [None, {"method": "GET", "path": "/task/{id}", "id_in": "path", "batch": 1}]
)
async def test_a_plain_call_is_what_aiohttp_would_send(dialect):
    """The first one is aiohttp's, those after it are not; the service sees no difference."""
    changes = {} if dialect is None else {"query_dialect": dialect}
    async with peer(answering(GOOD)) as met, client(met.origin, **changes) as service:
        assert [await ask(service) for _ in range(4)] == ["RUNNING"] * 4
    assert met.connections == 1
    first, *others = map(fields, met.requests)
    assert others == [first] * 3
    assert b"authorization: Bearer t0ken-of-mine" in first[1]


async def test_a_renewed_token_goes_out_with_the_next_call():
    """Headers are made once and used again, but never those of another token or call."""
    call = Call(path="/x", headers=JSON_HEADERS, body=b"{}")
    async with peer(answering(GOOD)) as met, client(met.origin) as service:
        for token in ("first", "first", "second", None):
            await service._session.send(call, what="query call", token=token)
    told = [line for request in met.requests for line in request.split(b"\r\n") if b"Authorization" in line]
    assert told == [b"Authorization: Bearer " + word for word in (b"first", b"first", b"second")]


async def test_a_kept_connection_that_is_closed_upon_a_query_is_replaced_once():
    """A query may be asked again; a service that closes again and again is not asked again and again."""

    async def script(conversation: Conversation) -> None:
        await conversation.read_request()
        await conversation.send(GOOD)
        await conversation.read_request()

    async with peer(script) as met, client(met.origin) as service:
        assert [await ask(service) for _ in range(3)] == ["RUNNING"] * 3
    assert (met.connections, len(met.requests)) == (3, 5)


async def test_a_new_connection_that_is_closed_without_an_answer_is_told_of():
    """It cannot be a stale one, and whoever closed it has seen the query."""
    given = 0

    async def script(conversation: Conversation) -> None:
        nonlocal given
        await conversation.read_request()
        given += 1
        if given == 1:
            await conversation.send(GOOD)

    async with peer(script) as met, client(met.origin) as service:
        await ask(service)
        await anyio.sleep(0.05)
        with pytest.raises(ConnectionLostError, match="closed the connection without an answer"):
            await ask(service)
    assert len(met.requests) == 2


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200", GOOD[:-5], chunked(BODY)[:-9]])
async def test_a_service_that_falls_silent_is_given_up(begun):
    """However far its answer came; and the connection is closed, for the rest may still come."""
    left = anyio.Event()

    async def script(conversation: Conversation) -> None:
        await conversation.read_request()
        await conversation.send(GOOD)
        await conversation.read_request()
        await conversation.send(begun)
        await conversation.wait_until_left()
        left.set()

    async with peer(script) as met, client(met.origin, total_timeout_s=0.4, read_timeout_s=0.2) as service:
        await ask(service)
        with pytest.raises(TransportTimeoutError, match="no answer in time"):
            await ask(service)
        with anyio.fail_after(5):
            await left.wait()


async def test_a_service_that_drips_is_given_up_at_the_end_of_the_whole_limit():
    """Each byte ends a silence, none of them makes the call longer."""

    async def script(conversation: Conversation) -> None:
        await conversation.read_request()
        await conversation.send(GOOD)
        await conversation.read_request()
        for at in range(len(GOOD)):
            await conversation.send(GOOD[at : at + 1])
            await anyio.sleep(0.02)

    async with peer(script) as met, client(met.origin, total_timeout_s=0.5, read_timeout_s=0.3) as service:
        await ask(service)
        with pytest.raises(TransportTimeoutError, match="no answer in time"):
            await ask(service)


async def test_an_answer_in_pieces_is_read():
    """Its parts come as the network likes."""

    async def script(conversation: Conversation) -> None:
        for _ in range(3):
            await conversation.read_request()
            await conversation.send(*(GOOD[at : at + 1] for at in range(len(GOOD))))

    async with peer(script) as met, client(met.origin) as service:
        assert [await ask(service) for _ in range(3)] == ["RUNNING"] * 3
    assert met.connections == 1


async def test_no_more_connections_than_ever_and_who_waits_too_long_has_sent_nothing():
    """Sixty-four; the rest wait for one of them, as long as for any connection."""
    going_on, refused = anyio.Event(), anyio.Event()
    open_ = most = 0

    async def script(conversation: Conversation) -> None:
        nonlocal open_, most
        open_ += 1
        most = max(most, open_)
        while True:
            await conversation.read_request()
            if len(met.requests) > 1:
                await going_on.wait()
            await conversation.send(GOOD)

    outcomes: list[object] = []

    async def one() -> None:
        try:
            outcomes.append(await ask(service))
        except NotSentError as error:
            outcomes.append(error)
            if len(outcomes) == 6:
                refused.set()

    async with peer(script) as met, client(met.origin, connect_timeout_s=0.5) as service:
        await ask(service)
        async with anyio.create_task_group() as group:
            for _ in range(70):
                group.start_soon(one)
            with anyio.fail_after(20):
                await refused.wait()
            assert all("no connection in time" in str(error) for error in outcomes)
            going_on.set()
        async with anyio.create_task_group() as group:
            for _ in range(200):
                group.start_soon(one)
    assert outcomes[6:] == ["RUNNING"] * 264
    assert met.connections == most == 64


async def test_a_cancelled_query_closes_its_connection():
    """Its answer must never be taken for another's."""

    async def script(conversation: Conversation) -> None:
        await conversation.read_request()
        await conversation.send(GOOD)
        await conversation.read_request()
        asked.set()
        await conversation.wait_until_left()

    asked = anyio.Event()
    async with peer(script) as met, client(met.origin) as service:
        await ask(service)
        async with anyio.create_task_group() as group:
            group.start_soon(ask, service)
            await asked.wait()
            group.cancel_scope.cancel()
        assert await ask(service) == "RUNNING"
    assert met.connections == 2


@pytest.mark.parametrize("pause_s", [0.0, 0.05])
async def test_bytes_behind_an_answer_end_the_connection(pause_s):
    """They could be taken for the next answer."""
    forged = http(BODY.replace(b"RUNNING", b"SUCCESS"))

    async def script(conversation: Conversation) -> None:
        await conversation.read_request()
        await conversation.send(GOOD)
        await conversation.read_request()
        await conversation.send(GOOD if pause_s else GOOD + forged)
        await anyio.sleep(pause_s)
        await conversation.send(forged)
        await conversation.wait_until_left()

    async with peer(script) as met, client(met.origin) as service:
        for _ in range(2):
            assert await ask(service) == "RUNNING"
        await anyio.sleep(2 * pause_s)
        assert await ask(service) == "RUNNING"
    assert met.connections == 2


async def test_a_service_proves_who_it_is():
    """Plain calls go over the connections whose certificates aiohttp has checked."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, CERTIFICATE.with_name("test-only-key.pem"))
    async with peer(answering(GOOD), tls=context) as met:
        async with client(met.origin, ca_file=CERTIFICATE) as service:
            assert [await ask(service) for _ in range(3)] == ["RUNNING"] * 3
        async with client(met.origin) as service:
            for _ in range(2):
                with pytest.raises(NotSentError, match="certificate"):
                    await ask(service)
    assert len(met.requests) == 3
