"""Reading parts of files on web servers: few bounded requests, none of our credentials, nothing kept."""

import re
from contextlib import AsyncExitStack
from typing import Self

import aiohttp
from aiohttp import hdrs
from yarl import URL

from avatar_async._transport.addresses import MAX_REDIRECTS, REDIRECTS, address_of, name_of, redirected
from avatar_async._transport.cleanconnector import CleanConnector
from avatar_async._transport.endings import Body
from avatar_async._transport.errors import mapped
from avatar_async._transport.session import USER_AGENT, proxy_for
from avatar_async._transport.tls import tls_context
from avatar_async.errors import (
    ArtifactRefusedError,
    MediaOutOfReachError,
    ReplyError,
    ThrottledError,
    TransportError,
)
from avatar_async.settings import Settings

#: What is read of a file whose server gives no ranges: its start, or all of it if it is no longer than this.
START_BYTES, WHOLE_BYTES = 1 << 20, 16 << 20
_ANSWER_S = 20.0
_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)", re.ASCII)
_BEYOND = re.compile(r"bytes \*/([0-9]{1,18})", re.ASCII)
_REFUSED = frozenset({401, 403, 404, 410})


class RangeSession:
    """HTTP connections to wherever media lie. Enter it before use; leaving closes them.

    Raises:
        ConfigError: On entering, if the settings' `ca_file` cannot be read.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stack = AsyncExitStack()
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        context = await tls_context(self._settings.ca_file)
        wait_s = min(_ANSWER_S, self._settings.read_timeout_s)
        self._session = await self._stack.enter_async_context(
            aiohttp.ClientSession(
                connector=CleanConnector(ssl=context, limit=0),
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=self._settings.connect_timeout_s, sock_read=wait_s
                ),
                headers={"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity"},
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                requote_redirect_url=False,
            )
        )
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._session = None
        await self._stack.aclose()

    def file(self, url: str) -> "RemoteFile":
        """Return the file at an address; nothing is asked for yet.

        Raises:
            ReplyError: The address is not http or https.
        """
        with mapped("look"):
            return RemoteFile(self, address_of(url))

    async def ask(self, address: URL, span: str) -> aiohttp.ClientResponse:
        """Ask for a span of a file, once; redirects are not followed.

        Raises:
            TransportError: The host cannot be reached.
        """
        if self._session is None:
            raise RuntimeError("enter the session with `async with` before using it")
        with mapped(name_of(address)):
            return await self._session.get(
                address,
                headers={"Range": span},
                allow_redirects=False,
                proxy=proxy_for(self._settings, address.host),
            )


class RemoteFile:
    """Parts of one file on a web server, as `media.ranges.RangeReader` wants them.

    Attributes:
        size_bytes: Length of the whole file, as soon as the server has told it.
        requests: How many requests were sent, redirects included.
        received_bytes: How many bytes of the file came.
    """

    near = False

    def __init__(self, session: RangeSession, address: URL) -> None:
        self._session = session
        self._address = address
        self._start: bytes | None = None
        self._mark: str | None = None
        self.size_bytes: int | None = None
        self.requests = 0
        self.received_bytes = 0

    async def read(self, offset: int, length: int) -> bytes:
        """Return the bytes at an offset, fewer than `length` only where the file ends.

        Raises:
            MediaOutOfReachError: The server gives no ranges, and this part is too far from the start.
            ArtifactRefusedError: The address is refused or gone.
            ThrottledError: Too many calls.
            TransportError: The host cannot be reached, talks nonsense, or has another file by now.
        """
        if self._start is not None:
            return await self._part_of_start(offset, length)
        async with AsyncExitStack() as stack:
            response = await self._get(stack, f"bytes={offset}-{offset + length - 1}")
            if response.status == 416:
                self._note(response, _total(response.headers.get(hdrs.CONTENT_RANGE, "")))
                return b""
            if response.status == 206:
                return await self._part(response, offset, length)
            self._note(response, _length(response))
            self._start = await self._body(response, START_BYTES, whole=False)
        return await self._part_of_start(offset, length)

    async def _part(self, response: aiohttp.ClientResponse, offset: int, length: int) -> bytes:
        name = name_of(response.url)
        told = response.headers.getall(hdrs.CONTENT_RANGE, [])
        match = _RANGE.fullmatch(told[0].strip()) if len(told) == 1 else None
        if match is None:
            raise ReplyError(f"{name}: a part of the file came without saying which (Content-Range)")
        first, last = int(match[1]), int(match[2])
        total = None if match[3] == "*" else int(match[3])
        if first != offset or not first <= last < offset + length or (total is not None and last >= total):
            raise ReplyError(f"{name}: another part of the file came than was asked for (Content-Range)")
        short = last + 1 < offset + length
        if short and total is not None and last + 1 != total:
            raise ReplyError(f"{name}: a shorter part of the file came than was asked for (Content-Range)")
        self._note(response, last + 1 if short and total is None else total)
        return await self._body(response, last - first + 1, whole=True)

    async def _part_of_start(self, offset: int, length: int) -> bytes:
        """Return a part out of the start of a file whose server gives no ranges."""
        assert self._start is not None
        end = offset + length if self.size_bytes is None else min(offset + length, self.size_bytes)
        if end > len(self._start) and self.size_bytes is not None and self.size_bytes <= WHOLE_BYTES:
            async with AsyncExitStack() as stack:
                response = await self._get(stack, "bytes=0-")
                if response.status not in (200, 206):
                    raise ReplyError(f"{name_of(response.url)}: HTTP {response.status} to a plain request")
                self._start = await self._body(response, self.size_bytes, whole=True)
        if end > len(self._start):
            raise MediaOutOfReachError("its server gives no parts of files, and this part lies too far in")
        return self._start[offset:end]

    async def _get(self, stack: AsyncExitStack, span: str) -> aiohttp.ClientResponse:
        """Ask, following redirects; later requests begin where the last one led."""
        for _ in range(MAX_REDIRECTS + 1):
            self.requests += 1
            response = await self._session.ask(self._address, span)
            if response.status not in REDIRECTS or hdrs.LOCATION not in response.headers:
                stack.callback(response.release)
                _check(response)
                return response
            response.release()
            with mapped(name_of(self._address)):
                self._address = redirected(self._address, response.headers[hdrs.LOCATION])
        raise ReplyError(f"{name_of(self._address)}: too many redirects")

    def _note(self, response: aiohttp.ClientResponse, total: int | None) -> None:
        """Note what a reply tells of the whole file, and hold it to what earlier ones told."""
        headers = response.headers
        mark = headers.get(hdrs.ETAG) or headers.get(hdrs.LAST_MODIFIED)
        changed = None not in (self._mark, mark) and mark != self._mark
        if changed or (None not in (self.size_bytes, total) and total != self.size_bytes):
            raise ReplyError(f"{name_of(response.url)}: the file changed while it was looked at")
        self._mark = self._mark or mark
        self.size_bytes = total if self.size_bytes is None else self.size_bytes

    async def _body(self, response: aiohttp.ClientResponse, most_bytes: int, *, whole: bool) -> bytes:
        """Return the first bytes of a body; the connection is closed if there are more."""
        body = bytearray()
        with mapped(name_of(response.url)), Body.of(response) as rest:
            while len(body) < most_bytes:
                chunk = await rest.more(most_bytes - len(body))
                if not chunk:
                    break
                body += chunk
        self.received_bytes += len(body)
        if whole and len(body) < most_bytes:
            raise TransportError(f"{name_of(response.url)}: the file broke off")
        if not whole and len(body) < most_bytes:
            self.size_bytes = len(body) if self.size_bytes is None else self.size_bytes
        return bytes(body)


def _check(response: aiohttp.ClientResponse) -> None:
    status, name = response.status, name_of(response.url)
    if status in _REFUSED:
        raise ArtifactRefusedError(f"{name}: HTTP {status}", http_status=status)
    if status == 429:
        raise ThrottledError(f"{name}: HTTP 429", http_status=status)
    if status not in (200, 206, 416):
        raise TransportError(f"{name}: HTTP {status}")
    coding = response.headers.get(hdrs.CONTENT_ENCODING, "identity").strip().lower()
    if coding != "identity":
        raise ReplyError(f"{name}: the file is encoded although that was not asked for")


def _length(response: aiohttp.ClientResponse) -> int | None:
    if hdrs.TRANSFER_ENCODING in response.headers:
        return None
    with mapped(name_of(response.url)):
        return response.content_length


def _total(content_range: str) -> int | None:
    match = _BEYOND.fullmatch(content_range.strip())
    return int(match[1]) if match else None
