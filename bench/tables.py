"""The outcome of works as text: Markdown tables that read well in a terminal too."""

from collections.abc import Sequence

from bench.model import Figures, Outcome, Verdict, Work
from bench.statistic import spread

_MIB = 2**20
#: Heading and decimals of figures that have a usual unit.
_HEADINGS = {
    "seconds": "s",
    "cpu_s": "CPU s",
    "peak_rss_bytes": "peak MiB",
}


def outcome(result: Outcome) -> str:
    """Return a work's heading, table, targets and remark as Markdown."""
    work = result.work
    rows = [["", *(_heading(name, work.unit) for name in work.columns)]]
    medians = dict(result.medians())
    if work.baseline:
        rows[0].append(f"{'speed' if _by_speed(work) else 'time'} / {work.baseline}")
    for name, figures in medians.items():
        row = [name, *(_value(column, figures) for column in work.columns)]
        if work.baseline:
            row.append(_ratio(figures, medians[work.baseline], by_speed=_by_speed(work)))
        rows.append(row)
    parts = [f"### {work.title}", table(rows)]
    if result.verdicts:
        parts.append("\n".join(f"- {verdict(one)}" for one in result.verdicts))
    counts = sorted({len(kept) for kept in result.runs.values()})
    rounds = " to ".join(str(count) for count in (counts[0], counts[-1])[: len(counts)])
    widest = max((spread([run["seconds"] for run in kept]) for kept in result.runs.values()), default=0.0)
    method = f"Medians of {rounds} rounds; widest spread {widest:.0%}"
    disturbed = f", {result.disturbed} runs disturbed" if result.disturbed else ""
    parts.append(f"{method}{disturbed}.{' ' + work.remark if work.remark else ''}")
    return "\n\n".join(parts)


def verdict(one: Verdict) -> str:
    """Return what a target asked for and what came, in one line."""
    mark = "met" if one.met else "within noise" if one.tolerable else "MISSED"
    return f"{mark}: {said(one)} (wanted {wanted(one)})"


def said(one: Verdict) -> str:
    """Return what is judged, with its value."""
    target = one.target
    if target.text:
        return f"{target.text}: {number(one.value)}"
    figure = target.figure.replace("_", " ")
    if not one.peer:
        return f"{figure} of {target.of}: {number(one.value)}"
    return f"{figure} of {target.of} is {number(one.value)} x {one.peer}"


def wanted(one: Verdict) -> str:
    """Return the limit of a target."""
    target = one.target
    return f">= {number(target.least)}" if target.least is not None else f"<= {number(target.most or 0.0)}"


def number(value: float) -> str:
    """Return a figure with three digits that count, and thousands set apart."""
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.2f}" if size >= 0.1 else f"{value:.2g}"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows, the first of them the heading, as a Markdown table with even columns."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [_line(row, widths) for row in rows]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join([lines[0], "| " + " | ".join(rule) + " |", *lines[1:]])


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first = row[0].ljust(widths[0])
    others = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
    return "| " + " | ".join([first, *others]) + " |"


def _heading(figure: str, unit: str) -> str:
    if figure == "speed":
        return f"{unit}/s" if unit else "1/s"
    return _HEADINGS.get(figure, figure.replace("_", " "))


def _value(figure: str, figures: Figures) -> str:
    if figure not in figures:
        return ""
    value = figures[figure]
    return number(value / _MIB if figure == "peak_rss_bytes" else value)


def _by_speed(work: Work) -> bool:
    """Tell whether a work's table speaks of speed, where more is better, or of time, where less is."""
    return "speed" in work.columns


def _ratio(figures: Figures, base: Figures, *, by_speed: bool) -> str:
    """Return how fast a contender was, or how long it took, beside the baseline."""
    if not figures.get("seconds") or not base.get("seconds"):
        return ""
    times = figures["seconds"] / base["seconds"]
    return f"{1 / times if by_speed else times:.2f} x"
