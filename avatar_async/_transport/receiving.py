"""Receiving a long body straight into memory of ours: no parser, no copy, no allocation for each read."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import aiohttp
from aiohttp import hdrs

from avatar_async._transport.blocks import LEAST_BYTES, Blocks, BlockShares
from avatar_async._transport.lending import lends
from avatar_async._transport.windows import open_window

if TYPE_CHECKING:
    from mmap import mmap

#: Length of the longest body that is not received this way.
LARGE_BYTES: Final = 1 << 20
#: Full blocks that wait for the reader before the host has to wait.
_AHEAD: Final = 2
#: What TLS may hand over at once: asyncio reads 256 KiB, beside the rest of a record that it has already.
_TLS_BYTES: Final = (256 + 17) << 10
#: A block shall last no shorter and no longer than this, in seconds.
_SHORT_S, _LONG_S = 0.02, 0.1
#: Seconds after which a reader who waits gets a block that is not full.
_TICK_S: Final = 0.1


class Receiver(asyncio.BufferedProtocol):
    """Take a connection over from whoever read the head of its answer.

    Made inside a running event loop. When the last byte came and nothing more, the connection is given back;
    otherwise it is never used again, and whoever made this closes it.

    Args:
        transport: The connection.
        left_bytes: Bytes of the body that are still to come; not one more is handed on.
        offset: Where in the file they begin.
        silence_s: Seconds without a byte after which the host is given up.
        shares: Where blocks come from.
        give_back: Gives the connection back; returns whether that could be done.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        *,
        left_bytes: int,
        offset: int,
        silence_s: float,
        shares: BlockShares,
        give_back: Callable[[], bool],
    ) -> None:
        self._transport = transport
        self._former: asyncio.BaseProtocol | None = transport.get_protocol()
        self._left = left_bytes
        self._offset = offset
        self._silence_s = silence_s
        self._shares = shares
        self._give_back = give_back
        self._blocks = Blocks(shares)
        self._size = min(4 * LEAST_BYTES, shares.most_bytes)
        self._over = 0 if transport.get_extra_info("ssl_object") is None else _TLS_BYTES
        self._enough = 0
        self._block: mmap | None = None
        self._room: memoryview | None = None
        self._filled = 0
        self._ready: deque[memoryview] = deque()
        self._error: BaseException | None = None
        self._reader: asyncio.Future[None] | None = None
        self._kept = self._closed = False
        self._loop = asyncio.get_running_loop()
        self._heard_at_s = self._asked_at_s = self._loop.time()
        transport.pause_reading()
        open_window(transport)
        transport.set_protocol(self)
        self._begin(0)
        transport.resume_reading()
        self._timer = self._loop.call_later(self._tick_s, self._tick)

    # ------------------------------------------------------------ the reader's side
    async def next(self) -> memoryview | None:
        """Return what came, to be released after use; None after the last byte.

        Cancelled, nothing is lost.

        Raises:
            aiohttp.ClientPayloadError: The connection ended before the body did; what came was returned.
            aiohttp.SocketTimeoutError: Nothing came for too long.
        """
        while not self._ready:
            if self._error is not None:
                raise self._error
            if not self._left:
                return None
            self._reader = self._loop.create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        view = self._ready.popleft()
        self._judge_size()
        if self._block is None and self._left and self._error is None:
            self._begin(0)
            self._heard_at_s = self._loop.time()
            self._transport.resume_reading()
        return view

    def close(self) -> None:
        """Cut the connection, unless it was given back: it cannot carry another request."""
        if self._closed:
            return
        self._closed = True
        self._timer.cancel()
        self._complete()
        for view in self._ready:
            view.release()
        self._ready.clear()
        self._blocks.close()
        if self._kept:
            self._former = None
        else:
            self._transport.abort()
        # asyncio's TLS layer keeps our methods: they would keep each other, and all buffers, alive.
        del self._transport, self._give_back

    # ------------------------------------------------------------ the connection's side
    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where the next bytes go.

        TLS tells how much it holds: that goes into one block, since what it cannot hand over at once is lost
        when the host closes the connection meanwhile.
        """
        if self._closed or self._error is not None or not self._left:
            return memoryview(bytearray(1))
        if self._room is None or self._filled + min(sizehint, self._left) > len(self._room):
            self._complete()
            self._begin(sizehint)
        assert self._room is not None
        return self._room[self._filled :]

    def buffer_updated(self, nbytes: int) -> None:
        """Note that bytes came."""
        if self._closed or self._error is not None or self._room is None:
            return
        self._heard_at_s = self._loop.time()
        self._filled += nbytes
        self._left -= nbytes
        if self._left <= 0:
            self._end(clean=not self._left)
            return
        if self._filled < self._enough:
            return
        self._complete()
        if len(self._ready) < _AHEAD:
            self._begin(0)
        else:
            self._transport.pause_reading()

    def _end(self, *, clean: bool) -> None:
        """Hand the last bytes on, and the connection back if nothing came behind them."""
        if not clean:
            self._filled += self._left
            self._left = 0
        self._complete()
        self._kept = clean and self._give_back()
        if not self._kept:
            self._transport.pause_reading()

    def eof_received(self) -> None:
        """End early, or never know: after the last byte nothing is read."""
        self._fail(aiohttp.ClientPayloadError("the body is not complete"))

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass it on, in the end to aiohttp, whose session waits for it when it closes.

        It keeps the error that it makes of it, and with that whoever called.
        """
        self._fail(aiohttp.ClientPayloadError("the body is not complete"))
        self._timer.cancel()
        former, self._former = self._former, None
        if former is not None:
            self._loop.call_soon(former.connection_lost, exc)

    # ------------------------------------------------------------ blocks
    def _begin(self, least_bytes: int) -> None:
        """Begin a block, which is handed on from the next multiple of its length in the file on.

        Over TLS it has room for more than that: so whatever TLS holds goes into it, and it is never handed on
        half empty because that would not.
        """
        wanted = self._size - self._offset % self._size
        block = self._block = self._blocks.take(max(self._size + self._over, least_bytes))
        # One byte more than the body has, to notice what does not belong to it.
        self._room = memoryview(block)[: min(max(wanted + self._over, least_bytes), self._left + 1)]
        self._enough = min(wanted, self._left)
        self._filled = 0

    def _complete(self) -> None:
        """Give the reader what the block holds."""
        block, filled = self._block, self._filled
        self._block = self._room = None
        self._filled = 0
        if block is not None and filled:
            self._ready.append(self._blocks.lend(block, filled))
            self._offset += filled
        elif block is not None:
            self._blocks.give(block)
        self._wake()

    def _judge_size(self) -> None:
        """Have blocks last neither so short that each costs too much, nor so long that nothing moves."""
        now_s = self._loop.time()
        lasted_s, self._asked_at_s = now_s - self._asked_at_s, now_s
        if lasted_s < _SHORT_S:
            self._size *= 2
        elif lasted_s > _LONG_S:
            self._size = max(LEAST_BYTES, self._size // 2)
        self._size = min(self._size, self._shares.most_bytes)

    # ------------------------------------------------------------ time and errors
    @property
    def _tick_s(self) -> float:
        return min(_TICK_S, self._silence_s / 4)

    def _tick(self) -> None:
        """Look for silence, and for a reader who waits for a block that fills slowly."""
        self._timer = self._loop.call_later(self._tick_s, self._tick)
        if self._block is None:
            return
        if self._loop.time() - self._heard_at_s >= self._silence_s:
            self._fail(aiohttp.SocketTimeoutError("the host fell silent"))
        elif self._filled and self._reader is not None and not self._ready:
            self._complete()
            self._begin(0)

    def _fail(self, error: BaseException) -> None:
        """End with an error, after what came before it."""
        if self._left and self._error is None and not self._closed:
            self._complete()
            self._error = error
            self._transport.pause_reading()

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)


