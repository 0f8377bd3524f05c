"""Replies that mean harm, on real sockets: what each call makes of them, and how soon."""

import gzip
import json
import socketserver
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from avatar_async import AvatarClient, ImagePreviewRequest
from avatar_async.client import Credentials
from avatar_async.errors import (
    AuthError,
    AvatarError,
    ReplyError,
    SubmissionUnknownError,
    TransportError,
)
from avatar_async.settings import Settings

#: Seconds that any call may take, on a busy machine.
_SOON_S = 15
_MIB = 1 << 20
_OK = b'{"code": 0, "message": "", "data": 1}'
_REQUEST = ImagePreviewRequest(material_name="m", url="https://h.example/a.png")


def http(body: bytes, *headers: str, length: int | None = None) -> bytes:
    """Return a whole reply; the length may lie."""
    lines = ("HTTP/1.1 200 OK", f"Content-Length: {len(body) if length is None else length}", *headers)
    return "\r\n".join((*lines, "", "")).encode() + body


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n", headers: str = "") -> bytes:
    """Return a reply in chunks."""
    head = f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n{headers}\r\n".encode()
    return head + b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + end


def deflated(body: bytes, window: int) -> bytes:
    """Return a body as zlib packs it."""
    packer = zlib.compressobj(9, zlib.DEFLATED, window)
    return packer.compress(body) + packer.flush()


