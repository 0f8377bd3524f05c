"""Requests that somebody else answers, records or traces go through aiohttp, whatever that costs."""

import aiohttp
import pytest

from avatar_async.client import AvatarClient
from tests.integration.transport.asking import BODY, GOOD, ask, client
from tests.integration.transport.peers import answering, http, peer

PATH = "/api/2dvh/v1/material/task/query"
TOLD = BODY.replace(b"RUNNING", b"SUCCESS")


async def read(service: AvatarClient, url: str) -> bytes:
    """Return the bytes of a file that is probably short."""
    async with service.open_artifact(url) as stream:
        return b"".join([bytes(chunk) async for chunk in stream.chunks()])


async def test_a_mocked_service_is_never_asked_for_real(mocked_http):
    """Users test their own code so; a query that went past the mock would reach the paid service."""
    async with peer(answering(GOOD)) as met, client(met.origin) as service:
        mocked_http.post(f"{met.origin}{PATH}", body=TOLD, repeat=True)
        assert [await ask(service) for _ in range(3)] == ["SUCCESS"] * 3
    assert met.connections == 0


async def test_a_mocked_file_is_never_fetched_for_real(mocked_http):
    """The same of short files."""
    async with peer(answering(http(b"real"))) as met, client(met.origin) as service:
        mocked_http.get(f"{met.origin}/a", body=b"mock", repeat=True)
        assert [await read(service, f"{met.origin}/a") for _ in range(3)] == [b"mock"] * 3
    assert met.connections == 0


async def test_a_mock_that_comes_later_is_heeded_too(request):
    """Connections may be kept from before it; they serve again once it is gone."""
    async with peer(answering(GOOD)) as met, client(met.origin) as service:
        before = [await ask(service) for _ in range(2)]
        mocked = request.getfixturevalue("mocked_http")
        mocked.post(f"{met.origin}{PATH}", body=TOLD, repeat=True)
        meanwhile = [await ask(service) for _ in range(2)]
        mocked.stop()
        after = [await ask(service) for _ in range(2)]
        mocked.start()
    assert (before, meanwhile, after) == (["RUNNING"] * 2, ["SUCCESS"] * 2, ["RUNNING"] * 2)
    assert (met.connections, len(met.requests)) == (1, 4)


async def test_what_records_requests_sees_every_one(monkeypatch):
    """Recorders and monitors put a function of theirs around aiohttp's."""
    seen = []
    real = aiohttp.ClientSession._request

    async def recorded(self, method, url, **options):
        seen.append(method)
        return await real(self, method, url, **options)

    monkeypatch.setattr(aiohttp.ClientSession, "_request", recorded)
    async with peer(answering(GOOD)) as met, client(met.origin) as service:
        for _ in range(3):
            await ask(service)
    assert seen == ["POST"] * 3


@pytest.mark.parametrize("name", ["request", "get"])
async def test_what_stands_in_for_a_session_s_own_call_is_used(monkeypatch, name):
    """Not every mock replaces the innermost function."""

    async def refuse(_self, *_rest, **_options):
        raise aiohttp.ClientPayloadError

    async with peer(answering(GOOD)) as met, client(met.origin) as service:
        await (ask(service) if name == "request" else read(service, met.origin))
        monkeypatch.setattr(aiohttp.ClientSession, name, refuse)
        with pytest.raises(Exception, match="the answer broke off"):
            await (ask(service) if name == "request" else read(service, met.origin))
    assert len(met.requests) == 1


async def test_traced_sessions_keep_their_traces(monkeypatch):
    """Instrumentation adds its traces to every session that is made."""
    seen = []
    begin = aiohttp.ClientSession.__init__

    async def ended(_session, _context, params) -> None:
        seen.append(params.response.status)

    def init(self, *rest, trace_configs=(), **options) -> None:
        trace = aiohttp.TraceConfig()
        trace.on_request_end.append(ended)
        begin(self, *rest, trace_configs=[*trace_configs, trace], **options)

    monkeypatch.setattr(aiohttp.ClientSession, "__init__", init)
    async with peer(answering(GOOD)) as met, client(met.origin) as service:
        for _ in range(3):
            await ask(service)
            await read(service, met.origin)
    assert seen == [200] * 6


async def test_behind_a_proxy_every_request_is_aiohttps():
    """It knows what a proxy must not be told."""
    async with peer(answering(GOOD)) as met:
        settings = {"proxy": met.origin, "allow_plain_http": True}
        async with client("http://service.example", **settings) as service:
            assert [await ask(service) for _ in range(3)] == ["RUNNING"] * 3
            assert service._session._plain is None
    assert all(each.startswith(b"POST http://service.example/api") for each in met.requests)
