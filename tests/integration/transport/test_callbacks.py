"""The callback server on real sockets: fast, bounded, and deaf to whatever makes no sense."""

import gzip
import io

import aiohttp
import anyio
import pytest

from avatar_async._transport import callbacks
from avatar_async._transport.callbacks import CallbackServer
from avatar_async.errors import ConfigError, ReplyError

SECRET = "a-long-random-word"


def taker(taken):
    """Return a receiver that keeps bodies, and understands all but one."""

    def receive(body: bytes) -> None:
        if body == b"garbage":
            raise ReplyError("not JSON")
        if body == b"bug":
            raise ZeroDivisionError
        taken.append(body)

    return receive


async def ask(method, url, **options):
    """Return the status of one request."""
    async with aiohttp.ClientSession() as session, session.request(method, url, **options) as reply:
        await reply.read()
        return reply.status


async def test_callbacks_are_taken_and_garbage_is_not():
    """Whatever comes, the server goes on."""
    taken: list[bytes] = []
    async with CallbackServer(taker(taken), port=0) as server:
        assert server.url.startswith("http://127.0.0.1:")
        assert await ask("POST", server.url, data=b"one") == 200
        assert await ask("POST", server.url, data=b"garbage") == 400
        assert await ask("POST", server.url, data=b"bug") == 503
        assert await ask("GET", server.url) == 405
        assert await ask("POST", server.url + "/x", data=b"x") == 404
        assert await ask("POST", server.url.replace("/callback", "/"), data=b"x") == 404
        assert await ask("POST", server.url, data=io.BytesIO(b"x" * ((1 << 20) + 1))) == 413
        assert await ask("POST", server.url, data=b"two") == 200
    assert taken == [b"one", b"two"]


async def test_a_secret_is_the_end_of_the_path():
    """Who does not know it cannot even hint."""
    taken: list[bytes] = []
    async with CallbackServer(taker(taken), port=0, secret=SECRET) as server:
        assert SECRET not in server.url
        assert await ask("POST", server.url, data=b"x") == 404
        assert await ask("POST", f"{server.url}/{SECRET[:-1]}", data=b"x") == 404
        assert await ask("POST", f"{server.url}/{SECRET}/", data=b"x") == 404
        assert await ask("POST", f"{server.url}/{SECRET}", data=b"one") == 200
    assert taken == [b"one"]


async def test_a_packed_body_is_not_unpacked():
    """A bomb of a few kilobytes must not fill the memory."""
    taken: list[bytes] = []
    packed = gzip.compress(b"0" * 50_000_000)
    async with CallbackServer(taker(taken), port=0) as server:
        headers = {"Content-Encoding": "gzip"}
        assert await ask("POST", server.url, data=packed, headers=headers) == 200
    assert taken == [packed]


async def test_a_body_that_does_not_come_is_given_up(monkeypatch):
    """A slow sender must not hold a place for ever."""
    monkeypatch.setattr(callbacks, "_BODY_S", 0.1)
    async with CallbackServer(taker([]), port=0) as server:
        port = int(server.url.split(":")[2].split("/")[0])
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            await stream.send(b"POST /callback HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
            with anyio.fail_after(10):
                assert (await stream.receive()).startswith(b"HTTP/1.1 408 ")


async def test_too_many_at_once_are_told_to_come_again(monkeypatch):
    """Memory is bounded whatever comes; the service sends again, or the poll finds out."""
    monkeypatch.setattr(callbacks, "_AT_ONCE", 1)
    taken: list[bytes] = []
    async with CallbackServer(taker(taken), port=0) as server:
        port = int(server.url.split(":")[2].split("/")[0])
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            await stream.send(b"POST /callback HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nslo")
            with anyio.fail_after(10):
                while await ask("POST", server.url, data=b"x") == 200:
                    await anyio.lowlevel.checkpoint()
                await stream.send(b"w")
                assert (await stream.receive()).startswith(b"HTTP/1.1 200 ")
        assert await ask("POST", server.url, data=b"x") == 200
    assert b"slow" in taken


async def test_a_port_that_is_opened_before_anybody_takes_callbacks_says_come_again():
    """It is opened first of all, so that nothing is made or sent for a port that somebody has."""
    taken: list[bytes] = []
    async with CallbackServer(port=0) as server:
        assert await ask("POST", server.url, data=b"early") == 503
        server.receive = taker(taken)
        assert await ask("POST", server.url, data=b"one") == 200
    assert taken == [b"one"]


@pytest.mark.parametrize(
    "noise", [b"\x00" * 100, b"GET\r\n\r\n", b"POST /callback HTTP/9.9\r\n\r\n", b"x" * 70_000]
)
async def test_noise_on_the_port_is_survived(noise):
    """Ports are scanned."""
    taken: list[bytes] = []
    async with CallbackServer(taker(taken), port=0) as server:
        port = int(server.url.split(":")[2].split("/")[0])
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            await stream.send(noise)
        assert await ask("POST", server.url, data=b"one") == 200
    assert taken == [b"one"]


async def test_a_port_that_is_taken_is_told():
    """Exit 2 with a sentence, not a traceback."""
    async with CallbackServer(taker([]), port=0) as server:
        port = int(server.url.split(":")[2].split("/")[0])
        with pytest.raises(ConfigError, match=f"port {port}"):
            async with CallbackServer(taker([]), port=port):
                pass
    with pytest.raises(ConfigError, match=r"no\.such\.host\.invalid"):
        async with CallbackServer(taker([]), port=0, host="no.such.host.invalid"):
            pass
