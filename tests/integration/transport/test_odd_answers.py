"""Answers to plain queries that are no success, or odd: read once, and never asked for again."""

import pytest

from avatar_async.errors import (
    AuthError,
    RejectedError,
    ReplyError,
    ServiceError,
    SettingRefusedError,
    ThrottledError,
    TransportError,
)
from tests.integration.transport.asking import BODY, GOOD, ask, chunked, client, endless
from tests.integration.transport.peers import Conversation, answering, http, peer

REFUSALS = {
    "401": ("401 Unauthorized", b"", AuthError),
    "429": ("429 Too Many Requests", b"slow down", ThrottledError),
    "403": ("403 Forbidden", b"<html>", SettingRefusedError),
    "302": ("302 Found", b"", SettingRefusedError),
    "400": ("400 Bad Request", b'{"code": 3333, "message": "wrong"}', RejectedError),
    "500": ("500 Oops", b'{"code": 1, "message": "oops"}', ServiceError),
    "503": ("503 Busy", b"x" * 70_000, ServiceError),
}


@pytest.mark.parametrize("framed", [lambda body, *head: http(body, *head), chunked, endless])
@pytest.mark.parametrize(("status", "body", "error"), REFUSALS.values(), ids=REFUSALS)
async def test_a_refusal_is_asked_for_once(framed, status, body, error):
    """A service that has too much to do, or refuses, gets no second request for its trouble."""
    refusal = framed(body, status, "Retry-After: 7", "Location: /login")

    async def script(conversation: Conversation) -> None:
        await conversation.read_request()
        await conversation.send(GOOD)
        await conversation.read_request()
        await conversation.send(refusal)

    async with peer(script) as met, client(met.origin) as service:
        await ask(service)
        with pytest.raises(error) as caught:
            await ask(service)
    assert len(met.requests) == 2
    if error is ThrottledError:
        assert caught.value.retry_after_s == 7


@pytest.mark.parametrize("status", ["401 Unauthorized", "429 Too Many Requests"])
@pytest.mark.parametrize(
    "framing", ["Content-Length: 50", "Content-Length: 5000000", "Transfer-Encoding: chunked"]
)
async def test_a_refusal_counts_though_its_body_breaks_off(status, framing):
    """The status says enough; with the answer taken for lost, it would be asked for again."""
    refusal = f"HTTP/1.1 {status}\r\n{framing}\r\n\r\n5\r\nhalf".encode()
    async with peer(answering(GOOD, refusal, close_after=2)) as met, client(met.origin) as service:
        await ask(service)
        with pytest.raises((AuthError, ThrottledError)):
            await ask(service)
    assert len(met.requests) == 2


ODD = {
    "chunks": chunked(BODY),
    "no length": endless(BODY),
    "an older version": http(BODY).replace(b"1.1", b"1.0", 1),
    "an answer before the answer": b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + GOOD,
    "a trailer": chunked(BODY, "200 OK", "Trailer: X")[:-2] + b"X: y\r\n\r\n",
}


@pytest.mark.parametrize("reply", ODD.values(), ids=ODD)
async def test_an_odd_answer_is_read_by_aiohttp_from_the_same_connection(reply):
    """A service that always answers so is not asked twice for each query."""
    whole_in_one = reply in (ODD["chunks"], ODD["a trailer"], ODD["an answer before the answer"])
    last = None if whole_in_one else 2
    async with peer(answering(GOOD, reply, close_after=last)) as met, client(met.origin) as service:
        assert [await ask(service) for _ in range(4)] == ["RUNNING"] * 4
    assert len(met.requests) == 4
    assert met.connections == (1 if whole_in_one else 2)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (http(BODY, length=2000), TransportError),
        (http(BODY, "200 OK", "Content-Length: 7"), ReplyError),
        (http(BODY, "200 OK", "Content-Encoding: br"), ReplyError),
        (http(b"x" * ((1 << 20) + 1)), ReplyError),
        (chunked(b"x" * ((1 << 20) + 1)), ReplyError),
        (endless(b"x" * ((1 << 20) + 1)), ReplyError),
        (chunked(BODY)[:-9], TransportError),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", ReplyError),
        (b"\x16\x03\x01\x02\x00" * 100, ReplyError),
        (b"HTTP/1.1 200 OK\r\nContent-Le", TransportError),
    ],
)
async def test_an_answer_that_cannot_be_read_is_an_error_as_it_ever_was(reply, error):
    """What aiohttp makes of it on a first call, and what is made of it on a plain one, is the same."""
    words = []
    for earlier in ([], [GOOD]):
        async with peer(answering(*earlier, reply, close_after=len(earlier) + 1)) as met:
            async with client(met.origin) as service:
                for _ in earlier:
                    await ask(service)
                with pytest.raises(error) as caught:
                    await ask(service)
            words.append((type(caught.value), str(caught.value).replace(met.origin, "")))
            assert len(met.requests) == len(earlier) + 1
    assert words[0] == words[1]
