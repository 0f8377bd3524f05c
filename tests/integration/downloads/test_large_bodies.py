"""Bodies so long that their connection is taken over from aiohttp: nothing is lost, added or waited for."""

import gc
import time
import weakref
from functools import partial

import anyio
import pytest

from avatar_async._storage.downloads import DownloadFolder
from avatar_async.errors import TransportError, TransportTimeoutError
from tests.integration.downloads.takeovers import CERTIFICATE, CONTENT, SIZE, noted_takeovers, tls_server
from tests.integration.downloads.test_bad_answers import ETAG, honest, reply
from tests.integration.transport.plainly import ask_by


@pytest.fixture(autouse=True, params=["aiohttp", "plain"])
def taken_over(request, monkeypatch):
    """Take over shorter bodies, from aiohttp or from plain exchanges; the list has whoever receives them."""
    ask_by(request.param, monkeypatch)
    return noted_takeovers(monkeypatch)


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_every_byte_comes(nginx, bench, taken_over, scheme):
    """Blocks follow each other without a gap, whatever the kernel and TLS hand over at once."""
    nginx.put("large.bin", CONTENT)
    origin = nginx.origin if scheme == "http" else nginx.tls_origin
    async with bench(ca_file=CERTIFICATE, rules={"batch_bytes": 2 << 20}) as stage:
        stored = await stage.fetch(stage.artifact(f"{origin}/plain/large.bin", "large.bin", role="other"))
        assert stage.read("large.bin") == CONTENT
        assert stored.stored_bytes == stage.progress[-1] == SIZE
    assert len(taken_over) == 1


@pytest.mark.parametrize("end", ["close", "reset", "stall"])
@pytest.mark.parametrize("cut", [1_500_000, SIZE - 1])
async def test_what_came_before_a_break_is_kept(raw, bench, taken_over, end, cut):
    """Otherwise a connection that breaks soon would bring nothing however often it is opened anew."""
    broken = reply(CONTENT[:cut], ETAG, length=SIZE, end=end)
    async with bench() as stage:
        with raw(broken, honest(CONTENT, ETAG)) as server:
            await stage.fetch(stage.artifact(f"{server.origin}/m", "m.bin", role="other"))
        assert stage.read("m.bin") == CONTENT
        # A reset may overtake bytes on their way; a silent or closing host's bytes are all here.
        begun = int(server.requests[1].get("range", "bytes=0-")[6:-1])
        assert begun == cut if end != "reset" else begun <= cut
    assert taken_over


@pytest.mark.parametrize("end", ["notice", "close", "reset"])
async def test_what_came_before_a_break_over_tls_is_kept(bench, taken_over, end):
    """Whether TLS was told of the end or not: what counts is the length that was told."""
    cut = 1_500_000
    broken = reply(CONTENT[:cut], ETAG, length=SIZE)
    async with bench(ca_file=CERTIFICATE) as stage:
        with tls_server(broken, honest(CONTENT, ETAG), end=end) as (origin, asked):
            await stage.fetch(stage.artifact(f"{origin}/m", "m.bin", role="other"))
        assert stage.read("m.bin") == CONTENT
    begun = int(asked[1].get("range", "bytes=0-")[6:-1])
    assert begun == cut if end != "reset" else begun <= cut
    assert taken_over


async def test_not_one_byte_more_than_was_told_is_taken_over_tls(bench, taken_over):
    """What follows the body is nobody's, though TLS hands it over together with the body's end."""
    async with bench(ca_file=CERTIFICATE) as stage:
        with tls_server(reply(CONTENT + b"more" * 1000, ETAG, length=SIZE)) as (origin, asked):
            stored = await stage.fetch(stage.artifact(f"{origin}/m", "m.bin", role="other"))
        assert stage.read("m.bin") == CONTENT
        assert stored.stored_bytes == SIZE
    assert len(asked) == len(taken_over) == 1


@pytest.mark.parametrize(
    ("end", "error"), [("close", TransportError), ("reset", TransportError), ("stall", TransportTimeoutError)]
)
async def test_a_break_has_the_same_error_as_ever(raw, bench, taken_over, end, error):
    """Who catches errors does not see how a body was received."""
    async with bench(rules={"tries": 1}) as stage:
        with raw(reply(CONTENT[:1_500_000], length=SIZE, end=end)) as server, pytest.raises(error):
            await stage.fetch(stage.artifact(f"{server.origin}/m", "m.bin", role="other"))
    assert taken_over


