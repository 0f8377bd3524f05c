"""One exchange, without sockets: whatever comes and however it is cut, it is read in one way, aiohttp's."""

import asyncio
from collections.abc import Awaitable
from types import SimpleNamespace
from typing import Any

import aiohttp
import anyio
import pytest
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import HttpProcessingError
from hypothesis import example, given
from hypothesis import strategies as st

from avatar_async._transport.plainexchange import OddAnswerError, PlainExchange

STATUSES = st.sampled_from([b"200 OK", b"429 Slow", b"204 None", b"100 Go on", b"500", b"206 Part"])
FIELDS = st.sampled_from(
    [
        b"Content-Length: 4",
        b"content-length:4",
        b"Content-Length: 04",
        b"Content-Length: +4",
        b"Content-Length: 4,4",
        b"Content-Length: 9",
        b"Content-Length : 4",
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding: identity",
        b"Connection: close",
        b"Connection: keep-alive",
        b"Content-Encoding: gzip",
        b"Retry-After: 7",
        b"X: y",
        b"X: \x80",
        b"X: a\x00b",
        b" folded: 1",
        b"no colon",
        b"X: a\rContent-Length: 2",
        b"X: a\nContent-Length: 2",
    ]
)
BODIES = st.sampled_from(
    [b"", b"body", b"4\r\nbody\r\n0\r\n\r\n", b"body of more", b"HTTP/1.1 200 OK\r\n\r\n"]
)
REPLIES = st.builds(
    lambda version, status, fields, body: b"\r\n".join([version + status, *fields, b"", b""]) + body,
    st.sampled_from([b"HTTP/1.1 ", b"HTTP/1.1 ", b"HTTP/1.1 ", b"HTTP/1.0 ", b"HTTP/2 ", b""]),
    STATUSES,
    st.lists(FIELDS, max_size=4),
    BODIES,
)


class Wire:
    """A transport that remembers what is done to it."""

    def __init__(self) -> None:
        self.protocol: Any = None
        self.written = b""
        self.aborted = False

    def set_protocol(self, protocol: Any) -> None:
        """Take another protocol."""
        self.protocol = protocol

    def write(self, data: bytes) -> None:
        """Remember what is sent."""
        self.written += data

    def abort(self) -> None:
        """Remember the end."""
        self.aborted = True

    close = abort

    def is_closing(self) -> bool:
        """Tell whether it ended."""
        return self.aborted

    def get_write_buffer_size(self) -> int:
        """Have everything sent."""
        return 0

    def pause_reading(self) -> None:
        """Be full."""

    resume_reading = pause_reading

    def get_extra_info(self, _name: str, default: Any = None) -> Any:
        """Know nothing."""
        return default


class Former(ResponseHandler):
    """The protocol of aiohttp, which remembers what it was given."""

    given = b""

    def data_received(self, data: bytes) -> None:
        """Take and remember."""
        self.given += data
        super().data_received(data)


class Lent:
    """A connection that remembers how it was let go of."""

    def __init__(self) -> None:
        self.wire = Wire()
        self.protocol = Former(asyncio.get_running_loop())
        self.protocol.connection_made(self.wire)  # type: ignore[arg-type] # as much of one as is used
        self.wire.protocol = self.protocol
        self.kept: bool | None = None

    def release(self) -> None:
        """Be kept, if aiohttp would keep it."""
        self.kept = not self.protocol.should_close

    def close(self) -> None:
        """Be cut."""
        self.kept = False


async def by_aiohttp(handler: ResponseHandler) -> tuple[int, bytes]:
    """Return status and body as aiohttp reads them; the connection has ended."""
    while True:
        message, content = await handler.read()
        if not 100 <= message.code < 200 or message.code == 101:
            return message.code, await content.read()


async def outcome(reading: Awaitable[tuple[int, bytes]]) -> tuple[int, bytes] | str:
    """Return what was read, or that it was refused."""
    try:
        return await reading
    except (aiohttp.ClientError, HttpProcessingError):
        return "refused"


