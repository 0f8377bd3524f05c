"""Answers no proper server gives, byte by byte from a socket, through the product's whole download."""

import gzip
import hashlib
import zlib

import pytest
from attrs import evolve

from avatar_async._clock import SystemClock
from avatar_async._jobs.states import ArtifactState
from avatar_async.errors import ArtifactRefusedError, AvatarError, IntegrityError, TransportError

ETAG = 'ETag: "v1"'


def reply(body, *headers, status="200 OK", length=None, end="close"):
    """Return an answer to any request; a length of -1 tells none."""
    told = len(body) if length is None else length
    lines = [f"HTTP/1.1 {status}", *headers, "Connection: close"]
    if told >= 0:
        lines.append(f"Content-Length: {told}")
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    return lambda _headers: (head + body, end)


def chunked(body, *headers, ended=True, end="close"):
    """Return an answer in chunks."""
    blocks = [body[at : at + 8192] for at in range(0, len(body), 8192)]
    coded = b"".join(f"{len(block):x}\r\n".encode() + block + b"\r\n" for block in blocks)
    lines = ["HTTP/1.1 200 OK", *headers, "Connection: close"]
    if not any(line.lower().startswith("transfer-encoding") for line in headers):
        lines.append("Transfer-Encoding: chunked")
    return lambda _headers: ("\r\n".join([*lines, "", ""]).encode() + coded + (b"0\r\n\r\n" * ended), end)


