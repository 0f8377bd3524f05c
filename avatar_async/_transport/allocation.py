"""Sparing the C library's allocator a detour."""

from functools import cache
from typing import Final

#: More than any block that is asked for again and again: the receive buffers of 256 KiB.
_KEPT_BYTES: Final = 4 << 20


@cache
def keep_blocks() -> None:
    """Teach the allocator, once, to keep blocks of some 100 KiB for the next use.

    glibc fetches such blocks from the system and gives them back each time, which costs 64 page faults for
    every receive buffer: until it has seen a longer one freed, which it takes as a sign of how long the
    blocks of this program are. So one is taken and freed here, untouched: it never occupies memory. Where the
    user has set glibc's thresholds, they stay; other C libraries just take and free it.
    """
    bytes(_KEPT_BYTES)
