"""Opening the ledger's file: rights, journal mode, version, and where it must not lie."""

import os
import sqlite3
import time
from pathlib import Path
from urllib.parse import quote

from avatar_async._storage import schema
from avatar_async._storage.mounts import network_file_system
from avatar_async.errors import LedgerError, LedgerVersionError

#: Seconds a write waits for another process's write to end.
BUSY_TIMEOUT_S = 15.0


def prepare_file(path: Path, *, create: bool) -> None:
    """Make sure that the file exists and only its owner can read it.

    SQLite gives its `-wal` and `-shm` files the rights of this one.

    Raises:
        LedgerError: It lies on a network file system, or is missing and shall not be made.
        OSError: The system refuses.
    """
    kind = network_file_system(path.resolve().parent)
    if kind is not None:
        msg = (
            f"ledger {path}: its folder is on a network file system ({kind}), where SQLite's locks cannot "
            "be trusted: put it on a local disk with --ledger FILE"
        )
        raise LedgerError(msg)
    if create:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            pass
        else:
            sync_folder(path.parent)
    elif not path.exists():
        msg = (
            f"there is no ledger at {path}: name the folder of the run with --out, or the file with --ledger"
        )
        raise LedgerError(msg)
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)


def open_writer(path: Path) -> sqlite3.Connection:
    """Return the connection that writes, its file brought up to date.

    Raises:
        LedgerError, LedgerVersionError: The file is not a ledger this code knows.
        sqlite3.Error: SQLite refuses.
    """
    connection = _connect(path, "rw")
    try:
        _checked_version(connection, path)
        _switch_to_wal(connection)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        schema.migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def open_reader(path: Path) -> sqlite3.Connection:
    """Return a connection that reads, beside any writer.

    Raises:
        LedgerError, LedgerVersionError: The file is not a ledger this code knows.
        sqlite3.Error: SQLite refuses.
    """
    connection = _connect(path, "rw" if os.access(path, os.W_OK) else "ro")
    try:
        version = _checked_version(connection, path)
        if version == 0:
            msg = (
                f"ledger {path}: it is empty, no run has come to adding its jobs yet: `avatar-async run` does"
            )
            raise LedgerError(msg)
        if version < len(schema.MIGRATIONS):
            msg = f"ledger {path}: an older version wrote it: `avatar-async run` brings it up to date"
            raise LedgerVersionError(msg)
        connection.execute("PRAGMA query_only = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"file:{quote(str(path.absolute()))}?mode={mode}"
    return sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None)


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
