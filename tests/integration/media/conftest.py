"""A web server on this machine that gives files in many ways, good and bad, and counts."""

import re
from contextlib import asynccontextmanager

import anyio
import pytest
from aiohttp import web
from attrs import define, field


@define
class Shelf:
    """Files by name; the first part of an address says how they are given.

    `ranges` as servers should; `whole`, `chunked` and `lengthless` without ranges; `moved` behind a redirect;
    `shifted`, `unsaid`, `changing`, `packed`, `short` and `broken` are wrong in one way each; `stuck`
    never answers; a number is a status.
    """

    files: dict[str, bytes] = field(factory=dict)
    origin: str = ""
    requests: list[web.Request] = field(factory=list)
    sent_bytes: int = 0
    asked: anyio.Event = field(factory=anyio.Event)

    def url(self, manner: str, name: str) -> str:
        """Return the address of a file."""
        return f"{self.origin}/{manner}/{name}"

    async def give(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        self.requests.append(request)
        manner, name = request.match_info["manner"], request.match_info["name"]
        if manner == "stuck":
            self.asked.set()
            await anyio.sleep_forever()
        if manner == "moved":
            return web.Response(status=302, headers={"Location": f"/ranges/{name}?signed=1"})
        if manner.isdigit():
            return web.Response(status=int(manner))
        content = self.files[name]
        if manner in ("whole", "chunked", "lengthless"):
            return await self._whole(request, content, manner)
        return await self._part(request, content, manner)

    async def _part(self, request: web.Request, content: bytes, manner: str) -> web.StreamResponse:
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers["Range"])
        assert found
        first, last = int(found[1]), min(int(found[2] or len(content)), len(content) - 1)
        if first >= len(content):
            return web.Response(status=416, headers={"Content-Range": f"bytes */{len(content)}"})
        body = content[first : last + 1]
        total = len(content) + (len(self.requests) if manner == "changing" else 0)
        told = first + (manner == "shifted")
        headers = {"Content-Range": f"bytes {told}-{last}/{total}", "ETag": '"a"'}
        if manner == "unsaid":
            del headers["Content-Range"]
        if manner == "packed":
            headers["Content-Encoding"] = "gzip"
        if manner == "short":
            body = body[: len(body) // 2]
            headers["Content-Range"] = f"bytes {first}-{first + len(body) - 1}/{total}"
        self.sent_bytes += len(body)
        if manner == "broken":
            response = web.StreamResponse(status=206, headers={**headers, "Content-Length": str(len(body))})
            await response.prepare(request)
            await response.write(body[: len(body) // 2])
            assert request.transport
            request.transport.abort()
            return response
        return web.Response(status=206, body=body, headers=headers)

    async def _whole(self, request: web.Request, content: bytes, manner: str) -> web.StreamResponse:
        response = web.StreamResponse()
        if manner == "whole":
            response.content_length = len(content)
        elif manner == "chunked":
            response.enable_chunked_encoding()
        else:
            response.force_close()
        await response.prepare(request)
        try:
            for at in range(0, len(content), 65536):
                await response.write(content[at : at + 65536])
                self.sent_bytes += len(content[at : at + 65536])
        except ConnectionError:
            pass
        return response


@asynccontextmanager
async def shelf_of(files):
    """Serve files for the block."""
    shelf = Shelf(files=files)
    application = web.Application()
    application.router.add_get("/{manner}/{name}", shelf.give)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        shelf.origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield shelf
    finally:
        await runner.cleanup()


@pytest.fixture
def shelf():
    """Return what serves files for a block."""
    return shelf_of
