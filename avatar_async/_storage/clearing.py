"""Bringing what is committed from the log into the ledger's file, beside the thread that writes."""

import sqlite3
import threading
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

import anyio
import anyio.to_thread

from avatar_async._storage.connect import open_clearer
from avatar_async._storage.unbroken import unbroken

#: Rows written since the last time, from which on it is worth the syncs.
ROWS: Final = 1000
#: Seconds to wait for what is under way when the ledger is closed.
_CLOSE_S: Final = 60.0


class Clearing:
    """A thread that clears the log again and again while much is written, so that no commit waits for it.

    Nothing depends on it: what it does not come to, or cannot do, the writer does once the log is long, and
    whoever closes the file last. It makes nobody wait, and leaves alone what is being read.

    Args:
        path: The ledger's file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._due = threading.Event()
        self._over = False
        self._thread: threading.Thread | None = None
        #: Rows written until it was last asked for.
        self._known = 0

    def note(self, rows: int) -> None:
        """Take note of how many rows were written in all; to be called after a commit by its thread."""
        if rows - self._known < ROWS or self._over:
            return
        self._known = rows
        self._due.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._live, name="ledger-clearing", daemon=True)
            self._thread.start()

    async def stop(self) -> None:
        """End the thread, also when cancelled meanwhile; to be called once nobody writes any more."""
        self._over = True
        self._due.set()
        if self._thread is not None:
            await unbroken(self._join)

    async def _join(self) -> None:
        assert self._thread is not None
        with anyio.move_on_after(_CLOSE_S):
            await anyio.to_thread.run_sync(self._thread.join, abandon_on_cancel=True)

    def _live(self) -> None:
        with suppress(sqlite3.Error), closing(open_clearer(self._path)) as connection:
            while self._due.wait() and not self._over:
                self._due.clear()
                # One that is refused or fails is made up for later.
                with suppress(sqlite3.Error):
                    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
