"""One drawing of a run's standing, as lines that fit the terminal."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from attrs import frozen
from rich.text import Text

from avatar_async._jobs.states import TERMINAL, State
from avatar_async._storage.sizes import size_text
from avatar_async.cli.render.cells import fit, fit_middle, width_of
from avatar_async.cli.render.text import clock_text, countdown_text, one_line

if TYPE_CHECKING:
    from avatar_async.orchestrator.arrivals import Download
    from avatar_async.orchestrator.snapshot import Snapshot, Waiting

STYLES = {
    State.PLANNED: "default",
    State.SUBMITTING: "cyan",
    State.IN_DOUBT: "bold yellow",
    State.REJECTED: "bold red",
    State.IN_FLIGHT: "cyan",
    State.READY: "cyan",
    State.FETCHING: "blue",
    State.STORED: "green",
    State.FAILED: "bold red",
    State.EXPIRED: "bold red",
    State.ABANDONED: "dim",
}
#: Lines that are always there: bar, counts, last line.
_FIXED_LINES = 3
_MOST_NOTICES = 3
_LEAST_WIDTH = 20
#: Cells that a name is to have before its row shows less else.
_GOOD_NAME = 16


def frame(snapshot: "Snapshot", *, now: datetime, elapsed_s: float, width: int, height: int) -> list[Text]:
    """Return the lines of one drawing, none wider than `width`, at most `height - 1` of them.

    Args:
        snapshot: How the run stands.
        now: The present instant.
        elapsed_s: Seconds since the run began.
        width: Columns of the terminal.
        height: Rows of the terminal.
    """
    width = max(_LEAST_WIDTH, width - 1)
    notices = [_notice(text) for text in snapshot.notices[:_MOST_NOTICES]]
    rows = max(2, height - 1 - _FIXED_LINES - len(notices))
    downloads = _section(
        "coming home", _rows([_download(each) for each in snapshot.downloads], width), rows // 2
    )
    flying = snapshot.counts.get(State.IN_FLIGHT, 0)
    in_flight = _section(
        "at the service",
        _rows([_waiting(each) for each in snapshot.waiting], width),
        rows - len(downloads),
        flying,
    )
    lines = [
        _bar(snapshot, elapsed_s, width),
        _counts(snapshot),
        *in_flight,
        *downloads,
        *notices,
        _last(snapshot, now),
    ]
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    return lines


def _bar(snapshot: "Snapshot", elapsed_s: float, width: int) -> Text:
    total = sum(snapshot.counts.values())
    ended = sum(count for state, count in snapshot.counts.items() if state in TERMINAL)
    head, tail = f"{ended}/{total} jobs ended ", f" {clock_text(elapsed_s)}"
    cells = max(4, width - len(head) - len(tail))
    full = cells * ended // total if total else 0
    line = Text(head, style="bold")
    line.append("━" * full, style="green")
    line.append("─" * (cells - full), style="dim")
    return line.append(tail)


def _counts(snapshot: "Snapshot") -> Text:
    line = Text()
    for state in State:
        count = snapshot.counts.get(state, 0)
        if count:
            line.append(" · " if line else "", style="dim")
            line.append(f"{state} {count}", style=STYLES[state])
    return line


def _section(title: str, rows: Sequence[Text], room: int, total: int | None = None) -> list[Text]:
    total = len(rows) if total is None else max(total, len(rows))
    if not rows or room < 2:
        return []
    shown = rows[: room - 1]
    left = total - len(shown)
    head = Text(f"{title}", style="bold")
    if left:
        head.append(f" ({len(shown)} of {total})", style="dim")
    return [head, *shown]


@frozen
class _Row:
    """What a row tells of one thing, the cells from the most to the least dispensable."""

    name: str
    cells: Sequence[str]
    style: str


def _waiting(item: "Waiting") -> _Row:
    share = "" if item.progress is None else f"{item.progress}%"
    status = fit(item.remote_status or "-", 10)
    cells = (f"{item.kind:<13}", status, f"{share:>4}", f"{clock_text(item.elapsed_s):>9}")
    return _Row(item.name, cells, "cyan")


def _download(item: "Download") -> _Row:
    share = f"{100 * item.done_bytes // item.total_bytes}%" if item.total_bytes else ""
    total = size_text(item.total_bytes) if item.total_bytes else "?"
    cells = (f"{size_text(item.done_bytes):>10} of", f"{total:>10}", f"{share:>4}")
    return _Row(f"{item.job}/{item.artifact}", cells, "blue")


def _rows(rows: Sequence[_Row], width: int) -> list[Text]:
    """Return the rows with their cells in columns; where names get no room, cells are left out."""
    longest = max((width_of(one_line(row.name)) for row in rows), default=0)
    drawn = []
    for row in rows:
        cells = list(row.cells)
        while len(cells) > 1 and _room(cells, width) < min(longest, _GOOD_NAME):
            del cells[0]
        line = Text(f"  {fit_middle(row.name, min(longest, max(1, _room(cells, width))))}")
        drawn.append(line.append("".join(f" {cell}" for cell in cells), style=row.style))
    return drawn


def _room(cells: Sequence[str], width: int) -> int:
    """Return the cells left to a name; those of one section are as wide in every row."""
    return width - 2 - sum(width_of(cell) + 1 for cell in cells)


def _notice(text: str) -> Text:
    return Text(f"! {one_line(text)}", style="yellow")


def _last(snapshot: "Snapshot", now: datetime) -> Text:
    parts = []
    if snapshot.downloads:
        parts.append(f"{size_text(snapshot.speed_bytes_s)}/s")
    if snapshot.next_expiry is not None:
        job, expires_at = snapshot.next_expiry
        parts.append(f"next expiry: {fit_middle(job, 24).strip()} in {countdown_text(expires_at, now)}")
    if snapshot.at_risk:
        parts.append(f"{snapshot.at_risk} at risk")
    parts.append("stopping: finishing what is under way" if snapshot.stopping else "Ctrl-C stops, resumable")
    return Text(" · ".join(parts), style="bold yellow" if snapshot.stopping else "dim")
