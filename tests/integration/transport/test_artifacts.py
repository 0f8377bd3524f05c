"""Opening artifacts on real sockets: ranges, validators, redirects and broken answers."""

import hashlib

import anyio
import pytest
from aiohttp import web

from avatar_async._jobs.remote import RemoteFile
from avatar_async.client import AvatarClient
from avatar_async.errors import (
    ArtifactRefusedError,
    ConnectionLostError,
    IntegrityError,
    NotSentError,
    ReplyError,
    ThrottledError,
    TransportError,
    TransportTimeoutError,
    UnknownFileError,
)
from avatar_async.settings import Settings
from tests.integration.transport.plainly import ask_by

BODY = b"\x1a\x45\xdf\xa3" + bytes(range(256)) * 400
ETAG = '"v1"'


@pytest.fixture(autouse=True, params=["aiohttp", "plain"])
def way(request, monkeypatch):
    """Ask by aiohttp, and by plain requests: both ways keep the same rules."""
    ask_by(request.param, monkeypatch)


def client(endpoint: str = "http://127.0.0.1:1", **changes) -> AvatarClient:
    """Return a client whose service nobody asks."""
    settings = Settings(endpoint=endpoint, token="t0ken", disk_reserve_bytes=0, **changes)
    return AvatarClient(settings=settings)


async def read(service: AvatarClient, url: str, **options):
    """Return an open artifact's facts and its bytes."""
    async with service.open_artifact(url, **options) as stream:
        body = b"".join([chunk async for chunk in stream.chunks()])
        return (stream.status, stream.offset, stream.total_bytes, stream.etag), body


def http(body: bytes, status: str = "200 OK", *extra: str, length: int | None = None) -> bytes:
    """Return a raw reply."""
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *extra]
    return "\r\n".join([*head, "Connection: close", "", ""]).encode() + body


def headers_of(request: bytes) -> dict[str, str]:
    """Return a raw request's headers, names in lowercase."""
    lines = request.decode().split("\r\n\r\n")[0].split("\r\n")[1:]
    return {line.split(": ", 1)[0].lower(): line.split(": ", 1)[1] for line in lines}


async def test_plain_download_carries_no_credentials_and_asks_for_the_bytes_as_they_are(raw_server):
    """Object stores refuse two mechanisms; a zip must not be packed again."""
    async with (
        raw_server(http(BODY, "200 OK", f"ETag: {ETAG}")) as (base, requests),
        client() as service,
    ):
        facts, body = await read(service, f"{base}/a%20b.zip?sig=%2Bx&e=1", offset=0)
    assert facts == (200, 0, len(BODY), ETAG)
    assert body == BODY
    headers = headers_of(requests[0])
    assert requests[0].startswith(b"GET /a%20b.zip?sig=%2Bx&e=1 HTTP/1.1")
    assert "authorization" not in headers
    assert headers["accept-encoding"] == "identity"
    assert "range" not in headers


async def test_part_is_resumed_with_its_validator(raw_server):
    """Range and If-Range, and a checked Content-Range."""
    part = http(
        BODY[100:],
        "206 Partial Content",
        f"Content-Range: bytes 100-{len(BODY) - 1}/{len(BODY)}",
        f"ETag: {ETAG}",
    )
    async with raw_server(part) as (base, requests), client() as service:
        facts, body = await read(service, base, offset=100, etag=ETAG)
    assert facts == (206, 100, len(BODY), ETAG)
    assert body == BODY[100:]
    headers = headers_of(requests[0])
    assert (headers["range"], headers["if-range"]) == ("bytes=100-", ETAG)


@pytest.mark.parametrize("etag", [None, 'W/"v1"', "v1", '"'])
async def test_part_without_a_strong_validator_is_started_over(raw_server, etag):
    """Two halves of different files would make a whole that nobody made."""
    async with (
        raw_server(http(BODY, "200 OK", 'ETag: W/"v1"')) as (base, requests),
        client() as service,
    ):
        facts, body = await read(service, base, offset=100, etag=etag)
    assert facts == (200, 0, len(BODY), None)
    assert body == BODY
    assert "range" not in headers_of(requests[0])


