"""The boxes of an MP4 or MOV file (ISO/IEC 14496-12, section 4.2; QuickTime calls them atoms)."""

from collections.abc import AsyncIterator

from attrs import frozen

from avatar_async.errors import MediaError
from avatar_async.media.ranges import Window

_HEADER_BYTES, _LONG_HEADER_BYTES = 8, 16
#: Boxes of one level at most; real files have a few dozen.
_MOST_BOXES = 10_000


@frozen(kw_only=True)
class Box:
    """One box.

    Attributes:
        kind: Its four characters, such as `moov`.
        offset: Where its header begins in the file.
        body: Where its content begins.
        end: Where it says that it ends, which may lie past the file's end.
    """

    kind: str
    offset: int
    body: int
    end: int

    @property
    def body_bytes(self) -> int:
        """Length of its content."""
        return self.end - self.body


async def boxes(window: Window, start: int, end: int | None, *, ahead: int) -> AsyncIterator[Box]:
    """Yield the boxes between two offsets, reading their headers only.

    A last box whose header the file does not hold whole is left out.

    Args:
        window: The file.
        start: Where the first one begins.
        end: Where the box around them ends; None at the top level, where they go on to the file's end.
        ahead: Bytes to read at a time where headers are not at hand.

    Raises:
        MediaError: A box is shorter than its own header, or longer than the box around it.
        MediaOutOfReachError: The window's budget is spent.
    """
    offset = start
    for _ in range(_MOST_BOXES):
        if end is not None and offset + _HEADER_BYTES > end:
            return
        box = await _box_at(window, offset, end, ahead)
        if box is None:
            return
        yield box
        offset = box.end
    raise MediaError(f"it has more than {_MOST_BOXES} boxes in a row")


async def _box_at(window: Window, offset: int, end: int | None, ahead: int) -> Box | None:
    header = await window.at(offset, _HEADER_BYTES, ahead=ahead)
    if len(header) < _HEADER_BYTES:
        return None
    size, kind = int.from_bytes(header[:4], "big"), _named(header[4:])
    body = offset + _HEADER_BYTES
    if size == 1:
        long_size = await window.at(body, _LONG_HEADER_BYTES - _HEADER_BYTES, ahead=ahead)
        if len(long_size) < _LONG_HEADER_BYTES - _HEADER_BYTES:
            return None
        size, body = int.from_bytes(long_size, "big"), offset + _LONG_HEADER_BYTES
    elif size == 0:
        rest = window.size_bytes if end is None else end
        if rest is None:
            raise MediaError(f"its box {kind!r} goes on to the end of a file of unknown length")
        return Box(kind=kind, offset=offset, body=body, end=rest)
    if offset + size < body:
        raise MediaError(f"its box {kind!r} is shorter than its own header")
    if end is not None and offset + size > end:
        raise MediaError(f"its box {kind!r} is longer than the box around it")
    return Box(kind=kind, offset=offset, body=body, end=offset + size)


def _named(kind: bytes) -> str:
    return kind.decode("latin-1")
