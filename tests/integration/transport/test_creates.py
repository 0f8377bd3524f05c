"""Create calls over real sockets: what is reported decides whether money is spent twice."""

import asyncio
import socket
import ssl
import threading
import time
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from avatar_async._jobs.verdicts import Verdict, decide
from avatar_async.client import AvatarClient
from avatar_async.errors import (
    AuthError,
    ConfigError,
    NotSentError,
    RejectedError,
    RequestError,
    SettingRefusedError,
    SubmissionUnknownError,
    ThrottledError,
)
from avatar_async.requests import ImagePreviewRequest
from avatar_async.settings import Settings

REQUEST = ImagePreviewRequest(material_name="anchor", url="https://x.example/p.png")
#: A self-signed certificate for 127.0.0.1, and its key; for these tests only.
CERTIFICATE = Path(__file__).parent / "tls" / "test-only-cert.pem"
KEY = CERTIFICATE.with_name("test-only-key.pem")
OK = b'{"code": 0, "message": "success", "data": 812345}'
#: Little patience, for services that never end their answer.
SHORT = {"read_timeout_s": 0.3, "total_timeout_s": 0.8}


def settings(endpoint: str, **changes) -> Settings:
    """Return settings with a fixed token."""
    return Settings(endpoint=endpoint, **{"token": "t0ken", **changes})


def http(body: bytes, status: str = "200 OK", *extra: str, length: int | None = None) -> bytes:
    """Return a raw reply."""
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *extra]
    return "\r\n".join([*head, "", ""]).encode() + body


@asynccontextmanager
async def serving(raw_server, handler, **changes):
    """Run a server and a client of it; yield the client and what the server got."""
    async with (
        raw_server(handler) as (endpoint, requests),
        AvatarClient(settings=settings(endpoint, **changes)) as client,
    ):
        yield client, requests


async def report_of(endpoint: str, **changes):
    """Return what one submission reports."""
    async with AvatarClient(settings=settings(endpoint, **changes)) as client:
        return await client.submit(REQUEST)


async def test_accepted_call_is_sent_once_with_everything_the_service_needs(raw_server):
    """The whole request, as bytes."""
    async with serving(raw_server, http(OK)) as (client, requests):
        assert await client.create(REQUEST) == 812345
    (request,) = requests
    head, _, body = request.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /api/2dvh/v1/material/2davatar/model/green/segment/image/create HTTP/1.1"
    headers = {line.split(": ", 1)[0].lower(): line.split(": ", 1)[1] for line in lines[1:]}
    assert headers["authorization"] == "Bearer t0ken"
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"].startswith("avatar-async/")
    assert headers["connection"] == "close"
    assert body == b'{"materialName":"anchor","url":"https://x.example/p.png","param":"{}"}'


async def never(reader, writer):
    """Accept the request and never answer."""
    await reader.read()
    writer.close()


async def close(reader, writer):
    """Close without an answer."""


async def half_a_header(reader, writer):
    """Close inside the headers."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Le")


async def reset(reader, writer):
    """Reset the connection."""
    linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


async def drip(reader, writer):
    """Answer one byte at a time, for ever."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while not reader.at_eof():
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.05)


async def test_an_answer_that_came_while_the_process_was_stopped_counts():
    """A closed laptop makes every limit run out at once; the answer in the socket is no doubt for that."""
    loop, answered = asyncio.get_running_loop(), threading.Event()

    def stand_still() -> None:
        answered.wait(5)
        time.sleep(0.3)

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            loop.call_soon_threadsafe(stand_still)
            connection.sendall(http(OK))
            answered.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}"
        report = await report_of(endpoint, read_timeout_s=0.2, total_timeout_s=0.2)
        thread.join()
    assert (report.code, report.task_id) == (0, 812345), report.message


