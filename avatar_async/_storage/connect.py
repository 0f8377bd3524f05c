"""Opening the ledger's file: rights, journal mode, version, and where it must not lie."""

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote

from avatar_async._storage import schema
from avatar_async._storage.folders import make_folder, sync_folder
from avatar_async._storage.mounts import network_file_system
from avatar_async.errors import LedgerError, LedgerVersionError
from avatar_async.settings.files import real_path

#: Seconds a write waits for another process's write to end.
BUSY_TIMEOUT_S = 15.0
#: Size of a page of a new ledger; one that exists keeps its own. A change to one job writes the whole page
#: that its row lies on, into the log and from there into the file.
PAGE_BYTES: Final = 2048
#: Length of the log from which the run that holds the ledger brings it into the file, between two writes.
#: No other connection does: before SQLite 3.51.3, when two connections checkpoint one after the other while
#: somebody writes, a commit may be left out of the file for good (sqlite.org/wal.html, "The WAL-Reset Bug").
#: Whoever closes the file last is alone with it, and empties the log then.
LOG_BYTES: Final = 16 << 20
#: Pages that a reader keeps, in KiB: it goes through tables in order and seldom comes back, while thousands
#: of waiting jobs share the memory of the process.
_READER_KIB: Final = 512


def prepare_file(path: Path, *, create: bool, read_only: bool = False) -> None:
    """Make sure that the file exists and only its owner can read it.

    SQLite gives its `-wal` and `-shm` files the rights of this one. Who only reads takes a copy on
    read-only media as it is.

    Raises:
        LedgerError: It lies on a network file system, or is missing and shall not be made.
        OSError: The system refuses.
    """
    folder = real_path(path).parent
    kind = network_file_system(folder)
    if kind is not None:
        msg = (
            f"ledger {path}: its folder is on a network file system ({kind}), where SQLite's locks cannot "
            "be trusted: put it on a local disk with --ledger FILE"
        )
        raise LedgerError(msg)
    if create:
        make_folder(folder)
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
            sync_folder(folder)
    elif not path.exists():
        msg = (
            f"there is no ledger at {path}: name the folder of the run with --out, or the file with --ledger"
        )
        raise LedgerError(msg)
    if path.stat().st_mode & 0o077:
        try:
            path.chmod(0o600)
        except OSError:
            if not read_only:
                raise


def open_writer(path: Path, *, beside: bool = False) -> sqlite3.Connection:
    """Return a connection that writes, its file brought up to date.

    Args:
        path: The ledger's file.
        beside: Whether a run may have it open, too, which then brings the log into the file.

    Raises:
        LedgerError, LedgerVersionError: The file is not a ledger this code knows.
        sqlite3.Error: SQLite refuses.
    """
    connection = _connect(path, "mode=rw")
    try:
        _checked_version(connection, path)
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        _switch_to_wal(connection)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        page_bytes = connection.execute("PRAGMA page_size").fetchone()[0]
        connection.execute(f"PRAGMA wal_autocheckpoint = {0 if beside else LOG_BYTES // page_bytes}")
        schema.migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def open_reader(path: Path) -> sqlite3.Connection:
    """Return a connection that reads, beside any writer.

    Raises:
        LedgerError, LedgerVersionError: The file is not a ledger this code knows, or its latest changes
            cannot be read where it lies.
        sqlite3.Error: SQLite refuses.
    """
    connection = _connect(path, reading_mode(path))
    try:
        version = _read_version(connection, path)
        if version == 0:
            msg = (
                f"ledger {path}: it is empty, no run has come to adding its jobs yet: `avatar-async run` does"
            )
            raise LedgerError(msg)
        if version < len(schema.MIGRATIONS):
            msg = f"ledger {path}: an older version wrote it: `avatar-async run` brings it up to date"
            raise LedgerVersionError(msg)
        connection.execute("PRAGMA query_only = ON")
        connection.execute(f"PRAGMA cache_size = -{_READER_KIB}")
    except BaseException:
        connection.close()
        raise
    return connection


def reading_mode(
    path: Path, may_write: Callable[[Path], bool] = lambda path: os.access(path, os.W_OK)
) -> str:
    """Return the parameters of the address that a reader opens a ledger by.

    Readers share a `-shm` file with the writer, which takes a folder that may be written. Where it may
    not and no change waits in the `-wal` file, nobody writes either: the file is read as it is.
    """
    real = real_path(path)
    if may_write(real) and may_write(real.parent):
        return "mode=rw"
    return "mode=ro" if _waiting_bytes(real) else "mode=ro&immutable=1"


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"file:{quote(str(path.absolute()))}?{mode}"
    return sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None)


def _waiting_bytes(path: Path) -> int:
    """Return the length of the log with changes that are not in the file yet, 0 without one."""
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size
    except FileNotFoundError:
        return 0


def _read_version(connection: sqlite3.Connection, path: Path) -> int:
    """Return the version of the file; this is the first read, and fails where no reader can work."""
    try:
        return _checked_version(connection, path)
    except sqlite3.OperationalError as error:
        refused = error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}
        if not refused or not _waiting_bytes(real_path(path)):
            raise
        msg = (
            f"ledger {path}: its latest changes are still in {path.name}-wal, and cannot be read from a "
            f"folder that cannot be written: copy {path.name} and {path.name}-wal into one that can, and "
            "name the copy with --ledger"
        )
        raise LedgerError(msg) from error


def _checked_version(connection: sqlite3.Connection, path: Path) -> int:
    try:
        version = schema.version_of(connection)
        schema.check_not_newer(version)
    except LedgerError as error:
        raise type(error)(f"ledger {path}: {error}") from None
    return version


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Switch the journal; two processes that do it at once get SQLITE_BUSY without any wait."""
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            if mode != "wal":
                msg = f"SQLite cannot use its write-ahead log there (journal mode {mode!r})"
                raise LedgerError(msg)
            return
