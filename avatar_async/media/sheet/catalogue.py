"""List every result of a contact sheet of several pages, to find the best of all of them."""

from collections.abc import Iterator, Sequence
from urllib.parse import quote

from attrs import frozen

from avatar_async.media.sheet.captions import counted, difference_texts, score_text
from avatar_async.media.sheet.escaping import number, text
from avatar_async.media.sheet.model import Sheet


@frozen(kw_only=True)
class PagePart:
    """Hold the cells of one source that stand on one page.

    Attributes:
        source: Number of the source.
        first: Number of the first cell.
        last: Number after the last cell.
    """

    source: int
    first: int
    last: int


Pages = Sequence[Sequence[PagePart]]


def catalogue(sheet: Sheet, pages: Pages, names: Sequence[str]) -> str:
    """Return a table of every result, each with a link to its place; nothing if there is one page.

    Args:
        sheet: The sheet.
        pages: What stands on each page.
        names: File name of each page.
    """
    if len(pages) < 2:
        return ""
    rows = "".join(_rows(sheet, pages, names))
    heads = "".join(
        f'<th scope="col"><button type="button" data-column="{column}">{name}</button></th>'
        for column, name in enumerate(("result", "source", "score", "differences"))
    )
    return (
        f'<details class="index" id="index"><summary>Find among all {counted(sheet.cell_count, "result")}'
        '</summary>\n<label class="pick needs-script">Only those that say <input type="search" id="find" '
        f'aria-label="Only those that say"></label>\n<div class="rows"><table><thead><tr>{heads}</tr></thead>'
        f"<tbody>\n{rows}</tbody></table></div></details>"
    )


def link(name: str) -> str:
    """Return a file name as a link."""
    return quote(name.encode("utf-8", "surrogateescape"))


def _rows(sheet: Sheet, pages: Pages, names: Sequence[str]) -> Iterator[str]:
    for parts, name in zip(pages, names, strict=True):
        for part in parts:
            source = sheet.sources[part.source]
            for at in range(part.first, part.last):
                cell = source.cells[at]
                score = number(cell.score)
                yield (
                    f'<tr><td><a href="{link(name)}#s{part.source + 1}c{at + 1}">{text(cell.name)}</a></td>'
                    f"<td>{text(source.name)}</td>"
                    f'<td data-sort="{"" if score is None else score}">{text(score_text(cell.score))}</td>'
                    f"<td>{text(', '.join(difference_texts(cell.differences)))}</td></tr>\n"
                )