UNCLEAR = {
    "no answer": never,
    "an endless answer": drip,
    "closed": close,
    "half a header": half_a_header,
    "reset": reset,
    "shorter than announced": http(OK, length=len(OK) + 10),
    "half an envelope": http(OK[:-8]),
    "empty": http(b""),
    "a web page": http(b"<html>welcome</html>"),
    "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "no task id": http(b'{"code": 0, "message": "success"}'),
    "nested too deeply": http(b"[" * 100_000),
    "too long": http(b" " * (2 << 20)),
    "500 with an envelope": http(OK, "500 Internal Server Error"),
    "502 with a refusal": http(b'{"code": 5, "message": "oops"}', "502 Bad Gateway"),
    "503": http(b"", "503 Service Unavailable", "Retry-After: 5"),
    "408": http(b"", "408 Request Timeout"),
    "an encoding nobody asked for": http(OK, "200 OK", "Content-Encoding: br"),
}


@pytest.mark.parametrize("answer", UNCLEAR)
async def test_what_nobody_can_tell_is_unknown_and_never_sent_again(raw_server, answer):
    """Each of these may have made a task that costs money."""
    async with raw_server(UNCLEAR[answer]) as (endpoint, requests):
        report = await report_of(endpoint, **SHORT)
        assert report.sent
        assert decide(report, after_token_refusal=False) is Verdict.UNKNOWN
        async with AvatarClient(settings=settings(endpoint, **SHORT)) as client:
            with pytest.raises(SubmissionUnknownError, match="pay twice"):
                await client.create(REQUEST)
    assert len(requests) == 2


@pytest.mark.parametrize(
    "status", ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"]
)
async def test_redirect_is_never_followed(raw_server, status):
    """A followed POST may be a second task, or hand the token to a stranger."""
    async with raw_server(http(OK)) as (elsewhere, followed):
        reply = http(b"", status, f"Location: {elsewhere}/api")
        async with serving(raw_server, reply) as (client, requests):
            with pytest.raises(SettingRefusedError):
                await client.create(REQUEST)
    assert len(requests) == 1
    assert followed == []


async def test_refused_connection_is_not_sent():
    """Nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{free.getsockname()[1]}"
        report = await report_of(endpoint)
    assert not report.sent
    assert report.message.endswith(": no connection (connection refused)")


async def test_unknown_host_is_not_sent():
    """The name service says that it does not exist."""
    report = await report_of("https://no-such-host.invalid", connect_timeout_s=5.0, total_timeout_s=10.0)
    assert not report.sent


async def test_connection_that_is_not_accepted_in_time_is_not_sent():
    """A full backlog swallows the handshake."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)
        report = await report_of(f"http://127.0.0.1:{address[1]}", connect_timeout_s=0.2)
        for filler in fillers:
            filler.close()
    assert not report.sent


