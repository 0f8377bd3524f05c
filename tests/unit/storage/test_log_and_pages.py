"""The log of a ledger, and what a page is: how much is written for a change, and when."""

import sqlite3
from contextlib import closing

import pytest

from avatar_async._storage import connect
from avatar_async._storage.ledger import Ledger
from avatar_async.cli.places import opened, place_of


@pytest.fixture
async def short_logged(tmp_path, monkeypatch):
    """A ledger, closed and empty, whose log is brought into the file at 256 KiB."""
    monkeypatch.setattr(connect, "LOG_BYTES", 256 << 10)
    path = tmp_path / "ledger.db"
    async with Ledger.open(path):
        pass
    return path


def in_the_file(path):
    """Return how many jobs there are without the log, as if that were lost."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as db:
        return db.execute("SELECT count(*) FROM jobs").fetchone()[0]


async def test_a_long_log_is_brought_into_the_file_by_the_thread_that_writes(short_logged, new_job):
    """No other may: before SQLite 3.51.3 that can lose a commit."""
    async with Ledger.open(short_logged) as ledger:
        await ledger.insert([new_job("first")])
        assert in_the_file(short_logged) == 0
        await ledger.insert([new_job(str(number)) for number in range(1000)])
        assert in_the_file(short_logged) == 1001
        await ledger.insert([new_job("last")])
        assert in_the_file(short_logged) == 1001
    assert in_the_file(short_logged) == 1002


async def test_a_command_leaves_the_log_to_the_run_that_holds_the_ledger(short_logged, new_job):
    """Two that bring it into the file by turns could lose a commit."""
    async with Ledger.open(short_logged) as run:
        await run.insert([new_job("of the run")])
        async with Ledger.open(short_logged, create=False, beside=True) as command:
            await command.insert([new_job(str(number)) for number in range(1000)])
            await command.insert([new_job("of the command")])
        assert short_logged.with_name("ledger.db-wal").stat().st_size > connect.LOG_BYTES
        assert in_the_file(short_logged) == 0
        await run.insert([new_job("of the run, later")])
        assert in_the_file(short_logged) == 1003


async def test_every_command_says_that_a_run_may_hold_the_ledger(tmp_path):
    """One that did not would clear the log of a run."""
    async with Ledger.open(tmp_path / "ledger.db"):
        pass
    async with opened(place_of(tmp_path, None), read_only=False) as ledger:
        assert ledger._writer is not None
        pragma = "PRAGMA wal_autocheckpoint"
        [pages] = await ledger._writer.call(lambda group: group.connection.execute(pragma).fetchone())
    assert pages == 0


async def test_a_ledger_that_only_commands_write_to_keeps_no_log(tmp_path, new_job):
    """Whoever leaves last is alone with the file, and empties it: nothing grows for ever."""
    path = tmp_path / "ledger.db"
    for number in range(20):
        async with Ledger.open(path, beside=True) as command:
            await command.insert([new_job(str(number))])
        assert not path.with_name("ledger.db-wal").exists()
        assert in_the_file(path) == number + 1


@pytest.mark.parametrize("page_bytes", [512, 4096])
async def test_a_ledger_keeps_the_pages_it_was_made_with(tmp_path, new_job, page_bytes):
    """Another size would take writing all of it anew; the log has its length in bytes all the same."""
    path = tmp_path / "ledger.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA page_size = {page_bytes}")
        db.execute("VACUUM")
    async with Ledger.open(path) as ledger:
        await ledger.insert([new_job()])
    with closing(connect.open_writer(path)) as writer:
        assert writer.execute("PRAGMA page_size").fetchone() == (page_bytes,)
        pages = writer.execute("PRAGMA wal_autocheckpoint").fetchone()[0]
        assert pages * page_bytes == connect.LOG_BYTES


async def test_a_new_ledger_has_short_pages(tmp_path):
    """A job's row that changed takes a page of the log, whatever else is on it."""
    path = tmp_path / "ledger.db"
    async with Ledger.open(path):
        pass
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA page_size").fetchone() == (connect.PAGE_BYTES,) == (2048,)
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


async def test_a_reader_keeps_few_pages(tmp_path):
    """What it holds counts with the waiting jobs, of which each may take two KiB."""
    path = tmp_path / "ledger.db"
    async with Ledger.open(path) as ledger:
        [kib] = await ledger._reader.call(lambda db: db.execute("PRAGMA cache_size").fetchone())
    assert kib == -512
