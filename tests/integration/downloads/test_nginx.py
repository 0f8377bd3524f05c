"""Downloads from a real nginx: resumed, replaced, refused, packed, redirected, restarted."""

import gzip
import time
from pathlib import Path

import anyio
import pytest
from attrs import evolve

from avatar_async._jobs.states import ArtifactState
from avatar_async.errors import ArtifactRefusedError, ReplyError, TransportError

CERTIFICATE = Path(__file__).parents[1] / "transport" / "tls" / "test-only-cert.pem"


async def cut(stage, artifact, after_bytes):
    """Begin a download, leave it after so many bytes, and return what the journal knows then."""
    async with anyio.create_task_group() as group:

        def leave(done, total):
            if done >= after_bytes:
                group.cancel_scope.cancel()

        group.start_soon(stage.fetch, artifact, leave)
    return stage.journal.entries[-1] if stage.journal.entries else artifact


async def test_a_plain_file_comes_in_one_request_as_it_is(nginx, bench, a_zip):
    """Nginx would pack it for anyone who said that packed is welcome."""
    content = a_zip()
    nginx.put("plain.zip", content)
    async with bench() as stage:
        stored = await stage.fetch(stage.artifact(f"{nginx.origin}/plain/plain.zip", size_bytes=len(content)))
    assert stored.state is ArtifactState.STORED
    assert stage.read() == content
    [(_, status, sent, _)] = nginx.requests("/plain/plain.zip", 1)
    assert (status, sent) == (200, len(content))


@pytest.mark.parametrize("after_bytes", [1, 40_000, 150_000, 270_000])
async def test_a_download_left_in_the_middle_goes_on_from_its_verified_offset(
    nginx, bench, a_zip, after_bytes
):
    """Range and If-Range with nginx's own ETag; what was verified is not asked for again."""
    content = a_zip(400_000)
    name = f"left-{after_bytes}.zip"
    nginx.put(name, content)
    async with bench() as stage:
        left = await cut(stage, stage.artifact(f"{nginx.origin}/slow/{name}"), after_bytes)
        assert 0 < left.verified_offset < len(content)
        stored = await stage.fetch(left)
    assert stored.state is ArtifactState.STORED
    assert stage.read() == content
    last = nginx.requests(name, 2)[-1]
    assert last[1:] == (206, len(content) - left.verified_offset, f"bytes={left.verified_offset}-")


@pytest.mark.parametrize("place", ["no-etag", "weak"])
async def test_without_a_strong_etag_a_left_download_starts_over(nginx, bench, a_zip, place):
    """A date or a weak ETag does not prove that the bytes are the same."""
    content = a_zip(200_000)
    nginx.put(f"{place}.zip", content)
    async with bench() as stage:
        left = await cut(stage, stage.artifact(f"{nginx.origin}/{place}/{place}.zip"), 1)
        assert left.verified_offset == 0
        await stage.fetch(left)
    assert stage.read() == content
    assert [row[3] for row in nginx.requests(f"{place}.zip", 2)] == ["-", "-"]


async def test_a_server_without_ranges_sends_the_whole_again(nginx, bench, a_zip):
    """A 200 to a Range request is the file from its start."""
    content = a_zip(100_000)
    nginx.put("whole.zip", content)
    async with bench() as stage:
        left = await cut(stage, stage.artifact(f"{nginx.origin}/whole/whole.zip"), 40_000)
        await stage.fetch(left)
    assert stage.read() == content
    assert nginx.requests("whole.zip", 2)[-1][1:3] == (200, len(content))


async def test_a_file_replaced_meanwhile_starts_over_and_is_never_mixed(nginx, bench, a_zip):
    """The new file has another ETag; not one byte of the old one stays."""
    old, new = a_zip(200_000, 1), a_zip(180_000, 2)
    nginx.put("replaced.zip", old)
    async with bench() as stage:
        left = await cut(stage, stage.artifact(f"{nginx.origin}/slow/replaced.zip"), 80_000)
        nginx.put("replaced.zip", new)
        stored = await stage.fetch(left)
    assert stage.read() == new
    assert stored.etag != left.etag
    assert nginx.requests("replaced.zip", 2)[-1][1] == 200


