"""Columns on a terminal: text cut or filled to a number of cells, wide characters counted as two."""

from rich.cells import cell_len, set_cell_size

from avatar_async.cli.render.text import one_line


def width_of(text: str) -> int:
    """Return how many cells a text takes."""
    return cell_len(text)


def fit(text: str, cells: int, *, right: bool = False) -> str:
    """Return the text on one line in exactly that many cells, its end replaced by … if it is too long."""
    text = one_line(text)
    used = cell_len(text)
    if used > cells:
        return set_cell_size(text, max(0, cells - 1)) + "…"[: max(0, cells)]
    return " " * (cells - used) + text if right else text + " " * (cells - used)


def fit_middle(text: str, cells: int) -> str:
    """Return the text in exactly that many cells, its middle replaced by … if it is too long."""
    text = one_line(text)
    if cell_len(text) <= cells or cells < 5:
        return fit(text, cells)
    tail = ""
    for char in reversed(text):
        if cell_len(char + tail) > (cells - 1) // 2:
            break
        tail = char + tail
    return set_cell_size(text, cells - 1 - cell_len(tail)) + "…" + tail
