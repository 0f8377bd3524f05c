"""The columns of a job that changed, as an UPDATE that writes nothing else."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from avatar_async._jobs.records import Job
from avatar_async._storage import rows, schema

#: How a column that can change is stored, None for as it is.
_STORED: Final[dict[str, Callable[[Any], Any] | None]] = {
    **dict.fromkeys(rows.CHANGING),
    "state": rows.to_word,
    "receipt_state": rows.to_word,
    "needs": rows.to_json,
    "candidates": rows.to_json,
    "error": rows.error_text,
    **{column: rows.to_text for column in rows.CHANGING if column.endswith("_at") or column == "not_before"},
}
_stage: Final = schema.STAGES.get
#: One text for each set of columns, since SQLite keeps what it prepared by its text.
_statements: dict[tuple[str, ...], str] = {}


def update(before: Job, key: int, values: Mapping[str, Any], revision: int) -> tuple[str, list[Any]]:
    """Return the statement, and its parameters, that gives the stored `before` these values and revision.

    It touches no row unless the stored job is `before`: revisions rise with every write and never come twice.

    Args:
        before: The job as it is stored.
        key: Its `job_id` in the table.
        values: Fields and what they become; those that stay are left out.
        revision: That of the write.

    Raises:
        KeyError: There is no such column, or it never changes.
    """
    changed: list[str] = []
    parameters: list[Any] = []
    state = before.state
    for field, value in values.items():
        if value is getattr(before, field) or field == "artifacts":
            continue
        changed.append(field)
        stored = _STORED[field]
        parameters.append(value if stored is None or value is None else stored(value))
        if field == "state" and (stage := _stage(value)) != _stage(state):
            changed.append("stage")
            parameters.append(stage)
    parameters += (revision, key, before.revision, state._value_, before.attempt)
    columns = tuple(changed)
    return _statements.get(columns) or _statement(columns), parameters


def _statement(changed: tuple[str, ...]) -> str:
    columns = ", ".join(f"{field} = ?" for field in (*changed, "written"))
    statement = _statements[changed] = (
        f"UPDATE jobs SET {columns} "  # noqa: S608 - constants only
        "WHERE job_id = ? AND coalesce(written, added) = ? AND state = ? AND attempt = ?"
    )
    return statement
