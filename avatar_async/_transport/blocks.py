"""Memory that the bodies of long downloads are received into, shared by those that run."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from mmap import MAP_ANONYMOUS, MAP_PRIVATE, mmap
from typing import Final

#: Most that is handed on of a block at once, and the least that one is worth having.
_MOST_BYTES: Final = 512 << 10
LEAST_BYTES: Final = 64 << 10
#: Length of a block: only what was received into is occupied.
_ROOM_BYTES: Final = 1 << 20
#: What all bodies together may have received ahead of their readers.
_ALL_BYTES: Final = 16 << 20
#: Blocks of one body: one is filled, one is full, and three are with the reader.
_AT_ONCE: Final = 5
#: Blocks that are kept while no body runs, for the next ones.
_KEPT: Final = 8
#: Blocks of bodies that ended which are waited for: a reader that was cancelled never releases its own.
_MOST_LEFT: Final = 32


class BlockShares:
    """Blocks for all bodies, and how much of them each may use, so that all together stay within a bound.

    Blocks are memory of the system's own. What is fresh from there costs more than to receive into it, so the
    block that was used last is used first.
    """

    def __init__(self) -> None:
        self._running = 0
        self._idle: list[mmap] = []
        #: Blocks of bodies that ended, which their readers may still use.
        self._left: list[tuple[mmap, memoryview]] = []

    @contextmanager
    def engaged(self) -> Iterator[None]:
        """Count a body in."""
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1
            if not self._running:
                # What a reader still uses goes when it is released.
                del self._left[_KEPT:]
                del self._idle[max(0, _KEPT - len(self._left)) :]

    @property
    def most_bytes(self) -> int:
        """Most that is handed on at once at present: a power of two."""
        share = _ALL_BYTES // (_AT_ONCE * max(1, self._running))
        return 1 << (max(LEAST_BYTES, min(_MOST_BYTES, share)).bit_length() - 1)

    def take(self, least_bytes: int) -> mmap:
        """Return a block of at least so many bytes."""
        if self._left:
            self._idle += [block for block, view in self._left if _released(view)]
            self._left = [(block, view) for block, view in self._left if not _released(view)]
        if self._idle and least_bytes <= _ROOM_BYTES:
            return self._idle.pop()
        return mmap(-1, max(least_bytes, _ROOM_BYTES), flags=MAP_PRIVATE | MAP_ANONYMOUS)

    def give(self, block: mmap) -> None:
        """Take back a block that nobody uses."""
        if len(block) == _ROOM_BYTES:
            self._idle.append(block)

    def leave(self, block: mmap, view: memoryview) -> None:
        """Take back a block once a view of it is released."""
        if len(block) == _ROOM_BYTES:
            self._left.append((block, view))
            del self._left[:-_MOST_LEFT]


class Blocks:
    """Blocks of one body, each used again once the view that was lent of it is released."""

    def __init__(self, shares: BlockShares) -> None:
        self._shares = shares
        self._lent: deque[tuple[mmap, memoryview]] = deque()

    def take(self, least_bytes: int) -> mmap:
        """Return a block of at least so many bytes."""
        lent = self._lent
        while lent and _released(lent[0][1]):
            self._shares.give(lent.popleft()[0])
        return self._shares.take(least_bytes)

    def lend(self, block: mmap, count_bytes: int) -> memoryview:
        """Return the first bytes of a block, to be released by whoever has used them."""
        view = memoryview(block)[:count_bytes]
        self._lent.append((block, view))
        return view

    def give(self, block: mmap) -> None:
        """Give a block back that was not lent."""
        self._shares.give(block)

    def close(self) -> None:
        """Leave the blocks to other bodies, as soon as nobody uses them."""
        for block, view in self._lent:
            self._shares.leave(block, view)
        self._lent.clear()


def _released(view: memoryview) -> bool:
    try:
        return view.nbytes < 0
    except ValueError:
        return True
