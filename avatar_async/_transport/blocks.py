"""Memory that the bodies of large downloads are received into, shared by those that run."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from mmap import mmap
from typing import Final

#: Longest block, and the least that one is worth having.
_MOST_BYTES: Final = 1 << 20
LEAST_BYTES: Final = 64 << 10
#: What all bodies together may have received ahead of their readers.
_ALL_BYTES: Final = 16 << 20
#: Blocks of one body: one is filled, one is full, and two are with the reader.
_AT_ONCE: Final = 4


class BlockShares:
    """How long blocks may be, so that all bodies together stay within a bound."""

    def __init__(self) -> None:
        self._running = 0

    @contextmanager
    def engaged(self) -> Iterator[None]:
        """Count a body in."""
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1

    @property
    def most_bytes(self) -> int:
        """Longest block at present: a power of two."""
        share = _ALL_BYTES // (_AT_ONCE * max(1, self._running))
        return 1 << (max(LEAST_BYTES, min(_MOST_BYTES, share)).bit_length() - 1)


class Blocks:
    """Blocks of one body, each used again once the view that was lent of it is released.

    They are memory of the system's, not of the allocator's, which would keep it: only what was received
    into is occupied, and all of it is given back at the end.
    """

    def __init__(self) -> None:
        self._lent: deque[tuple[mmap, memoryview]] = deque()

    def take(self, size_bytes: int) -> mmap:
        """Return a block of at least so many bytes."""
        for _ in range(len(self._lent)):
            block, view = self._lent.popleft()
            if not _released(view):
                self._lent.append((block, view))
            elif size_bytes <= len(block) <= 2 * size_bytes:
                return block
        return mmap(-1, size_bytes)

    def lend(self, block: mmap, count_bytes: int) -> memoryview:
        """Return the first bytes of a block, to be released by whoever has used them."""
        view = memoryview(block)[:count_bytes]
        self._lent.append((block, view))
        return view


def _released(view: memoryview) -> bool:
    try:
        return view.nbytes < 0
    except ValueError:
        return True