async def test_a_file_replaced_under_a_running_transfer_arrives_as_the_old_one(nginx, bench, a_zip):
    """Nginx keeps the open file; the next connection would see the other one."""
    old, new = a_zip(100_000, 1), a_zip(100_000, 2)
    nginx.put("swapped.zip", old)
    async with bench() as stage:
        swapped: list[int] = []

        def swap(done, total):
            if not swapped:
                swapped.append(done)
                nginx.put("swapped.zip", new)

        await stage.fetch(stage.artifact(f"{nginx.origin}/slow/swapped.zip"), swap)
    assert swapped
    assert stage.read() == old


async def test_a_crash_of_the_server_costs_only_what_was_not_received(nginx, bench, a_zip):
    """Every connection is reset; the same download goes on once the server is back."""
    content = a_zip(200_000)
    nginx.put("crash.zip", content)
    async with bench(rules={"tries": 8}) as stage:
        killed: list[int] = []

        def crash(done, total):
            if not killed and done > 60_000:
                killed.append(done)
                nginx.kill()

        waited = stage.clock.sleep

        async def restart_first(delay_s):
            if nginx.process.poll() is not None:
                await anyio.to_thread.run_sync(nginx.start)
            await waited(delay_s)

        stage.clock.sleep = restart_first
        stored = await stage.fetch(stage.artifact(f"{nginx.origin}/slow/crash.zip"), crash)
    assert killed
    assert stored.state is ArtifactState.STORED
    assert stage.read() == content
    [(_, status, sent, asked)] = nginx.requests("crash.zip", 1)
    assert status == 206
    assert asked == f"bytes={len(content) - sent}-"
    assert len(content) - sent >= killed[0]


async def test_a_reload_of_the_server_does_not_disturb_a_transfer(nginx, bench, a_zip):
    """The old worker ends what it began."""
    content = a_zip(120_000)
    nginx.put("reload.zip", content)
    async with bench() as stage:
        reloaded: list[int] = []

        def reload(done, total):
            if not reloaded:
                reloaded.append(done)
                nginx.reload()

        await stage.fetch(stage.artifact(f"{nginx.origin}/slow/reload.zip"), reload)
    assert reloaded
    assert stage.read() == content


async def test_a_packed_answer_is_neither_stored_nor_unpacked(nginx, bench, a_zip):
    """Nobody asked for it: neither its bytes nor what they unpack to are the file that was announced."""
    (nginx.home / "files" / "packed.zip.gz").write_bytes(gzip.compress(a_zip(20_000)))
    nginx.put("packed.zip", a_zip(20_000))
    async with bench(rules={"tries": 3}) as stage:
        with pytest.raises(ReplyError, match="encoded"):
            await stage.fetch(stage.artifact(f"{nginx.origin}/packed/packed.zip"))
        assert stage.names() == []
    assert len(nginx.requests("packed.zip", 3)) == 3


async def test_an_address_refused_in_mid_transfer_keeps_its_part_for_a_fresh_one(nginx, bench, a_zip):
    """Signed addresses run out; the fresh one serves the same ETag, so nothing is fetched twice."""
    content = a_zip(400_000)
    nginx.put("signed.zip", content)
    until = int(time.time()) + 1
    async with bench() as stage:
        artifact = stage.artifact(nginx.signed("signed.zip", until), size_bytes=len(content))
        left = await cut(stage, artifact, 120_000)
        await anyio.sleep(max(0.0, until + 1.1 - time.time()))
        with pytest.raises(ArtifactRefusedError) as caught:
            await stage.fetch(left)
        assert caught.value.http_status == 403
        assert "sig=" not in str(caught.value)
        assert stage.names() == ["model.zip.part"]
        fresh = evolve(stage.journal.entries[-1], url=nginx.signed("signed.zip", until + 600))
        await stage.fetch(fresh)
    assert stage.read() == content
    ranges = [row[3] for row in nginx.requests("signed.zip", 3)]
    assert ranges == ["-", f"bytes={left.verified_offset}-", f"bytes={left.verified_offset}-"]


