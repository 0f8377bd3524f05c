"""Reading parts of a file, wherever it lies: the port, local files, and a window kept within a budget."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BufferedReader
from pathlib import Path
from typing import Protocol

import anyio.to_thread
from attrs import define, field, frozen

from avatar_async.errors import MediaError, MediaOutOfReachError

#: Bytes asked for beyond what is needed at once: tables of a video follow their headers.
BLOCK_BYTES = 64 * 1024
#: Bytes asked for first: they hold the headers of most videos that were made for the web.
FIRST_BLOCK_BYTES = 128 * 1024
_KEPT_BLOCKS = 8


class RangeReader(Protocol):
    """Give parts of one file that does not change meanwhile."""

    @property
    def size_bytes(self) -> int | None:
        """Length of the whole file; None before the first read, and where nobody tells it."""
        ...

    @property
    def near(self) -> bool:
        """Whether parts cost next to nothing, as those of a local file do."""
        ...

    async def read(self, offset: int, length: int) -> bytes:
        """Return the bytes at an offset, fewer than `length` only where the file ends.

        Raises:
            MediaOutOfReachError: This part cannot be had without reading too much else.
            AvatarError: The file cannot be read.
        """
        ...


class FileReader:
    """Parts of a local file."""

    near = True

    def __init__(self, stream: BufferedReader, size_bytes: int) -> None:
        self._stream = stream
        self.size_bytes: int | None = size_bytes

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path) -> AsyncIterator["FileReader"]:
        """Open a regular file for the block.

        Raises:
            MediaError: It is none, or cannot be opened.
        """
        stream, size_bytes = await anyio.to_thread.run_sync(_opened, path)
        with stream:
            yield cls(stream, size_bytes)

    async def read(self, offset: int, length: int) -> bytes:
        """Return the bytes at an offset; see `RangeReader.read`.

        Raises:
            MediaError: The disk does not give them.
        """
        return await anyio.to_thread.run_sync(self._read, offset, length)

    def _read(self, offset: int, length: int) -> bytes:
        try:
            self._stream.seek(offset)
            return self._stream.read(length)
        except (OSError, OverflowError) as error:
            raise MediaError(f"it cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _opened(path: Path) -> tuple[BufferedReader, int]:
    try:
        if not path.is_file():
            raise MediaError("it is not a regular file" if path.exists() else "there is no such file")
        stream = path.open("rb")
        return stream, stream.seek(0, 2)
    except (OSError, ValueError) as error:
        raise MediaError(f"it cannot be opened: {getattr(error, 'strerror', None) or error}") from error


@frozen(kw_only=True)
class Budget:
    """Bound what is read of one file.

    Attributes:
        reads: Reads at most.
        size_bytes: Bytes at most.
    """

    reads: int
    size_bytes: int


#: What headers may cost. Three reads do for every video but long ones, half an hour or so, of variable rate.
FAR, NEAR = Budget(reads=6, size_bytes=1 << 20), Budget(reads=50_000, size_bytes=256 << 20)


@define
class _Block:
    offset: int
    content: bytes

    def part(self, offset: int, length: int, size_bytes: int | None) -> bytes | None:
        """Return a part of this block, None if the block does not hold it."""
        end = offset + length if size_bytes is None else min(offset + length, size_bytes)
        if offset < self.offset or end > self.offset + len(self.content):
            return None
        return self.content[offset - self.offset : max(offset, end) - self.offset]


@define
class Window:
    """Read a file in blocks, keep the latest, and never read more than a budget."""

    reader: RangeReader
    budget: Budget
    reads: int = 0
    read_bytes: int = 0
    _blocks: list[_Block] = field(factory=list)
    _end: int | None = None
    _goal: int = 0

    @classmethod
    def over(cls, reader: RangeReader) -> "Window":
        """Return a window over a file with the budget that fits where it lies."""
        return cls(reader, NEAR if reader.near else FAR)

    @property
    def size_bytes(self) -> int | None:
        """Length of the whole file, as far as it is known by now."""
        return self._end if self._end is not None else self.reader.size_bytes

    def aim(self, goal: int) -> None:
        """Let reads go on to an offset if the budget allows: a request costs more than bytes."""
        self._goal = goal

    async def at(self, offset: int, length: int, *, ahead: int = BLOCK_BYTES) -> bytes:
        """Return the bytes at an offset, fewer only where the file ends.

        Args:
            offset: From the start of the file.
            length: How many are needed.
            ahead: How many are asked for if a read is needed anyway.

        Raises:
            MediaOutOfReachError: The budget is spent.
            AvatarError: The file cannot be read.
        """
        if self.size_bytes is not None and offset >= self.size_bytes:
            return b""
        for block in reversed(self._blocks):
            found = block.part(offset, length, self.size_bytes)
            if found is not None:
                return found
        left = self.budget.size_bytes - self.read_bytes
        rest = self._goal - offset
        wanted = max(length, rest if 0 < rest <= left else min(ahead, left))
        if self.reads >= self.budget.reads or self.read_bytes + length > self.budget.size_bytes:
            message = f"more than {self.read_bytes} bytes in {self.reads} reads would be needed"
            raise MediaOutOfReachError(message)
        self.reads += 1
        content = await self.reader.read(offset, wanted)
        self.read_bytes += len(content)
        if len(content) < wanted:
            self._end = offset + len(content)
        self._blocks = [*self._blocks[1 - _KEPT_BLOCKS :], _Block(offset, content)]
        return content[:length]

    @property
    def near(self) -> bool:
        """Whether parts cost next to nothing."""
        return self.reader.near

    async def read(self, offset: int, length: int) -> bytes:
        """Return the bytes at an offset, whatever the budget; see `RangeReader.read`.

        Raises:
            AvatarError: The file cannot be read.
        """
        if self.has(offset, length):
            return await self.at(offset, length)
        content = await self.reader.read(offset, length)
        self.reads += 1
        self.read_bytes += len(content)
        return content

    def at_hand(self, offset: int) -> bytes:
        """Return what is at hand from an offset on, without another read."""
        for block in reversed(self._blocks):
            if block.offset <= offset < block.offset + len(block.content):
                return block.content[offset - block.offset :]
        return b""

    def has(self, offset: int, length: int) -> bool:
        """Tell whether bytes are at hand without another read."""
        return any(block.part(offset, length, self.size_bytes) is not None for block in self._blocks)
