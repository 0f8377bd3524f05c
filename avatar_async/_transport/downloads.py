"""Opening artifacts: resumable, without our credentials, and never decoded on the way."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import Self

import aiohttp
from aiohttp import hdrs
from attrs import define, field
from yarl import URL

from avatar_async._jobs.ports import ArtifactStream, Clock
from avatar_async._transport.allocation import keep_blocks
from avatar_async._transport.errors import mapped
from avatar_async._transport.session import USER_AGENT, proxy_for
from avatar_async._transport.tls import tls_context
from avatar_async._wire.moments import retry_after_s
from avatar_async.errors import ArtifactRefusedError, ReplyError, ThrottledError, TransportError
from avatar_async.settings import Settings

_MAX_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_REFUSED = frozenset({401, 403, 404, 410})
_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)", re.ASCII)
_PRINTABLE = re.compile(r"[!-~]+")


@define(kw_only=True)
class OpenArtifact:
    """A download whose headers were checked.

    Attributes:
        status: 200 or 206.
        offset: Where in the file the first chunk lies.
        total_bytes: Length of the whole file, if told.
        etag: Strong validator, if there is one.
    """

    status: int
    offset: int
    total_bytes: int | None
    etag: str | None
    _response: aiohttp.ClientResponse = field(repr=False)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives.

        Raises:
            ConnectionLostError: It broke off.
            TransportTimeoutError: No bytes came for too long.
        """
        content = self._response.content
        with mapped(_name(self._response.url)):
            try:
                while chunk := await content.readany():
                    yield chunk
            except (aiohttp.ClientError, OSError):
                unread = _unread(content)
                if unread:
                    yield unread
                raise