_BOMB = b'{"code": 0, "data": "' + b"0" * (200 * _MIB // 10) + b'"}'
HARM: dict[str, bytes] = {
    "2 MiB": http(b'{"code": 0, "message": "' + b"x" * 2 * _MIB + b'"}'),
    "a length of 2 MiB and less to come": http(_OK, length=2 * _MIB),
    "a length of nothing before an envelope": http(_OK, length=0),
    "a length below zero": http(_OK, length=-1),
    "no length, 2 MiB until the end": b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 2 * _MIB + _OK,
    "2 MiB in chunks": chunked(*[b" " * 65536] * 32, _OK),
    "chunks without an end": chunked(_OK, end=b""),
    "a chunk of an absurd length": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    + b"f" * 16
    + b"\r\n",
    "a gzip bomb": http(gzip.compress(_BOMB), "Content-Encoding: gzip"),
    "a gzip bomb in chunks": chunked(gzip.compress(_BOMB), headers="Content-Encoding: gzip\r\n"),
    "a deflate bomb": http(deflated(_BOMB, 15), "Content-Encoding: deflate"),
    "a raw deflate bomb": http(deflated(_BOMB, -15), "Content-Encoding: deflate"),
    "gzip in gzip": http(gzip.compress(gzip.compress(_OK)), "Content-Encoding: gzip, gzip"),
    "a chain of encodings": http(gzip.compress(deflated(_OK, 15)), "Content-Encoding: deflate, gzip"),
    "Brotli": http(b"\x0b\x02\x80" + _OK, "Content-Encoding: br"),
    "Zstandard": http(b"\x28\xb5\x2f\xfd" + _OK, "Content-Encoding: zstd"),
    "brackets": http(b"[" * 100_000),
    "objects": http(b'{"code": 0, "data": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001),
    "a number of a million digits": http(b'{"code": 0, "data": ' + b"9" * (_MIB - 100) + b"}"),
    "a number of a million digits as a float": http(b'{"code": 0, "data": ' + b"9" * (_MIB - 100) + b"e9}"),
    "a code beyond 64 bits": http(b'{"code": 18446744073709551616, "data": 1}'),
    "NaN": http(b'{"code": NaN, "data": 1}'),
    "Infinity": http(b'{"code": 0, "data": -Infinity}'),
    "two codes": http(b'{"code": 3333, "code": 0, "data": 1}'),
    "two ids": http(b'{"code": 0, "data": {"id": 1, "id": 2}}'),
    "UTF-16": http(_OK.decode().encode("utf-16")),
    "no UTF-8": http(b'{"code": 0, "message": "\xff\xfe", "data": 1}'),
    "half an envelope": http(_OK[:20]),
    "nothing": http(b""),
    "no envelope": http(b"[1, 2]"),
    "a page of HTML": http(b"<html>\x1b[2J", "Content-Type: application/json"),
    "no HTTP": b"\x16\x03\x01\x02\x00" * 100,
    "a header of a megabyte": b"HTTP/1.1 200 OK\r\nX: " + b"x" * _MIB + b"\r\n\r\n" + _OK,
}


class _Answering(socketserver.StreamRequestHandler):
    server: "_Server"

    def handle(self) -> None:
        length = 0
        while (line := self.rfile.readline().strip()) != b"":
            if line.lower().startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        self.rfile.read(length)
        self.server.asked += 1
        try:
            self.wfile.write(self.server.answer)
        except OSError:
            return


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, answer: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.answer, self.asked = answer, 0

    @property
    def settings(self) -> Settings:
        """Settings to reach it by."""
        return Settings(endpoint=f"http://127.0.0.1:{self.server_address[1]}", token_spacing_s=0.0)


@contextmanager
def serving(answer: bytes) -> Iterator[_Server]:
    """Give one answer to everything, for the block."""
    with _Server(answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def client(server: _Server) -> AvatarClient:
    """Return a client that has a token."""
    return AvatarClient(settings=server.settings, credentials="fixed-token")


def check(error: AvatarError, started: float) -> None:
    """Check that an error came soon and can be shown."""
    assert time.monotonic() - started < _SOON_S
    assert len(str(error)) < 1000
    assert "\x1b" not in str(error)


@pytest.mark.parametrize("answer", HARM.values(), ids=HARM)
async def test_a_create_call_leaves_doubt(answer):
    """The task may have been made: it is never sent again by itself."""
    started = time.monotonic()
    with serving(answer) as server:
        async with client(server) as calling:
            with pytest.raises(SubmissionUnknownError) as caught:
                await calling.create(_REQUEST)
        assert server.asked == 1
    check(caught.value, started)


@pytest.mark.parametrize("answer", HARM.values(), ids=HARM)
async def test_a_query_fails_as_one_that_may_be_asked_again(answer):
    """A failing poll never fails a job: it is an error of the transport, and polling goes on."""
    started = time.monotonic()
    with serving(answer) as server:
        async with client(server) as calling:
            for ask in (calling.query_tasks([1]), calling.find_tasks("m")):
                with pytest.raises(TransportError) as caught:
                    await ask
                check(caught.value, started)


@pytest.mark.parametrize("answer", HARM.values(), ids=HARM)
async def test_a_token_call_fails_typed(answer, tmp_path):
    """Nothing of it is taken for a token."""
    from attrs import evolve

    started = time.monotonic()
    with serving(answer) as server:
        settings = evolve(server.settings, token_cache_dir=tmp_path)
        async with AvatarClient(settings=settings, credentials=Credentials("app", "key-of-app")) as calling:
            with pytest.raises((TransportError, AuthError)) as caught:
                await calling.prepare()
    check(caught.value, started)
    assert [file.name for file in tmp_path.iterdir() if file.suffix == ".json"] == []


_WORDS = "\x1b[2J\x07\r\nforged: line\u202e[red]bold[/red]\x9b31m\x00\ud800" + "x" * _MIB


async def test_words_of_the_service_are_cut_and_cannot_act():
    """They end on terminals, in logs and in the ledger."""
    body = json.dumps({"code": 5, "message": _WORDS[: _MIB // 2]}).encode()
    with serving(http(body)) as server:
        async with client(server) as calling:
            report = await calling.submit(_REQUEST)
            with pytest.raises(AvatarError) as caught:
                await calling.query_tasks([1])
    for said in (report.message, str(caught.value)):
        assert len(said) < 700
        assert not set(said) & set("\x1b\x07\r\n\x9b\x00\ud800")
    assert not isinstance(caught.value, ReplyError)
