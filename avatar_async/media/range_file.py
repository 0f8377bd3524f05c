"""A file object over a range reader, for libraries that read files by themselves in a worker thread."""

import io
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO, TypeVar, cast

import anyio
import anyio.from_thread
import anyio.to_thread

from avatar_async.errors import AvatarError, MediaError, MediaOutOfReachError
from avatar_async.media.ranges import RangeReader

if TYPE_CHECKING:
    from typing_extensions import Buffer

Result = TypeVar("Result")

#: How long one file may keep a worker thread, in seconds.
PATIENCE_S = 30.0
_BLOCK_BYTES = 128 * 1024
_KEPT_BLOCKS = 24


class RangeFile(io.RawIOBase):
    """Read a file whose parts an event loop fetches, from a thread that this loop waits for.

    Args:
        reader: Gives the parts.
        size_bytes: Length of the whole file.
        most_bytes: Bytes fetched at most.
        patience_s: How long parts are fetched, from now on.
    """

    def __init__(self, reader: RangeReader, size_bytes: int, *, most_bytes: int, patience_s: float) -> None:
        super().__init__()
        self._reader = reader
        self._size_bytes = size_bytes
        self._most_bytes = most_bytes
        self._ends_at = time.monotonic() + patience_s
        self._at = 0
        self._fetched_bytes = 0
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        #: Why a part could not be had; libraries report their own errors instead of it.
        self.failure: AvatarError | None = None

    @property
    def late(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() > self._ends_at

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def seekable(self) -> bool:
        """Tell that any part of it can be read."""
        return True

    def tell(self) -> int:
        """Return where the next read begins."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Set where the next read begins."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size_bytes}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: "Buffer") -> int:
        """Fill a buffer with the next bytes, wholly unless the file ends.

        Pillow takes any shorter read for the end of the file.

        Raises:
            AvatarError: They cannot be had, or more would be fetched than may be.
        """
        view = memoryview(buffer).cast("B")
        filled = 0
        while filled < len(view):
            content = self._next(len(view) - filled)
            if not content:
                break
            view[filled : filled + len(content)] = content
            self._at += len(content)
            filled += len(content)
        return filled

    def _next(self, length: int) -> bytes:
        number, skipped = divmod(self._at, _BLOCK_BYTES)
        if length == 0 or self._at >= self._size_bytes:
            return b""
        block = self._blocks.pop(number, None)
        if block is None:
            block = self._fetch(number)
        self._blocks[number] = block
        while len(self._blocks) > _KEPT_BLOCKS:
            self._blocks.popitem(last=False)
        return block[skipped : skipped + length]

    def _fetch(self, number: int) -> bytes:
        try:
            if self.late:
                raise MediaOutOfReachError("reading it takes too long")
            if self._fetched_bytes >= self._most_bytes:
                raise MediaOutOfReachError("too much of it would have to be read")
            block = anyio.from_thread.run(self._reader.read, number * _BLOCK_BYTES, _BLOCK_BYTES)
        except AvatarError as error:
            self.failure = error
            raise
        self._fetched_bytes += len(block)
        return block


async def in_thread(
    reader: RangeReader,
    size_bytes: int,
    work: Callable[[BinaryIO, RangeFile], Result],
    *,
    most_bytes: int,
    limiter: anyio.CapacityLimiter | None = None,
) -> Result:
    """Return what work in a worker thread returns; cancelled, it waits for the thread to notice.

    Args:
        reader: The file.
        size_bytes: Its length.
        work: Given the file as libraries want it, and what is known of its reading.
        most_bytes: Bytes read at most.
        limiter: Bounds how many such threads there are.

    Raises:
        AvatarError: What the work raises, or why the file could not be read on.
    """
    file = RangeFile(reader, size_bytes, most_bytes=most_bytes, patience_s=PATIENCE_S)

    def guarded() -> Result:
        try:
            return work(cast("BinaryIO", file), file)
        except Exception as error:
            if file.failure is not None:
                raise file.failure from None
            if isinstance(error, AvatarError | ImportError):
                raise
            # Hostile files break decoders in ways that no list of errors foresees.
            raise MediaError(f"it cannot be decoded ({type(error).__name__})") from error

    return await anyio.to_thread.run_sync(guarded, limiter=limiter)
