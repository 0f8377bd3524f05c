"""Calls to the service that may be repeated, as plain requests: at half of what aiohttp's cost."""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

import aiohttp
from attrs import define, field
from yarl import URL

from avatar_async._transport.bodies import check_length, read_body
from avatar_async._transport.plainconnector import PlainConnector, origin_of
from avatar_async._transport.plainexchange import OddAnswerError, PlainExchange
from avatar_async._transport.time_limit import TimeLimit
from avatar_async._wire.calls import Call

_NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})
_PRINTABLE = re.compile(rb"[!-~]+")
_LINES = re.compile(rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+: [\t -~]*\r\n)*")


@define(eq=False)
class Answer:
    """What came of an answer so far.

    Attributes:
        status: HTTP status; 0 before one came.
        headers: To be looked up by names in lowercase.
    """

    status: int = 0
    headers: Mapping[str, str] = field(default=_NO_HEADERS, repr=False)


class PlainCalls:
    """Calls to one origin over the connections of a session, past what a session does for each request.

    An answer that is not plain is read by aiohttp, from the same connection: no call is sent twice for that.

    Args:
        connector: Where connections come from.
        endpoint: The origin.
        headers: What every call has beside its own headers.
        timeout: How long a connection is waited for.
    """

    def __init__(
        self,
        connector: PlainConnector,
        endpoint: URL,
        *,
        headers: Mapping[str, str],
        timeout: aiohttp.ClientTimeout,
    ) -> None:
        self._connector = connector
        self._endpoint = endpoint
        self._origin = origin_of(endpoint)
        self._headers = headers
        self._timeout = timeout
        self._line = lru_cache(maxsize=64)(_line)
        self._latest: tuple[Mapping[str, str], str | None, bytes | None] = (_NO_HEADERS, None, None)

    def request(self, call: Call, url: URL, token: str | None) -> bytes | None:
        """Return a call as it goes over the wire; None if it is aiohttp's to send."""
        if not self._connector.reaches(self._origin):
            return None
        latest = self._latest
        if latest[0] is not call.headers or latest[1] != token:
            latest = self._latest = (call.headers, token, self._fields(call.headers, token))
        line, fields, body = self._line(call.method, url), latest[2], call.body
        if line is None or fields is None:
            return None
        if not body and call.method == "GET":
            return b"%b%b\r\n" % (line, fields)
        return b"%b%bContent-Length: %d\r\n\r\n%b" % (line, fields, len(body), body)

    def _fields(self, headers: Mapping[str, str], token: str | None) -> bytes | None:
        every = {"Host": self._endpoint.host_port_subcomponent, **self._headers, **headers}
        if token is not None:
            every["Authorization"] = f"Bearer {token}"
        lines = "".join(f"{name}: {value}\r\n" for name, value in every.items()).encode()
        return lines if _LINES.fullmatch(lines) else None

    async def send(self, request: bytes, limit: TimeLimit, answer: Answer) -> bytes:
        """Send a request and return the body of its answer; again, if a kept connection turns out closed.

        Cancelled, the connection is closed.

        Args:
            request: What `request` returned.
            limit: To be restarted as bytes of the body come.
            answer: Where status and headers go, as soon as they are known.

        Raises:
            ReplyError: The body is longer than replies may be.
            aiohttp.ClientError, HttpProcessingError, OSError: No whole answer came.
        """
        asked_again = False
        while True:
            exchange = await self._connector.exchange(self._origin, self._timeout)
            kept = False
            try:
                try:
                    head = await exchange.ask(request)
                except OddAnswerError:
                    body = await _read_by_aiohttp(exchange, limit, answer)
                    kept = True
                    return body
                answer.status, answer.headers = head.status, head.headers
                length = head.length or 0
                check_length(length)
                body = bytes(await exchange.next())
                if len(body) < length:
                    body = await _rest(exchange, body, length, limit)
                kept = head.kept
                return body
            except (aiohttp.ClientError, OSError):
                if exchange.answered or not exchange.used or asked_again:
                    raise
                asked_again = True
            finally:
                exchange.close(kept=kept)


def _line(method: str, url: URL) -> bytes | None:
    """Return the first line of a request; None if its address holds what must not stand there."""
    path = url.raw_path_qs.encode()
    return b"%b %b HTTP/1.1\r\n" % (method.encode(), path) if _PRINTABLE.fullmatch(path) else None


async def _rest(exchange: PlainExchange, begun: bytes, length: int, limit: TimeLimit) -> bytes:
    limit.restart()
    body = bytearray(begun)
    while len(body) < length:
        body += await exchange.next()
        limit.restart()
    return bytes(body)


async def _read_by_aiohttp(exchange: PlainExchange, limit: TimeLimit, answer: Answer) -> bytes:
    """Return the body of an answer that is not plain, with chunks or without a length for example."""
    while True:
        message, content = await exchange.former.read()
        if not 100 <= message.code < 200 or message.code == 101:
            break
    answer.status, answer.headers = message.code, message.headers
    return await read_body(content, exchange.former, limit)