class DownloadSession:
    """HTTP connections to wherever artifacts lie. Enter it before use; leaving closes them."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._timeout = aiohttp.ClientTimeout(
            total=None,
            connect=None,
            sock_connect=settings.connect_timeout_s,
            sock_read=settings.read_timeout_s,
        )
        self._stack = AsyncExitStack()
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        context = await tls_context(self._settings.ca_file)
        connector = aiohttp.TCPConnector(ssl=context, limit=0)
        session = aiohttp.ClientSession(
            connector=connector,
            timeout=self._timeout,
            headers={"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity"},
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            requote_redirect_url=False,
        )
        self._session = await self._stack.enter_async_context(session)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._session = None
        await self._stack.aclose()

    @asynccontextmanager
    async def open_artifact(
        self, url: str, *, offset: int = 0, etag: str | None = None, token: str | None = None
    ) -> AsyncIterator[ArtifactStream]:
        """Open a download; a server that has another file now, or no ranges, sends it from its start.

        Args:
            url: An http or https address.
            offset: Bytes already at hand; without a strong `etag` they are not built upon.
            etag: Strong validator of the file those bytes belong to.
            token: Access token to send, for artifacts on the service's own origin only.

        Raises:
            ArtifactRefusedError: The address is refused or gone.
            ThrottledError: Too many calls.
            TransportError: The host cannot be reached or talks nonsense.
        """
        if self._session is None:
            raise RuntimeError("enter the client with `async with` before using it")
        keep_blocks()
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        async with AsyncExitStack() as stack:
            opened = None
            if offset > 0 and _strong(etag) is not None:
                assert etag is not None
                ranged = {**headers, "Range": f"bytes={offset}-", "If-Range": etag}
                response = await self._get(stack, url, ranged)
                opened = self._resumed(response, offset, etag)
                if opened is None:
                    response.close()
            if opened is None:
                opened = self._whole(await self._get(stack, url, headers))
            yield opened

    async def _get(
        self, stack: AsyncExitStack, url: str, headers: Mapping[str, str]
    ) -> aiohttp.ClientResponse:
        """Ask, following redirects; credentials go to the first origin only."""
        with mapped("download"):
            address = _address(url)
        for _ in range(_MAX_REDIRECTS + 1):
            response = await self._ask(address, headers)
            if response.status not in _REDIRECTS or hdrs.LOCATION not in response.headers:
                stack.callback(response.close)
                _check(response, self._clock.now())
                return response
            response.close()
            with mapped(_name(address)):
                target = _redirected(address, response.headers[hdrs.LOCATION])
                if target.origin() != address.origin():
                    headers = {name: value for name, value in headers.items() if name != hdrs.AUTHORIZATION}
            address = target
        raise ReplyError(f"{_name(address)}: too many redirects")

    async def _ask(self, address: URL, headers: Mapping[str, str]) -> aiohttp.ClientResponse:
        assert self._session is not None
        with mapped(_name(address)):
            return await self._session.get(
                address,
                headers=headers,
                allow_redirects=False,
                proxy=proxy_for(self._settings, address.host),
            )

    def _resumed(self, response: aiohttp.ClientResponse, offset: int, etag: str) -> OpenArtifact | None:
        """Return the rest of the file, or the whole; None if the whole must be asked for."""
        if response.status == 200:
            return self._whole(response)
        ranges = response.headers.getall(hdrs.CONTENT_RANGE, [])
        match = _RANGE.fullmatch(ranges[0].strip()) if len(ranges) == 1 else None
        if response.status != 206 or match is None or response.headers.get(hdrs.ETAG, etag) != etag:
            return None
        first, last = int(match[1]), int(match[2])
        total = None if match[3] == "*" else int(match[3])
        length = _length(response)
        wrong_end = last < first or (total is not None and last != total - 1)
        if first != offset or wrong_end or (length is not None and length != last - first + 1):
            return None
        return OpenArtifact(status=206, offset=offset, total_bytes=total, etag=etag, response=response)

    def _whole(self, response: aiohttp.ClientResponse) -> OpenArtifact:
        if response.status != 200:
            raise ReplyError(f"{_name(response.url)}: HTTP {response.status} to a plain request")
        return OpenArtifact(
            status=200,
            offset=0,
            total_bytes=_length(response),
            etag=_strong(response.headers.get(hdrs.ETAG)),
            response=response,
        )


def _unread(content: aiohttp.StreamReader) -> bytes:
    """Return what arrived before a connection broke: aiohttp hands out nothing more after an error.

    Without it, a connection that breaks soon would bring nothing however often it is opened anew.
    """
    blocks: list[bytes] = list(getattr(content, "_buffer", ()))
    return b"".join(blocks)[getattr(content, "_buffer_offset", 0) :]


def _address(url: str) -> URL:
    """Return an address as it will be asked for.

    Raises:
        ReplyError: It is not http or https, or names no host.
    """
    address = URL(url, encoded=_PRINTABLE.fullmatch(url) is not None)
    if address.scheme not in ("http", "https") or not address.host:
        raise ReplyError("download: the address is not http or https")
    return address


def _redirected(address: URL, location: str) -> URL:
    """Return where a redirect leads.

    Raises:
        ReplyError: Not to an http or https address, or from https back to http.
    """
    target = address.join(URL(location, encoded=_PRINTABLE.fullmatch(location) is not None))
    if target.scheme not in ("http", "https") or not target.host:
        raise ReplyError(f"{_name(address)}: a redirect leads to an address that is not http or https")
    if address.scheme == "https" and target.scheme != "https":
        raise ReplyError(f"{_name(address)}: a redirect leads from https to an address that is not")
    return target


def _check(response: aiohttp.ClientResponse, now: datetime) -> None:
    status, name = response.status, _name(response.url)
    if status in _REFUSED:
        raise ArtifactRefusedError(f"{name}: HTTP {status}", http_status=status)
    if status == 429:
        headers = {key.lower(): value for key, value in response.headers.items()}
        wait_s = retry_after_s(headers, now)
        raise ThrottledError(f"{name}: HTTP 429", retry_after_s=wait_s, http_status=429)
    if status not in (200, 206, 416):
        raise TransportError(f"{name}: HTTP {status}")
    content = _codings(response, hdrs.CONTENT_ENCODING) - {"identity"}
    transfer = _codings(response, hdrs.TRANSFER_ENCODING) - {"identity", "chunked"}
    if content or transfer:
        raise ReplyError(f"{name}: the file is encoded although that was not asked for")


def _codings(response: aiohttp.ClientResponse, header: str) -> set[str]:
    listed = ",".join(response.headers.getall(header, []))
    return {coding.strip().lower() for coding in listed.split(",") if coding.strip()}


def _length(response: aiohttp.ClientResponse) -> int | None:
    """Return how long the body says it is; chunks overrule what the header says."""
    if hdrs.TRANSFER_ENCODING in response.headers:
        return None
    with mapped(_name(response.url)):
        return response.content_length


def _strong(etag: str | None) -> str | None:
    return etag if etag is not None and re.fullmatch(r'"[!#-~\x80-\xff]+"', etag) else None


def _name(address: URL) -> str:
    return f"download from {address.host}"