@pytest.mark.parametrize(
    "first",
    [
        http(BODY, "200 OK", 'ETag: "v2"'),
        http(b"", "416 Range Not Satisfiable", "Content-Range: bytes */7"),
        http(
            BODY[100:],
            "206 Partial Content",
            f"Content-Range: bytes 100-{len(BODY) - 1}/{len(BODY)}",
            'ETag: "v2"',
        ),
    ],
    ids=["whole", "416", "changed"],
)
async def test_changed_file_is_sent_from_its_start(raw_server, first):
    """The caller sees offset 0 and truncates."""
    whole = http(BODY, "200 OK", 'ETag: "v2"')
    async with raw_server(first, whole) as (base, requests), client() as service:
        facts, body = await read(service, base, offset=100, etag=ETAG)
    assert facts == (200, 0, len(BODY), '"v2"')
    assert body == BODY
    assert "range" not in headers_of(requests[-1]) or len(requests) == 1


@pytest.mark.parametrize(
    "content_range",
    [
        "",
        "bytes 0-9/10",
        "bytes 99-109/110",
        "bytes 100-99/200",
        "bytes 100-109/200",
        "bytes 100-110/111",
        "items 1-2/3",
    ],
)
async def test_wrong_range_is_refused(raw_server, content_range):
    """Bytes from elsewhere in the file must not be appended."""
    reply = http(b"0123456789", "206 Partial Content", f"Content-Range: {content_range}", f"ETag: {ETAG}")
    async with raw_server(reply) as (base, _), client() as service:
        with pytest.raises(ReplyError):
            await read(service, base, offset=100, etag=ETAG)


async def test_range_without_a_total_leaves_the_length_open(raw_server):
    """A star is allowed there."""
    reply = http(b"0123456789", "206 Partial Content", "Content-Range: bytes 100-109/*", f"ETag: {ETAG}")
    async with raw_server(reply) as (base, _), client() as service:
        facts, _body = await read(service, base, offset=100, etag=ETAG)
    assert facts == (206, 100, None, ETAG)


BAD = {
    "401": (http(b"", "401 Unauthorized"), ArtifactRefusedError),
    "403": (http(b"", "403 Forbidden"), ArtifactRefusedError),
    "404": (http(b"", "404 Not Found"), ArtifactRefusedError),
    "410": (http(b"", "410 Gone"), ArtifactRefusedError),
    "500": (http(b"", "500 Oops"), TransportError),
    "204": (http(b"", "204 No Content"), TransportError),
    "206 unasked": (http(BODY[:9], "206 Partial Content", "Content-Range: bytes 0-8/9"), ReplyError),
    "416 unasked": (http(b"", "416 Range Not Satisfiable"), ReplyError),
    "encoded": (http(BODY, "200 OK", "Content-Encoding: gzip"), ReplyError),
    "redirect to a file": (http(b"", "302 Found", "Location: file:///etc/passwd"), ReplyError),
    "redirect to FTP": (http(b"", "302 Found", "Location: ftp://127.0.0.1/x"), ReplyError),
    "no HTTP": (b"not http at all\r\n\r\n", ReplyError),
    "nothing": (b"", ConnectionLostError),
    "shorter than announced": (http(BODY, length=len(BODY) + 1), ConnectionLostError),
    "chunks without an end": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        ConnectionLostError,
    ),
}


@pytest.mark.parametrize("answer", BAD)
async def test_bad_answers_have_their_errors(raw_server, answer):
    """What the fetcher does next depends on them; none says the address, which is signed."""
    reply, error = BAD[answer]
    async with raw_server(reply) as (base, _), client() as service:
        with pytest.raises(error) as caught:
            await read(service, f"{base}/m.zip?sig=s3cret")
    assert "s3cret" not in str(caught.value)
    assert "s3cret" not in repr(caught.value.__cause__)


async def test_throttling_carries_its_wait(raw_server):
    """Stores throttle, too."""
    reply = http(b"", "429 Too Many", "Retry-After: 9")
    async with raw_server(reply) as (base, _), client() as service:
        with pytest.raises(ThrottledError) as caught:
            await read(service, base)
    assert caught.value.retry_after_s == 9


async def test_silence_in_the_middle_is_a_timeout(raw_server):
    """A stalled transfer must not hang a run; the bytes that came are kept by the caller."""

    async def stall(reader, writer):
        writer.write(http(BODY[:1000], length=len(BODY)))
        await reader.read()

    got = b""
    async with (
        raw_server(stall) as (base, _),
        client(read_timeout_s=0.3) as service,
        service.open_artifact(base) as stream,
    ):
        with pytest.raises(TransportTimeoutError):
            async for chunk in stream.chunks():
                got += chunk
    assert got == BODY[:1000]


