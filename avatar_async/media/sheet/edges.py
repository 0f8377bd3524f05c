"""Choose the part of a picture in which edges are best compared."""

from collections.abc import Iterable
from itertools import accumulate

from attrs import frozen
from PIL import Image, ImageChops, ImageFilter

from avatar_async.media.keying.parameters import Rgb

#: Side of the part, in pixels of the full picture.
SIDE_PX = 320
#: Opacity of pixels that count as half covered.
_HALF = (32, 223)
_BLOCK_PX = 16
#: How far mattes must be apart to differ clearly.
_DISPUTED = 64
#: How far a colour may be from the background's and still be background.
_BACKGROUND_SPREAD = 24

Box = tuple[int, int, int, int]


@frozen(kw_only=True)
class EdgeWindow:
    """Hold a part of a picture of a certain size.

    Attributes:
        box: Left, top, right and bottom, in pixels.
        size: Size of the whole picture, in pixels.
    """

    box: Box
    size: tuple[int, int]

    def crop(self, image: Image.Image) -> Image.Image:
        """Return the part of a picture; one of another size is brought to this one first."""
        if image.size == self.size:
            return image.crop(self.box)
        across, down = image.width / self.size[0], image.height / self.size[1]
        left, top, right, bottom = self.box
        part = (left * across, top * down, right * across, bottom * down)
        size = right - left, bottom - top
        return image.resize(size, Image.Resampling.BILINEAR, box=part)


def half_covered(matte: Image.Image) -> Image.Image:
    """Return where a matte is half covered, as a picture of 0 and 255."""
    low, high = _HALF
    return matte.convert("L").point([255 if low <= level <= high else 0 for level in range(256)])


def disputed(mattes: Iterable[Image.Image]) -> Image.Image | None:
    """Return where mattes of one picture differ clearly, as a picture of 0 and 255; None without mattes.

    Mattes of another size than the first are left out.
    """
    most: Image.Image | None = None
    least: Image.Image | None = None
    for matte in mattes:
        grey = matte.convert("L")
        if most is None or least is None:
            most = least = grey
        elif grey.size == most.size:
            most, least = ImageChops.lighter(most, grey), ImageChops.darker(least, grey)
    if most is None or least is None:
        return None
    return ImageChops.difference(most, least).point([255 if level > _DISPUTED else 0 for level in range(256)])


def outline(composite: Image.Image, background: Rgb) -> Image.Image:
    """Return the outline of what is not background, where no matte is known."""
    apart = ImageChops.difference(composite, Image.new("RGB", composite.size, background))
    red, green, blue = apart.split()
    most = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    covered = most.point([255 if level > _BACKGROUND_SPREAD else 0 for level in range(256)])
    return contour(covered)


def contour(matte: Image.Image) -> Image.Image:
    """Return where a hard matte turns, as a picture of 0 and 255."""
    found = matte.convert("L").filter(ImageFilter.FIND_EDGES)
    inner = Image.new("L", found.size)
    if min(found.size) > 2:  # the filter leaves the rim of the picture as it was
        inside = (1, 1, found.width - 1, found.height - 1)
        inner.paste(found.crop(inside), inside)
    return inner.point([255 if level > 127 else 0 for level in range(256)])


def middle(size: tuple[int, int]) -> EdgeWindow:
    """Return the window in the middle of a picture of a size."""
    wide, high = min(SIDE_PX, size[0]), min(SIDE_PX, size[1])
    left, top = (size[0] - wide) // 2, (size[1] - high) // 2
    return EdgeWindow(box=(left, top, left + wide, top + high), size=size)


def window(size: tuple[int, int], marked: Iterable[Image.Image]) -> EdgeWindow | None:
    """Return the window with the most marked pixels; None if nothing is marked anywhere.

    It is found in steps of 16 pixels. Of windows alike, the one nearest to the middle is taken.

    Args:
        size: Size of the full picture, in pixels.
        marked: Pictures of 0 and 255, whose marks are added up; those of another size count as if enlarged.
    """
    width, height = size
    across, down = -(-width // _BLOCK_PX), -(-height // _BLOCK_PX)
    counts = [0] * (across * down)
    for picture in marked:
        whole = picture if picture.size == size else picture.resize(size, Image.Resampling.NEAREST)
        blocks = whole.reduce(_BLOCK_PX).tobytes()
        counts = [count + block for count, block in zip(counts, blocks, strict=True)]
    wide, high = min(SIDE_PX, width), min(SIDE_PX, height)
    sums = _sums(counts, across)
    columns, rows = -(-wide // _BLOCK_PX), -(-high // _BLOCK_PX)
    best, best_rank = None, (0, 0)
    for row in range(max(1, down - rows + 1)):
        for column in range(max(1, across - columns + 1)):
            right, bottom = min(across, column + columns), min(down, row + rows)
            marks = sums[bottom][right] - sums[row][right] - sums[bottom][column] + sums[row][column]
            left, top = min(column * _BLOCK_PX, width - wide), min(row * _BLOCK_PX, height - high)
            from_middle = abs(2 * left + wide - width) + abs(2 * top + high - height)
            if marks > 0 and (marks, -from_middle) > best_rank:
                best, best_rank = (left, top), (marks, -from_middle)
    if best is None:
        return None
    left, top = best
    return EdgeWindow(box=(left, top, left + wide, top + high), size=size)


def _sums(counts: list[int], across: int) -> list[list[int]]:
    """Return the sum of everything above and left of each corner."""
    rows = [[0] * (across + 1)]
    for start in range(0, len(counts), across):
        line = [0, *accumulate(counts[start : start + across])]
        rows.append([above + here for above, here in zip(rows[-1], line, strict=True)])
    return rows
