"""What each commit wrote: one row that tells of every write to a job in it, from which its history is read.

A row's key is the latest revision in it; revisions only rise, so that rows are added at the end of the table.
An entry names the revision that it made, the job, and the job's revision before: from the job's present one
they lead back to the one that it was added with. Entries that tell something of the history go on with
instant, attempt, event, state before, state after and message.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from attrs import frozen

from avatar_async._jobs.states import State

#: Revision, job, its revision before; perhaps what happened.
Entry = tuple[int, int, int] | tuple[int, int, int, str | None, int, str, str, str, str | None]

_encoded: Final = msgspec.json.Encoder().encode
_LATEST: Final = (
    "SELECT max(coalesce((SELECT max(added) FROM jobs), 0), coalesce((SELECT max(revision) FROM commits), 0))"
)
_HOLDING: Final = "SELECT entries FROM commits WHERE revision >= ? ORDER BY revision LIMIT 1"
#: What versions before the fourth wrote; nothing is added to it.
_BEFORE: Final = (
    "SELECT at, attempt, event, from_state, to_state, message FROM history WHERE job_id = ? ORDER BY entry_id"
)


@frozen(kw_only=True)
class HistoryEntry:
    """Something that happened to a job, for people to read; holds no address and no secret.

    Attributes:
        event: The event's class name.
        before: The state it found.
        after: The state it left.
    """

    at: datetime
    attempt: int
    event: str
    before: State
    after: State
    message: str | None


def latest_revision(connection: sqlite3.Connection) -> int:
    """Return the highest revision that any job was given; 0 without jobs."""
    revision: int = connection.execute(_LATEST).fetchone()[0]
    return revision


def note(connection: sqlite3.Connection, entries: Sequence[Entry]) -> None:
    """Add the row of a commit, which tells of at least one write.

    Raises:
        UnicodeEncodeError: A text in it cannot be stored.
    """
    connection.execute(
        "INSERT INTO commits (revision, entries) VALUES (?, ?)", (entries[-1][0], _encoded(entries).decode())
    )


def written_since(connection: sqlite3.Connection, revision: int) -> dict[str, int]:
    """Return the latest revision of each job written after that one, the earliest write first."""
    added = connection.execute("SELECT added, job_id FROM jobs WHERE added > ?", (revision,))
    written: list[tuple[int, int]] = list(added)
    for (entries,) in connection.execute("SELECT entries FROM commits WHERE revision > ?", (revision,)):
        written += ((entry[0], entry[1]) for entry in json.loads(entries) if entry[0] > revision)
    latest = {job_id: written_as for written_as, job_id in sorted(written)}
    return {str(job_id): latest[job_id] for job_id in sorted(latest, key=latest.__getitem__)}


def history(connection: sqlite3.Connection, job_id: int) -> list[HistoryEntry]:
    """Return what happened to a job, in order."""
    found = [*connection.execute(_BEFORE, (job_id,)), *reversed(list(_told(connection, job_id)))]
    return [
        HistoryEntry(
            at=datetime.fromisoformat(at),
            attempt=attempt,
            event=event,
            before=State(before),
            after=State(after),
            message=message,
        )
        for at, attempt, event, before, after, message in found
    ]


def _told(connection: sqlite3.Connection, job_id: int) -> Iterator[Sequence[Any]]:
    """Yield what the commits tell of a job, the latest first."""
    row = connection.execute("SELECT written FROM jobs WHERE job_id = ?", (job_id,)).fetchone()
    revision = None if row is None else row[0]
    held: dict[int, Sequence[Any]] = {}
    while revision is not None:
        if revision not in held:
            found = connection.execute(_HOLDING, (revision,)).fetchone()
            held = {entry[0]: entry for entry in json.loads(found[0])} if found else {}
        if revision not in held:
            return
        _, _, revision, *told = held[revision]
        if told:
            yield told
