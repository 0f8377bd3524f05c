"""What the writes that share one transaction of the ledger have in common."""

import sqlite3
from typing import Any

_INSERT_HISTORY = (
    "INSERT INTO history (at, job_id, attempt, event, from_state, to_state, message) "
    "VALUES (?, ?, ?, ?, ?, ?, ?)"
)


class Transaction:
    """A connection inside a transaction that nobody else writes to meanwhile.

    Revisions are counted from what is found once. Entries of the history are gathered and go to the
    table together, at the end: nothing in a transaction reads them.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        #: For everything that is written at once.
        self.connection = connection
        self._revision = -1
        self._history: list[tuple[Any, ...]] = []

    @property
    def written(self) -> tuple[int, int]:
        """Return what rises with everything that was written, at once or not yet."""
        return self.connection.total_changes, len(self._history)

    def next_revision(self) -> int:
        """Return a revision above those of all jobs, and above all that were returned before."""
        if self._revision < 0:
            found = self.connection.execute("SELECT coalesce(max(revision), 0) FROM jobs").fetchone()
            self._revision = found[0]
        self._revision += 1
        return self._revision

    def note(self, entry: tuple[Any, ...]) -> None:
        """Add an entry to the history: at, job, attempt, event, state before, state after, message."""
        self._history.append(entry)

    def finish(self) -> None:
        """Write what was gathered; to be called before the commit."""
        if self._history:
            self.connection.executemany(_INSERT_HISTORY, self._history)
            self._history.clear()
