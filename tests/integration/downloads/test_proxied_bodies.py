"""Long bodies through a forward proxy that asks for a password: plain, tunnelled, over TLS to the proxy."""

import pytest

from avatar_async._transport import downloads
from avatar_async.errors import TransportError
from tests.integration.downloads.forwarding import forward_proxy
from tests.integration.downloads.takeovers import (
    CERTIFICATE,
    CONTENT,
    SIZE,
    noted_takeovers,
    server_context,
    tls_server,
)
from tests.integration.downloads.test_bad_answers import ETAG, honest, reply

TO_PROXY = pytest.mark.parametrize("sealed", [False, True], ids=["http proxy", "https proxy"])


@pytest.fixture(autouse=True)
def taken_over(monkeypatch):
    """Take over shorter bodies, and reach this machine's servers through the proxy, too."""
    monkeypatch.setattr(downloads, "proxy_for", lambda settings, _host: settings.proxy)
    return noted_takeovers(monkeypatch)


@TO_PROXY
async def test_every_byte_of_a_plain_answer_comes(raw, bench, taken_over, sealed):
    """The proxy hands the answer on; its password stays with it."""
    async with forward_proxy(tls=server_context() if sealed else None) as proxy:
        async with bench(ca_file=CERTIFICATE, proxy=proxy.address) as stage:
            with raw(honest(CONTENT, ETAG)) as server:
                await stage.fetch(stage.artifact(f"{server.origin}/m?sig=1", "m.bin", role="other"))
            assert stage.read("m.bin") == CONTENT
        assert [head.split(b" ")[0] for head in proxy.heads] == [b"GET"]
    assert [request["line"] for request in server.requests] == ["GET /m?sig=1 HTTP/1.1"]
    assert "proxy-authorization" not in server.requests[0]
    assert len(taken_over) == 1


@TO_PROXY
async def test_every_byte_comes_through_a_tunnel(bench, taken_over, sealed):
    """TLS reaches from here to the host; the proxy learns the host's name and nothing else."""
    async with forward_proxy(tls=server_context() if sealed else None) as proxy:
        async with bench(ca_file=CERTIFICATE, proxy=proxy.address) as stage:
            with tls_server(reply(CONTENT, ETAG), stays=True) as (origin, asked):
                await stage.fetch(stage.artifact(f"{origin}/m?sig=1", "m.bin", role="other"))
            assert stage.read("m.bin") == CONTENT
        assert [head.split(b" ")[0] for head in proxy.heads] == [b"CONNECT"]
        assert b"sig=1" not in proxy.heads[0]
    assert "proxy-authorization" not in asked[0]
    assert len(asked) == len(taken_over) == 1


async def test_a_host_that_closes_at_once_behind_two_layers_of_tls_is_heard_to_the_end(bench, taken_over):
    """What asyncio's inner layer still holds may be lost then: it is asked for again, from there on."""
    async with forward_proxy(tls=server_context()) as proxy:
        async with bench(ca_file=CERTIFICATE, proxy=proxy.address) as stage:
            with tls_server(honest(CONTENT, ETAG)) as (origin, asked):
                await stage.fetch(stage.artifact(f"{origin}/m?sig=1", "m.bin", role="other"))
            assert stage.read("m.bin") == CONTENT
        assert {head.split(b" ")[0] for head in proxy.heads} == {b"CONNECT"}
        assert len(proxy.heads) == len(asked)
    begun = [int(headers.get("range", "bytes=0-")[6:-1]) for headers in asked]
    assert begun == sorted(begun)
    assert taken_over


@pytest.mark.parametrize("end", ["close", "reset", "stall"])
async def test_a_break_behind_the_proxy_keeps_what_came(raw, bench, taken_over, end):
    """The next connection goes on from there, through the proxy again."""
    cut = 1_500_000
    broken = reply(CONTENT[:cut], ETAG, length=SIZE, end=end)
    async with forward_proxy() as proxy, bench(proxy=proxy.address) as stage:
        with raw(broken, honest(CONTENT, ETAG)) as server:
            await stage.fetch(stage.artifact(f"{server.origin}/m", "m.bin", role="other"))
        assert stage.read("m.bin") == CONTENT
        begun = int(server.requests[1].get("range", "bytes=0-")[6:-1])
        assert begun == cut if end != "reset" else begun <= cut
        assert len(proxy.heads) == len(taken_over) == 2


@pytest.mark.parametrize("end", ["notice", "close"])
async def test_a_break_behind_a_tunnel_keeps_what_came(bench, taken_over, end):
    """The proxy closes, or ends, the tunnel when the host closes its side."""
    cut = 1_500_000
    broken = reply(CONTENT[:cut], ETAG, length=SIZE)
    async with forward_proxy() as proxy, bench(ca_file=CERTIFICATE, proxy=proxy.address) as stage:
        with tls_server(broken, honest(CONTENT, ETAG), end=end) as (origin, asked):
            await stage.fetch(stage.artifact(f"{origin}/m", "m.bin", role="other"))
        assert stage.read("m.bin") == CONTENT
        assert len(proxy.heads) == 2
    assert asked[1]["range"] == f"bytes={cut}-"
    assert len(taken_over) == 2


async def test_a_proxy_that_refuses_the_password_is_named_without_it(raw, bench, taken_over):
    """Its answer is no file, and no message tells the password."""
    async with forward_proxy(password="another") as proxy:
        async with bench(proxy=proxy.address, rules={"tries": 1}) as stage:
            with raw(honest(CONTENT)) as server, pytest.raises(TransportError) as refused:
                await stage.fetch(stage.artifact(f"{server.origin}/m", "m.bin", role="other"))
        assert proxy.refused == 1
    assert "407" in str(refused.value)
    assert "pa55word" not in str(refused.value)
    assert server.requests == []
    assert taken_over == []
