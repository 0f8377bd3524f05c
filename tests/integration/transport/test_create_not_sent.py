"""Create calls that never leave: nobody was paid, the verdict says so, and nobody saw the token."""

import socket
import ssl
from pathlib import Path
from typing import Any

import anyio
import pytest

from avatar_async._jobs.remote import SubmissionReport
from avatar_async._jobs.verdicts import Verdict, decide
from avatar_async.client import AvatarClient
from avatar_async.errors import NotSentError
from avatar_async.requests import ImagePreviewRequest
from avatar_async.settings import Settings
from tests.integration.transport.peers import Conversation, http, peer, replying

REQUEST = ImagePreviewRequest(material_name="anchor", url="https://x.example/p.png")
OK = b'{"code": 0, "message": "success", "data": 812345}'
#: A self-signed certificate for 127.0.0.1, and its key; for these tests only.
CERTIFICATE = Path(__file__).parent / "tls" / "test-only-cert.pem"
SHORT: dict[str, Any] = {"connect_timeout_s": 0.3, "read_timeout_s": 0.4, "total_timeout_s": 2.0}
#: Nobody can resolve it (RFC 6761).
NOWHERE = "https://no-such-host.invalid"


async def report_of(endpoint: str, **changes) -> SubmissionReport:
    """Return what one create call reports."""
    settings = Settings(endpoint=endpoint, **{"token": "t0ken", **SHORT, **changes})
    async with AvatarClient(settings=settings) as client:
        return await client.submit(REQUEST)


def verdict_on(report: SubmissionReport) -> Verdict:
    """Return the verdict of the table."""
    return decide(report, after_token_refusal=False)


@pytest.fixture
def tls() -> ssl.SSLContext:
    """A server's TLS, with a certificate that no authority signed."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE, CERTIFICATE.with_name("test-only-key.pem"))
    return context


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_refused_connection_is_not_sent(scheme):
    """Nobody listens there."""
    report = await report_of(f"{scheme}://127.0.0.1:{free_port()}")
    assert verdict_on(report) is Verdict.NOT_SENT
    assert "connection refused" in report.message


async def test_a_name_that_cannot_be_resolved_is_not_sent():
    """The network is down, or the endpoint mistyped."""
    report = await report_of(NOWHERE, connect_timeout_s=5.0, total_timeout_s=8.0)
    assert verdict_on(report) is Verdict.NOT_SENT
    assert "resolved" in report.message


@pytest.mark.parametrize("total_s", [0.2, 5.0], ids=["by the whole call's limit", "by the connection's"])
async def test_a_handshake_nobody_answers_is_not_sent(total_s):
    """A full backlog drops it, whichever limit runs out first."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        report = await report_of(
            f"http://127.0.0.1:{listener.getsockname()[1]}", connect_timeout_s=0.3, total_timeout_s=total_s
        )
        for filler in fillers:
            filler.close()
    assert verdict_on(report) is Verdict.NOT_SENT


async def close_at_once(_conversation: Conversation) -> None:
    """Close as soon as somebody connects."""


async def reset_at_once(conversation: Conversation) -> None:
    """Reset as soon as somebody connects."""
    conversation.reset()


async def say_nothing(conversation: Conversation) -> None:
    """Read and never answer."""
    await conversation.wait_until_left()


async def speak_plainly(conversation: Conversation) -> None:
    """Answer a TLS handshake as a plain web server does."""
    await conversation.reader.read(100)
    await conversation.send(http(b"plain HTTP sent to an HTTPS port", "400 Bad Request"))


async def alert(conversation: Conversation) -> None:
    """Answer a TLS handshake with a fatal alert."""
    await conversation.reader.read(100)
    await conversation.send(b"\x15\x03\x03\x00\x02\x02\x28")


@pytest.mark.parametrize("script", [close_at_once, reset_at_once, say_nothing, speak_plainly, alert])
async def test_a_tls_handshake_that_fails_is_not_sent(script):
    """The request leaves only after the handshake."""
    async with peer(script) as met:
        report = await report_of(met.origin.replace("http:", "https:"))
    assert verdict_on(report) is Verdict.NOT_SENT, report
    assert met.connections == 1
    assert b"t0ken" not in met.received


@pytest.mark.parametrize(
    ("host", "trusted"), [("127.0.0.1", False), ("localhost", True)], ids=["untrusted", "another name"]
)
async def test_a_certificate_that_does_not_prove_the_host_is_not_sent(tls, host, trusted):
    """Whoever answers there must not see a token, let alone a request."""
    async with peer(replying(http(OK)), tls=tls) as met:
        report = await report_of(
            met.origin.replace("127.0.0.1", host), ca_file=CERTIFICATE if trusted else None
        )
    assert verdict_on(report) is Verdict.NOT_SENT, report
    assert "certificate" in report.message
    assert (met.requests, bytes(met.received)) == ([], b"")


async def cut_off(conversation: Conversation) -> None:
    """Take the request over TLS and close without the end TLS asks for."""
    await conversation.read_request()
    await conversation.send(http(OK)[:-9])
    conversation.reset()


