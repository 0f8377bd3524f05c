"""Bodies of replies: bounded in time and size, and decoded where a service codes them unasked."""

import zlib
from typing import TYPE_CHECKING

import aiohttp

from avatar_async._transport.endings import Body
from avatar_async._transport.time_limit import TimeLimit
from avatar_async._wire.envelope import MAX_BODY_BYTES
from avatar_async.errors import ReplyError

if TYPE_CHECKING:
    from aiohttp.client_proto import ResponseHandler

_TOO_LONG = f"the reply is longer than {MAX_BODY_BYTES} bytes"


async def read_body(
    content: aiohttp.StreamReader, protocol: "ResponseHandler | None", limit: TimeLimit
) -> bytes:
    """Return what aiohttp reads of a body.

    Args:
        content: What it reads the body into.
        protocol: What reads the connection; None if the whole body is here.
        limit: To be restarted as bytes come.

    Raises:
        ReplyError: It is longer than replies may be.
        aiohttp.ClientError: It broke off.
    """
    if content.is_eof():  # as most are: it came with the headers
        body = content.read_nowait()
    else:
        limit.restart()
        parts = bytearray()
        with Body(content, protocol) as rest:
            while len(parts) <= MAX_BODY_BYTES and (part := await rest.more()):
                limit.restart()
                parts += part
        body = bytes(parts)
    check_length(len(body))
    return body


def check_length(length: int) -> None:
    """Refuse a body that is too long.

    Raises:
        ReplyError: It is longer than replies may be.
    """
    if length > MAX_BODY_BYTES:
        raise ReplyError(_TOO_LONG)


def decoded(body: bytes, encoding: str | None) -> bytes:
    """Return a body as it was before it was coded, as its Content-Encoding says.

    Raises:
        ReplyError: It cannot be read, or is longer than replies may be.
    """
    encoding = (encoding or "").strip().lower()
    if encoding in ("", "identity") or not body:
        return body
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise ReplyError("the reply has an encoding nobody asked for")
    try:
        return _inflated(body, zlib.MAX_WBITS | 32)
    except zlib.error:
        try:
            return _inflated(body, -zlib.MAX_WBITS)
        except zlib.error as error:
            raise ReplyError("the reply's encoding cannot be read") from error


def _inflated(body: bytes, window: int) -> bytes:
    inflater = zlib.decompressobj(window)
    plain = inflater.decompress(body, MAX_BODY_BYTES + 1)
    check_length(len(plain))
    if not inflater.eof:
        raise ReplyError("the reply broke off")
    return plain
