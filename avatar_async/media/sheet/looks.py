"""Look at the pictures of sources and cells, one at a time, and make of them what the page holds."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import frozen
from PIL import Image

from avatar_async.errors import MediaError
from avatar_async.media.keying.parameters import Rgb
from avatar_async.media.parameter_sets import BACKGROUND
from avatar_async.media.sheet.captions import colour_of
from avatar_async.media.sheet.edges import (
    EdgeWindow,
    contour,
    disputed,
    half_covered,
    middle,
    outline,
    window,
)
from avatar_async.media.sheet.model import SheetCell, SheetSource
from avatar_async.media.sheet.pictures import Embedded, exact, load, shown, small

#: Cells of a source, at most, whose mattes decide where its edges are compared.
_SAMPLED = 8


@frozen(kw_only=True)
class SourceLook:
    """Hold what the page shows of a source.

    Attributes:
        original: The picture as it came; None if it cannot be read.
        edges: The part of it in which edges are compared.
        window: Where that part is; the same for every cell, so that they can be compared.
        thumbnail: The picture for the overview.
        problems: What could not be read.
    """

    original: Embedded | None
    edges: Embedded | None
    window: EdgeWindow
    thumbnail: Image.Image | None
    problems: tuple[str, ...]


@frozen(kw_only=True)
class CellLook:
    """Hold what the page shows of a cell.

    Attributes:
        pictures: What can be shown, by layer: `composite`, `matte`, and `-edges` of each.
        thumbnail: The composite for the overview.
        problems: What could not be read.
    """

    pictures: dict[str, Embedded]
    thumbnail: Image.Image | None
    problems: tuple[str, ...]


def look_at_source(source: SheetSource, thumbnail_px: int) -> SourceLook:
    """Return what the page shows of a source; several of its mattes are looked at to find the edges.

    Args:
        source: The source.
        thumbnail_px: Longer side of the overview's picture at most.
    """
    original, problems = _read(source.original, "the original")
    if original is None:
        place = edge_window(source.cells, _first_size(source.cells))
        return SourceLook(original=None, edges=None, window=place, thumbnail=None, problems=problems)
    place = edge_window(source.cells, original.size)
    return SourceLook(
        original=shown(small(original)),
        edges=exact(place.crop(original)),
        window=place,
        thumbnail=small(original, thumbnail_px),
        problems=problems,
    )


def look_at_cell(cell: SheetCell, place: EdgeWindow, thumbnail_px: int) -> CellLook:
    """Return what the page shows of a cell.

    Args:
        cell: The cell.
        place: Where the edges of its source are compared.
        thumbnail_px: Longer side of the overview's picture at most.
    """
    pictures: dict[str, Embedded] = {}
    composite, problems = _read(cell.composite, "the composite")
    thumbnail = None
    if composite is not None:
        pictures["composite"] = shown(small(composite))
        pictures["composite-edges"] = exact(place.crop(composite))
        thumbnail = small(composite, thumbnail_px)
        del composite
    matte, more = _read(cell.matte, "the matte")
    if matte is not None:
        grey = matte.convert("L")
        pictures["matte"] = exact(small(grey))
        pictures["matte-edges"] = exact(place.crop(grey))
    return CellLook(pictures=pictures, thumbnail=thumbnail, problems=problems + more)


def background_of(cell: SheetCell) -> Rgb | None:
    """Return what stands behind the subject of a cell's composite, None if the parameters do not say."""
    return colour_of(BACKGROUND, cell.parameters.get(BACKGROUND))


def edge_window(cells: Sequence[SheetCell], size: tuple[int, int]) -> EdgeWindow:
    """Return where the edges of a source's results are best compared.

    It is where the mattes differ most, such as hair that one set keeps and another loses. Where they do not
    differ, it is where most pixels are half covered; with hard mattes only, where they turn; without mattes,
    along the outline of what is not background.

    Args:
        cells: Results of one source; some of them, spread evenly, are looked at.
        size: Size of the source's pictures, in pixels.
    """
    sample = cells[:: -(-len(cells) // _SAMPLED)] if cells else []
    apart = disputed(_mattes(sample))
    return (
        window(size, [] if apart is None else [apart])
        or window(size, (half_covered(matte) for matte in _mattes(sample)))
        or window(size, (contour(matte) for matte in _mattes(sample)))
        or window(size, _outlines(sample))
        or middle(size)
    )


def _mattes(cells: Sequence[SheetCell]) -> Iterator[Image.Image]:
    for cell in cells:
        matte, _ = _read(cell.matte, "the matte")
        if matte is not None:
            yield matte


def _outlines(cells: Sequence[SheetCell]) -> Iterator[Image.Image]:
    for cell in cells:
        background = background_of(cell)
        composite, _ = _read(cell.composite, "the composite")
        if composite is not None and background is not None:
            yield outline(composite, background)


def _first_size(cells: Sequence[SheetCell]) -> tuple[int, int]:
    """Return the size of the first result that can be read, so that all are cropped alike."""
    for cell in cells:
        image, _ = _read(cell.composite, "the composite")
        if image is not None:
            return image.size
    return 1, 1


def _read(path: Path | None, what: str) -> tuple[Image.Image | None, tuple[str, ...]]:
    """Return a picture, or why there is none; that is no reason to make no sheet."""
    if path is None:
        return None, ()
    try:
        return load(path), ()
    except MediaError as error:
        return None, (f"{what} cannot be shown: {error}",)