@pytest.mark.parametrize("script", [cut_off, say_nothing])
async def test_a_request_that_left_over_tls_is_no_longer_not_sent(tls, script):
    """The handshake is over: what breaks now leaves the outcome unknown."""
    async with peer(script, tls=tls) as met:
        report = await report_of(met.origin, ca_file=CERTIFICATE)
    assert verdict_on(report) is Verdict.UNKNOWN, report
    assert met.connections == 1


async def test_plain_http_spoken_to_a_tls_port_is_unknown(tls):
    """The request's bytes did leave, though nobody could read them."""
    async with peer(replying(http(OK)), tls=tls) as met:
        report = await report_of(met.origin.replace("https:", "http:"))
    assert verdict_on(report) is Verdict.UNKNOWN, report
    assert met.requests == []


# ---------------------------------------------------------------- proxies


async def tunnel_to_nobody(conversation: Conversation) -> None:
    """Open a tunnel that leads nowhere: the handshake inside is never answered."""
    await conversation.read_head()
    await conversation.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
    await conversation.wait_until_left()


async def tunnel_that_closes(conversation: Conversation) -> None:
    """Open a tunnel and close it."""
    await conversation.read_head()
    await conversation.send(b"HTTP/1.1 200 Connection established\r\n\r\n")


async def tunnel_to_a_stranger(conversation: Conversation) -> None:
    """Open a tunnel to something that does not speak TLS."""
    await conversation.read_head()
    await conversation.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
    await conversation.reader.read(100)
    await conversation.send(http(b"hello"))


def refusing(reply: bytes):
    """Return a proxy that answers CONNECT with this."""

    async def script(conversation: Conversation) -> None:
        await conversation.read_head()
        await conversation.send(reply)

    return script


PROXIES = {
    "407": refusing(http(b"", "407 Proxy Authentication Required")),
    "403": refusing(http(b"no", "403 Forbidden")),
    "500": refusing(http(b"", "500 Oops")),
    "502": refusing(http(OK, "502 Bad Gateway")),
    "a redirect": refusing(http(b"", "302 Found", "Location: https://elsewhere.example/")),
    "an answer that breaks off": refusing(b"HTTP/1.1 20"),
    "no HTTP": refusing(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "closing": close_at_once,
    "resetting": reset_at_once,
    "silence": say_nothing,
    "a tunnel to nobody": tunnel_to_nobody,
    "a tunnel that closes": tunnel_that_closes,
    "a tunnel to a stranger": tunnel_to_a_stranger,
}


@pytest.mark.parametrize("name", PROXIES)
async def test_a_proxy_that_opens_no_good_tunnel_means_not_sent(name):
    """Only the CONNECT went out; the service never saw a byte, the proxy never the token."""
    async with peer(PROXIES[name]) as proxy:
        report = await report_of(NOWHERE, proxy=proxy.origin)
    assert verdict_on(report) is Verdict.NOT_SENT, report
    assert proxy.connections == 1
    assert b"t0ken" not in proxy.received
    assert b"anchor" not in proxy.received


async def test_a_proxy_that_refuses_the_connection_means_not_sent():
    """Nobody listens there."""
    report = await report_of(NOWHERE, proxy=f"http://127.0.0.1:{free_port()}")
    assert verdict_on(report) is Verdict.NOT_SENT


async def test_a_proxys_password_is_in_no_message():
    """Messages end in logs and ledgers."""
    report = await report_of(NOWHERE, proxy=f"http://user:pa55word@127.0.0.1:{free_port()}")
    assert verdict_on(report) is Verdict.NOT_SENT
    assert "pa55word" not in report.message


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (http(OK), Verdict.ACCEPTED),
        (http(b"", "407 Login"), Verdict.SETTING),
        (http(b"", "302 Found", "Location: http://elsewhere.example/"), Verdict.SETTING),
        (http(b"", "502 Bad Gateway"), Verdict.UNKNOWN),
        (http(b"", "504 Gateway Timeout"), Verdict.UNKNOWN),
        (b"", Verdict.UNKNOWN),
    ],
)
async def test_a_proxy_without_a_tunnel_answers_for_the_service(reply, verdict):
    """Plain http hands the request itself to the proxy: what it did with it, its answer must say."""
    async with peer(replying(reply)) as proxy:
        report = await report_of("http://service.invalid", proxy=proxy.origin, allow_plain_http=True)
    assert verdict_on(report) is verdict, report
    assert len(proxy.requests) == 1


# ---------------------------------------------------------------- what callers see


async def test_a_caller_without_a_ledger_gets_its_own_error():
    """It alone means that sending again is safe."""
    settings = Settings(endpoint=f"http://127.0.0.1:{free_port()}", token="t0ken", **SHORT)
    async with AvatarClient(settings=settings) as client:
        with pytest.raises(NotSentError):
            await client.create(REQUEST)


async def test_a_call_that_never_left_leaves_nothing_behind():
    """Each failure closes its sockets; a run may make thousands of them."""
    async with peer(close_at_once) as met:
        settings = Settings(endpoint=met.origin.replace("http:", "https:"), token="t0ken", **SHORT)
        async with AvatarClient(settings=settings) as client:
            async with anyio.create_task_group() as group:
                for _ in range(50):
                    group.start_soon(client.submit, REQUEST)
            for session in (client._session._fresh, client._session._kept):
                assert session is not None
                assert session.connector is not None
                assert not session.connector._acquired
    assert met.connections == 50
