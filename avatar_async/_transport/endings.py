"""Bodies as aiohttp reads them, whose readers are told when the connection ends."""

from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import aiohttp

if TYPE_CHECKING:
    from asyncio import Future

    from aiohttp.client_proto import ResponseHandler

_BROKEN: Final = "the body is not complete"


class Body:
    """The body of an answer, to be read within a `with` block.

    A body that breaks the rules of HTTP while its reader is behind leaves that reader waiting for ever
    (aiohttp 3.14): the parser's error goes to nobody, and no timer runs for a connection that is closed. So
    the end of the connection is watched here, unless aiohttp hides it.

    Args:
        content: What aiohttp reads the body into.
        protocol: What reads the connection; None if the whole body is here.
    """

    def __init__(self, content: aiohttp.StreamReader, protocol: "ResponseHandler | None") -> None:
        self._content = content
        self._protocol = protocol
        self._closed: Future[None] | None = None

    @classmethod
    def of(cls, response: aiohttp.ClientResponse) -> Self:
        """Return the body of an answer of which nothing is read yet."""
        connection = response.connection
        return cls(response.content, None if connection is None else connection.protocol)

    def __enter__(self) -> Self:
        if self._protocol is not None and hasattr(type(self._protocol), "closed"):
            self._closed = self._protocol.closed
            if self._closed is None:
                self._end()
            else:
                self._closed.remove_done_callback(_look_at)
                self._closed.add_done_callback(_look_at)
                self._closed.add_done_callback(self._seen)
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._closed is not None:
            self._closed.remove_done_callback(self._seen)

    async def more(self, most_bytes: int = -1) -> bytes:
        """Return what came, once something did; nothing after the last byte.

        Args:
            most_bytes: How much of it at most; -1 for all.

        Raises:
            aiohttp.ClientError, OSError: The connection broke off.
        """
        try:
            if most_bytes < 0:
                return await self._content.readany()
            return await self._content.read(most_bytes)
        except RuntimeError:
            if self._protocol is None or getattr(self._protocol, "connected", False):
                raise
            raise aiohttp.ClientPayloadError(_BROKEN) from None

    def _seen(self, _closed: "Future[None]") -> None:
        self._end()

    def _end(self) -> None:
        content = self._content
        if not content.is_eof() and content.exception() is None:
            content.set_exception(aiohttp.ClientPayloadError(_BROKEN))


def _look_at(closed: "Future[None]") -> None:
    """See the error that a connection ended with, or asyncio complains that nobody did."""
    if not closed.cancelled():
        closed.exception()