async def test_tls_that_never_answers_is_not_sent():
    """The handshake is not the request."""
    server = await asyncio.start_server(never, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    report = await report_of(f"https://127.0.0.1:{port}", connect_timeout_s=0.2)
    server.close()
    assert not report.sent


@pytest.fixture
def tls():
    """Return a server's TLS context."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE, KEY)
    return context


async def test_untrusted_certificate_is_refused_before_anything_is_sent(raw_server, tls):
    """There is no switch for it."""
    async with raw_server(http(OK), ssl=tls) as (endpoint, requests):
        report = await report_of(endpoint)
    assert not report.sent
    assert "certificate" in report.message
    assert requests == []


async def test_certificate_of_the_ca_file_is_trusted(raw_server, tls):
    """Companies inspect TLS with authorities of their own."""
    async with raw_server(http(OK), ssl=tls) as (endpoint, _):
        report = await report_of(endpoint, ca_file=CERTIFICATE)
    assert report.task_id == 812345


async def test_ca_file_that_cannot_be_read_is_a_config_error(tmp_path):
    """Told when the client is entered."""
    bad = tmp_path / "bad.pem"
    bad.write_text("nothing")
    for path in (bad, tmp_path / "none.pem"):
        with pytest.raises(ConfigError, match="ca_file"):
            await report_of("https://127.0.0.1:1", ca_file=path)


async def test_proxy_is_not_used_for_loopback(raw_server):
    """A company proxy cannot reach this machine's emulator."""
    async with raw_server(http(OK)) as (endpoint, _):
        report = await report_of(endpoint, proxy="http://127.0.0.1:1")
    assert report.task_id == 812345


@pytest.mark.parametrize("status", ["407 Proxy Authentication Required", "502 Bad Gateway"])
async def test_proxy_that_refuses_the_tunnel_means_not_sent(raw_server, status):
    """The service never saw a byte."""
    async with raw_server(http(b"", status)) as (proxy, requests):
        report = await report_of("https://no-such-host.invalid", proxy=proxy)
    assert not report.sent
    assert requests[0].startswith(b"CONNECT ")
    assert b"t0ken" not in requests[0]


async def test_throttling_carries_its_wait(raw_server):
    """Clamped to ten minutes."""
    async with serving(raw_server, http(b"", "429 Too Many Requests", "Retry-After: 7200")) as (
        client,
        _,
    ):
        with pytest.raises(ThrottledError) as caught:
            await client.create(REQUEST)
    assert caught.value.retry_after_s == 600


async def test_refusal_carries_code_message_and_field(raw_server):
    """3333 is the one documented code."""
    reply = http(b'{"code": 3333, "message": "url is not reachable", "data": null}', "200 OK")
    async with (
        raw_server(reply) as (endpoint, _),
        AvatarClient(settings=settings(endpoint)) as client,
    ):
        with pytest.raises(RejectedError) as caught:
            await client.create(REQUEST)
    assert (caught.value.code, caught.value.field) == (3333, "url")
    assert "url is not reachable" in str(caught.value)


async def test_codes_of_the_profile_are_understood(raw_server):
    """Nobody knows them beforehand."""
    reply = http(b'{"code": 42, "message": "too many tasks"}', "500 Internal Server Error")
    async with raw_server(reply) as (endpoint, _):
        for name, error in (("busy", ThrottledError), ("refused", RejectedError)):
            async with AvatarClient(settings=settings(endpoint, codes={name: [42]})) as client:
                with pytest.raises(error):
                    await client.create(REQUEST)


async def test_fixed_token_that_is_refused_names_its_variable(raw_server):
    """Nobody can renew it."""
    async with serving(raw_server, http(b"", "401 Unauthorized")) as (client, requests):
        with pytest.raises(AuthError, match="AVATAR_TOKEN"):
            await client.create(REQUEST)
    assert len(requests) == 1


async def test_bad_request_is_refused_before_anything_is_sent(raw_server):
    """Strict validation is the default; `off` sends what it is given."""
    bad = ImagePreviewRequest(material_name="", url="")
    async with serving(raw_server, http(OK)) as (client, requests):
        with pytest.raises(RequestError):
            await client.create(bad)
        assert requests == []
        assert await client.create(bad, validation="off") == 812345


async def test_compressed_reply_nobody_asked_for_is_still_read(raw_server):
    """Some gateways compress in any case; a task id must not be lost for it."""
    import gzip

    packed = gzip.compress(OK)
    async with raw_server(http(packed, "200 OK", "Content-Encoding: gzip")) as (endpoint, _):
        assert (await report_of(endpoint)).task_id == 812345
    bomb = gzip.compress(b" " * (64 << 20))
    async with raw_server(http(bomb, "200 OK", "Content-Encoding: gzip")) as (endpoint, _):
        assert "longer than" in (await report_of(endpoint)).message


async def test_cancelled_call_leaves_no_connection_open(raw_server):
    """Cancellation must be prompt even if the service says nothing."""
    arrived, left = anyio.Event(), anyio.Event()

    async def silent(reader, writer):
        arrived.set()
        await reader.read()
        left.set()

    async with serving(raw_server, silent) as (client, requests):
        async with anyio.create_task_group() as group:
            group.start_soon(client.submit, REQUEST)
            await arrived.wait()
            group.cancel_scope.cancel()
        with anyio.fail_after(5):
            await left.wait()
    assert len(requests) == 1


async def test_unentered_client_says_what_to_do():
    """A common first mistake."""
    client = AvatarClient(settings=settings("http://127.0.0.1:1"))
    with pytest.raises(RuntimeError, match="async with"):
        await client.query(1)


async def test_create_reports_not_sent_as_its_own_error():
    """The caller may send again."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        async with AvatarClient(settings=settings(f"http://127.0.0.1:{free.getsockname()[1]}")) as client:
            with pytest.raises(NotSentError):
                await client.create(REQUEST)