def honest(content, *headers):
    """Return a proper server's answer, with ranges."""

    def answer(asked):
        start = int(asked.get("range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        if start and asked.get("if-range") == '"v1"':
            told = f"Content-Range: bytes {start}-{len(content) - 1}/{len(content)}"
            return reply(content[start:], *headers, told, status="206 Partial Content")(asked)
        return reply(content, *headers)(asked)

    return answer


SIZE = 90_000
CUT = 40_000

#: What comes before a proper answer, each a first broken connection or a wrong answer to the resumption.
MISHAPS = {
    "closed after the head": lambda c: [reply(b"", ETAG, length=len(c))],
    "closed at the first byte": lambda c: [reply(c[:1], ETAG, length=len(c))],
    "closed in the middle": lambda c: [reply(c[:CUT], ETAG, length=len(c))],
    "closed before the last byte": lambda c: [reply(c[:-1], ETAG, length=len(c))],
    "reset after the head": lambda c: [reply(b"", ETAG, length=len(c), end="reset")],
    "reset at the first byte": lambda c: [reply(c[:1], ETAG, length=len(c), end="reset")],
    "reset in the middle": lambda c: [reply(c[:CUT], ETAG, length=len(c), end="reset")],
    "reset before the last byte": lambda c: [reply(c[:-1], ETAG, length=len(c), end="reset")],
    "stalled in the middle": lambda c: [reply(c[:CUT], ETAG, length=len(c), end="stall")],
    "stalled before the head": lambda c: [lambda _: (b"", "stall")],
    "closed without a word": lambda c: [lambda _: (b"",)],
    "chunks without an end": lambda c: [chunked(c[:CUT], ETAG, ended=False)],
    "garbage for a chunk": lambda c: [lambda a: (chunked(c[:CUT], ETAG, ended=False)(a)[0] + b"zz\r\nx",)],
    "no HTTP": lambda c: [lambda _: (b"220 ftp.example ready\r\n\r\n",)],
    "HTTP 500": lambda c: [reply(b"oops", status="500 Oops")],
    "HTTP 503": lambda c: [reply(b"", "Retry-After: 1", status="503 Busy")],
    "HTTP 429": lambda c: [reply(b"", "Retry-After: 1", status="429 Busy")],
    "HTTP 204": lambda c: [reply(b"", status="204 No Content", length=-1)],
    "packed": lambda c: [reply(gzip.compress(c), ETAG, "Content-Encoding: gzip")],
    "deflated": lambda c: [reply(zlib.compress(c), ETAG, "Content-Encoding: deflate")],
    "packed behind a decoy": lambda c: [
        reply(gzip.compress(c), ETAG, "Content-Encoding: identity", "Content-Encoding: gzip")
    ],
    "packed on the way": lambda c: [chunked(gzip.compress(c), ETAG, "Transfer-Encoding: gzip, chunked")],
    "206 that nobody asked for": lambda c: [
        reply(c[5:], ETAG, f"Content-Range: bytes 5-{len(c) - 1}/{len(c)}", status="206 Partial Content")
    ],
    "416 that nobody asked for": lambda c: [reply(b"", status="416 Range Not Satisfiable")],
    "a redirect to nowhere": lambda c: [reply(b"", status="302 Found")],
    "a redirect to a file": lambda c: [reply(b"", "Location: file:///etc/passwd", status="302 Found")],
    "a redirect to FTP": lambda c: [reply(b"", "Location: ftp://127.0.0.1/x", status="307 Moved")],
    "a redirect to another scheme": lambda c: [
        reply(b"", "Location: gopher://127.0.0.1/x", status="301 Moved")
    ],
    "a redirect that is none": lambda c: [reply(b"", "Location: http://[::1", status="302 Found")],
    "an absurd length": lambda c: [reply(c, ETAG, length=1 << 60)],
    "a length that is none": lambda c: [reply(c, ETAG, "Content-Length: x", length=-1)],
    "a length past all numbers": lambda c: [reply(c, ETAG, "Content-Length: " + "9" * 30, length=-1)],
    "two lengths": lambda c: [reply(c, ETAG, "Content-Length: 5")],
    "a negative length": lambda c: [reply(c, ETAG, "Content-Length: -5", length=-1)],
}


def resumed_with(*headers, body=None, status="206 Partial Content", length=None):
    """Return a broken first answer and a wrong second one."""
    return lambda c: [
        reply(c[:CUT], ETAG, length=len(c)),
        reply(c[CUT:] if body is None else body, *headers, status=status, length=length),
    ]


RANGE = f"Content-Range: bytes {CUT}-"
MISHAPS |= {
    f"resumed, {name}": mishap
    for name, mishap in {
        "no range told": resumed_with(ETAG),
        "wrong start": resumed_with(ETAG, f"Content-Range: bytes {CUT - 1}-{SIZE - 1}/{SIZE}"),
        "wrong end": resumed_with(ETAG, f"{RANGE}{SIZE - 2}/{SIZE}"),
        "wrong total": resumed_with(ETAG, f"{RANGE}{SIZE + 8}/{SIZE + 9}"),
        "end before the start": resumed_with(ETAG, f"{RANGE}{CUT - 1}/{SIZE}"),
        "wrong unit": resumed_with(ETAG, f"Content-Range: items {CUT}-{SIZE - 1}/{SIZE}"),
        "unreadable range": resumed_with(ETAG, "Content-Range: bytes */*"),
        "two ranges told": resumed_with(ETAG, f"{RANGE}{SIZE - 1}/{SIZE}", f"{RANGE}{SIZE - 1}/{SIZE}"),
        "several parts": resumed_with(
            ETAG, "Content-Type: multipart/byteranges; boundary=x", body=b"--x\r\n\r\nabc\r\n--x--\r\n"
        ),
        "other ETag": resumed_with('ETag: "v2"', f"{RANGE}{SIZE - 1}/{SIZE}"),
        "weak ETag": resumed_with('ETag: W/"v1"', f"{RANGE}{SIZE - 1}/{SIZE}"),
        "packed": resumed_with(ETAG, f"{RANGE}{SIZE - 1}/{SIZE}", "Content-Encoding: gzip"),
        "416": resumed_with("Content-Range: bytes */7", body=b"", status="416 Range Not Satisfiable"),
        "200 with another ETag, cut": resumed_with('ETag: "v2"', status="200 OK", length=SIZE),
        "304": resumed_with(body=b"", status="304 Not Modified", length=-1),
    }.items()
}


@pytest.mark.parametrize("mishap", MISHAPS)
@pytest.mark.parametrize("validated", [True, False], ids=["ETag", "no ETag"])
async def test_the_right_file_is_stored_after_every_mishap(bench, raw, a_zip, mishap, validated):
    """Whatever came before, what lies under the final name is the file, byte for byte."""
    content = a_zip(SIZE - 118)
    assert abs(len(content) - SIZE) < 64
    first = MISHAPS[mishap](content)
    proper = honest(content, ETAG) if validated else honest(content)
    async with bench() as stage:
        with raw(*first, proper) as server:
            artifact = stage.artifact(f"{server.origin}/m.zip?sig=s3cret", size_bytes=len(content))
            stored = await stage.fetch(artifact)
        assert stored.state is ArtifactState.STORED
        assert (stored.stored_bytes, stored.note) == (len(content), None)
        assert stage.read() == content
        assert stage.names() == ["model.zip"]
        assert len(server.requests) <= len(first) + 2
        assert all("authorization" not in request for request in server.requests)


@pytest.mark.parametrize("mishap", MISHAPS)
async def test_what_never_gets_better_ends_within_the_budget_and_stores_nothing(bench, raw, a_zip, mishap):
    """A server that goes on like this for ever is left for later, with a plain error and no secret in it."""
    content = a_zip(SIZE - 118)
    *_, last = MISHAPS[mishap](content)
    if mishap.startswith(("closed", "reset", "stalled", "chunks", "garbage")) and "head" not in mishap:
        last = reply(content[:CUT], length=len(content))
    async with bench(rules={"tries": 3}) as stage:
        with raw(last) as server:
            artifact = stage.artifact(f"{server.origin}/m.zip?sig=s3cret", size_bytes=len(content))
            with pytest.raises(AvatarError) as caught:
                await stage.fetch(artifact)
        assert isinstance(caught.value, TransportError | ArtifactRefusedError | IntegrityError)
        assert "s3cret" not in str(caught.value)
        assert set(stage.names()) <= {"model.zip.part"}
        assert len(server.requests) <= 8


@pytest.mark.parametrize("cut", [1, 8192, 30_000, 60_000, 89_999])
async def test_connections_reset_again_and_again_bring_every_byte_once(bench, raw, a_zip, cut):
    """Each resumption begins where the last one broke; nothing that was kept is asked for again."""
    content = a_zip(SIZE)

    def breaking(asked):
        start = int(asked.get("range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        body, end = content[start : start + max(cut, 2000)], "close"
        if start:
            told = f"Content-Range: bytes {start}-{len(content) - 1}/{len(content)}"
            left = len(content) - start
            return reply(body, ETAG, told, status="206 Partial Content", length=left, end=end)(asked)
        return reply(body, ETAG, length=len(content), end=end)(asked)

    async with bench() as stage:
        with raw(breaking) as server:
            await stage.fetch(stage.artifact(f"{server.origin}/m.zip"))
        assert stage.read() == content
        asked = [int(each["range"].removeprefix("bytes=").removesuffix("-")) for each in server.requests[1:]]
        step = max(cut, 2000)
        assert asked == list(range(step, len(content), step))


async def test_chunks_that_end_early_by_the_rules_are_gone_on_with(bench, raw, a_zip):
    """Only the announced length tells that the end is missing."""
    content = a_zip(SIZE)
    async with bench() as stage:
        # A host whose answers are odd is asked twice, once.
        with raw(*(chunked(content[:CUT], ETAG),) * 2, honest(content, ETAG)) as server:
            await stage.fetch(stage.artifact(f"{server.origin}/m.zip", size_bytes=len(content)))
        assert stage.read() == content
        assert server.requests[2]["range"] == f"bytes={CUT}-"


async def test_a_truncation_that_calls_itself_whole_is_short_and_never_suspect(bench, raw, a_zip):
    """However often it comes: the announced length says that the rest is missing."""
    content = a_zip(SIZE)
    short = content[:CUT]
    digest = hashlib.md5(content).hexdigest()
    for answer in (reply(short, ETAG), chunked(short), reply(short, length=-1)):
        async with bench(rules={"tries": 2}) as stage:
            with raw(answer) as server:
                artifact = stage.artifact(f"{server.origin}/m.zip", size_bytes=len(content), md5=digest)
                for _ in range(2):
                    with pytest.raises(IntegrityError, match="only 40000 of the") as caught:
                        await stage.fetch(artifact)
                    assert caught.value.short
            assert stage.names() == []


async def test_an_announced_length_that_is_the_odd_one_out_is_noted(bench, raw, a_zip):
    """A sound zip whose digest agrees is the file; without a digest it must come twice the same."""
    content = a_zip(SIZE)
    digest = hashlib.md5(content).hexdigest()
    for wrong in (len(content) - 7, len(content) + 7):
        async with bench() as stage:
            with raw(honest(content, ETAG)) as server:
                name = f"agrees{wrong}.zip"
                artifact = stage.artifact(f"{server.origin}/m", name, size_bytes=wrong, md5=digest.upper())
                stored = await stage.fetch(artifact)
                assert f"{wrong} were announced" in (stored.note or "")
                assert stage.read(name) == content
                name = f"unknown{wrong}.zip"
                artifact = stage.artifact(f"{server.origin}/m", name, size_bytes=wrong)
                with pytest.raises(IntegrityError) as caught:
                    await stage.fetch(artifact)
                assert not caught.value.short
                stored = await stage.fetch(evolve(artifact, bad_sha256=caught.value.sha256))
                assert "came twice" in (stored.note or "")
                name = f"differs{wrong}.zip"
                artifact = stage.artifact(f"{server.origin}/m", name, size_bytes=wrong, md5="0" * 32)
                with pytest.raises(IntegrityError) as caught:
                    await stage.fetch(artifact)
                with pytest.raises(IntegrityError):
                    await stage.fetch(evolve(artifact, bad_sha256=caught.value.sha256))
                assert f"{name}.suspect" in stage.names()


async def test_junk_behind_the_announced_end_is_cut_off_if_the_digest_says_so(bench, raw, a_zip):
    """The bytes announced are all there, and proven; without a proof nothing is believed."""
    content = a_zip(SIZE)
    digest = hashlib.md5(content).hexdigest()
    long = chunked(content + b"<!-- served by a proxy -->", ETAG)
    async with bench() as stage:
        with raw(long) as server:
            facts = {"size_bytes": len(content)}
            stored = await stage.fetch(stage.artifact(f"{server.origin}/m", md5=digest, **facts))
            assert "more than" in (stored.note or "")
            assert stage.read() == content
            with pytest.raises(IntegrityError, match="more than"):
                await stage.fetch(stage.artifact(f"{server.origin}/m", "other.zip", **facts))


async def test_a_body_without_any_end_is_cut_at_a_bound(bench, raw):
    """A server must not be able to fill the disk, announced or not."""
    endless = chunked(b"x" * 400_000, ended=False, end="stall")
    async with bench(rules={"longest_file_bytes": 100_000}) as stage:
        with raw(endless) as server, pytest.raises(IntegrityError):
            await stage.fetch(stage.artifact(f"{server.origin}/m", "m.bin"))
        assert max(stage.progress) <= 100_000


async def test_user_and_password_of_an_address_reach_its_host_and_nothing_else(bench, raw, a_zip):
    """They are not in errors, not in the journal's words, and not sent along a redirect."""
    content = a_zip(1000)
    with raw(honest(content)) as store:
        moved = reply(b"", f"Location: {store.origin}/x", status="302 Found")
        with raw(moved, reply(b"", status="404 Not Found")) as server:
            async with bench() as stage:
                url = f"http://us3r:p4ss@127.0.0.1:{server.port}/m.zip?sig=s3cret"
                await stage.fetch(stage.artifact(url))
                with pytest.raises(ArtifactRefusedError) as caught:
                    await stage.fetch(stage.artifact(url, "other.zip"))
    assert server.requests[0]["authorization"].startswith("basic ")
    assert "authorization" not in store.requests[0]
    told = f"{caught.value!r} {caught.value.__cause__!r} {stage.journal.entries!r}"
    assert not any(secret in told for secret in ("us3r", "p4ss", "s3cret"))


async def test_a_connection_that_only_drips_is_given_up_for_a_new_one_that_goes_on(bench, raw, a_zip):
    """At a byte a second a model would take years; nothing that came is lost by asking anew."""
    content = a_zip(SIZE)

    def dripping(asked):
        first, _ = reply(content[:CUT], ETAG, length=len(content))(asked)
        return first, "drip"

    async with bench(rules={"slow_s": 0.3, "slow_bytes_s": 500_000.0, "batch_s": 0.1}) as stage:
        stage.clock = SystemClock()
        with raw(dripping, honest(content, ETAG)) as server, pytest.raises(IntegrityError, match="damaged"):
            await stage.fetch(stage.artifact(f"{server.origin}/m", size_bytes=len(content)))
        assert int(server.requests[1]["range"].removeprefix("bytes=").removesuffix("-")) > CUT
    async with bench(rules={"slow_s": 0.3, "slow_bytes_s": 500_000.0}) as stage:
        stage.clock = SystemClock()
        dripped = reply(content[:CUT], length=len(content))

        def without(asked):
            return dripped(asked)[0], "drip"

        with raw(without, honest(content)) as server:
            await stage.fetch(stage.artifact(f"{server.origin}/m", "other.zip"))
        assert ["range" in request for request in server.requests] == [False, False]
