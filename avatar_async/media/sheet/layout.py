"""Where things stand in the overview picture of a contact sheet."""

import math
from collections.abc import Sequence

from attrs import frozen

#: Sides of the overview at most, in pixels.
SIDE_MOST_PX = 4096
_WIDTHS_PX = (360, 300, 240, 200, 160, 128, 96)
_LEAST_WIDTH_PX = 900
#: Width over height that the whole is brought near to.
_SHAPE = 1.5
_RATIOS = (0.4, 1.8)
_MARGIN_PX = 36

#: Number of tiles of a source, and height over width of its pictures.
_Block = tuple[int, float]


@frozen(kw_only=True)
class SourcePlace:
    """Hold where a source stands.

    Attributes:
        top: Upper end of its heading.
        height: Height of its tiles.
        tiles: Upper left corner of each tile, the original's first; cells past the last are left out.
    """

    top: int
    height: int
    tiles: tuple[tuple[int, int], ...]


@frozen(kw_only=True)
class Layout:
    """Hold the places of everything in the overview, in pixels.

    Attributes:
        size: Width and height of the whole.
        tile_px: Width of a tile.
        caption_px: Size of the letters below a picture.
        title_px: Size of the letters of the title; half of it is the rest's.
        margin: Free space around.
        foot: Upper end of what stands below the sources.
        sources: Places of the sources; those past the last are left out.
        left_out: Number of cells that have no place.
    """

    size: tuple[int, int]
    tile_px: int
    caption_px: int
    title_px: int
    margin: int
    foot: int
    sources: tuple[SourcePlace, ...]
    left_out: int


@frozen(kw_only=True)
class _Grid:
    """Hold the measures that a tile's width and the number of columns lead to."""

    width: int
    columns: int
    foot_lines: int
    gap: int = 14

    @property
    def across(self) -> int:
        return max(_LEAST_WIDTH_PX, 2 * _MARGIN_PX + self.columns * (self.width + self.gap) - self.gap)

    @property
    def caption(self) -> int:
        return max(11, self.width // 14)

    @property
    def title(self) -> int:
        return max(32, min(64, self.across // 45))

    @property
    def text(self) -> int:
        return self.title // 2

    @property
    def head(self) -> int:
        return _MARGIN_PX + round(self.title * 2.6)

    @property
    def source(self) -> int:
        return round(self.text * 2.4)

    @property
    def foot(self) -> int:
        return _MARGIN_PX + round(self.text * (1 + 1.5 * self.foot_lines))

    def height(self, ratio: float) -> int:
        return max(1, round(self.width * min(_RATIOS[1], max(_RATIOS[0], ratio))))

    def row(self, ratio: float) -> int:
        return self.height(ratio) + round(self.caption * 3.2) + self.gap

    def rows(self, tiles: int) -> int:
        return -(-tiles // self.columns)

    def down(self, sources: Sequence[_Block]) -> int:
        blocks = sum(self.source + self.rows(tiles) * self.row(ratio) for tiles, ratio in sources)
        return self.head + blocks + self.foot


def plan(counts: Sequence[int], ratios: Sequence[float], foot_lines: int) -> Layout:
    """Return a layout of at most 4096 pixels a side with tiles as large as fit.

    Where even the smallest tiles do not fit, the last ones are left out.

    Args:
        counts: Number of cells of each source.
        ratios: Height over width of each source's picture.
        foot_lines: Number of lines below the sources.
    """
    sources = [(count + 1, ratio) for count, ratio in zip(counts, ratios, strict=True)]
    widest = max((tiles for tiles, _ in sources), default=1)
    for width in _WIDTHS_PX:
        one = _Grid(width=width, columns=1, foot_lines=foot_lines)
        pitch = width + one.gap
        most = min(widest, (SIDE_MOST_PX - 2 * _MARGIN_PX + one.gap) // pitch)
        area = sum(tiles * one.row(ratio) for tiles, ratio in sources)
        pleasing = min(most, math.ceil(math.sqrt(_SHAPE * area / pitch)))
        for columns in (max(1, pleasing), max(1, most)):
            grid = _Grid(width=width, columns=columns, foot_lines=foot_lines)
            if grid.down(sources) <= SIDE_MOST_PX:
                return _placed(grid, sources)
    return _placed(grid, sources)


def _placed(grid: _Grid, sources: Sequence[_Block]) -> Layout:
    end = SIDE_MOST_PX - grid.foot
    at = grid.head
    places: list[SourcePlace] = []
    left_out = 0
    for tiles, ratio in sources:
        rows = min(grid.rows(tiles), max(0, (end - at - grid.source) // grid.row(ratio)))
        kept = min(tiles, rows * grid.columns)
        left_out += tiles - max(1, kept)
        if not rows:
            end = at  # what follows does not stand where something was left out
            continue
        corners = tuple(
            (
                _MARGIN_PX + number % grid.columns * (grid.width + grid.gap),
                at + grid.source + number // grid.columns * grid.row(ratio),
            )
            for number in range(kept)
        )
        places.append(SourcePlace(top=at, height=grid.height(ratio), tiles=corners))
        at += grid.source + rows * grid.row(ratio)
    return Layout(
        size=(grid.across, at + grid.foot),
        tile_px=grid.width,
        caption_px=grid.caption,
        title_px=grid.title,
        margin=_MARGIN_PX,
        foot=at,
        sources=tuple(places),
        left_out=left_out,
    )
