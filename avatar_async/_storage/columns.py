"""The columns of a job that changed, as an UPDATE that writes nothing else."""

from collections.abc import Callable
from itertools import compress
from operator import attrgetter, is_not
from typing import Any, Final

from avatar_async._jobs.records import Job
from avatar_async._storage import rows

_FIELDS: Final = tuple(
    column
    for column in rows.JOB_COLUMNS.split(", ")
    if column not in {"job_id", "batch", "name", "kind", "folder", "created_at", "revision"}
)
_values_of: Final[Callable[[Job], tuple[Any, ...]]] = attrgetter(*_FIELDS)
#: How a field is stored that is not stored as it is.
_CONVERSIONS: Final[dict[str, Callable[[Any], Any]]] = {
    "state": rows.to_word,
    "receipt_state": rows.to_word,
    "needs": rows.to_json,
    "candidates": rows.to_json,
    "error": rows.error_text,
    **{field: rows.to_text for field in _FIELDS if field.endswith("_at") or field == "not_before"},
}
_STORED: Final = tuple(_CONVERSIONS.get(field) for field in _FIELDS)
#: One text for each set of columns, since SQLite keeps what it prepared by its text.
_statements: dict[tuple[str, ...], str] = {}


def update(before: Job, after: Job) -> tuple[str, list[Any]]:
    """Return the statement, and its parameters, that makes the stored `before` the `after`.

    It touches no row unless the stored job is `before`: revisions rise with every write and never come twice.
    """
    values: list[Any] = []
    differs = [*map(is_not, _values_of(before), now := _values_of(after))]
    changed = tuple(compress(_FIELDS, differs))
    for stored, value in compress(zip(_STORED, now, strict=True), differs):
        values.append(value if stored is None else stored(value))
    values += (after.revision, int(before.id), before.revision, str(before.state), before.attempt)
    return _statements.get(changed) or _statement(changed), values


def _statement(changed: tuple[str, ...]) -> str:
    columns = ", ".join(f"{field} = ?" for field in (*changed, "revision"))
    statement = _statements[changed] = (
        f"UPDATE jobs SET {columns} "  # noqa: S608 - constants only
        "WHERE job_id = ? AND revision = ? AND state = ? AND attempt = ?"
    )
    return statement
