"""A real file server with faults, and a plain source and journal for downloads."""

import io
import zipfile
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import anyio
import pytest
from aiohttp import web
from attrs import define, field, frozen

from avatar_async._jobs.records import Artifact, Job
from avatar_async._jobs.states import State
from avatar_async._storage.downloads import DownloadFolder
from avatar_async._storage.workshop import FetchRules
from avatar_async.errors import (
    ArtifactRefusedError,
    ConnectionLostError,
    ReplyError,
    ThrottledError,
)
from avatar_async.requests import Kind
from tests.jobs_kept import a_new_job

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)


@define
class FileServer:
    """Files served over HTTP, with what goes wrong on the way."""

    files: dict[str, bytes] = field(factory=dict)
    etag: str | None = '"v1"'
    #: Bytes after which the connection is cut, one entry a request; None lets it through.
    cuts: list[int | None] = field(factory=list)
    #: HTTP statuses to answer with first.
    statuses: list[int] = field(factory=list)
    ignore_range: bool = False
    chunked: bool = False
    served: int = 0
    #: Bytes the client has taken; a cut waits for them, as the client drops what lies unread.
    received: int = 0
    requests: list[dict[str, str]] = field(factory=list)
    origin: str = ""

    async def serve(self, request):
        """Answer one request."""
        self.requests.append(dict(request.headers))
        if self.statuses:
            return web.Response(status=self.statuses.pop(0), headers={"Retry-After": "7"})
        content = self.files[request.match_info["name"]]
        asked = request.headers.get("Range")
        start = 0
        if asked and not self.ignore_range and request.headers.get("If-Range", self.etag) == self.etag:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
        if start >= len(content) > 0:
            return web.Response(status=416)
        headers = {"ETag": self.etag} if self.etag else {}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        body = content[start:]
        if not self.chunked:
            headers["Content-Length"] = str(len(body))
        reply = web.StreamResponse(status=206 if start else 200, headers=headers)
        if self.chunked:
            reply.enable_chunked_encoding()
        await reply.prepare(request)
        cut = self.cuts.pop(0) if self.cuts else None
        sent = body[:cut] if cut is not None else body
        if sent:
            await reply.write(sent)
        self.served += len(sent)
        if cut is not None:
            with anyio.fail_after(10):
                while self.received < self.served:
                    await anyio.lowlevel.checkpoint()
            request.transport.close()
            return reply
        await reply.write_eof()
        return reply


@frozen
class Stream:
    """An open download."""

    status: int
    offset: int
    total_bytes: int | None
    etag: str | None
    reply: aiohttp.ClientResponse
    server: FileServer

    async def chunks(self):
        """Yield what arrives."""
        try:
            async for chunk in self.reply.content.iter_any():
                self.server.received += len(chunk)
                yield chunk
        except (aiohttp.ClientError, OSError) as error:
            raise ConnectionLostError(str(error)) from error


class Source:
    """The plainest source that keeps the port's promises."""

    def __init__(self, session, server):
        self._session = session
        self._server = server

    @asynccontextmanager
    async def open_artifact(self, url, *, offset=0, etag=None):
        """Open a download."""
        headers = {"Accept-Encoding": "identity"}
        if offset:
            headers |= {"Range": f"bytes={offset}-", "If-Range": etag}
        try:
            reply = await self._session.get(url, headers=headers)
        except (aiohttp.ClientError, OSError) as error:
            raise ConnectionLostError(str(error)) from error
        async with reply:
            if reply.status in {401, 403, 404, 410}:
                raise ArtifactRefusedError("refused", http_status=reply.status)
            if reply.status == 429:
                raise ThrottledError("wait", retry_after_s=float(reply.headers["Retry-After"]))
            if reply.status not in {200, 206}:
                raise ReplyError(f"HTTP {reply.status}")
            told = reply.headers.get("Content-Range", "").rpartition("/")[2] or reply.headers.get(
                "Content-Length"
            )
            yield Stream(
                status=reply.status,
                offset=offset if reply.status == 206 else 0,
                total_bytes=int(told) if told else None,
                etag=reply.headers.get("ETag"),
                reply=reply,
                server=self._server,
            )


class Journal:
    """Remember every entry; `after` is called with each."""

    def __init__(self, after=None):
        self.entries = []
        self._after = after

    async def record(self, artifact):
        """Take an entry."""
        self.entries.append(artifact)
        if self._after is not None:
            self._after(artifact)


@define
class Scene:
    """Everything one download needs."""

    server: FileServer
    source: Source
    out: Path
    clock: Any
    rules: dict[str, Any] = field(factory=dict)
    reserve: int = 0
    journal: Journal = field(factory=Journal)
    progress: list[tuple[int, int | None]] = field(factory=list)
    folder: str = "one"

    def artifact(self, name="model.zip", content=None, *, role="model", **fields):
        """Put a file on the server and return its artifact."""
        if content is not None:
            self.server.files[name] = content
        return Artifact(role=role, name=name, url=f"{self.server.origin}/{name}", **fields)

    def job(self, *artifacts, folder=None):
        """Return the job whose files these are."""
        return Job(
            id="1",
            batch="default",
            name="one",
            kind=Kind.TRAINING,
            folder=folder or self.folder,
            task_name="one",
            fingerprint="f",
            state=State.FETCHING,
            created_at=T0,
            artifacts=artifacts,
        )

    async def fetch(self, artifact, **settings):
        """Fetch with a new set of downloads, as a new process would."""
        downloads = DownloadFolder(
            self.out,
            clock=self.clock,
            disk_reserve_bytes=self.reserve,
            rules=FetchRules(**({"batch_bytes": 256 << 10} | self.rules)),
        )
        return await downloads.fetch(
            self.job(artifact),
            artifact,
            self.source,
            self.journal,
            lambda done, total: self.progress.append((done, total)),
            **settings,
        )

    def names(self):
        """Return what lies in the job's folder."""
        return sorted(path.name for path in (self.out / self.folder).iterdir())

    def read(self, name="model.zip"):
        """Return a stored file's bytes."""
        return (self.out / self.folder / name).read_bytes()


@pytest.fixture
def scene(tmp_path, clock):
    """A callable that opens a server and a source for the block."""

    @asynccontextmanager
    async def opened(**settings):
        server = FileServer(**settings)
        app = web.Application()
        app.router.add_get("/{name}", server.serve)
        runner = web.AppRunner(app)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            server.origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
            async with aiohttp.ClientSession() as session:
                source = Source(session, server)
                yield Scene(server=server, source=source, out=tmp_path / "out", clock=clock)
        finally:
            await runner.cleanup()

    return opened


@pytest.fixture
def make_zip():
    """A callable that returns the bytes of a zip whose stored member has so many bytes."""

    def make(size=300_000):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("model.bin", bytes(index * 31 % 251 for index in range(size)))
        return buffer.getvalue()

    return make


@pytest.fixture
def new_job_of():
    """A callable that returns a job of a name that was never saved."""

    def make(name):
        return a_new_job(name, created_at=T0)

    return make