async def test_an_unknown_file_is_refused(nginx, bench):
    """404 needs a fresh query, not tries."""
    async with bench() as stage:
        with pytest.raises(ArtifactRefusedError):
            await stage.fetch(stage.artifact(f"{nginx.origin}/plain/never-there.zip"))
    assert len(nginx.requests("never-there.zip", 1)) == 1


async def test_a_dead_backend_is_tried_again_until_it_is_back(nginx, bench, raw, a_zip):
    """502 says nothing about the file."""
    content = a_zip(50_000)

    def whole(headers):
        return (
            f"HTTP/1.1 200 OK\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n".encode()
            + content,
        )

    async with bench() as stage:
        with pytest.raises(TransportError, match="502"):
            await stage.fetch(stage.artifact(f"{nginx.origin}/proxied/dead.zip"))
        with raw(whole, port=nginx.backend):
            await stage.fetch(stage.artifact(f"{nginx.origin}/proxied/alive.zip"))
    assert stage.read() == content
    assert len(nginx.requests("/proxied/dead.zip", 5)) == 5


async def test_a_backend_that_breaks_off_behind_nginx_is_resumed(nginx, bench, raw, a_zip):
    """Nginx closes the connection without an end; the part counts as far as it came."""
    content = a_zip(90_000)

    def broken(headers):
        head = f'HTTP/1.1 200 OK\r\nETag: "b"\r\nContent-Length: {len(content)}\r\n\r\n'
        return (head.encode() + content[:50_000],)

    def rest(headers):
        start = int(headers["range"].removeprefix("bytes=").removesuffix("-"))
        head = (
            f'HTTP/1.1 206 Partial Content\r\nETag: "b"\r\nContent-Length: {len(content) - start}\r\n'
            f"Content-Range: bytes {start}-{len(content) - 1}/{len(content)}\r\n\r\n"
        )
        return (head.encode() + content[start:],)

    async with bench() as stage:
        with raw(broken, rest, port=nginx.backend) as backend:
            await stage.fetch(stage.artifact(f"{nginx.origin}/proxied/broken.zip"))
        assert stage.read() == content
        assert backend.requests[1]["if-range"] == '"b"'


async def test_redirects_lead_to_https_but_never_back(nginx, bench, a_zip):
    """What began under a certificate must not end in the open."""
    content = a_zip(30_000)
    nginx.put("moved.zip", content)
    async with bench(ca_file=CERTIFICATE, rules={"tries": 1}) as stage:
        await stage.fetch(stage.artifact(f"{nginx.origin}/to-tls/x?to=moved.zip"))
        assert stage.read() == content
        with pytest.raises(ReplyError, match="from https"):
            await stage.fetch(stage.artifact(f"{nginx.tls_origin}/to-http/x?to=moved.zip", "other.zip"))
        with pytest.raises(ReplyError, match="too many redirects"):
            await stage.fetch(stage.artifact(f"{nginx.origin}/to-self/x", "loop.zip"))
        assert stage.names() == ["model.zip"]
    assert len(nginx.requests("/to-self/", 6)) == 6
    assert len(nginx.requests("/plain/moved.zip", 1)) == 1


async def test_a_certificate_nobody_knows_is_not_believed(nginx, bench, a_zip):
    """There is no switch for it."""
    nginx.put("tls.zip", a_zip(1000))
    async with bench(rules={"tries": 1}) as stage:
        with pytest.raises(TransportError, match="certificate"):
            await stage.fetch(stage.artifact(f"{nginx.tls_origin}/plain/tls.zip"))
    assert nginx.requests("/plain/tls.zip") == []
