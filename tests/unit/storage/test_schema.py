"""Versions of the ledger's tables."""

import re
import sqlite3
from pathlib import Path

import pytest

from avatar_async._jobs.states import OPEN, ArtifactState, State
from avatar_async._storage import newcomers, readers, resuming, schema
from avatar_async._storage.ledger import Ledger
from avatar_async._storage.writer import commit_group
from avatar_async.errors import LedgerVersionError
from avatar_async.requests import Kind

#: A ledger of schema 1 as the first release wrote it; never made anew.
V1 = Path(__file__).with_name("ledger_v1.sql")


def build_v1(path):
    """Write a ledger of schema 1, as if an old version had left it."""
    db = sqlite3.connect(path)
    db.executescript(V1.read_text("utf-8"))
    db.close()


def tables(db):
    """Return every table and index with its definition."""
    return sorted(db.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))


async def test_a_ledger_of_the_first_version_still_opens(tmp_path):
    """Paid tasks are in there."""
    path = tmp_path / "ledger.db"
    build_v1(path)
    async with Ledger.open(path) as store:
        stored, doubtful, planned = await store.jobs()
        assert (stored.name, stored.state, stored.task_id) == ("anchor-01", State.STORED, 9007199254740993)
        assert [artifact.state for artifact in stored.artifacts] == [ArtifactState.STORED] * 2
        assert doubtful.error is not None
        assert (doubtful.state, doubtful.error.code) == (State.IN_DOUBT, "lost")
        assert planned.needs == ("anchor-01",)
        assert await store.binding() == ("https://one.invalid", "app-1")
        assert await store.claimed([9007199254740993]) == {9007199254740993: "anchor-01"}
        assert [intent.verdict for intent in await store.intents(doubtful.id)] == ["unknown"]


def test_the_first_migration_never_changes(tmp_path):
    """Ledgers out there were made with it."""
    build_v1(tmp_path / "old.db")
    old, new = sqlite3.connect(tmp_path / "old.db"), sqlite3.connect(":memory:", isolation_level=None)
    schema.migrate(new, schema.MIGRATIONS[:1])
    assert tables(new) == tables(old)
    old.close()
    new.close()


def test_an_old_ledger_is_brought_to_what_a_new_one_is(tmp_path):
    """One version of the tables is enough to think of."""
    build_v1(tmp_path / "old.db")
    old = sqlite3.connect(tmp_path / "old.db", isolation_level=None)
    new = sqlite3.connect(":memory:", isolation_level=None)
    before = readers.jobs(old, None, None)
    for db in (old, new):
        schema.migrate(db)
    assert tables(old) == tables(new)
    assert readers.jobs(old, None, None) == before
    assert readers.jobs(old, None, OPEN) == [job for job in before if not job.terminal]
    assert old.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    old.close()
    new.close()


def test_later_migrations_are_applied_in_order_and_once():
    """The way every later version will take."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    schema.migrate(db)
    later = (
        *schema.MIGRATIONS,
        "ALTER TABLE jobs ADD COLUMN colour TEXT; CREATE TABLE x (y);",
        "DROP TABLE x;",
    )
    schema.migrate(db, later)
    schema.migrate(db, later)
    assert schema.version_of(db) == len(schema.MIGRATIONS) + 2
    assert "colour" in {row[1] for row in db.execute("PRAGMA table_info(jobs)")}
    with pytest.raises(LedgerVersionError):
        schema.migrate(db)
    db.close()


def test_a_migration_that_fails_leaves_the_old_version():
    """A half-changed ledger could be opened by no version."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    schema.migrate(db)
    before = tables(db)
    with pytest.raises(sqlite3.OperationalError):
        schema.migrate(db, (*schema.MIGRATIONS, "CREATE TABLE x (y); CREATE TABLE jobs (z);"))
    assert tables(db) == before
    assert schema.version_of(db) == len(schema.MIGRATIONS)
    db.close()


def test_the_partial_indexes_are_used_and_cover_every_open_state():
    """A state left out of the index's condition would be lost to recovery."""
    assert set(re.findall("state = '(.*?)'", schema.OPEN_CONDITION)) == {state.value for state in OPEN}
    db = sqlite3.connect(":memory:", isolation_level=None)
    schema.migrate(db)
    for table, condition, index in (
        (schema.OPEN_JOBS, schema.OPEN_CONDITION, "jobs_open"),
        ("jobs", schema.RECEIPT_DUE_CONDITION, "jobs_receipt_due"),
    ):
        plan = str(
            db.execute(
                f"EXPLAIN QUERY PLAN SELECT * FROM {table} WHERE {condition} ORDER BY job_id"
            ).fetchall()
        )
        assert index in plan
        assert "TEMP B-TREE" not in plan
    db.close()


@pytest.mark.parametrize(
    "read",
    [
        lambda db: resuming.witness(db, None),
        lambda db: resuming.witness(db, "300"),
        lambda db: readers.sent_again(db, Kind.TRAINING),
    ],
    ids=["witness", "witness besides", "sent again"],
)
def test_one_job_among_many_is_found_without_a_look_at_the_others(new_job, read):
    """A ledger remembers a million; these are asked for while polls wait."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    schema.migrate(db)
    commit_group(db, [lambda group: newcomers.insert(group, [new_job(f"job-{n}") for n in range(300)])])
    db.execute("UPDATE jobs SET state = 'stored', task_id = job_id, accepted_at = created_at")
    db.execute("UPDATE jobs SET attempt = 2 WHERE job_id = 7")
    steps: list[int] = []
    db.set_progress_handler(lambda: steps.append(1), 10)
    assert read(db)
    assert len(steps) < 50
    db.close()
