"""What SQLite's errors mean to the person who reads the message."""

import errno
import sqlite3
from pathlib import Path

from avatar_async.errors import LedgerError

_BUSY = "another process is writing to it for too long: look for one that hangs, then try again"
_REMEDIES = {
    sqlite3.SQLITE_FULL: "the disk is full: free some room and give the same command again",
    sqlite3.SQLITE_READONLY: "it cannot be written: check the rights of the file and of its folder",
    sqlite3.SQLITE_PERM: "it cannot be read or written: check the rights of the file and of its folder",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened: check that its folder exists and may be written",
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_CORRUPT: (
        "it is damaged: keep a copy, put it aside, and adopt the receipts with `run --rebuild-ledger`"
    ),
    sqlite3.SQLITE_NOTADB: "it is not a SQLite file: name another one with --ledger",
    sqlite3.SQLITE_IOERR: "the disk reports an error: check the disk, then give the same command again",
}
#: Errors of the system that mean that there is no room.
DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def ledger_error(error: Exception, path: Path) -> Exception:
    """Return the error to raise for one that happened on a ledger; its cause is kept.

    Errors that are neither SQLite's nor the system's are returned as they are: they are bugs, or
    already say what is wrong.
    """
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        reason = _REMEDIES.get(code, str(error))
    elif isinstance(error, OverflowError):
        reason = "a number does not fit into 64 bits"
    elif isinstance(error, UnicodeEncodeError):
        reason = f"a text is not valid Unicode: {error.object[:80]!r}"
    elif isinstance(error, OSError):
        full = error.errno in DISK_FULL
        reason = _REMEDIES[sqlite3.SQLITE_FULL] if full else (error.strerror or str(error))
    else:
        return error
    mapped = LedgerError(f"ledger {path}: {reason}")
    mapped.__cause__ = error
    return mapped
