"""Fetching sources from a server that does what a test wants."""

import errno
import os

import pytest
from aiohttp import web

from avatar_async.emulator.sources import Sources
from avatar_async.errors import MediaError


class Server:
    """Serve one answer at a time and count what was asked."""

    def __init__(self):
        self.asked = []
        self.answer = lambda _request: web.Response()

    async def __aenter__(self):
        async def handle(request):
            self.asked.append(request)
            return self.answer(request)

        app = web.Application()
        app.router.add_get("/{name:.*}", handle)
        self.runner = web.AppRunner(app, access_log=None, handle_signals=False)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        self.url = f"http://localhost:{self.runner.addresses[0][1]}/clip.mp4?token=secret"
        return self

    async def __aexit__(self, *_error):
        await self.runner.cleanup()


@pytest.fixture
def opened(tmp_path):
    """A function that opens sources in a folder of their own."""

    class Opened:
        async def __aenter__(self):
            self.sources = Sources(
                tmp_path / "sources", allow_remote=False, rebase=lambda url: url, max_bytes=1000, timeout_s=5
            )
            await self.sources.open()
            return self.sources

        async def __aexit__(self, *_error):
            await self.sources.close()

    return Opened


async def test_an_unchanged_source_is_sent_once_and_a_changed_one_again(opened):
    """Many jobs on one clip cost one transfer; a new clip behind the same address is noticed."""
    async with Server() as server, opened() as sources:

        def answer(request):
            known = request.headers.get("If-None-Match") == '"1"' and not changed
            body = b"new" if changed else b"old"
            return web.Response(status=304) if known else web.Response(body=body, headers={"ETag": '"1"'})

        changed = False
        server.answer = answer
        first, second = await sources.fetch(server.url), await sources.fetch(server.url)
        assert first == second
        assert first.read_bytes() == b"old"
        changed = True
        assert (await sources.fetch(server.url)).read_bytes() == b"new"


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (lambda _request: web.Response(status=500), "HTTP 500"),
        (lambda _request: web.Response(body=bytes(1001)), "larger than 1000"),
        (lambda _request: web.Response(status=302, headers={"Location": "/again"}), "too many redirects"),
        (
            lambda _request: web.Response(status=302, headers={"Location": "http://192.0.2.1/x"}),
            "not on this machine",
        ),
        (lambda _request: web.Response(status=302, headers={"Location": "file:///etc/x"}), "not an http"),
    ],
)
async def test_what_cannot_be_had_is_told_without_secrets(opened, tmp_path, response, reason):
    """The reason reaches the user's report, so that signed queries stay out."""
    async with Server() as server, opened() as sources:
        server.answer = response
        with pytest.raises(MediaError, match=reason) as caught:
            await sources.fetch(server.url)
        assert "secret" not in str(caught.value)
    assert list((tmp_path / "sources").iterdir()) == []


async def test_a_closed_port_is_a_reason(opened):
    """The server of the clips may be gone."""
    async with Server() as server:
        url = server.url
    async with opened() as sources:
        with pytest.raises(MediaError, match="cannot be fetched"):
            await sources.fetch(url)


@pytest.mark.parametrize(
    "address",
    [
        "http://192.0.2.1/x",
        "http://0.0.0.0:1/x",
        "http://[2001:db8::1]/x",
        "http://[::ffff:192.0.2.1]/x",
        "http://[fe80::1%25eth0]/x",
        "http://0xc0000201/x",
        "http://3221225985/x",
        "http://0300.0.02.01/x",
        "http://user@192.0.2.1/x",
        "http://127.0.0.1@192.0.2.1/x",
        "http://192.0.2.1#@127.0.0.1/x",
        "http://192.0.2.1.:80/x",
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "gopher://127.0.0.1/x",
        "http://[::1",
        "http://127.0.0.1:99999/x",
    ],
)
@pytest.mark.parametrize("redirected", [False, True])
async def test_other_machines_are_not_asked_however_their_address_is_written(opened, address, redirected):
    """Neither at once nor after a redirect."""
    async with Server() as server, opened() as sources:
        server.answer = lambda _request: web.Response(status=302, headers={"Location": address})
        with pytest.raises(MediaError, match=r"not on this machine|not an http|cannot be fetched"):
            await sources.fetch(server.url if redirected else address)
        assert len(server.asked) == redirected


async def test_a_name_is_judged_by_every_address_it_resolves_to(opened, monkeypatch):
    """One address of another machine among them is enough."""

    async def both(_self, host, port=0, family=0):
        hosts = ("127.0.0.1", "192.0.2.1")
        rest = {"hostname": host, "port": port, "family": 2, "proto": 0, "flags": 0}
        return [{"host": each, **rest} for each in hosts]

    monkeypatch.setattr("aiohttp.ThreadedResolver.resolve", both)
    async with opened() as sources:
        with pytest.raises(MediaError, match="not on this machine"):
            await sources.fetch("http://rebinding.test/clip.mp4")


async def test_remote_sources_are_fetched_where_they_are_allowed(tmp_path, monkeypatch):
    """The other side of the switch: the address itself is what was refused."""
    async with Server() as server:
        server.answer = lambda _request: web.Response(body=b"there")

        async def here(_self, host, port=0, family=0):
            rest = {"hostname": host, "port": port, "family": 2, "proto": 0, "flags": 0}
            return [{"host": "127.0.0.1", **rest}]

        monkeypatch.setattr("aiohttp.resolver.DefaultResolver.resolve", here)
        sources = Sources(
            tmp_path / "s", allow_remote=True, rebase=lambda url: url, max_bytes=1000, timeout_s=5
        )
        await sources.open()
        try:
            url = server.url.replace("localhost", "elsewhere.test")
            assert (await sources.fetch(url)).read_bytes() == b"there"
        finally:
            await sources.close()


async def test_a_full_disk_is_a_reason_in_words(opened, monkeypatch):
    """Numbers of errors are for programs."""

    async def full(_sources, _response):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Sources, "_save", full)
    async with Server() as server, opened() as sources:
        with pytest.raises(MediaError, match=r"cannot be fetched: No space left on device$"):
            await sources.fetch(server.url)
