"""What is said while a ledger of an older version is brought up to date."""

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from avatar_async._storage import schema, upgrading
from avatar_async._storage.ledger import Ledger

V1 = Path(__file__).with_name("ledger_v1.sql")


@pytest.fixture
def old(tmp_path):
    """A ledger of three jobs as the first version left it."""
    path = tmp_path / "ledger.db"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(V1.read_text("utf-8"))
    return path


def said(caplog):
    """Return what was logged about it."""
    return [record.getMessage() for record in caplog.records if record.name == upgrading.__name__]


@pytest.fixture
def slow(monkeypatch):
    """Let every moment be a long one, on a clock that does not show it."""
    monkeypatch.setattr(upgrading, "monotonic", lambda: 0.0)
    monkeypatch.setattr(upgrading, "_FIRST_S", 0.0)
    monkeypatch.setattr(upgrading, "_NEXT_S", 0.0)
    monkeypatch.setattr(upgrading, "_LOOK_EVERY", 1)


async def test_a_long_upgrade_says_how_far_it_is(old, slow, caplog):
    """Ten silent seconds look like a program that hangs, and a person kills it."""
    async with Ledger.open(old) as ledger:
        assert len(await ledger.jobs()) == 3
    *lines, last = said(caplog)
    steps = sum(script.count(";") for script in schema.MIGRATIONS[1:])
    assert lines[0] == f"upgrading the ledger, 3 jobs: step 1 of {steps}, 0 s so far"
    assert lines[-1] == f"upgrading the ledger, 3 jobs: step {steps} of {steps}, 0 s so far"
    assert last == "the ledger is up to date, after 0 s"
    assert all(record.levelno == logging.WARNING for record in caplog.records)


async def test_a_short_upgrade_says_nothing(old, caplog):
    """Who has a few hundred jobs need not know of versions."""
    async with Ledger.open(old):
        pass
    assert said(caplog) == []


async def test_a_new_ledger_says_nothing(tmp_path, slow, caplog):
    """Nor does one of today."""
    for _ in range(2):
        async with Ledger.open(tmp_path / "new.db"):
            pass
    assert said(caplog) == []


def test_what_uses_the_connection_afterwards_is_not_looked_at(old, slow, caplog):
    """A report of an upgrade in the midst of a run would be a lie, and cost time."""
    with closing(sqlite3.connect(old, isolation_level=None)) as db:
        schema.migrate(db)
        caplog.clear()
        db.execute("SELECT count(*) FROM jobs, jobs AS others").fetchone()
    assert said(caplog) == []
