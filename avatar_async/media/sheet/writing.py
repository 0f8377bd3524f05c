"""Write a contact sheet: pages that need nothing else, and one picture."""

import glob
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from attrs import define, field

from avatar_async.media.sheet.catalogue import PagePart, Pages
from avatar_async.media.sheet.looks import SourceLook, look_at_cell, look_at_source
from avatar_async.media.sheet.markup import GENERATOR, cell_article, page_frame, source_head, source_tail
from avatar_async.media.sheet.model import Sheet, SheetCell, SheetSource
from avatar_async.media.sheet.overview import Overview

#: Cells of one page at most: a browser holds the pictures of a page in memory.
CELLS_PER_PAGE = 150
#: A page says within so many bytes that it was written here.
_HEAD_BYTES = 4096


def write_sheet(
    sheet: Sheet, html: Path, png: Path, *, progress: Callable[[int, int], None] | None = None
) -> None:
    """Write a contact sheet as pages for a browser and as one picture.

    More than 150 cells are split into pages, `sheet-2.html` beside `sheet.html` and so on, linked with each
    other. One picture is in memory at a time. A file stands under its name when all of them are whole;
    pages of an earlier, longer sheet of that name are removed. It blocks: call it in a worker thread.

    Args:
        sheet: What to show.
        html: The first page.
        png: The overview.
        progress: Called with the number of cells written and of all cells, after each cell.

    Raises:
        OSError: A file cannot be written.
    """
    pages = split(sheet, CELLS_PER_PAGE)
    paths = page_paths(html, len(pages))
    drawing = _Drawing(sheet, Overview(sheet), pages, [path.name for path in paths], progress)
    with _drafts([*paths, png]) as drafts:
        for page in range(len(pages)):
            with drafts[page].open("w", encoding="utf-8", newline="\n") as stream:
                drawing.page(stream, page)
                stream.flush()
                os.fsync(stream.fileno())
        drawing.overview.save(drafts[-1])
    _remove_longer(html, len(pages))


def split(sheet: Sheet, most: int) -> list[list[PagePart]]:
    """Return the parts of each page, at most so many cells a page; there is at least one page."""
    pages: list[list[PagePart]] = [[]]
    room = most
    for number, source in enumerate(sheet.sources):
        first, count = 0, len(source.cells)
        while first < count or (first == 0 and count == 0):
            if room == 0:
                pages.append([])
                room = most
            last = min(count, first + room)
            pages[-1].append(PagePart(source=number, first=first, last=last))
            room -= max(1, last - first)
            first = last
            if count == 0:
                break
    return pages


def page_paths(html: Path, count: int) -> list[Path]:
    """Return the path of every page."""
    others = (html.with_name(f"{html.stem}-{number}{html.suffix}") for number in range(2, count + 1))
    return [html, *others]


@define
class _Drawing:
    """Write pages and the overview in one pass over the pictures."""

    sheet: Sheet
    overview: Overview
    pages: Pages
    names: list[str]
    progress: Callable[[int, int], None] | None
    _looked: tuple[int, SourceLook] | None = field(default=None, init=False)
    _done: int = field(default=0, init=False)

    def page(self, stream: TextIO, page: int) -> None:
        """Write one page."""
        frame = page_frame(self.sheet, page, self.pages, self.names)
        stream.write(frame.head)
        for part in self.pages[page]:
            source = self.sheet.sources[part.source]
            look = self._look(part.source, source)
            stream.write(source_head(source, look, part.source + 1))
            numbers = range(part.first, part.last)
            stream.writelines(self._cell(part.source, n, source.cells[n], look) for n in numbers)
            stream.write(source_tail())
        stream.write(frame.tail)

    def _look(self, number: int, source: SheetSource) -> SourceLook:
        """Return what is shown of a source, which may stand on several pages."""
        if self._looked is None or self._looked[0] != number:
            look = look_at_source(source, self.overview.thumbnail_px)
            self.overview.put_original(number, look.thumbnail)
            self._looked = number, look
        return self._looked[1]

    def _cell(self, at: int, number: int, cell: SheetCell, place: SourceLook) -> str:
        look = look_at_cell(cell, place.window, self.overview.thumbnail_px)
        self.overview.put_cell(at, number, cell, look.thumbnail)
        article = cell_article(self.sheet, self.sheet.sources[at], cell, look, (at + 1, number + 1))
        self._done += 1
        if self.progress is not None:
            self.progress(self._done, self.sheet.cell_count)
        return article


@contextmanager
def _drafts(paths: list[Path]) -> Iterator[list[Path]]:
    """Yield a path to write for each path; they take their names together, the first one last."""
    drafts = [path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp") for path in paths]
    try:
        yield drafts
        for draft, path in reversed(list(zip(drafts, paths, strict=True))):
            draft.replace(path)
    finally:
        for draft in drafts:
            draft.unlink(missing_ok=True)


def _remove_longer(html: Path, pages: int) -> None:
    """Remove pages of an earlier sheet that had more of them; nothing else of such a name."""
    for path in html.parent.glob(f"{glob.escape(html.stem)}-*{glob.escape(html.suffix)}"):
        number = path.stem.removeprefix(f"{html.stem}-")
        if not number.isascii() or not number.isdigit() or int(number) <= pages or not path.is_file():
            continue
        with path.open("rb") as stream:
            ours = f'content="{GENERATOR}"'.encode() in stream.read(_HEAD_BYTES)
        if ours:
            path.unlink(missing_ok=True)