async def plainly(exchange: PlainExchange, lent: Lent, parts: list[bytes]) -> tuple[int, bytes]:
    """Return status and body as an exchange has them, or as aiohttp has what is handed over to it."""

    def come() -> None:
        for part in parts:
            lent.wire.protocol.data_received(part)
        lent.wire.protocol.eof_received()
        lent.wire.protocol.connection_lost(None)

    asyncio.get_running_loop().call_soon(come)
    try:
        head = await exchange.ask(b"request")
    except OddAnswerError:
        return await by_aiohttp(exchange.former)
    body = b""
    while part := await exchange.next():
        body += part
    return head.status, body


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """Return data in parts."""
    ends = sorted({min(place, len(data)) for place in places} | {len(data)})
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False) if end > start]


@given(REPLIES, st.lists(st.integers(0, 120), max_size=5), st.sampled_from([0.0, 60.0]))
@example(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody", [3, 30, 40], 0.0)
@example(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbody", [], 60.0)
@example(b"HTTP/1.1 429 Slow\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n", [60], 0.0)
@example(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nbody", [], 0.0)
async def test_an_answer_is_what_aiohttp_makes_of_it_or_left_to_it(reply, places, patience_s):
    """Two readers of one connection that disagree on where an answer ends mix up answers."""
    lent, expected = Lent(), Lent()
    exchange = PlainExchange(lent, used=False, patience_s=patience_s)  # type: ignore[arg-type]
    with anyio.fail_after(10):
        read = await outcome(plainly(exchange, lent, cut(reply, places)))
        if exchange.head is None or exchange.head.length is None:
            assert lent.protocol.given == reply
            return
        # What lies behind the answer is none of it.
        answer = reply[: reply.index(b"\r\n\r\n") + 4 + exchange.head.length]
        expected.protocol.set_response_params(read_until_eof=True, auto_decompress=False)
        expected.protocol.data_received(answer)
        expected.protocol.connection_lost(None)
        assert read == await outcome(by_aiohttp(expected.protocol))
    assert lent.wire.written == b"request"


@pytest.mark.parametrize(
    ("reply", "kept"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody!", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbod", False),
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", True),
    ],
)
async def test_a_connection_is_kept_if_the_answer_and_no_more_came(reply, kept):
    """The rest of one answer must never begin the next."""
    lent = Lent()
    exchange = PlainExchange(lent, used=True)  # type: ignore[arg-type]
    asyncio.get_running_loop().call_soon(lambda: lent.wire.protocol.data_received(reply))
    await exchange.ask(b"request")
    await exchange.next()
    exchange.close(kept=True)
    assert lent.kept is kept
    assert lent.wire.aborted is not kept
    assert lent.wire.protocol is lent.protocol, "what comes later is aiohttp's to judge"


async def test_what_comes_between_two_answers_spoils_the_connection():
    """Aiohttp itself notices that, once it has its place back."""
    lent = Lent()
    exchange = PlainExchange(lent, used=True)  # type: ignore[arg-type]
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    asyncio.get_running_loop().call_soon(lambda: lent.wire.protocol.data_received(whole))
    await exchange.ask(b"request")
    lent.wire.protocol.data_received(b"forged")
    exchange.close(kept=True)
    assert lent.kept is False


async def test_a_connection_carries_one_exchange_after_the_other():
    """Until something comes that nobody asked for, or it ends: then it is closed."""
    lent = Lent()
    exchange = PlainExchange(lent, used=False)  # type: ignore[arg-type]
    for body in (b"one", b"", b"three"):
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        asyncio.get_running_loop().call_soon(exchange.data_received, answer)
        await exchange.ask(b"request")
        assert await exchange.next() == body
        assert exchange.over
        assert exchange.again()
        assert (exchange.used, exchange.answered, exchange.head, exchange.over) == (True, False, None, False)
    assert lent.kept is None
    lent.protocol.data_received(b"forged")
    assert not exchange.again()
    assert lent.kept is False


async def test_a_body_that_comes_soon_is_read_in_one_go_and_a_slow_one_as_it_comes(monkeypatch):
    """To wake the reader costs more than a piece; what comes slowly is worth to be written."""
    now = SimpleNamespace(s=0.0)
    monkeypatch.setattr("avatar_async._transport.plainexchange.monotonic", lambda: now.s)
    read: list[bytes] = []
    for pause_s in (0.01, 0.1):
        lent = Lent()
        exchange = PlainExchange(lent, used=False, patience_s=0.1)  # type: ignore[arg-type]
        async with anyio.create_task_group() as group:

            async def all_of_it(exchange: PlainExchange = exchange) -> None:
                await exchange.ask(b"request")
                while piece := await exchange.next():
                    read.append(bytes(piece))

            group.start_soon(all_of_it)
            await anyio.wait_all_tasks_blocked()
            for piece in (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", b"a", b"b", b"c"):
                now.s += pause_s
                lent.wire.protocol.data_received(piece)
                await anyio.wait_all_tasks_blocked()
    assert read == [b"abc", b"a", b"b", b"c"]


@pytest.mark.parametrize("ends", ["whole", "slowly", "early", "with more"])
async def test_a_body_of_some_length_goes_to_memory_of_its_own(ends, monkeypatch):
    """However it comes and ends, its bytes are read in their order, and none is lost."""
    now = SimpleNamespace(s=0.0)
    monkeypatch.setattr("avatar_async._transport.plainexchange.monotonic", lambda: now.s)
    lent = Lent()
    body = bytes(range(256)) * 400
    exchange = PlainExchange(lent, used=False, patience_s=0.1)  # type: ignore[arg-type]
    read: list[bytes] = []
    errors: list[Exception] = []

    async def all_of_it() -> None:
        await exchange.ask(b"request")
        try:
            while piece := await exchange.next():
                read.append(bytes(piece))
        except aiohttp.ClientError as error:
            errors.append(error)

    def come(data: bytes) -> None:
        protocol = lent.wire.protocol
        assert isinstance(protocol, asyncio.BufferedProtocol)
        memoryview(protocol.get_buffer(-1))[: len(data)] = data
        protocol.buffer_updated(len(data))

    async with anyio.create_task_group() as group:
        group.start_soon(all_of_it)
        await anyio.wait_all_tasks_blocked()
        lent.wire.protocol.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 102400\r\n\r\n" + body[:50_000])
        assert len(lent.wire.protocol.get_buffer(-1)) == 52_400, "no byte of what follows fits in"
        now.s += 1.0 if ends == "slowly" else 0.0
        come(body[50_000:60_000])
        await anyio.wait_all_tasks_blocked()
        assert read == ([body[:60_000]] if ends == "slowly" else [])
        if ends == "early":
            lent.wire.protocol.eof_received()
        else:
            come(body[60_000:])
            assert lent.wire.protocol is exchange
        if ends == "with more":
            exchange.data_received(b"forged")
    assert b"".join(read) == (body[:60_000] if ends == "early" else body)
    assert [type(error) for error in errors] == [aiohttp.ClientPayloadError] * (ends == "early")
    assert exchange.over is (ends in ("whole", "slowly"))
    exchange.close(kept=True)
    assert lent.kept is (ends in ("whole", "slowly"))
    assert lent.wire.protocol is lent.protocol


async def test_a_cancelled_exchange_cuts_its_connection():
    """Nobody will read the answer."""
    lent = Lent()
    exchange = PlainExchange(lent, used=False)  # type: ignore[arg-type]
    with anyio.move_on_after(0.01):
        await exchange.ask(b"request")
    exchange.close()
    assert (lent.kept, lent.wire.aborted) == (False, True)
    assert lent.wire.protocol is lent.protocol


async def test_a_connection_that_ended_meanwhile_is_told_of():
    """It may end between being made and being used."""
    lent = Lent()
    lent.protocol.connection_lost(None)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        PlainExchange(lent, used=False)  # type: ignore[arg-type]
    assert lent.kept is False


async def test_silence_counts_only_while_somebody_waits():
    """A reader who is slow is not the host's silence."""
    lent = Lent()
    exchange = PlainExchange(lent, used=False)  # type: ignore[arg-type]
    for _ in range(9):
        exchange.look(3)
    looks = SimpleNamespace(left=4)

    def look() -> None:
        exchange.look(3)
        looks.left -= 1
        if looks.left:
            asyncio.get_running_loop().call_soon(look)

    asyncio.get_running_loop().call_soon(look)
    with pytest.raises(aiohttp.SocketTimeoutError):
        await exchange.ask(b"request")
    assert looks.left == 0
