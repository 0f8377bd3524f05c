"""The threads that own SQLite connections; the writing one commits in groups."""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import anyio
import anyio.to_thread

from avatar_async._storage.faults import ledger_error
from avatar_async._storage.transaction import OutdatedError, Transaction
from avatar_async._storage.unbroken import unbroken
from avatar_async.errors import LedgerError

T = TypeVar("T")
#: What a call does: the writing thread gives it a `Transaction`, the reading one its connection.
Work = Callable[[Any], Any]

#: Calls that share one commit at most, so that the first is not answered too late.
GROUP_SIZE = 512
#: Seconds to wait for the calls still queued when the ledger is closed.
_CLOSE_S = 60.0


class Outcome(NamedTuple):
    """What became of one call."""

    value: Any = None
    error: Exception | None = None


#: A call on its way to the thread, and where its outcome is awaited.
_Call = tuple[Work, "asyncio.Future[Any]"]


def commit_group(
    connection: sqlite3.Connection, works: Sequence[Work], check: Callable[[], None] = lambda: None
) -> list[Outcome]:
    """Run calls in one transaction; one that raises leaves nothing, the others are durable on return.

    A call may be run up to three times: it must do nothing but read and write the transaction it is given.

    Args:
        connection: The connection that writes.
        works: The calls.
        check: Called before anything is made durable; an error of its own fails them all.
    """
    try:
        outcomes = _run_together(connection, works, gathers=True)
        if outcomes is None:
            outcomes = _run_together(connection, works, gathers=False)
        if outcomes is None:
            connection.execute("BEGIN IMMEDIATE")
            outcomes = [_run_apart(connection, work) for work in works]
        check()
        connection.execute("COMMIT")
    except Exception as error:  # noqa: BLE001 - handed to every caller of the group
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        return [Outcome(error=error)] * len(works)
    return outcomes


def _run_together(
    connection: sqlite3.Connection, works: Sequence[Work], *, gathers: bool
) -> list[Outcome] | None:
    """Run calls in a transaction that stays open, without the cost of a savepoint for each.

    Returns None, with the transaction undone, if a call failed after it had written, or if one of the updates
    that were gathered found another job than it expected.
    """
    connection.execute("BEGIN IMMEDIATE")
    transaction, outcomes = Transaction(connection, gathers=gathers), []
    try:
        for work in works:
            before = transaction.written
            try:
                outcomes.append(Outcome(work(transaction)))
            except OutdatedError:
                raise
            except Exception as error:
                if not connection.in_transaction or transaction.written != before:
                    raise
                outcomes.append(Outcome(error=error))
        transaction.finish()
    except Exception:
        if not connection.in_transaction:
            raise  # SQLite itself gave up the whole transaction: full disk, I/O error
        connection.execute("ROLLBACK")
        return None
    return outcomes


def _run_apart(connection: sqlite3.Connection, work: Work) -> Outcome:
    connection.execute("SAVEPOINT one_call")
    transaction = Transaction(connection)
    try:
        value = work(transaction)
        transaction.finish()
    except Exception as error:
        if not connection.in_transaction:
            raise  # as above
        connection.execute("ROLLBACK TO one_call")
        connection.execute("RELEASE one_call")
        return Outcome(error=error)
    connection.execute("RELEASE one_call")
    return Outcome(value=value)


def read_group(connection: sqlite3.Connection, works: Sequence[Work]) -> list[Outcome]:
    """Run each call on its own consistent view of the file."""
    return [_read(connection, work) for work in works]


def _read(connection: sqlite3.Connection, work: Work) -> Outcome:
    try:
        connection.execute("BEGIN")
        try:
            value = work(connection)
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
    except Exception as error:  # noqa: BLE001 - handed to the caller
        return Outcome(error=error)
    return Outcome(value=value)


def _told(outcomes: Sequence[Outcome], path: Path) -> list[Outcome]:
    """Put what SQLite says into words; calls that failed together get one error."""
    if not any(error for _, error in outcomes):
        return list(outcomes)
    words: dict[int, Exception] = {}
    told = []
    for outcome in outcomes:
        error = outcome.error
        if error is not None and id(error) not in words:
            words[id(error)] = ledger_error(error, path)
        told.append(outcome if error is None else Outcome(error=words[id(error)]))
    return told


