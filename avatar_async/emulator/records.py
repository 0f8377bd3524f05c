"""What the emulator remembers of a task."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from attrs import asdict, frozen

from avatar_async.requests import Kind

FileType = Literal["model", "thumbnail", "image", "video"]


@frozen(kw_only=True)
class FileRecord:
    """Describe one finished file.

    Attributes:
        type: What it is to the caller.
        name: Its name, unique in its task.
        size_bytes: Its length.
        md5: Its MD5 in lowercase hex.
        shown_name: The name the service reports, if it is not its name.
        shown_size_bytes: The length the service reports, if it is not its length.
        shown_md5: The MD5 the service reports, if it is not its MD5.
    """

    type: FileType
    name: str
    size_bytes: int
    md5: str
    shown_name: str | None = None
    shown_size_bytes: int | None = None
    shown_md5: str | None = None


@frozen(kw_only=True)
class Outcome:
    """Say how the work ended.

    Attributes:
        finished_at: When the service says so; may lie ahead of the clock.
        reason: Why it failed; None if it did not.
        files: What it made.
        gone_at: When the files go, if that is before the end of their retention.
        called_back: Whether the completion callback needs no more attempts.
    """

    finished_at: datetime
    reason: str | None
    files: tuple[FileRecord, ...]
    gone_at: datetime | None = None
    called_back: bool = True


@frozen(kw_only=True)
class EmulatedTask:
    """Remember one accepted create call.

    Attributes:
        id: The task id.
        kind: What was asked for.
        name: The material's or video's name.
        body: The checked body, `param` decoded.
        notes: What was clamped, ignored or is not emulated.
        created_at: When the call was accepted.
        starts_at: Until when it counts as queued.
        ready_at: Before when it never counts as finished.
        outcome: How the work ended; None while it is under way.
    """

    id: int
    kind: Kind
    name: str
    body: Mapping[str, Any]
    notes: tuple[str, ...]
    created_at: datetime
    starts_at: datetime
    ready_at: datetime
    outcome: Outcome | None = None


def to_plain(task: EmulatedTask) -> dict[str, Any]:
    """Return a task in JSON's own types."""
    outcome = task.outcome
    return {
        "id": task.id,
        "kind": task.kind.value,
        "name": task.name,
        "body": task.body,
        "notes": list(task.notes),
        "created_at": task.created_at.isoformat(),
        "starts_at": task.starts_at.isoformat(),
        "ready_at": task.ready_at.isoformat(),
        "outcome": outcome
        and {
            "finished_at": outcome.finished_at.isoformat(),
            "reason": outcome.reason,
            "files": [asdict(each) for each in outcome.files],
            "gone_at": outcome.gone_at and outcome.gone_at.isoformat(),
            "called_back": outcome.called_back,
        },
    }


def from_plain(plain: Mapping[str, Any]) -> EmulatedTask:
    """Return the task that `to_plain` wrote."""
    outcome = plain["outcome"]
    return EmulatedTask(
        id=plain["id"],
        kind=Kind(plain["kind"]),
        name=plain["name"],
        body=plain["body"],
        notes=tuple(plain["notes"]),
        created_at=datetime.fromisoformat(plain["created_at"]),
        starts_at=datetime.fromisoformat(plain["starts_at"]),
        ready_at=datetime.fromisoformat(plain["ready_at"]),
        outcome=outcome
        and Outcome(
            finished_at=datetime.fromisoformat(outcome["finished_at"]),
            reason=outcome["reason"],
            files=tuple(FileRecord(**each) for each in outcome["files"]),
            gone_at=outcome.get("gone_at") and datetime.fromisoformat(outcome["gone_at"]),
            called_back=outcome.get("called_back", True),
        ),
    )
