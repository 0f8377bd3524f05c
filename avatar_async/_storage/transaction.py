"""What the writes that share one transaction of the ledger have in common."""

import sqlite3
from typing import Any

from avatar_async._jobs.records import Job
from avatar_async._storage.commits import Entry, latest_revision, note


class OutdatedError(Exception):
    """An update that was gathered found another job than it expected: the whole transaction is void."""


class Transaction:
    """A connection inside a transaction that nobody else writes to meanwhile.

    Revisions are counted from what is found once. Updates of jobs are gathered: those of one shape go to the
    table together, at the end or before anybody reads. What was written to which job makes one row.

    Args:
        connection: The connection, in a transaction.
        gathers: Whether updates of jobs may be put off; if not, each is made and checked at once.
    """

    def __init__(self, connection: sqlite3.Connection, *, gathers: bool = False) -> None:
        #: For tables other than that of the jobs, which may lag behind there.
        self.beside = connection
        self._gathers = gathers
        self._revision = -1
        self._entries: list[Entry] = []
        #: Updates that wait, by their statement; no two are of one job.
        self._updates: dict[str, list[list[Any]]] = {}
        #: Jobs as the updates that were gathered leave them, those that were made included.
        self._latest: dict[str, Job] = {}
        #: How many updates were asked for, and how many of them SQLite has counted.
        self._asked = self._made = 0

    @property
    def connection(self) -> sqlite3.Connection:
        """Return the connection, for everything, with all updates of jobs made.

        Raises:
            OutdatedError: One of them expected another job than there is.
        """
        if self._updates:
            self._flush()
        return self.beside

    @property
    def written(self) -> tuple[int, int, int]:
        """Return what rises with everything that was written, at once or not yet."""
        return self.beside.total_changes - self._made, self._asked, len(self._entries)

    def next_revision(self) -> int:
        """Return a revision above those of all jobs, and above all that were returned before."""
        if self._revision < 0:
            self._revision = latest_revision(self.beside)
        self._revision += 1
        return self._revision

    def latest(self, known: Job) -> Job:
        """Return a job as its latest update leaves it, that record itself if none was gathered."""
        return self._latest.get(known.id, known)

    def update(self, after: Job, statement: str, parameters: list[Any]) -> bool:
        """Make the update of one job's row that leads to `after`, now or later.

        Returns:
            Whether its row was as it expects; of one that is made later True, and finding another row then
            makes the transaction void.

        Raises:
            OutdatedError: An earlier one expected another job than there is.
        """
        if not self._gathers:
            return self.beside.execute(statement, parameters).rowcount == 1
        if after.id in self._latest:
            self._flush()
        self._latest[after.id] = after
        alike = self._updates.get(statement)
        if alike is None:
            self._updates[statement] = [parameters]
        else:
            alike.append(parameters)
        self._asked += 1
        return True

    def note(self, entry: Entry) -> None:
        """Tell of a write to a job."""
        self._entries.append(entry)

    def finish(self) -> None:
        """Write what was gathered; to be called before the commit.

        Raises:
            OutdatedError: An update expected another job than there is.
        """
        if self._updates:
            self._flush()
        if self._entries:
            note(self.beside, self._entries)
            self._entries.clear()

    def _flush(self) -> None:
        updates, self._updates = self._updates, {}
        for statement, parameters in updates.items():
            made = self.beside.executemany(statement, parameters).rowcount
            self._made += made
            if made != len(parameters):
                raise OutdatedError