async def test_redirects_are_followed_a_few_times_and_drop_the_token(raw_server):
    """Stores redirect to other hosts; loops must end."""
    async with raw_server(http(BODY)) as (store, requests):
        reply = http(b"", "302 Found", f"Location: {store}/x?sig=%2B1")
        async with (
            raw_server(reply) as (base, _),
            client(base, query_dialect={"artifact_auth": True}) as service,
        ):
            assert (await read(service, f"{base}/a"))[1] == BODY
        assert requests[0].startswith(b"GET /x?sig=%2B1 ")
        assert "authorization" not in headers_of(requests[0])
    loop = http(b"", "302 Found", "Location: /again")
    async with raw_server(loop) as (base, requests), client() as service:
        with pytest.raises(ReplyError, match="redirects"):
            await read(service, base)
    assert len(requests) <= 6


async def test_token_goes_with_artifacts_only_if_the_dialect_says_so_and_to_its_own_origin(raw_server):
    """A token sent to a stranger is a token lost."""
    async with (
        raw_server(http(BODY)) as (base, own),
        raw_server(http(BODY)) as (other, foreign),
        client(base, query_dialect={"artifact_auth": True}) as service,
    ):
        await read(service, f"{base}/a")
        await read(service, f"{other}/a")
    assert headers_of(own[0])["authorization"] == "Bearer t0ken"
    assert "authorization" not in headers_of(foreign[0])


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://x.example/a", "/a", "", "http://", "http://[::1"]
)
async def test_other_addresses_are_never_opened(url):
    """The service's word is not trusted with this machine's files."""
    async with client() as service:
        with pytest.raises(TransportError):
            await read(service, url)


async def test_unreachable_store_is_not_sent():
    """Nothing listens there."""
    async with client() as service:
        with pytest.raises(NotSentError):
            await read(service, "http://127.0.0.1:1/x")


@pytest.fixture
def store():
    """Return an application that serves one file with ranges refused."""
    app = web.Application()

    async def file(request: web.Request) -> web.Response:
        return web.Response(body=BODY, headers={"ETag": ETAG})

    app.router.add_get("/{name}", file)
    return app


def artifact(url: str, name: str = "clip.webm", **facts) -> RemoteFile:
    """Return a file as a task offers it."""
    return RemoteFile(role="video", name=name, url=url, **facts)


async def test_download_puts_the_verified_file_under_its_name(app_server, store, tmp_path, monkeypatch):
    """The library example: download(task.artifacts[0], "out/")."""
    monkeypatch.chdir(tmp_path)
    async with app_server(store) as base, client() as service:
        md5 = hashlib.md5(BODY).hexdigest()
        wanted = artifact(f"{base}/x", name="../clip.webm", size_bytes=len(BODY), md5=md5)
        path = await service.download(wanted, "out/")
        with pytest.raises(UnknownFileError):
            await service.download(wanted, "out/")
    assert path == tmp_path / "out" / "clip.webm"
    assert await anyio.Path(path).read_bytes() == BODY
    assert [entry.name for entry in (tmp_path / "out").iterdir()] == ["clip.webm"]


async def test_download_of_another_length_than_announced_is_refused(app_server, store, tmp_path):
    """Nothing appears under the final name."""
    async with app_server(store) as base, client() as service:
        with pytest.raises(IntegrityError):
            await service.download(artifact(f"{base}/x", size_bytes=len(BODY) + 1), tmp_path / "out")
    assert not (tmp_path / "out" / "clip.webm").exists()


async def test_what_arrived_before_a_break_is_handed_out_although_nobody_had_read_it(raw_server):
    """Else a server that breaks every connection soon would never be done with, however often asked."""
    for cut in (1, 1000, 60_000):
        async with (
            raw_server(http(BODY[:cut], length=len(BODY))) as (base, _),
            client() as service,
            service.open_artifact(base) as stream,
        ):
            await anyio.sleep(0.05)
            got = b""
            with pytest.raises(ConnectionLostError):
                async for chunk in stream.chunks():
                    got += chunk
        assert got == BODY[:cut]
