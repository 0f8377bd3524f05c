"""The durable store of jobs on one machine: a SQLite file."""

import functools
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self, TypeVar

import anyio
import anyio.to_thread

from avatar_async._jobs.changes import Change
from avatar_async._jobs.records import Job, NewJob, Standing
from avatar_async._jobs.states import State
from avatar_async._storage import changes as writes
from avatar_async._storage import commits, listing, newcomers, readers, resuming
from avatar_async._storage.commits import HistoryEntry
from avatar_async._storage.connect import open_reader, open_writer, prepare_file
from avatar_async._storage.faults import ledger_error
from avatar_async._storage.readers import Intent
from avatar_async._storage.staying import Staying
from avatar_async._storage.transaction import Transaction
from avatar_async._storage.writer import Outcome, SqliteThread, Work, commit_group, read_group
from avatar_async.errors import LedgerError
from avatar_async.requests import Kind

T = TypeVar("T")


class Ledger:
    """Jobs in a SQLite file, as the `JobStore` port asks for it.

    Any number of processes may have it open: a runner (see `RunnerLock`), readers, and commands that
    apply single changes. Every write is on disk when its call returns; writes that wait together
    share one commit. Cancelling a call stops the waiting only: a write that is queued is made.
    """

    def __init__(self, path: Path, writer: SqliteThread | None, reader: SqliteThread) -> None:
        #: Where the file lies.
        self.path = path
        self._writer = writer
        self._reader = reader

    @classmethod
    @asynccontextmanager
    async def open(
        cls, path: str | Path, *, read_only: bool = False, create: bool = True, beside: bool = False
    ) -> AsyncIterator[Self]:
        """Open a ledger for the block; what is queued at its end is still written.

        Args:
            path: The file, made with mode 0600 if it is missing.
            read_only: Refuse every write, and open no connection that could.
            create: Whether a missing file is made (never when `read_only`).
            beside: Whether a run may hold it: all that do not have its `RunnerLock` have to say so.

        Raises:
            LedgerError: It cannot be opened, is no ledger, or lies on a network file system.
            LedgerVersionError: It was written by a newer version of this package.
        """
        path = Path(path)
        prepare = functools.partial(prepare_file, path, create=create and not read_only, read_only=read_only)
        try:
            await anyio.to_thread.run_sync(prepare)
        except OSError as error:
            raise ledger_error(error, path) from error
        writer = None if read_only else _writing_thread(path, beside=beside)
        reader = SqliteThread(path, lambda: open_reader(path), read_group, name="reader")
        try:
            if writer is not None:
                await writer.start()
            await reader.start()
            yield cls(path, writer, reader)
        finally:
            try:
                await reader.stop()
            finally:
                if writer is not None:
                    await writer.stop()

    async def bind(self, endpoint: str, account: str, *, rebind: bool = False) -> None:
        """Tie the ledger to an endpoint origin and account, or check it; see `JobStore.bind`."""
        await self._write(lambda group: writes.bind(group.connection, endpoint, account, rebind=rebind))

    async def binding(self) -> tuple[str, str] | None:
        """Return the endpoint origin and account the ledger is tied to, None if it is not yet."""
        return await self._reader.call(readers.binding)

    async def insert(self, jobs: Sequence[NewJob]) -> list[Job]:
        """Save new jobs as planned, all or none; see `JobStore.insert`."""
        return await self._write(lambda group: newcomers.insert(group, jobs))

    async def adopt(self, jobs: Sequence[tuple[Job, Mapping[str, Any]]]) -> list[Job]:
        """Save jobs with their requests as they stand, all or none; ids and revisions are given anew.

        Raises:
            ConflictError: A (batch, name), a folder or a task id is taken.
        """
        return await self._write(lambda group: newcomers.adopt(group, jobs))

    async def restore(self, jobs: Sequence[tuple[Job, Job, Mapping[str, Any]]]) -> list[Job]:
        """Bring jobs to where their receipts saw them; see `newcomers.restore`."""
        return await self._write(lambda group: newcomers.restore(group, jobs))

    async def apply(self, changes: Sequence[Change]) -> list[Job]:
        """Apply every change, or none, in one durable commit; see `JobStore.apply`.

        Cancelled, the changes may still be written: read the jobs again before going on.
        """
        return await self._write(lambda group: writes.apply(group, changes))

    async def remember(self, key: str, value: str) -> None:
        """Keep a small fact about the whole ledger."""
        await self._write(lambda group: writes.remember(group.connection, key, value))

    async def recall(self, key: str) -> str | None:
        """Return a fact kept with `remember`."""
        return await self._reader.call(lambda db: readers.recall(db, key))

    async def get(self, job_id: str) -> Job:
        """Return one job; see `JobStore.get`."""
        return await self._reader.call(lambda db: readers.job(db, job_id))

    async def find(self, batch: str, names: Collection[str]) -> dict[str, Job]:
        """Return those of the named jobs that exist, by name."""
        return await self._reader.call(lambda db: readers.find(db, batch, names))

    async def jobs(self, *, batch: str | None = None, states: Collection[State] | None = None) -> list[Job]:
        """Return jobs in the order they were added."""
        return await self._reader.call(lambda db: readers.jobs(db, batch, states))

    async def some(self, job_ids: Collection[str]) -> list[Job]:
        """Return those of the jobs that exist, in the order they were added."""
        return await self._reader.call(lambda db: resuming.some(db, job_ids))

    async def open_page(self, batch: str, *, after: str | None = None, limit: int) -> list[Job]:
        """Return open jobs page by page; see `JobStore.open_page`."""
        return await self._reader.call(lambda db: resuming.open_page(db, batch, after, limit))

    async def standings(self, state: State, *, after: str | None = None, limit: int) -> list[Standing]:
        """Return where jobs of a state stand, page by page; see `JobStore.standings`."""
        return await self._reader.call(lambda db: resuming.standings(db, state, after, limit))

    async def witness(self, *, besides: str | None = None) -> int | None:
        """Return the id of the newest task that is surely ours; see `JobStore.witness`."""
        return await self._reader.call(lambda db: resuming.witness(db, besides))

    async def page(
        self, *, states: Collection[State] | None = None, after: str | None = None, limit: int
    ) -> list[Job]:
        """Return the first jobs of these states, or the first behind a job, in the order they were added."""
        return await self._reader.call(lambda db: listing.page(db, states, after, limit))

    async def first(self, state: State, *, limit: int) -> list[Job]:
        """Return the first jobs of a state, in the order they were added."""
        return await self._reader.call(lambda db: listing.first(db, state, limit))

    async def vanishing(self, *, limit: int) -> list[Job]:
        """Return finished jobs whose files are not all home, the most urgent first."""
        return await self._reader.call(lambda db: listing.vanishing(db, limit))

    async def to_look_at(self, *, limit: int) -> list[Job]:
        """Return the first open jobs that wait for a person, or that the service does not show."""
        return await self._reader.call(lambda db: listing.to_look_at(db, limit))

    async def states_of(self, names: Collection[tuple[str, str]]) -> dict[tuple[str, str], State]:
        """Return, for those pairs of batch and name that are jobs, their states."""
        return await self._reader.call(lambda db: listing.states_of(db, names))

    async def sent_again(self, kind: Kind) -> list[Job]:
        """Return the jobs of a kind of which there was more than one attempt, as they were added."""
        return await self._reader.call(lambda db: readers.sent_again(db, kind))

    async def counts(self) -> dict[State, int]:
        """Return how many jobs are in each state (every state is a key)."""
        return await self._reader.call(readers.counts)

    async def request(self, job_id: str) -> dict[str, Any]:
        """Return a job's request in its plain form; see `JobStore.request`."""
        return await self._reader.call(lambda db: readers.request(db, job_id))

    async def requests(self, job_ids: Collection[str]) -> dict[str, dict[str, Any]]:
        """Return, for those of the jobs that exist, their requests in the plain form."""
        return await self._reader.call(lambda db: readers.requests(db, job_ids))

    async def submitted_as(self, fingerprints: Collection[str]) -> dict[str, str]:
        """Return, for fingerprints of which a task was or may have been made, the job that did it.

        Create calls that surely made no task (put back, refused) do not count.
        """
        return await self._reader.call(lambda db: readers.submitted_as(db, fingerprints))

    async def claimed(self, task_ids: Collection[int]) -> dict[int, str]:
        """Return, for those task ids ever given to a job here (any attempt), that job's name."""
        return await self._reader.call(lambda db: readers.claimed(db, task_ids))

    async def taken_folders(self, folders: Collection[str]) -> set[str]:
        """Return those of the folder names that some file system takes for a job's folder."""
        return await self._reader.call(lambda db: readers.taken_folders(db, folders))

    async def durations_s(self, kind: Kind, *, limit: int = 200) -> list[float]:
        """Return how long a sample of the latest tasks of a kind took that ended, in seconds."""
        return await self._reader.call(lambda db: readers.durations_s(db, kind, limit))

    async def latest_revision(self) -> int:
        """Return the revision of the latest write to any job; 0 without jobs."""
        return await self._reader.call(commits.latest_revision)

    async def written_since(self, revision: int) -> dict[str, int]:
        """Return the latest revision of each job written after that one, by anyone, the earliest first."""
        return await self._reader.call(lambda db: commits.written_since(db, revision))

    async def receipts_due(self) -> list[Job]:
        """Return jobs that have, or may have, a task and whose receipt tells of another state."""
        return await self._reader.call(readers.receipts_due)

    async def intents(self, job_id: str) -> list[Intent]:
        """Return every create call promised for a job, in order."""
        return await self._reader.call(lambda db: readers.intents(db, job_id))

    async def history(self, job_id: str) -> list[HistoryEntry]:
        """Return what happened to a job, in order, without addresses."""
        return await self._reader.call(lambda db: readers.history(db, job_id))

    def _write(self, work: Callable[[Transaction], T]) -> Awaitable[T]:
        if self._writer is None:
            msg = f"ledger {self.path} was opened for reading only"
            raise LedgerError(msg)
        return self._writer.call(work)


def _writing_thread(path: Path, *, beside: bool) -> SqliteThread:
    """Return the thread that writes; it notices when the file is taken away from under it."""
    staying: list[Staying] = []

    def connect() -> sqlite3.Connection:
        connection = open_writer(path, beside=beside)
        staying.append(Staying(path))
        return connection

    def commit(connection: sqlite3.Connection, works: Sequence[Work]) -> list[Outcome]:
        return commit_group(connection, works, staying[0].check)

    return SqliteThread(path, connect, commit, name="writer")
