"""Faults of a file's transfer, and the count of what was sent."""

import gzip
from contextlib import asynccontextmanager

import aiohttp
import anyio
import pytest
from yarl import URL

from avatar_async.requests import Kind


@pytest.fixture
def made(avatar_emulator, caller, bodies):
    """A function that opens an emulator with a finished preview `look` and gives its file."""

    @asynccontextmanager
    async def opened(faults=""):
        async with avatar_emulator() as emulator, caller(emulator) as api:
            (task,) = await api.finished(await api.create(Kind.IMAGE_PREVIEW, bodies(emulator).preview()))
            emulator.faults.add(faults)
            url = task["files"][0]["url"]
            whole = (emulator._data / "files" / str(task["taskId"]) / task["files"][0]["name"]).read_bytes()
            yield emulator, api, url, whole

    return opened


async def partly(api, url, **headers):
    """Return the error a transfer breaks off with and the bytes that came before."""
    content = b""
    try:
        async with api.session.get(url, headers=headers) as response:
            async for piece in response.content.iter_any():
                content += piece
    except aiohttp.ClientError as error:
        return error, content
    return None, content


@pytest.mark.parametrize(
    ("fault", "share"), [("truncate", 0.5), ("truncate(share=0.25, reset=true)", 0.25), ("revoke", 0.5)]
)
async def test_a_transfer_breaks_off_and_goes_on_where_it_was(made, fault, share):
    """The next request gets the rest, from a fresh address if this one died."""
    async with made(f"file:{fault}@1") as (emulator, api, url, whole):
        error, content = await partly(api, url)
        assert isinstance(error, aiohttp.ClientError)
        assert content == whole[: int(len(whole) * share)]
        status, _, rest = await api.get(url, Range=f"bytes={len(content)}-")
        if fault == "revoke":
            assert status == 403
            task_id = int(URL(url).path.split("/")[2])
            (fresh,) = await api.query(task_id)
            status, _, rest = await api.get(fresh["files"][0]["url"], Range=f"bytes={len(content)}-")
        assert (status, content + rest) == (206, whole)
        (name,) = emulator.received.file_bytes
        assert name.startswith("look/")
        assert emulator.received.file_bytes[name] >= len(whole)


@pytest.mark.parametrize(
    ("what", "shown"),
    [
        ("start", "bytes 101-{last}/{size}"),
        ("end", "bytes 100-{before}/{size}"),
        ("total", "bytes 100-{last}/{more}"),
        ("unit", "lines 100-{last}/{size}"),
        ("senseless", "half of it"),
        ("missing", None),
    ],
)
async def test_content_range_may_be_wrong(made, what, shown):
    """Appending without a look would make a wrong file."""
    async with made(f"file:wrong-range(what={what})") as (_, api, url, whole):
        size = len(whole)
        status, headers, content = await api.get(url, Range="bytes=100-")
        named = {"last": size - 1, "before": size - 2, "size": size, "more": size + 1}
        assert (status, content) == (206, whole[100:])
        assert headers.get("Content-Range") == (shown and shown.format(**named))
        assert (await api.get(url))[::2] == (200, whole)


async def test_a_range_may_be_ignored_or_refused(made):
    """Start over, in both cases."""
    async with made("file:no-range@1,file:416@2") as (_, api, url, whole):
        assert (await api.get(url, Range="bytes=100-"))[::2] == (200, whole)
        assert (await api.get(url, Range="bytes=100-"))[0] == 416


async def test_validators_change_weaken_and_go(made):
    """What they are worth is the client's to judge."""
    spec = "file:etag@1,file:etag(what=changed-206)@2,file:etag(what=weak)@3,file:etag(what=missing)@4"
    async with made(spec) as (_, api, url, whole):
        seen = [await api.get(url, Range="bytes=100-") for _ in range(5)]
        true = seen[4][1]["ETag"]
        assert [status for status, _, _ in seen] == [200, 206, 200, 200, 206]
        assert seen[0][2] == whole
        assert seen[1][2] == whole[100:]
        assert seen[0][1]["ETag"] != true != seen[1][1]["ETag"]
        assert seen[2][1]["ETag"] == f"W/{true}"
        assert "ETag" not in seen[3][1]


async def test_bodies_may_be_compressed_short_long_or_wrong(made):
    """The length told fits the body, so that only the service's own size and digest tell."""
    spec = "file:gzip@1,file:length(by=-3)@2,file:length(by=5)@3,file:flip(bytes=2)@4"
    async with made(spec) as (_, api, url, whole):
        async with aiohttp.ClientSession(auto_decompress=False) as plain, plain.get(url) as response:
            assert response.headers["Content-Encoding"] == "gzip"
            assert gzip.decompress(await response.read()) == whole
        assert (await api.get(url))[2] == whole[:-3]
        longer = (await api.get(url))[2]
        assert (len(longer), longer[:-5]) == (len(whole) + 5, whole)
        flipped = (await api.get(url))[2]
        assert len(flipped) == len(whole)
        assert 1 <= sum(a != b for a, b in zip(flipped, whole, strict=True)) <= 2
        assert (await api.get(url))[2] == whole


async def test_a_length_may_be_told_and_not_kept(made):
    """Fewer bytes than promised, or bytes after the end."""
    spec = "file:length(by=-3, promised=false)@1,file:length(by=3, promised=false)@2"
    async with made(spec) as (_, api, url, whole):
        error, content = await partly(api, url)
        assert isinstance(error, aiohttp.ClientPayloadError)
        assert content == whole[:-3]
        reader = await raw_get(url)
        assert len(reader.partition(b"\r\n\r\n")[2]) == len(whole) + 3


async def raw_get(url):
    """Return all that a socket gives for a request."""
    address = URL(url, encoded=True)
    assert address.host is not None
    assert address.port is not None
    async with await anyio.connect_tcp(address.host, address.port) as stream:
        await stream.send(
            f"GET {address.raw_path_qs} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
        )
        return b"".join([piece async for piece in stream])


async def test_chunks_may_end_early_and_cleanly(made):
    """Such a body looks whole."""
    async with made("file:early-end(share=0.5)@1") as (_, api, url, whole):
        status, headers, content = await api.get(url)
        assert (status, content) == (200, whole[: len(whole) // 2])
        assert "Content-Length" not in headers


async def test_a_redirect_to_another_host_shows_who_sends_a_token_there(made):
    """The count is the emulator's own."""
    async with made("file:redirect@1+3") as (emulator, api, url, whole):
        assert (await api.get(url))[2] == whole
        assert not emulator.received.file_authorizations
        async with api.session.get(url, headers=api.headers, allow_redirects=False) as response:
            target = response.headers["Location"]
        assert URL(target).host == "localhost"
        status, _, _ = await api.get(target, Authorization="Bearer x")
        assert status == 400
        assert sum(emulator.received.file_authorizations.values()) == 1


async def test_a_stalled_transfer_says_nothing_more(made):
    """The client has to give up by itself."""
    async with made("file:stall") as (_, api, url, whole), api.session.get(url) as response:
        assert await response.content.readexactly(len(whole) // 2) == whole[: len(whole) // 2]
        with anyio.move_on_after(0.1) as waiting:
            await response.content.read(1)
        assert waiting.cancelled_caught
