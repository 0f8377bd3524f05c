"""Writing whole bodies and many chunks to files. Blocking; for worker threads."""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final

from avatar_async._jobs.ports import Chunk

#: Chunks that every system takes in one call.
_MOST_AT_ONCE: Final = 512
#: Bytes written in one call. The page cache takes as long a piece of memory for them as it finds, and pieces
#: of 2 MiB are those that a virtual machine has given back to its host, which makes them ten times as dear.
_MOST_BYTES: Final = 1 << 20


def write_all(descriptor: int, chunks: Sequence[Chunk], offset: int) -> int:
    """Write chunks from an offset on, in as few calls as is good for the system; return where they end.

    Raises:
        OSError: The system refuses; some of them may be written.
    """
    for group in _groups(chunks):
        rest = [*group]
        while rest:
            written = os.pwritev(descriptor, rest, offset)
            offset += written
            while rest and written >= len(rest[0]):
                written -= len(rest.pop(0))
            if rest:
                rest[0] = memoryview(rest[0])[written:]
    return offset


def write_whole(descriptor: int, body: bytes | bytearray) -> None:
    """Write a short body to where the file stands.

    Raises:
        OSError: The system refuses; some of it may be written.
    """
    written = os.write(descriptor, body)
    while written < len(body):
        written += os.write(descriptor, memoryview(body)[written:])


def begin_writing_out(descriptor: int) -> None:
    """Have the system begin to bring what was written to the disk, if it can, without waiting."""
    if hasattr(os, "posix_fadvise"):
        with suppress(OSError):
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


def _groups(chunks: Sequence[Chunk]) -> Iterator[Sequence[Chunk]]:
    """Yield what is written in one call each."""
    first, count_bytes = 0, 0
    for number, chunk in enumerate(chunks):
        count_bytes += len(chunk)
        if count_bytes > _MOST_BYTES or number - first >= _MOST_AT_ONCE:
            if number > first:
                yield chunks[first:number]
            first, count_bytes = number, len(chunk)
    if first < len(chunks):
        yield chunks[first:]
