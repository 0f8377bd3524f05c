"""Keep the emulator's state in one SQLite file: what was answered is on disk before the answer leaves."""

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
from attrs import define

from avatar_async.emulator.received import Received, Tally
from avatar_async.emulator.records import EmulatedTask, from_plain, to_plain
from avatar_async.errors import DiskSpaceError, EmulatorError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS tasks (id INTEGER PRIMARY KEY, task TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS counters (
  kind TEXT, name TEXT, n INTEGER NOT NULL, PRIMARY KEY (kind, name)
) STRICT;
"""
_SET = "INSERT INTO settings VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
_PUT = "INSERT INTO tasks VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET task = excluded.task"
_COUNT = "INSERT INTO counters VALUES (?, ?, ?) ON CONFLICT (kind, name) DO UPDATE SET n = excluded.n"

Statement = tuple[str, tuple[Any, ...]]


@define(eq=False)
class _Write:
    statements: Sequence[Statement]
    done: bool = False
    error: Exception | None = None


class Store:
    """Hold tasks, settings and counters in memory and write them through to SQLite.

    Writes that arrive together share one commit. A write cancelled before its commit begins is dropped;
    one cancelled later is committed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pending: list[_Write] = []
        self.settings: dict[str, Any] = {}
        self.tasks: dict[int, EmulatedTask] = {}
        self.received = Received()
        #: Calls seen and hits made by each fault rule.
        self.fault_calls, self.fault_hits = Tally(), Tally()

    async def open(self) -> None:
        """Create or read the file.

        Raises:
            EmulatorError: The file cannot be opened or is damaged.
        """
        self._turn = anyio.Lock()
        self._limiter = anyio.CapacityLimiter(1)
        try:
            await anyio.to_thread.run_sync(self._load, limiter=self._limiter)
        except (sqlite3.Error, ValueError, KeyError, OSError) as error:
            raise EmulatorError(
                f"the emulator's state in {self._path} cannot be opened: {error}{_remedy(error)}"
            ) from error

    async def close(self) -> None:
        """Write the counters and let go of the file."""
        await self._write([])
        await anyio.to_thread.run_sync(self._connection.close, limiter=self._limiter)

    async def set(self, name: str, value: Any) -> None:
        """Keep a setting."""
        self.settings[name] = value
        await self._write([(_SET, (name, json.dumps(value)))])

    async def put(self, task: EmulatedTask) -> None:
        """Keep a task, new or changed; others see it once it is on disk."""
        await self._write([(_PUT, (task.id, json.dumps(to_plain(task), ensure_ascii=False)))])
        self.tasks[task.id] = task

    async def keep_counts(self) -> None:
        """Have the counts on disk when this returns."""
        if any(tally.changed for tally in self._tallies().values()):
            await self._write([])

    async def _write(self, statements: Sequence[Statement]) -> None:
        write = _Write(statements)
        self._pending.append(write)
        try:
            async with self._turn:
                if not write.done:
                    batch, self._pending = self._pending, []
                    counters = self._take_counts()
                    with anyio.CancelScope(shield=True):
                        await anyio.to_thread.run_sync(self._commit, batch, counters, limiter=self._limiter)
                    if write.error is not None:
                        self._give_back(counters)
        finally:
            if write in self._pending:
                self._pending.remove(write)
        if write.error is not None:
            message = f"the emulator's state in {self._path} cannot be written: {write.error}"
            message += _remedy(write.error)
            raise (DiskSpaceError if _is_full(write.error) else EmulatorError)(message) from write.error

    def _tallies(self) -> dict[str, Tally]:
        return {
            **dict(self.received.tallies()),
            "fault_calls": self.fault_calls,
            "fault_hits": self.fault_hits,
        }

    def _take_counts(self) -> list[Statement]:
        return [
            (_COUNT, (kind, name, number))
            for kind, tally in self._tallies().items()
            for name, number in tally.take_changed()
        ]

    def _give_back(self, counters: Sequence[Statement]) -> None:
        tallies = self._tallies()
        for _, (kind, name, _number) in counters:
            tallies[kind].changed.add(name)

    def _commit(self, batch: Sequence[_Write], counters: Sequence[Statement]) -> None:
        error: Exception | None = None
        try:
            with self._connection:
                for write in batch:
                    for statement, values in write.statements:
                        self._connection.execute(statement, values)
                for statement, values in counters:
                    self._connection.execute(statement, values)
        except Exception as caught:  # noqa: BLE001 - whoever waits for this commit must learn of it
            error = caught
        for write in batch:
            write.error, write.done = error, True

    def _keep_private(self) -> None:
        """Leave the files to their owner alone: the key of the account stands in them."""
        self._path.touch(mode=0o600)
        for ending in ("", "-wal", "-shm"):
            path = self._path.with_name(self._path.name + ending)
            if path.exists() and path.stat().st_mode & 0o077:
                path.chmod(0o600)

    def _load(self) -> None:
        self._keep_private()
        self._connection = sqlite3.connect(self._path, check_same_thread=False, isolation_level="IMMEDIATE")
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.executescript(_SCHEMA)
        for name, value in self._connection.execute("SELECT name, value FROM settings"):
            self.settings[name] = json.loads(value)
        for (text,) in self._connection.execute("SELECT task FROM tasks ORDER BY id"):
            task = from_plain(json.loads(text))
            self.tasks[task.id] = task
        tallies = self._tallies()
        for kind, name, number in self._connection.execute("SELECT kind, name, n FROM counters"):
            if kind in tallies:
                tallies[kind].restore(name, number)


def _is_full(error: BaseException) -> bool:
    """Tell whether the disk has no room left for SQLite."""
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL


def _remedy(error: BaseException) -> str:
    return ": free some room and give the same command again" if _is_full(error) else ""