def take_over(
    response: aiohttp.ClientResponse, *, offset: int, silence_s: float, shares: BlockShares
) -> tuple[bytes, Receiver | None]:
    """Leave aiohttp's way of reading, if the body is long and its length was told.

    Args:
        response: An answer whose headers are checked; nothing of its body was read.
        offset: Where in the file its body begins.
        silence_s: Seconds without a byte after which the host is given up.
        shares: Where blocks come from.

    Returns:
        Bytes that came already, and who receives the rest; None if that is left to aiohttp, as it is when the
        connection broke meanwhile, or where aiohttp does not lend it.
    """
    content, connection = response.content, response.connection
    former = None if connection is None else connection.protocol
    length = None if hdrs.TRANSFER_ENCODING in response.headers else response.content_length
    transport = None if connection is None else connection.transport
    if length is None or length <= LARGE_BYTES or former is None or transport is None:
        return b"", None
    if not lends(former) or transport.is_closing() or content.exception() is not None:
        return b"", None
    transport.pause_reading()
    came: list[bytes] = []
    while block := content.read_nowait():
        came.append(block)
    begun = b"".join(came)
    if content.is_eof():
        return begun, None

    def give_back() -> bool:
        if content.exception() is not None or response.connection is None:
            return False
        transport.set_protocol(former)
        former.set_response_params()  # or what comes next would be taken for a part of this body
        content.feed_eof()
        return True

    receiver = Receiver(
        transport,
        left_bytes=length - content.total_bytes,
        offset=offset + content.total_bytes,
        silence_s=silence_s,
        shares=shares,
        give_back=give_back,
    )
    return begun, receiver
