"""Reading a ledger where nothing can be written: an archive, a snapshot, somebody else's folder."""

import shutil
import sqlite3

import pytest

from avatar_async._storage import connect
from avatar_async._storage.connect import reading_mode
from avatar_async._storage.ledger import Ledger
from avatar_async.errors import LedgerError


@pytest.fixture
async def live_copy(tmp_path, new_job):
    """Return a copy of a ledger, made under a run: its changes are still in the log beside it."""
    async with Ledger.open(tmp_path / "out" / "ledger.db") as store:
        await store.insert([new_job()])
        return shutil.copytree(tmp_path / "out", tmp_path / "copy") / "ledger.db"


@pytest.mark.parametrize("refused", ["ledger.db", "out"])
def test_without_waiting_changes_the_file_is_read_as_it_is(tmp_path, refused):
    """SQLite would make files beside it otherwise."""
    path = tmp_path / "out" / "ledger.db"
    path.parent.mkdir()
    path.touch()
    assert reading_mode(path, lambda place: place.name != refused) == "mode=ro&immutable=1"
    path.with_name("ledger.db-wal").touch()
    assert reading_mode(path, lambda place: place.name != refused) == "mode=ro&immutable=1"


def test_waiting_changes_are_never_passed_over(tmp_path):
    """Read as it is, the file would tell of an earlier state of the jobs."""
    path = tmp_path / "ledger.db"
    path.touch()
    path.with_name("ledger.db-wal").write_bytes(b"changes")
    assert reading_mode(path, lambda _place: False) == "mode=ro"


def test_where_files_can_be_made_readers_work_beside_a_writer(tmp_path):
    """The usual case."""
    path = tmp_path / "ledger.db"
    path.touch()
    assert reading_mode(path) == "mode=rw"


async def test_a_ledger_is_readable_without_a_single_file_made(tmp_path, new_job, monkeypatch):
    """`status` on an archive of the results must not leave anything there."""
    path = tmp_path / "ledger.db"
    async with Ledger.open(path) as store:
        jobs = await store.insert([new_job()])
    monkeypatch.setattr(connect, "reading_mode", lambda path: reading_mode(path, lambda _place: False))
    async with Ledger.open(path, read_only=True) as reader:
        assert await reader.jobs() == jobs
        assert [file.name for file in tmp_path.iterdir()] == ["ledger.db"]


async def test_changes_that_cannot_be_read_where_they_lie_are_told_with_what_to_do(live_copy, monkeypatch):
    """That the folder cannot be written says nothing to who only wants to read."""
    refusal = sqlite3.OperationalError("unable to open database file")
    refusal.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN

    def refuse(_connection):
        raise refusal

    monkeypatch.setattr("avatar_async._storage.schema.version_of", refuse)
    with pytest.raises(LedgerError, match=r"copy ledger\.db and ledger\.db-wal into one that can"):
        async with Ledger.open(live_copy, read_only=True):
            """Not reached."""


async def test_loose_rights_that_cannot_be_tightened_stop_no_reader(live_copy, monkeypatch):
    """Read-only media refuse it; a run that would write secrets there is stopped."""

    def refuse(*_arguments):
        raise PermissionError(1, "Operation not permitted")

    live_copy.chmod(0o644)
    monkeypatch.setattr("pathlib.Path.chmod", refuse)
    async with Ledger.open(live_copy, read_only=True) as reader:
        assert len(await reader.jobs()) == 1
    with pytest.raises(LedgerError, match="not permitted"):
        async with Ledger.open(live_copy):
            """Not reached."""
