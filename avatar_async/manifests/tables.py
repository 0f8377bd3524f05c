"""Reading CSV: one job a row, one field a column."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from avatar_async.manifests.cells import cell_value
from avatar_async.manifests.layers import Layer, Steps, steps_of
from avatar_async.manifests.problems import ProblemLog, Spot
from avatar_async.requests import Kind

_MOST_STEPS = 32
_COLUMN = re.compile(r"[^.\[\]]+(?:\.[^.\[\]]+|\[[0-9]{1,6}\])*")


def read_csv(file: Path, text: str, log: ProblemLog) -> list[tuple[Layer, Spot]]:
    """Return the fields of each row and where the row begins; empty cells are fields not given."""
    rows = _rows(file, text, log)
    header = next(rows, None)
    if header is None:
        log.error(Spot(file=file, line=1), "the table has no header")
        return []
    columns = _columns(header[1], header[0], log)
    return [(_layer(columns, cells, spot, log), spot) for spot, cells in rows]


def _rows(file: Path, text: str, log: ProblemLog) -> Iterator[tuple[Spot, list[str]]]:
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            log.error(Spot(file=file, line=line), f"this row is not CSV: {error}")
            return
        if any(cell.strip() for cell in cells):
            yield Spot(file=file, line=line), cells
        line = reader.line_num + 1


def _columns(cells: list[str], spot: Spot, log: ProblemLog) -> list[Steps]:
    columns: list[Steps] = []
    for number, cell in enumerate(cells, 1):
        name = cell.strip()
        steps = steps_of(name) if _COLUMN.fullmatch(name) else ()
        if len(steps) > _MOST_STEPS:
            log.error(spot, f"column {number} names a field {len(steps)} levels deep; there is none")
            steps = ()
        elif name and not steps:
            example = "a field such as personal.segment_style is needed"
            log.error(spot, f"column {number} is named {name[:80]!r}; {example}")
        if steps and steps in columns:
            log.error(spot, f"column {name} is there twice", path=name)
            steps = ()
        columns.append(steps)
    return columns


def _layer(columns: list[Steps], cells: list[str], spot: Spot, log: ProblemLog) -> Layer:
    given = [(steps, cell) for steps, cell in zip(columns, cells, strict=False) if cell.strip()]
    name = next((cell for steps, cell in given if steps == ("name",)), None)
    for number, cell in enumerate(cells, 1):
        if cell.strip() and (number > len(columns) or not columns[number - 1]):
            log.error(spot, f"cell {number} holds {cell[:40]!r}, but its column has no name", job=name)
    kind = _kind(next((cell for steps, cell in given if steps == ("kind",)), ""))
    tree: dict[Any, Any] = {}
    for steps, cell in sorted((pair for pair in given if pair[0]), key=lambda pair: len(pair[0])):
        _put(tree, steps, cell_value(cell, kind, steps), spot, log, name)
    fields = _listed(tree, "", spot, log, name)
    return Layer(fields, {(key,): spot for key in fields})


def _kind(text: str) -> Kind | None:
    try:
        return Kind(text.strip())
    except ValueError:
        return None


def _put(
    tree: dict[Any, Any], steps: Steps, value: Any, spot: Spot, log: ProblemLog, name: str | None
) -> None:
    for step in steps[:-1]:
        inner = tree.setdefault(step, {})
        if isinstance(inner, list):
            inner = tree[step] = dict(enumerate(inner))
        if not isinstance(inner, dict):
            written = _written(steps)
            log.error(
                spot, f"{written} cannot be set: another column already fills {step}", path=written, job=name
            )
            return
        tree = inner
    tree[steps[-1]] = value


def _listed(value: Any, path: str, spot: Spot, log: ProblemLog, name: str | None) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {
        key: _listed(item, _written((path, key) if path else (key,)), spot, log, name)
        for key, item in value.items()
    }
    if not inner or not all(isinstance(key, int) for key in inner):
        return inner
    if sorted(inner) != list(range(len(inner))):
        lacking = min(set(range(len(inner))) - set(inner))
        written = f"{path}[{lacking}]"
        log.error(spot, f"{written} is missing, though a later item is given", path=written, job=name)
    return [inner[index] for index in sorted(inner)]


def _written(steps: Steps) -> str:
    text = ""
    for step in steps:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
