"""What errors of SQLite and of the system mean to the person who reads the message."""

import errno
import os
import sqlite3
from contextlib import suppress
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
_OF_THE_SYSTEM = {
    errno.ENOSPC: _REMEDIES[sqlite3.SQLITE_FULL],
    errno.EDQUOT: "your quota of the disk is used up: free some room and give the same command again",
    errno.EROFS: "its disk can only be read now: mount it for writing, then give the same command again",
    errno.EACCES: "it may not be written (Permission denied): check the rights of its folder",
    errno.EIO: _REMEDIES[sqlite3.SQLITE_IOERR],
}
#: SQLite's errors behind which the system's own error is worth asking for.
_VAGUE = frozenset({sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY})
_PROBE_BYTES = 4096


def ledger_error(error: Exception, path: Path) -> Exception:
    """Return the error to raise for one that happened on a ledger; its cause is kept.

    Errors that are neither SQLite's nor the system's are returned as they are: they are bugs, or
    already say what is wrong. May write a small file beside the ledger: for worker threads.
    """
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        told = _probe(path) if code in _VAGUE else None
        reason = (_OF_THE_SYSTEM.get(told) if told else None) or _REMEDIES.get(code, str(error))
    elif isinstance(error, OverflowError):
        reason = "a number does not fit into 64 bits"
    elif isinstance(error, UnicodeEncodeError):
        reason = f"a text is not valid Unicode: {error.object[:80]!r}"
    elif isinstance(error, OSError):
        reason = reason_of(error)
    else:
        return error
    mapped = LedgerError(f"ledger {path}: {reason}")
    mapped.__cause__ = error
    return mapped


def reason_of(error: OSError) -> str:
    """Return what is wrong, and what to do about it where that is known."""
    return _OF_THE_SYSTEM.get(error.errno or 0) or error.strerror or str(error)


def _probe(path: Path) -> int | None:
    """Return the number of the system's error when a file is written beside the ledger, None if it can be.

    SQLite does not tell a used-up quota or a file system that turned read-only from a broken disk.
    """
    draft = path.with_name(f".{path.name}.probe.tmp")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, bytes(_PROBE_BYTES))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        return error.errno
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    return None
