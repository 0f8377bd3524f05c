"""Opening artifacts: resumable, without our credentials, and never decoded on the way."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, closing
from functools import lru_cache, partial
from types import MappingProxyType, TracebackType
from typing import Final, Self

import aiohttp
import anyio
from aiohttp import hdrs
from attrs import define, evolve, field
from yarl import URL

from avatar_async._jobs.ports import ArtifactStream, Chunk, Clock
from avatar_async._transport.addresses import MAX_REDIRECTS, REDIRECTS, address_of, name_of, redirected
from avatar_async._transport.allocation import keep_blocks
from avatar_async._transport.answers import check_answer, check_status, encoded, strong, told_length, unread
from avatar_async._transport.blocks import BlockShares
from avatar_async._transport.endings import Body
from avatar_async._transport.errors import mapped
from avatar_async._transport.places import cut
from avatar_async._transport.plainconnector import PlainConnector, plain_connector
from avatar_async._transport.plaingets import PlainGets, PlainStream
from avatar_async._transport.receiving import Receiver, take_over
from avatar_async._transport.session import USER_AGENT, proxy_for
from avatar_async._transport.tls import tls_context
from avatar_async.errors import ReplyError
from avatar_async.settings import Settings

_NOT_ENTERED: Final = "enter the client with `async with` before using it"
#: A whole head, connecting included, may take so many times what connecting and silence may take.
_HEAD_TIMES: Final = 4
_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)", re.ASCII)
_PLAIN: Final[Mapping[str, str]] = MappingProxyType({})
_HEADERS: Final = MappingProxyType({"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity"})


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
    _begun: bytes = field(repr=False)
    _receiver: Receiver | None = field(repr=False)
    _shares: BlockShares = field(repr=False)

    def close(self) -> None:
        """Let go of the connection: kept for others if the body came whole."""
        if self._receiver is not None:
            self._receiver.close()
        self._response.close()

    async def chunks(self) -> AsyncIterator[Chunk]:
        """Yield the body as it arrives; see `ArtifactStream`. The connection of a long one is not kept.

        Raises:
            ConnectionLostError: It broke off.
            TransportTimeoutError: No bytes came for too long.
        """
        content, receiver = self._response.content, self._receiver
        with mapped(name_of(self._response.url)):
            if self._begun:
                yield self._begun
            try:
                if receiver is not None:
                    with closing(receiver), self._shares.engaged():
                        while view := await receiver.next():
                            yield view
                    return
                with Body.of(self._response) as body:
                    while chunk := await body.more():
                        yield chunk
            except (aiohttp.ClientError, OSError):
                rest = unread(content)
                if rest:
                    yield rest
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
        self._head_s = _HEAD_TIMES * (settings.connect_timeout_s + settings.read_timeout_s)
        self._proxy = lru_cache(maxsize=64)(partial(proxy_for, settings))
        self._shares = BlockShares()
        self._plain: PlainGets | None = None
        self._stack = AsyncExitStack()
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        context = await tls_context(self._settings.ca_file)
        connector = PlainConnector(ssl=context, limit=0)
        session = aiohttp.ClientSession(
            connector=connector,
            timeout=self._timeout,
            headers=_HEADERS,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            requote_redirect_url=False,
        )
        self._session = await self._stack.enter_async_context(session)
        if (lent := plain_connector(session)) is not None:
            silence_s = self._settings.read_timeout_s
            timeout = evolve(self._timeout, connect=self._head_s)
            gets = PlainGets(
                lent, headers=_HEADERS, timeout=timeout, silence_s=silence_s, shares=self._shares
            )
            self._plain = self._stack.enter_context(gets)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._session = self._plain = None
        await self._stack.aclose()

    def open_artifact(
        self,
        url: str,
        *,
        offset: int = 0,
        etag: str | None = None,
        token: str | None = None,
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

    async def plain_answer(self, url: str) -> OpenArtifact | PlainStream:
        """Ask for a file from its start, the cheap way if there is one; see `open_artifact`."""
        if self._session is None:
            raise RuntimeError(_NOT_ENTERED)
        keep_blocks()
        found = cut(url)
        stream = None
        if found is not None and self._plain is not None and not self._proxy(found[0].host):
            stream = await self._plain.open(*found)
        if stream is None:
            return await self.answer(url, offset=0, etag=None, token=None)
        headers = stream.head.headers
        if stream.status == 200 and not stream.head.coded:
            stream.etag = strong(headers.get("etag"))
            return stream
        stream.close()
        address = address_of(url)
        if stream.head.coded:
            raise ReplyError(encoded(address))
        if stream.status in REDIRECTS and "location" in headers:
            with mapped(name_of(address)):
                target = redirected(address, headers["location"])
            return self._checked(await self._get(target, _PLAIN, redirects=MAX_REDIRECTS - 1))
        check_status(stream.status, headers, name_of(address), self._clock)
        raise ReplyError(f"{name_of(address)}: HTTP {stream.status} to a plain request")

    async def answer(self, url: str, *, offset: int, etag: str | None, token: str | None) -> OpenArtifact:
        """Ask for a file, and return the answer with its headers checked; see `open_artifact`."""
        keep_blocks()
        with mapped("download"):
            address = address_of(url)
        headers = _PLAIN if token is None else {"Authorization": f"Bearer {token}"}
        if offset > 0 and etag is not None and strong(etag) is not None:
            response = await self._get(address, {**headers, "Range": f"bytes={offset}-", "If-Range": etag})
            try:
                opened = self._resumed(response, offset, etag)
            except BaseException:
                response.close()
                raise
            if opened is not None:
                return opened
            response.close()
        return self._checked(await self._get(address, headers))

    def _checked(self, response: aiohttp.ClientResponse) -> OpenArtifact:
        try:
            return self._whole(response)
        except BaseException:
            response.close()
            raise

    async def _get(
        self, address: URL, headers: Mapping[str, str], *, redirects: int = MAX_REDIRECTS
    ) -> aiohttp.ClientResponse:
        """Ask, following redirects; credentials go to the first origin only."""
        session = self._session
        if session is None:
            raise RuntimeError(_NOT_ENTERED)
        for _ in range(redirects + 1):
            with mapped(name_of(address)), anyio.fail_after(self._head_s):
                response = await session.get(
                    address, headers=headers, allow_redirects=False, proxy=self._proxy(address.host)
                )
            if response.status not in REDIRECTS or hdrs.LOCATION not in response.headers:
                try:
                    check_answer(response, self._clock)
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
        length = told_length(response)
        wrong_end = last < first or (total is not None and last != total - 1)
        if first != offset or wrong_end or (length is not None and length != last - first + 1):
            return None
        return self._opened(response, offset=offset, total_bytes=total, etag=etag)

    def _whole(self, response: aiohttp.ClientResponse) -> OpenArtifact:
        if response.status != 200:
            raise ReplyError(f"{name_of(response.url)}: HTTP {response.status} to a plain request")
        etag = strong(response.headers.get(hdrs.ETAG))
        return self._opened(response, offset=0, total_bytes=told_length(response), etag=etag)

    def _opened(
        self, response: aiohttp.ClientResponse, *, offset: int, total_bytes: int | None, etag: str | None
    ) -> OpenArtifact:
        """Begin to receive a long body: what comes meanwhile needs not go through aiohttp."""
        begun, receiver = take_over(
            response, offset=offset, silence_s=self._settings.read_timeout_s, shares=self._shares
        )
        return OpenArtifact(
            status=response.status,
            offset=offset,
            total_bytes=total_bytes,
            etag=etag,
            response=response,
            begun=begun,
            receiver=receiver,
            shares=self._shares,
        )


class Opening:
    """A download that is opened for a block, and let go of after it."""

    __slots__ = ("_etag", "_offset", "_opened", "_session", "_token", "_url")

    def __init__(
        self,
        session: DownloadSession,
        url: str,
        *,
        offset: int,
        etag: str | None,
        token: str | None,
    ) -> None:
        self._session = session
        self._url = url
        self._offset = offset
        self._etag = etag
        self._token = token
        self._opened: OpenArtifact | PlainStream | None = None

    async def __aenter__(self) -> ArtifactStream:
        if not self._offset and self._token is None:
            self._opened = await self._session.plain_answer(self._url)
            return self._opened
        self._opened = await self._session.answer(
            self._url, offset=self._offset, etag=self._etag, token=self._token
        )
        return self._opened

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._opened is not None:
            self._opened.close()
