"""Tell a task's state from the clock, and answer the query and list calls (design: query dialect)."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from avatar_async.emulator.creates import RefusedError
from avatar_async.emulator.records import EmulatedTask, FileRecord

Status = Literal["QUEUED", "RUNNING", "SUCCESS", "FAILED", "EXPIRED"]
UrlOf = Callable[[EmulatedTask, FileRecord], str]

_MAX_PAGE = 100
_MOST_DIGITS = 20


def status(task: EmulatedTask, now: datetime, retention_s: float) -> Status:
    """Return what the service says of a task at this instant."""
    outcome = task.outcome
    if outcome is None or now < outcome.finished_at:
        return "QUEUED" if now < task.starts_at else "RUNNING"
    if outcome.reason is not None:
        return "FAILED"
    expires_at = outcome.finished_at + timedelta(seconds=retention_s)
    return "EXPIRED" if now >= min(expires_at, outcome.gone_at or expires_at) else "SUCCESS"


def describe(task: EmulatedTask, now: datetime, retention_s: float, url_of: UrlOf) -> dict[str, Any]:
    """Return the object the query call shows; finished files get fresh URLs each time."""
    state = status(task, now, retention_s)
    outcome = task.outcome if state in {"SUCCESS", "FAILED", "EXPIRED"} else None
    succeeded = outcome is not None and outcome.reason is None
    expires_at = outcome.finished_at + timedelta(seconds=retention_s) if outcome and succeeded else None
    files = outcome.files if outcome is not None and state == "SUCCESS" else ()
    return {
        "taskId": task.id,
        "taskType": task.kind.value,
        "materialName": task.name,
        "status": state,
        "progress": _progress(task, state, now),
        "failReason": outcome.reason if outcome else None,
        "createTime": _iso(task.created_at),
        "finishTime": _iso(outcome.finished_at) if outcome else None,
        "expireTime": _iso(expires_at) if expires_at else None,
        "files": [
            {
                "type": each.type,
                "name": each.name if each.shown_name is None else each.shown_name,
                "url": url_of(task, each),
                "size": each.size_bytes if each.shown_size_bytes is None else each.shown_size_bytes,
                "md5": each.md5 if each.shown_md5 is None else each.shown_md5,
            }
            for each in files
        ],
    }


def wanted_ids(body: Mapping[str, Any], batch_limit: int) -> list[int]:
    """Return the ids a query call asks for.

    Raises:
        RefusedError: `taskIds` is missing, not a list of whole numbers, or longer than `batch_limit`.
    """
    given = body.get("taskIds")
    if not isinstance(given, list):
        raise RefusedError("taskIds is missing or is not an array")
    if len(given) > batch_limit:
        raise RefusedError(f"taskIds must hold at most {batch_limit} ids, not {len(given)}")
    return [_id(value, index) for index, value in enumerate(given)]


def page(tasks: Iterable[EmulatedTask], body: Mapping[str, Any]) -> tuple[int, list[EmulatedTask]]:
    """Return how many tasks a list call matches, and its page of them, newest first.

    Raises:
        RefusedError: `materialName`, `pageNo` or `pageSize` is of a wrong type.
    """
    name = body.get("materialName")
    if name is not None and not isinstance(name, str):
        raise RefusedError("materialName must be a string")
    number = _whole(body, "pageNo", 1)
    size = min(_MAX_PAGE, _whole(body, "pageSize", 20))
    matching = sorted((task for task in tasks if not name or task.name == name), key=lambda task: -task.id)
    return len(matching), matching[(number - 1) * size : number * size]


def _progress(task: EmulatedTask, state: Status, now: datetime) -> int:
    if state in {"SUCCESS", "EXPIRED"}:
        return 100
    if state == "QUEUED":
        return 0
    span_s = (task.ready_at - task.starts_at).total_seconds()
    passed_s = (now - task.starts_at).total_seconds()
    return min(99, int(100 * passed_s / span_s)) if span_s > 0 else 99


def _id(value: Any, index: int) -> int:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= _MOST_DIGITS:
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise RefusedError(f"taskIds[{index}] must be an integer")
    return value


def _whole(body: Mapping[str, Any], name: str, default: int) -> int:
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise RefusedError(f"{name} must be an integer above 0")
    return value


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")
