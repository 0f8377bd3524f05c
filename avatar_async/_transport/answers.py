"""What answers to requests for files say: statuses, lengths, validators, codings."""

import re
from collections.abc import Mapping

import aiohttp
from aiohttp import hdrs
from yarl import URL

from avatar_async._jobs.ports import Clock
from avatar_async._transport.addresses import name_of
from avatar_async._transport.errors import mapped
from avatar_async._wire.moments import retry_after_s
from avatar_async.errors import ArtifactRefusedError, ReplyError, ThrottledError, TransportError

_REFUSED = frozenset({401, 403, 404, 410})
_STRONG = re.compile(r'"[!#-~\x80-\xff]+"')


def unread(content: aiohttp.StreamReader) -> bytes:
    """Return what arrived before a connection broke: aiohttp hands out nothing more after an error.

    Without it, a connection that breaks soon would bring nothing however often it is opened anew.
    """
    blocks: list[bytes] = list(getattr(content, "_buffer", ()))
    return b"".join(blocks)[getattr(content, "_buffer_offset", 0) :]


def check_answer(response: aiohttp.ClientResponse, clock: Clock) -> None:
    """Refuse what is no answer to a request for a file, or is coded.

    Raises:
        ArtifactRefusedError, ThrottledError, TransportError: As for `check_status`.
        ReplyError: It is coded.
    """
    status, headers = response.status, response.headers
    if status != 200:
        check_status(status, headers, name_of(response.url), clock)
    if hdrs.CONTENT_ENCODING in headers or hdrs.TRANSFER_ENCODING in headers:
        content = _codings(response, hdrs.CONTENT_ENCODING) - {"identity"}
        transfer = _codings(response, hdrs.TRANSFER_ENCODING) - {"identity", "chunked"}
        if content or transfer:
            raise ReplyError(encoded(response.url))


def encoded(address: URL) -> str:
    """Return what is wrong with a coded file."""
    return f"{name_of(address)}: the file is encoded although that was not asked for"


def check_status(status: int, headers: Mapping[str, str], name: str, clock: Clock) -> None:
    """Refuse a status that is neither a success nor about ranges.

    Raises:
        ArtifactRefusedError: The address is refused or gone.
        ThrottledError: Too many calls.
        TransportError: Anything else.
    """
    if status in _REFUSED:
        raise ArtifactRefusedError(f"{name}: HTTP {status}", http_status=status)
    if status == 429:
        told = {key.lower(): value for key, value in headers.items()}
        wait_s = retry_after_s(told, clock.now())
        raise ThrottledError(f"{name}: HTTP 429", retry_after_s=wait_s, http_status=429)
    if status not in (206, 416):
        raise TransportError(f"{name}: HTTP {status}")


def _codings(response: aiohttp.ClientResponse, header: str) -> set[str]:
    listed = ",".join(response.headers.getall(header, []))
    return {coding.strip().lower() for coding in listed.split(",") if coding.strip()}


def told_length(response: aiohttp.ClientResponse) -> int | None:
    """Return how long the body says it is; chunks overrule what the header says."""
    if hdrs.TRANSFER_ENCODING in response.headers:
        return None
    with mapped(name_of(response.url)):
        return response.content_length


def strong(etag: str | None) -> str | None:
    """Return a validator if it is a strong one."""
    return etag if etag is not None and _STRONG.fullmatch(etag) else None
