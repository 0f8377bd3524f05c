"""Opening artifacts: resumable, without our credentials, and never decoded on the way."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, closing
from functools import lru_cache, partial
from types import MappingProxyType, TracebackType
from typing import Final, Self

import aiohttp
from aiohttp import hdrs
from attrs import define, field

from avatar_async._jobs.ports import ArtifactStream, Chunk, Clock
from avatar_async._transport.addresses import MAX_REDIRECTS, REDIRECTS, address_of, name_of, redirected
from avatar_async._transport.allocation import keep_blocks
from avatar_async._transport.blocks import BlockShares
from avatar_async._transport.errors import mapped
from avatar_async._transport.receiving import take_over
from avatar_async._transport.session import USER_AGENT, proxy_for
from avatar_async._transport.tls import tls_context
from avatar_async._wire.moments import retry_after_s
from avatar_async.errors import ArtifactRefusedError, ReplyError, ThrottledError, TransportError
from avatar_async.settings import Settings

_REFUSED = frozenset({401, 403, 404, 410})
_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)", re.ASCII)
_STRONG = re.compile(r'"[!#-~\x80-\xff]+"')
_PLAIN: Final[Mapping[str, str]] = MappingProxyType({})


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
    _silence_s: float = field(repr=False)
    _shares: BlockShares = field(repr=False)

    def close(self) -> None:
        """Let go of the connection: kept for others if the body came whole."""
        self._response.close()

    async def chunks(self) -> AsyncIterator[Chunk]:
        """Yield the body as it arrives; see `ArtifactStream`. The connection of a long one is not kept.

        Raises:
            ConnectionLostError: It broke off.
            TransportTimeoutError: No bytes came for too long.
        """
        content = self._response.content
        with mapped(name_of(self._response.url)):
            try:
                begun, receiver = take_over(
                    self._response, offset=self.offset, silence_s=self._silence_s, shares=self._shares
                )
                if receiver is not None:
                    with closing(receiver), self._shares.engaged():
                        if begun:
                            yield begun
                        while view := await receiver.next():
                            yield view
                    return
                if begun:
                    yield begun
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
        self._proxy = lru_cache(maxsize=64)(partial(proxy_for, settings))
        self._shares = BlockShares()
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

    def open_artifact(
        self, url: str, *, offset: int = 0, etag: str | None = None, token: str | None = None
    ) -> "Opening":
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
        return Opening(self, url, offset=offset, etag=etag, token=token)

    async def answer(self, url: str, *, offset: int, etag: str | None, token: str | None) -> OpenArtifact:
        """Ask for a file, and return the answer with its headers checked; see `open_artifact`."""
        keep_blocks()
        headers = _PLAIN if token is None else {"Authorization": f"Bearer {token}"}
        if offset > 0 and etag is not None and _strong(etag) is not None:
            response = await self._get(url, {**headers, "Range": f"bytes={offset}-", "If-Range": etag})
            try:
                opened = self._resumed(response, offset, etag)
            except BaseException:
                response.close()
                raise
            if opened is not None:
                return opened
            response.close()
        response = await self._get(url, headers)
        try:
            return self._whole(response)
        except BaseException:
            response.close()
            raise

    async def _get(self, url: str, headers: Mapping[str, str]) -> aiohttp.ClientResponse:
        """Ask, following redirects; credentials go to the first origin only."""
        session = self._session
        if session is None:
            raise RuntimeError("enter the client with `async with` before using it")
        with mapped("download"):
            address = address_of(url)
        for _ in range(MAX_REDIRECTS + 1):
            with mapped(name_of(address)):
                response = await session.get(
                    address, headers=headers, allow_redirects=False, proxy=self._proxy(address.host)
                )
            if response.status not in REDIRECTS or hdrs.LOCATION not in response.headers:
                try:
                    _check(response, self._clock)
                except BaseException:
                    response.close()
                    raise
                return response
            response.close()
            with mapped(name_of(address)):
                target = redirected(address, response.headers[hdrs.LOCATION])
                if target.origin() != address.origin():
                    headers = {name: value for name, value in headers.items() if name != hdrs.AUTHORIZATION}
            address = target
        raise ReplyError(f"{name_of(address)}: too many redirects")

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
        return self._opened(response, offset=offset, total_bytes=total, etag=etag)

    def _whole(self, response: aiohttp.ClientResponse) -> OpenArtifact:
        if response.status != 200:
            raise ReplyError(f"{name_of(response.url)}: HTTP {response.status} to a plain request")
        etag = _strong(response.headers.get(hdrs.ETAG))
        return self._opened(response, offset=0, total_bytes=_length(response), etag=etag)

    def _opened(
        self, response: aiohttp.ClientResponse, *, offset: int, total_bytes: int | None, etag: str | None
    ) -> OpenArtifact:
        return OpenArtifact(
            status=response.status,
            offset=offset,
            total_bytes=total_bytes,
            etag=etag,
            response=response,
            silence_s=self._settings.read_timeout_s,
            shares=self._shares,
        )


class Opening:
    """A download that is opened for a block, and let go of after it."""

    __slots__ = ("_etag", "_offset", "_opened", "_session", "_token", "_url")

    def __init__(
        self, session: DownloadSession, url: str, *, offset: int, etag: str | None, token: str | None
    ) -> None:
        self._session = session
        self._url = url
        self._offset = offset
        self._etag = etag
        self._token = token
        self._opened: OpenArtifact | None = None

    async def __aenter__(self) -> ArtifactStream:
        self._opened = await self._session.answer(
            self._url, offset=self._offset, etag=self._etag, token=self._token
        )
        return self._opened

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._opened is not None:
            self._opened.close()


def _unread(content: aiohttp.StreamReader) -> bytes:
    """Return what arrived before a connection broke: aiohttp hands out nothing more after an error.

    Without it, a connection that breaks soon would bring nothing however often it is opened anew.
    """
    blocks: list[bytes] = list(getattr(content, "_buffer", ()))
    return b"".join(blocks)[getattr(content, "_buffer_offset", 0) :]


def _check(response: aiohttp.ClientResponse, clock: Clock) -> None:
    status, headers = response.status, response.headers
    if status != 200:
        _check_status(response, clock)
    if hdrs.CONTENT_ENCODING in headers or hdrs.TRANSFER_ENCODING in headers:
        content = _codings(response, hdrs.CONTENT_ENCODING) - {"identity"}
        transfer = _codings(response, hdrs.TRANSFER_ENCODING) - {"identity", "chunked"}
        if content or transfer:
            name = name_of(response.url)
            raise ReplyError(f"{name}: the file is encoded although that was not asked for")


def _check_status(response: aiohttp.ClientResponse, clock: Clock) -> None:
    status, name = response.status, name_of(response.url)
    if status in _REFUSED:
        raise ArtifactRefusedError(f"{name}: HTTP {status}", http_status=status)
    if status == 429:
        headers = {key.lower(): value for key, value in response.headers.items()}
        wait_s = retry_after_s(headers, clock.now())
        raise ThrottledError(f"{name}: HTTP 429", retry_after_s=wait_s, http_status=429)
    if status not in (206, 416):
        raise TransportError(f"{name}: HTTP {status}")


def _codings(response: aiohttp.ClientResponse, header: str) -> set[str]:
    listed = ",".join(response.headers.getall(header, []))
    return {coding.strip().lower() for coding in listed.split(",") if coding.strip()}


def _length(response: aiohttp.ClientResponse) -> int | None:
    """Return how long the body says it is; chunks overrule what the header says."""
    if hdrs.TRANSFER_ENCODING in response.headers:
        return None
    with mapped(name_of(response.url)):
        return response.content_length


def _strong(etag: str | None) -> str | None:
    return etag if etag is not None and _STRONG.fullmatch(etag) else None