async def test_not_one_byte_more_than_was_told_is_taken(raw, bench, taken_over):
    """What follows the body is nobody's."""
    async with bench() as stage:
        with raw(reply(CONTENT + b"more" * 1000, ETAG, length=SIZE)) as server:
            stored = await stage.fetch(stage.artifact(f"{server.origin}/m", "m.bin", role="other"))
        assert stage.read("m.bin") == CONTENT
        assert stored.stored_bytes == SIZE
        assert len(server.requests) == 1
    assert taken_over


@pytest.mark.parametrize("more", [b"x", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad"])
async def test_a_connection_on_which_more_came_than_was_told_is_given_up(raw, bench, taken_over, more):
    """What follows the body could be taken for the answer to what is asked next."""
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n".encode()
    async with bench(read_timeout_s=2.0) as stage:
        with raw(lambda _headers: (head + CONTENT + more, "stall"), reply(CONTENT)) as server:
            for _ in range(2):
                async with stage.client.open_artifact(f"{server.origin}/m") as stream:
                    assert b"".join([bytes(chunk) async for chunk in stream.chunks()]) == CONTENT
        assert len(server.requests) == 2
    assert len(taken_over) == 2


async def test_a_host_that_closes_at_once_over_tls_costs_no_byte_of_a_reader_who_is_slow(
    bench, taken_over, clock
):
    """What TLS has decrypted and cannot hand over when the connection ends would be lost."""
    with tls_server(reply(CONTENT, length=SIZE)) as (origin, asked):
        async with bench(ca_file=CERTIFICATE, rules={"tries": 1}) as stage:
            artifact = stage.artifact(f"{origin}/m", "m.bin", role="other")
            async with stage.client.open_artifact(artifact.url) as stream:
                came = bytearray()
                async for chunk in stream.chunks():
                    await anyio.sleep(0.02)
                    came += chunk
                assert came == CONTENT
    assert len(asked) == len(taken_over) == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_process_that_stood_still_goes_on_where_it_was(nginx, bench, taken_over, scheme):
    """Stopped for longer than a host may be silent (Ctrl-Z), it finds what the host sent meanwhile."""
    nginx.put("stopped.bin", CONTENT * 4)
    origin = nginx.origin if scheme == "http" else nginx.tls_origin
    came = bytearray()
    async with (
        bench(ca_file=CERTIFICATE, read_timeout_s=0.3) as stage,
        stage.client.open_artifact(f"{origin}/plain/stopped.bin") as stream,
    ):
        async for chunk in stream.chunks():
            if len(came) < SIZE <= len(came) + len(chunk):
                time.sleep(0.7)  # noqa: ASYNC251 - the loop stands still, as under SIGSTOP
            came += chunk
    assert came == CONTENT * 4
    assert len(taken_over) == 1


async def test_a_body_that_came_leaves_no_memory_behind(nginx, bench, taken_over):
    """With its connection, the receiver goes at once: the garbage collector may not look for minutes."""
    nginx.put("gone.bin", CONTENT)
    gone = anyio.Event()
    gc.disable()
    try:
        async with bench(ca_file=CERTIFICATE) as stage:
            await stage.fetch(stage.artifact(f"{nginx.tls_origin}/plain/gone.bin", "gone.bin", role="other"))
            weakref.finalize(taken_over.pop(), gone.set)
        with anyio.fail_after(5):
            await gone.wait()
    finally:
        gc.enable()


async def test_a_slow_host_is_told_of_as_its_bytes_come(raw, bench, taken_over):
    """A block is handed on before it is full: one that never fills would show no progress."""
    began = reply(CONTENT[:120_000], ETAG, length=SIZE, end="drip")
    async with bench(rules={"batch_bytes": 1}) as stage:
        with raw(began) as server:
            async with stage.client.open_artifact(f"{server.origin}/m") as stream:
                lengths = []
                with anyio.fail_after(5):
                    async for chunk in stream.chunks():
                        lengths.append(len(chunk))
                        if sum(lengths) > 120_010:
                            break
                assert lengths[-1] < 1000
    assert taken_over


async def test_a_cancelled_download_goes_on_later(raw, bench, taken_over):
    """Ctrl-C leaves what came, and lets go of the connection at once."""
    began = reply(CONTENT[:2_000_000], ETAG, length=SIZE, end="stall")
    async with bench(read_timeout_s=30.0) as stage:
        with raw(began, honest(CONTENT, ETAG)) as server:
            artifact = stage.artifact(f"{server.origin}/m", "m.bin", role="other")
            transports = []
            async with anyio.create_task_group() as group:

                def interrupt(done: int, _total: int | None) -> None:
                    if done > 1_900_000:
                        transports.append(taken_over[0]._transport)
                        group.cancel_scope.cancel()

                group.start_soon(stage.fetch, artifact, interrupt)
            assert transports[0].is_closing()
            left = stage.journal.entries[-1]
            assert 1_000_000 < left.verified_offset <= 2_000_000
            await stage.fetch(left)
            assert server.requests[1]["range"] == f"bytes={left.verified_offset}-"
        assert stage.read("m.bin") == CONTENT
    assert len(taken_over) == 2


async def test_the_speed_limit_holds(nginx, bench, taken_over, clock, monkeypatch):
    """It counts long blocks as it counts short ones."""
    nginx.put("limited.bin", CONTENT * 4)
    limited = partial(DownloadFolder, bandwidth_bytes_s=100_000)
    monkeypatch.setattr("tests.integration.downloads.conftest.DownloadFolder", limited)
    before = clock.monotonic()
    async with bench() as stage:
        await stage.fetch(stage.artifact(f"{nginx.origin}/plain/limited.bin", "limited.bin", role="other"))
        assert stage.read("limited.bin") == CONTENT * 4
    assert clock.monotonic() - before >= 0.9 * 4 * SIZE / 100_000
    assert len(taken_over) == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_reader_who_is_held_back_holds_the_host_back(nginx, bench, taken_over, scheme):
    """What nobody takes is not gathered in memory, and is all there when somebody does."""
    nginx.put("held.bin", CONTENT * 4)
    origin = nginx.origin if scheme == "http" else nginx.tls_origin
    async with (
        bench(ca_file=CERTIFICATE) as stage,
        stage.client.open_artifact(f"{origin}/plain/held.bin") as stream,
    ):
        chunks = stream.chunks()
        came = bytearray(await anext(chunks))
        await anyio.sleep(1.0)
        receiver = taken_over[0]
        assert receiver._block is None
        assert 0 < sum(view.nbytes for view in receiver._ready) <= 3 << 20
        async for chunk in chunks:
            came += chunk
    assert came == CONTENT * 4


async def test_a_session_closes_though_a_body_is_under_way(raw, bench, taken_over):
    """Its connector waits for every connection to end, also for those that were taken over."""
    async with bench(read_timeout_s=30.0) as stage:
        with raw(reply(CONTENT[:1_000_000], length=SIZE, end="stall")) as server:
            opening = stage.client.open_artifact(f"{server.origin}/m")
            stream = await opening.__aenter__()
            chunks = stream.chunks()
            await anext(chunks)
            with anyio.fail_after(5):
                await stage.client.__aexit__(None, None, None)
                with pytest.raises(TransportError):
                    async for _ in chunks:
                        pass
                await opening.__aexit__(None, None, None)
                await stage.client.__aenter__()
    assert len(taken_over) == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_connection_is_used_again_after_a_body_that_ended_where_it_should(
    nginx, bench, taken_over, scheme
):
    """A new one costs as much as some MiB, over TLS more."""
    contents = {f"{number}.bin": CONTENT[number:] for number in range(4)}
    origin = nginx.origin if scheme == "http" else nginx.tls_origin
    connections = set()
    for name, content in contents.items():
        nginx.put(name, content)
    async with bench(ca_file=CERTIFICATE) as stage:
        for name, content in contents.items():
            async with stage.client.open_artifact(f"{origin}/plain/{name}") as stream:
                connections.add(taken_over[-1]._transport.get_extra_info("sockname"))
                came = bytearray()
                async for chunk in stream.chunks():
                    came += chunk
                    chunk.release() if isinstance(chunk, memoryview) else None
            assert came == content
    assert len(taken_over) == 4
    assert len(connections) == 1


async def test_a_connection_is_given_up_after_a_body_that_was_not_read_to_its_end(nginx, bench, taken_over):
    """The rest of it would be taken for the next answer."""
    nginx.put("long.bin", CONTENT)
    async with bench() as stage:
        async with stage.client.open_artifact(f"{nginx.origin}/plain/long.bin") as stream:
            await anext(stream.chunks())
            transport = taken_over[0]._transport
        assert transport.is_closing()
        async with stage.client.open_artifact(f"{nginx.origin}/plain/long.bin") as stream:
            came = b"".join([bytes(chunk) async for chunk in stream.chunks()])
    assert came == CONTENT


async def test_a_body_that_is_not_long_is_left_to_aiohttp(nginx, bench, taken_over):
    """What came with the headers need not be received again."""
    nginx.put("short.bin", CONTENT[:99_999])
    async with bench() as stage:
        async with stage.client.open_artifact(f"{nginx.origin}/plain/short.bin") as stream:
            came = [bytes(chunk) async for chunk in stream.chunks()]
        assert b"".join(came) == CONTENT[:99_999]
    assert taken_over == []
