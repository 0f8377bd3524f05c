"""Go through a picture strip by strip, so that what one step leaves is still at hand for the next."""

from collections.abc import Iterator
from typing import Final

#: Pixels of a strip: its bands stay in the processor's cache, and their memory is used again and again.
_STRIP_PX: Final = 320_000
_MARGINS: Final = 4

#: Left, top, right and bottom in pixels.
Box = tuple[int, int, int, int]


def strips(size: tuple[int, int], margin: int) -> Iterator[tuple[Box, Box]]:
    """Yield the strips of a picture of this size, from the top.

    Args:
        size: Width and height.
        margin: How many rows a filter looks at above and below.

    Yields:
        The strip with the rows around it, as far as there are any, and the strip itself within that.
    """
    wide, high = size
    rows = max(1, _STRIP_PX // wide, _MARGINS * margin)
    for top in range(0, high, rows):
        bottom = min(high, top + rows)
        above = min(top, margin)
        yield (0, top - above, wide, min(high, bottom + margin)), (0, above, wide, above + bottom - top)


def within(box: Box, part: Box) -> Box:
    """Return a part of a box in the coordinates that the box has."""
    left, top, _, _ = box
    return left + part[0], top + part[1], left + part[2], top + part[3]
