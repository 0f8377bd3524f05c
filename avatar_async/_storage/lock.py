"""One runner per ledger: an operating system lock, and a note of who holds it."""

import json
import os
import socket
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import anyio.to_thread
from attrs import frozen

from avatar_async._storage.faults import reason_of
from avatar_async._storage.folders import make_folder
from avatar_async._storage.mounts import network_file_system
from avatar_async._storage.replacing import replace_file
from avatar_async._storage.unbroken import unbroken
from avatar_async.errors import LedgerError, LedgerLockedError
from avatar_async.settings.files import real_path


@frozen(kw_only=True)
class Holder:
    """The run that holds a ledger.

    Attributes:
        pid: Its process id on its host.
        host: Its host's name.
        since: When it took the ledger.
    """

    pid: int
    host: str
    since: datetime


class RunnerLock:
    """Hold a ledger for one runner, as an async context manager.

    The operating system lets go of the lock when its process ends, however it ends; so who gets it
    knows that every earlier owner is dead. It lies beside the ledger's file.
    """

    def __init__(self, ledger: str | Path) -> None:
        self._ledger = Path(ledger)
        self._lock: Any = None

    async def __aenter__(self) -> Self:
        """Take the lock at once or not at all; cancelled, it is not taken.

        Raises:
            LedgerLockedError: Another run holds the ledger.
            LedgerError: The lock cannot be made.
        """
        try:
            await unbroken(lambda: anyio.to_thread.run_sync(self._take))
        except anyio.get_cancelled_exc_class():
            await self._let_go()
            raise
        return self

    async def __aexit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let go of the lock."""
        await self._let_go()

    async def _let_go(self) -> None:
        await unbroken(lambda: anyio.to_thread.run_sync(self._release))

    async def holder(self) -> Holder | None:
        """Return who holds the ledger, as noted; None without a readable note."""
        return await anyio.to_thread.run_sync(self._read_note)

    def _beside(self, suffix: str) -> Path:
        """Return a file beside the ledger's own, wherever links lead to it."""
        path = real_path(self._ledger)
        return path.with_name(path.name + suffix)

    def _take(self) -> None:
        import filelock

        lock_path, note_path = self._beside(".lock"), self._beside(".runner.lock")
        kind = network_file_system(lock_path.parent)
        if kind is not None:
            msg = (
                f"ledger {self._ledger}: its folder is on a network file system ({kind}), where locks "
                "cannot be trusted: use a local disk"
            )
            raise LedgerError(msg)
        try:
            make_folder(lock_path.parent)
            lock = filelock.FileLock(lock_path, mode=0o600, thread_local=False)
            lock.acquire(timeout=0)
        except filelock.Timeout:
            raise LedgerLockedError(self._locked_message()) from None
        except OSError as error:
            msg = f"ledger {self._ledger}: {lock_path.name} cannot be made: {reason_of(error)}"
            raise LedgerError(msg) from error
        self._lock = lock
        try:
            note = {"pid": os.getpid(), "host": socket.gethostname(), "since": datetime.now(UTC).isoformat()}
            replace_file(note_path, json.dumps(note).encode(), mode=0o600)
        except OSError as error:
            self._release()
            msg = f"ledger {self._ledger}: {note_path.name} cannot be written: {reason_of(error)}"
            raise LedgerError(msg) from error

    def _release(self) -> None:
        lock, self._lock = self._lock, None
        if lock is None:
            return
        # A note that stays is replaced by the next holder's; only the lock itself keeps others out.
        with suppress(OSError):
            self._beside(".runner.lock").unlink(missing_ok=True)
        with suppress(OSError):
            lock.release()

    def _read_note(self) -> Holder | None:
        try:
            note = json.loads(self._beside(".runner.lock").read_bytes())
            return Holder(
                pid=int(note["pid"]), host=str(note["host"]), since=datetime.fromisoformat(note["since"])
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _locked_message(self) -> str:
        holder = self._read_note()
        who = (
            f"process {holder.pid} on {holder.host}, since {holder.since:%Y-%m-%d %H:%M:%S} UTC"
            if holder
            else "another process"
        )
        return (
            f"ledger {self._ledger} is in use by another run ({who}): wait for it or stop it first; "
            "status, resolve, retry and abandon work meanwhile"
        )
