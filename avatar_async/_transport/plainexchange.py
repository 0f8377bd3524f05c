"""One plain request and its answer, over a connection that aiohttp made."""

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, Final

import aiohttp
from aiohttp.connector import Connection

from avatar_async._transport import receiving
from avatar_async._transport.blocks import BlockShares
from avatar_async._transport.heads import MOST_HEAD_BYTES, Head, read_head
from avatar_async._transport.pending import has_more
from avatar_async._transport.rooms import Room

if TYPE_CHECKING:
    from aiohttp.client_proto import ResponseHandler

#: Bytes that wait for the reader before the host has to wait.
_MOST_AHEAD_BYTES: Final = 512 << 10
#: Longest body that is received block by block; up to `LARGE_BYTES` it has memory of its own.
_MOST_BLOCKS_BYTES: Final = 64 << 10
_BEGINNING: Final = b"HTTP/1.1 "


class OddAnswerError(Exception):
    """Tell that an answer is not plain: aiohttp's own reader has it now."""


class PlainExchange(asyncio.Protocol):
    """A request and its answer: `ask`, then `next` to the end of the body, then `again` or `close`.

    It takes the place of aiohttp's protocol on the connection until it is closed. An answer that is not plain
    is handed over to that protocol, as if it had been there all the time.

    Silence is counted in looks while the process runs: one that was stopped first reads what came.

    Args:
        connection: An idle connection, held for this exchange.
        used: Whether it may have carried another request before.
        patience_s: Seconds for which the reader is not told of what came, if more is to come soon.

    Raises:
        aiohttp.ServerDisconnectedError: It was closed meanwhile.
    """

    def __init__(self, connection: Connection, *, used: bool, patience_s: float = 0.0) -> None:
        former = connection.protocol
        assert former is not None
        if former.transport is None:
            connection.close()
            raise aiohttp.ServerDisconnectedError
        self._connection = connection
        self._transport: asyncio.Transport = former.transport
        self._patience_s = patience_s
        #: Whether it has the place of aiohttp's protocol.
        self._placed = False
        #: aiohttp's protocol.
        self.former: ResponseHandler = former
        self._begin(used=used)

    def _begin(self, *, used: bool) -> None:
        self._unread = b""
        self._blocks: list[bytes | bytearray] = []
        self._ahead_bytes = 0
        self._most_ahead_bytes = _MOST_AHEAD_BYTES
        #: Bytes of the body that did not come yet.
        self._left = 0
        self._paused = False
        #: Where the rest of the body goes, if that is not among the blocks.
        self._room: Room | None = None
        #: Whether the whole answer came, or the connection is aiohttp's again.
        self._ended = False
        #: Whether nothing came that does not belong to the answer.
        self._clean = True
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._silent_looks = 0
        #: When the reader is told of what came, though more is to come.
        self._ripe_at_s = 0.0
        #: What the answer said before its body, as soon as that is known and could be read.
        self.head: Head | None = None
        #: Whether any byte of the answer came.
        self.answered = False
        self.used = used

    # ------------------------------------------------------------ the reader's side
    async def ask(self, request: bytes) -> Head:
        """Send a request and return the head of its answer.

        Raises:
            OddAnswerError: The answer is not plain.
            aiohttp.ClientError, OSError: It did not come.
        """
        if not self._placed:
            self._placed = True
            self._transport.set_protocol(self)
        self._transport.write(request)
        while (head := self.head) is None:
            await self._more()
        if head.length is None:
            raise OddAnswerError
        return head

    async def next(self) -> bytes | bytearray:
        """Return what came of the body; nothing after its last byte.

        Raises:
            aiohttp.ClientError, OSError: It broke off; what came before was returned.
        """
        while not self._blocks:
            if not self._left:
                return b""
            await self._more()
        return self.take()

    def take(self) -> bytes | bytearray:
        """Return what came of the body and was not read yet, be it nothing."""
        blocks = self._blocks
        if not blocks:
            return b""
        body = blocks[0] if len(blocks) == 1 else b"".join(blocks)
        blocks.clear()
        self._ahead_bytes = 0
        if self._paused:
            self._paused = False
            self._transport.resume_reading()
        return body

    def lend(self, silence_s: float, shares: BlockShares) -> tuple[bytes, receiving.Receiver] | None:
        """Have a long body received straight into blocks, from after its head on.

        Args:
            silence_s: Seconds without a byte after which the host is given up.
            shares: Where blocks come from.

        Returns:
            What came of the body, and who receives the rest, to be closed before this is; None if it is not
            long, or the connection broke meanwhile: then it comes by `next`.
        """
        long = self.head is not None and (self.head.length or 0) > receiving.LARGE_BYTES
        if not (long and self._left) or self._error is not None or self._transport.is_closing():
            return None
        begun = b"".join(self._blocks)
        self._blocks.clear()
        self._placed = False
        receiver = receiving.Receiver(
            self._transport,
            left_bytes=self._left,
            offset=len(begun),
            silence_s=silence_s,
            shares=shares,
            give_back=self._take_back,
        )
        self._left = 0
        return begun, receiver

    def _take_back(self) -> bool:
        self._give_back()
        return True

    @property
    def over(self) -> bool:
        """Whether the whole answer and no more came, so that the connection can carry another request."""
        if self._error is not None or self._transport.is_closing() or not self._whole:
            return False
        # What comes while aiohttp's protocol is back in its place, that notices.
        return self._placed or not self.former.should_close

    @property
    def _whole(self) -> bool:
        return self._ended and self._clean and not self._transport.get_write_buffer_size()

    def again(self) -> bool:
        """Begin anew over the same connection, after one that is over; return whether it is still good.

        If it is not, it is closed: what came since, though nobody read it yet, is no answer to what is asked
        now.
        """
        if not self.over or has_more(self._transport):
            self.close()
            return False
        self._begin(used=True)
        return True

    def close(self, *, kept: bool = False) -> None:
        """Let go of the connection; aiohttp keeps it for others if the exchange is over.

        Args:
            kept: Whether it may be kept at all.
        """
        whole = self._whole
        if self._placed:
            self._give_back()
        if kept and whole:
            self._connection.release()
            return
        self._transport.abort()
        self._connection.close()
        self._fail(aiohttp.ClientConnectionError("the connection was closed here"))

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
        if self._patience_s:
            self._ripe_at_s = monotonic() + self._patience_s
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    # ------------------------------------------------------------ the connection's side
    def data_received(self, data: bytes) -> None:
        """Take what came: a head and its body, and nothing else."""
        self.answered = True
        first = self.head is None
        if first:
            begun = self._after_head(data)
            if begun is None:
                return
            data = begun
        self._silent_looks = 0
        left = self._left - len(data)
        if left < 0:
            # The next answer cannot be told from this: the body counts, the connection does not.
            data, left, self._clean = data[:left], 0, False
        self._left = left
        if first and left and self._patience_s:
            length = left + len(data)
            if _MOST_BLOCKS_BYTES < length <= receiving.LARGE_BYTES:
                self._room = Room(length, data, self._filled, self)
                self._transport.set_protocol(self._room)
                return
        if data:
            self._blocks.append(data)
        if not left:
            self._ended = True
        elif not self._paused:
            self._ahead_bytes += len(data)
            if self._ahead_bytes >= self._most_ahead_bytes:
                self._paused = True
                self._transport.pause_reading()
            elif self._patience_s and monotonic() < self._ripe_at_s:
                return
        self._wake()

    def _after_head(self, data: bytes) -> bytes | None:
        """Read the head of the answer; return what came behind it, None if it is not whole or not plain."""
        # A head that comes in drips is as good as none: silence goes on until it is whole.
        if self._unread:
            data = self._unread + data
        end = data.find(b"\r\n\r\n", 0, MOST_HEAD_BYTES)
        if end < 0:
            self._unread = data
            if len(data) >= MOST_HEAD_BYTES or not _BEGINNING.startswith(data[: len(_BEGINNING)]):
                self._hand_over(data)
            return None
        head = self.head = read_head(data[: end + 2])
        if head is None or head.length is None:
            self._hand_over(data)
            return None
        self._unread = b""
        self._left = head.length
        # The rest of a long body may be somebody else's to receive.
        self._most_ahead_bytes = _MOST_AHEAD_BYTES if head.length <= receiving.LARGE_BYTES else 0
        return data[end + 4 :]

    def _filled(self, count_bytes: int) -> None:
        """Take note of bytes that went to the body's own memory."""
        self._silent_looks = 0
        self._left -= count_bytes
        if not self._left:
            self._transport.set_protocol(self)
            self._ended = True
            self._leave_room()
        elif monotonic() >= self._ripe_at_s:
            self._take_room()
        else:
            return
        self._wake()

    def _take_room(self) -> None:
        if self._room is not None and (piece := self._room.take()):
            self._blocks.append(piece)

    def _leave_room(self) -> None:
        self._take_room()
        room, self._room = self._room, None
        if room is not None:
            room.leave()

    def eof_received(self) -> None:
        """End: the host says no more."""
        self._end(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """End, and pass it on to aiohttp, whose session waits for it when it closes."""
        self._end(exc)
        self._ended = True
        self.former.connection_lost(exc)

    def _end(self, exc: Exception | None) -> None:
        if self._ended:
            self._clean = False
        elif self._unread:
            self._hand_over(self._unread)
        elif exc is None and self.head is not None:
            self._fail(aiohttp.ClientPayloadError("the body is not complete"))
        else:
            self._fail(exc or aiohttp.ServerDisconnectedError())

    def _hand_over(self, data: bytes) -> None:
        """Have aiohttp read the answer from its first byte."""
        self._unread = b""
        self._error = OddAnswerError()
        self._give_back()
        self.former.set_response_params(read_until_eof=True, auto_decompress=False)
        self.former.data_received(data)
        self._wake()

    def _give_back(self) -> None:
        self._leave_room()
        self._ended, self._placed = True, False
        self._transport.set_protocol(self.former)

    def _fail(self, error: Exception) -> None:
        if self._error is None:
            self._take_room()
            self._error = error
            self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
