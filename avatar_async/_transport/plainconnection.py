"""One connection of our own: a plain request at a time, its answer as it comes."""

import asyncio
from typing import Final, cast

import aiohttp

from avatar_async._transport.heads import MOST_HEAD_BYTES, Head, read_head

#: Bytes that wait for the reader before the host has to wait.
_MOST_AHEAD_BYTES: Final = 512 << 10


class OddAnswerError(Exception):
    """Tell that an answer is not plain."""


class PlainConnection(asyncio.Protocol):
    """A connection that carries one request after the other; made by the loop.

    Silence is counted in looks while the process runs: one that was stopped first reads what came.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        #: Whether a request is under way.
        self._busy = False
        self._unread = b""
        self._head: Head | None = None
        self._blocks: list[bytes] = []
        self._ahead_bytes = 0
        #: Bytes of the body that did not come yet.
        self._left = 0
        self._paused = False
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._silent_looks = 0
        #: Whether any byte of the latest answer came.
        self.answered = False
        #: Whether it carried an answer to its end before.
        self.used = False
        #: When that was, in seconds of the loop's time.
        self.used_at_s = 0.0

    @property
    def usable(self) -> bool:
        """Whether another request may be sent: the last answer is read to its end, nothing came behind it."""
        return (
            self._error is None
            and not self._busy
            and self._transport is not None
            and not self._transport.is_closing()
        )

    # ------------------------------------------------------------ the reader's side
    async def ask(self, request: bytes) -> Head:
        """Send a request and return the head of its answer; cancelled, the connection is to be closed.

        Raises:
            OddAnswerError: The answer is not plain.
            aiohttp.ClientError, OSError: It did not come.
        """
        assert self._transport is not None
        assert self.usable
        self._busy, self.answered, self._head, self._unread = True, False, None, b""
        self._transport.write(request)
        while True:
            await self._more()
            head: Head | None = self._head
            if head is not None:
                return head

    async def next(self) -> bytes:
        """Return what came of the body; nothing after its last byte.

        Raises:
            aiohttp.ClientError, OSError: It broke off; what came before was returned.
        """
        while not self._blocks:
            if not self._left:
                self._busy = False
                return b""
            await self._more()
        body = self._blocks[0] if len(self._blocks) == 1 else b"".join(self._blocks)
        self._blocks.clear()
        self._ahead_bytes = 0
        if not self._left:
            self._busy = False
        if self._paused:
            self._paused = False
            assert self._transport is not None
            self._transport.resume_reading()
        return body

    def close(self) -> None:
        """Cut the connection."""
        if self._transport is not None:
            self._transport.abort()

    def look(self, most: int) -> None:
        """Give the host up if nothing came for so many looks although somebody waits."""
        if self._waiter is None:
            return
        self._silent_looks += 1
        if self._silent_looks > most:
            self._fail(aiohttp.SocketTimeoutError("the host fell silent"))

    async def _more(self) -> None:
        if self._error is not None:
            raise self._error
        self._silent_looks = 0
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    # ------------------------------------------------------------ the connection's side
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Take what came: a head and its body, and nothing else."""
        self._silent_looks = 0
        if not self._busy:
            self._fail(OddAnswerError("bytes that nobody asked for"))
            return
        self.answered = True
        if self._head is None:
            data = self._read_head(data)
            if self._head is None:
                return
        if len(data) > self._left:
            # The next answer cannot be told from this: the body counts, the connection does not.
            data = data[: self._left]
            self._error = OddAnswerError("bytes behind the answer")
        if data:
            self._left -= len(data)
            self._blocks.append(data)
            self._ahead_bytes += len(data)
            if self._ahead_bytes >= _MOST_AHEAD_BYTES and self._left and not self._paused:
                self._paused = True
                assert self._transport is not None
                self._transport.pause_reading()
        self._wake()

    def _read_head(self, data: bytes) -> bytes:
        """Read the head once it is there, and return what follows it."""
        if self._unread:
            data = self._unread + data
        end = data.find(b"\r\n\r\n", 0, MOST_HEAD_BYTES)
        if end < 0:
            self._unread = data
            if len(data) >= MOST_HEAD_BYTES:
                self._fail(OddAnswerError("a long head"))
            return b""
        self._head = read_head(data[: end + 2])
        if self._head is None:
            self._fail(OddAnswerError("not plain"))
            return b""
        self._left = self._head.length
        return data[end + 4 :]

    def eof_received(self) -> None:
        """End: the host says no more."""
        self._end(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._end(exc)

    def _end(self, exc: Exception | None) -> None:
        if exc is None and self._head is not None and self._left:
            exc = aiohttp.ClientPayloadError("the body is not complete")
        self._fail(exc or aiohttp.ServerDisconnectedError())

    def _fail(self, error: Exception) -> None:
        if self._error is None:
            self._error = error
            self._wake()
        if self._transport is not None and not isinstance(error, OSError):
            self._transport.abort()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
