"""Draw the overview: the whole contact sheet as one picture of bounded size."""

from contextlib import suppress
from pathlib import Path
from typing import Protocol

from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from avatar_async.errors import MediaError
from avatar_async.media.frames import probe
from avatar_async.media.sheet.captions import counted, difference_texts, latin, score_text
from avatar_async.media.sheet.layout import Layout, plan
from avatar_async.media.sheet.model import Sheet, SheetCell, SheetSource

_GROUND, _CARD, _INK, _MUTED, _ACCENT = (
    (24, 24, 24),
    (42, 42, 42),
    (240, 240, 240),
    (170, 170, 170),
    (255, 214, 130),
)
_MOST_LABELS = 6

Font = ImageFont.ImageFont | ImageFont.FreeTypeFont
Rgb = tuple[int, int, int]


class _Measured(Protocol):
    """Be what tells the width of text."""

    def getlength(self, text: str, /) -> float:
        """Return the width in pixels."""
        ...


class Overview:
    """Draw originals and composites as they come; only the drawing itself is held.

    Args:
        sheet: The sheet.
    """

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._labels = _other_labels(sheet)
        counts = [len(source.cells) for source in sheet.sources]
        #: Where everything stands.
        self.layout: Layout = plan(
            counts, [_ratio(source) for source in sheet.sources], 2 + len(self._labels)
        )
        self._image = Image.new("RGB", self.layout.size, _GROUND)
        self._draw = ImageDraw.Draw(self._image)
        self._caption = ImageFont.load_default(self.layout.caption_px)
        self._heads()
        self._foot()

    @property
    def thumbnail_px(self) -> int:
        """Longer side of the pictures that are drawn at most."""
        return max(self.layout.tile_px, *(place.height for place in self.layout.sources))

    def put_original(self, source: int, image: Image.Image | None) -> None:
        """Draw the original of a source, given by its number."""
        self._put(source, 0, image, "original", [])

    def put_cell(self, source: int, number: int, cell: SheetCell, image: Image.Image | None) -> None:
        """Draw a cell, given by its source's number and its own."""
        score = "" if cell.score is None else f"  {score_text(cell.score)}"
        mark = f" [{self._labels.index(cell.label) + 1}]" if cell.label in self._labels else ""
        self._put(source, number + 1, image, f"{cell.name}{score}{mark}", difference_texts(cell.differences))

    def save(self, target: Path) -> None:
        """Write the picture as PNG that carries the labels.

        Raises:
            OSError: It cannot be written.
        """
        texts = PngInfo()
        texts.add_itxt("Title", latin(self._sheet.title))
        texts.add_itxt("Comment", latin("; ".join([self._sheet.label, *self._labels])))
        self._image.save(target, "PNG", pnginfo=texts, compress_level=6)

    def _put(
        self, source: int, tile: int, image: Image.Image | None, name: str, differences: list[str]
    ) -> None:
        places = self.layout.sources
        if source >= len(places) or tile >= len(places[source].tiles):
            return
        left, top = places[source].tiles[tile]
        width, height = self.layout.tile_px, places[source].height
        self._draw.rectangle((left, top, left + width - 1, top + height - 1), fill=_CARD)
        if image is not None:
            factor = min(width / image.width, height / image.height)
            size = max(1, round(image.width * factor)), max(1, round(image.height * factor))
            picture = image if image.size == size else image.resize(size, Image.Resampling.LANCZOS)
            self._image.paste(picture, (left + (width - size[0]) // 2, top + (height - size[1]) // 2))
        else:
            self._write((left + 8, top + 8), "not there", self._caption, _MUTED, width - 16)
        below = top + height + round(self.layout.caption_px * 0.3)
        self._write((left, below), name, self._caption, _INK, width)
        line = round(self.layout.caption_px * 1.3)
        self._write((left, below + line), "  ".join(differences), self._caption, _MUTED, width)

    def _heads(self) -> None:
        layout, sheet = self.layout, self._sheet
        across = layout.size[0] - 2 * layout.margin
        text = ImageFont.load_default(layout.title_px // 2)
        top = layout.margin // 2
        self._write((layout.margin, top), sheet.title, ImageFont.load_default(layout.title_px), _INK, across)
        counts = f"{counted(len(sheet.sources), 'source')}, {counted(sheet.cell_count, 'result')}"
        facts = f"{counts}, made {sheet.made_at:%Y-%m-%d %H:%M %Z}"
        self._write((layout.margin, top + round(layout.title_px * 1.5)), facts, text, _MUTED, across)
        for source, place in zip(sheet.sources, layout.sources, strict=False):
            self._write((layout.margin, place.top + layout.title_px // 3), source.name, text, _INK, across)

    def _foot(self) -> None:
        layout = self.layout
        lines = [self._sheet.label]
        lines += [f"[{number}] {label}" for number, label in enumerate(self._labels, 1)]
        if layout.left_out:
            kept_out = f"{layout.left_out} of {self._sheet.cell_count} results"
            lines.append(f"{kept_out} are left out here; the page has all")
        text_px = layout.title_px // 2
        font = ImageFont.load_default(text_px)
        across = layout.size[0] - 2 * layout.margin
        for number, line in enumerate(lines):
            at = layout.margin, layout.foot + round(text_px * (1 + 1.5 * number))
            self._write(at, line, font, _ACCENT, across)

    def _write(self, at: tuple[int, int], text: str, font: Font, colour: Rgb, most_px: int) -> None:
        self._draw.text(at, shortened(latin(text), font, most_px), fill=colour, font=font)


def shortened(text: str, font: _Measured, most_px: int) -> str:
    """Return text that is at most so wide; three dots stand for what is cut off."""
    text = text[: max(8, most_px)]
    if font.getlength(text) <= most_px:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if font.getlength(text[:middle] + "...") <= most_px else (low, middle - 1)
    return f"{text[:low].rstrip()}..."


def _other_labels(sheet: Sheet) -> list[str]:
    """Return what is said of cells and not of the sheet as a whole."""
    labels = (cell.label for source in sheet.sources for cell in source.cells)
    return [label for label in dict.fromkeys(labels) if label != sheet.label][:_MOST_LABELS]


def _ratio(source: SheetSource) -> float:
    """Return height over width of a source's pictures; a square where none can be read."""
    first = next((cell.composite for cell in source.cells if cell.composite is not None), None)
    for path in (source.original, first):
        if path is None:
            continue
        with suppress(MediaError):
            info = probe(path)
            if info.width_px and info.height_px:
                return info.height_px / info.width_px
    return 1.0
