"""The log of a ledger, and what a page is: how much is written for a change, and when."""

import sqlite3
import threading
from contextlib import closing, suppress

import anyio
import pytest

from avatar_async._storage import clearing, connect
from avatar_async._storage.ledger import Ledger


def names():
    """Return the names of all threads there are."""
    return {thread.name for thread in threading.enumerate()}


def in_the_file(path):
    """Return how many jobs there are without the log, as if that were lost; None in between."""
    with (
        closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as db,
        suppress(sqlite3.DatabaseError),
    ):
        return db.execute("SELECT count(*) FROM jobs").fetchone()[0]


async def until(holds):
    """Wait until something holds, a while at most."""
    with anyio.fail_after(20):
        while not holds():  # noqa: ASYNC110 - a thread's work on a file wakes nobody
            await anyio.sleep(0.01)


async def test_what_is_written_comes_into_the_file_while_the_ledger_is_open(tmp_path, new_job):
    """A commit that had to bring it there first would wait for hundreds of scattered writes."""
    path = tmp_path / "ledger.db"
    async with Ledger.open(path) as ledger:
        await ledger.insert([new_job(str(number)) for number in range(clearing.ROWS)])
        await until(lambda: in_the_file(path) == clearing.ROWS)
        await ledger.insert([new_job(f"and {number}") for number in range(clearing.ROWS)])
        await until(lambda: in_the_file(path) == 2 * clearing.ROWS)
    assert "ledger-clearing" not in names()


async def test_a_few_writes_take_no_thread(tmp_path, new_job):
    """A command that changes one job is not to pay for what a year's archive needs."""
    async with Ledger.open(tmp_path / "ledger.db") as ledger:
        await ledger.insert([new_job()])
        assert "ledger-clearing" not in names()


@pytest.mark.parametrize("refused", ["to be opened", "to be cleared"])
async def test_nobody_suffers_from_a_log_that_cannot_be_cleared(tmp_path, new_job, monkeypatch, refused):
    """The writer clears it by itself once it is long, and whoever closes the file."""
    tried = threading.Event()

    class Refusing(sqlite3.Connection):
        def execute(self, *_):
            tried.set()
            raise sqlite3.OperationalError("disk I/O error")

    def opened(path):
        if refused == "to be opened":
            tried.set()
            raise sqlite3.OperationalError("unable to open database file")
        return sqlite3.connect(path, factory=Refusing)

    monkeypatch.setattr(clearing, "open_clearer", opened)
    path = tmp_path / "ledger.db"
    async with Ledger.open(path) as ledger:
        await ledger.insert([new_job(str(number)) for number in range(clearing.ROWS)])
        await until(tried.is_set)
        await ledger.insert([new_job("last")])
        assert len(await ledger.jobs()) == clearing.ROWS + 1
    assert in_the_file(path) == clearing.ROWS + 1
    assert "ledger-clearing" not in names()


async def test_a_log_that_is_being_read_is_cleared_after_that(tmp_path, new_job):
    """Neither waits for the other, and what the reader saw stays."""
    path = tmp_path / "ledger.db"
    async with Ledger.open(path) as ledger:
        await ledger.insert([new_job("first")])
        with closing(connect.open_reader(path)) as reader:
            reader.execute("BEGIN")
            assert reader.execute("SELECT count(*) FROM jobs").fetchone() == (1,)
            await ledger.insert([new_job(str(number)) for number in range(clearing.ROWS)])
            assert reader.execute("SELECT count(*) FROM jobs").fetchone() == (1,)
        await ledger.insert([new_job(f"and {number}") for number in range(clearing.ROWS)])
        await until(lambda: in_the_file(path) == 2 * clearing.ROWS + 1)


def test_what_clears_the_log_is_as_durable_as_what_writes(tmp_path):
    """Without a sync of the file, a power cut after the log began anew would lose what was in both."""
    path = tmp_path / "ledger.db"
    connect.prepare_file(path, create=True)
    with closing(connect.open_writer(path)), closing(connect.open_clearer(path)) as clearer:
        assert clearer.execute("PRAGMA synchronous").fetchone() == (2,)


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
