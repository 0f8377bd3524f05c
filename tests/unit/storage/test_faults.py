"""What is told about a ledger that cannot be written."""

import errno
import os
import sqlite3

import pytest

from avatar_async._storage.faults import ledger_error


def vague():
    """Return what SQLite says of most errors of the system."""
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR
    return error


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full: free some room"),
        (errno.EDQUOT, "your quota of the disk is used up: free some room"),
        (errno.EROFS, "its disk can only be read now: mount it for writing"),
        (errno.EIO, "the disk reports an error: check the disk"),
        (errno.EACCES, "check the rights of its folder"),
        (errno.EMFILE, "the disk reports an error: check the disk"),
    ],
)
def test_the_system_is_asked_what_sqlite_does_not_tell(tmp_path, monkeypatch, number, words):
    """`disk I/O error` for a used-up quota sends people to buy a new disk."""

    def refuse(_descriptor, _data):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("os.write", refuse)
    assert words in str(ledger_error(vague(), tmp_path / "ledger.db"))
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_works_again_leaves_sqlites_word_standing(tmp_path):
    """The error may have been a passing one."""
    assert "the disk reports an error" in str(ledger_error(vague(), tmp_path / "ledger.db"))
    assert list(tmp_path.iterdir()) == []