class SqliteThread:
    """One thread with one connection, serving calls from the event loop in order."""

    def __init__(
        self,
        path: Path,
        connect: Callable[[], sqlite3.Connection],
        serve: Callable[[sqlite3.Connection, Sequence[Work]], list[Outcome]],
        *,
        name: str,
    ) -> None:
        self._path = path
        self._name = name
        self._connect = connect
        self._serve = serve
        #: Calls of this turn of the loop; they go to the thread together, which wakes once for all.
        self._gathered: list[_Call] = []
        self._calls: queue.SimpleQueue[list[_Call] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closed = True

    async def start(self) -> None:
        """Start the thread and open its connection; cancelled, it ends by itself.

        Raises:
            LedgerError: The file cannot be opened.
        """
        self._loop = loop = asyncio.get_running_loop()
        ready: asyncio.Future[Any] = loop.create_future()
        self._ended: asyncio.Future[Any] = loop.create_future()
        self._thread = threading.Thread(
            target=self._live, args=(ready,), name=f"ledger-{self._name}", daemon=True
        )
        self._closed = False
        self._thread.start()
        try:
            await ready
        except BaseException:
            await self.stop()
            raise

    def call(self, work: Callable[[Any], T]) -> "asyncio.Future[T]":
        """Have `work` run in the thread; awaited, it brings its value, for the writer once it is committed.

        Cancellation stops the waiting only: work that is queued is done.

        Raises:
            LedgerError: The ledger is closed, or SQLite failed.
        """
        if self._closed:
            msg = f"ledger {self._path} is closed"
            raise LedgerError(msg)
        answer: asyncio.Future[T] = self._loop.create_future()
        if not self._gathered:
            self._loop.call_soon(self._hand_over)
        self._gathered.append((work, answer))
        return answer

    async def stop(self) -> None:
        """Do what is queued, close the connection and end the thread, also when cancelled meanwhile."""
        if self._thread is None:
            return
        if not self._closed:
            self._closed = True
            self._hand_over()
            self._calls.put(None)
        await unbroken(self._join)

    async def _join(self) -> None:
        assert self._thread is not None
        with anyio.move_on_after(_CLOSE_S):
            await self._ended
            await anyio.to_thread.run_sync(self._thread.join)
            self._thread = None

    def _live(self, ready: "asyncio.Future[Any]") -> None:
        try:
            connection = self._connect()
        except Exception as error:  # noqa: BLE001 - handed to who waits for the start
            self._deliver([ready, self._ended], [Outcome(error=ledger_error(error, self._path)), Outcome()])
            return
        self._deliver([ready], [Outcome()])
        try:
            while self._serve_next(connection):
                pass
        finally:
            connection.close()
            self._deliver([self._ended], [Outcome()])

    def _hand_over(self) -> None:
        if self._gathered:
            self._calls.put(self._gathered)
            self._gathered = []

    def _serve_next(self, connection: sqlite3.Connection) -> bool:
        handed = self._calls.get()
        calls = list(handed or ())
        while handed is not None and len(calls) < GROUP_SIZE:
            try:
                handed = self._calls.get_nowait()
            except queue.Empty:
                break
            calls += handed or ()
        for first in range(0, len(calls), GROUP_SIZE):
            group = calls[first : first + GROUP_SIZE]
            try:
                outcomes = self._serve(connection, [work for work, _ in group])
            except Exception as error:  # noqa: BLE001 - nobody may wait for ever
                outcomes = [Outcome(error=error)] * len(group)
            self._deliver([answer for _, answer in group], _told(outcomes, self._path))
        return handed is not None

    def _deliver(self, answers: "Sequence[asyncio.Future[Any]]", outcomes: Sequence[Outcome]) -> None:
        try:
            self._loop.call_soon_threadsafe(_answer, answers, outcomes)
        except RuntimeError:
            return  # the loop is gone, and with it everybody who waited


def _answer(answers: "Sequence[asyncio.Future[Any]]", outcomes: Sequence[Outcome]) -> None:
    for answer, (value, error) in zip(answers, outcomes, strict=True):
        if answer.done():
            continue
        if error is None:
            answer.set_result(value)
        else:
            answer.set_exception(error)
