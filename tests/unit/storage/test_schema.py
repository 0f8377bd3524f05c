"""Versions of the ledger's tables."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from avatar_async._jobs import events as ev
from avatar_async._jobs.changes import change
from avatar_async._jobs.states import OPEN, TERMINAL, ArtifactState, State
from avatar_async._storage import changes, commits, listing, newcomers, readers, resuming, schema
from avatar_async._storage.ledger import Ledger
from avatar_async._storage.writer import commit_group
from avatar_async.errors import LedgerVersionError
from avatar_async.requests import Kind
from tests.unit.storage.conftest import T0

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
    before = old.execute("SELECT * FROM jobs").fetchall()
    for db in (old, new):
        schema.migrate(db)
    assert tables(old) == tables(new)
    assert [row[: len(before[0])] for row in old.execute("SELECT * FROM jobs")] == before
    jobs = readers.jobs(old, None, None)
    assert [job.revision for job in jobs] == [row[28] for row in before]
    assert readers.jobs(old, None, OPEN) == [job for job in jobs if not job.terminal]
    assert old.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    old.close()
    new.close()


@pytest.fixture(params=range(1, len(schema.MIGRATIONS)))
def of_an_old_version(request, new_job):
    """A ledger with a job in every state, as each version left them, then brought up to date."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    schema.migrate(db, schema.MIGRATIONS[:1])
    for number, state in enumerate(State, start=1):
        job = new_job(state.value)
        row = (number, "default", job.name, "training", job.name, job.name, job.name, job.fingerprint)
        db.execute(
            "INSERT INTO jobs (job_id, batch, name, kind, folder, folder_key, task_name, fingerprint, state, "
            "attempt, needs, created_at, task_id, candidates, revision) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1, '[]', '2026-03-01T12:00:00.000000+00:00', 7, '[]', ?)",
            (*row, state.value, 100 + number),
        )
        db.execute(
            "INSERT INTO history (at, job_id, attempt, event, from_state, to_state, message) "
            "VALUES ('2026-03-01T12:00:01.000000+00:00', ?, 1, 'Held', 'planned', 'planned', NULL)",
            (number,),
        )
    schema.migrate(db, schema.MIGRATIONS[: request.param])
    schema.migrate(db)
    yield db
    db.close()


def test_every_job_of_an_old_ledger_is_found_where_it_stands(of_an_old_version):
    """An open job that is not found is never brought home; one that ended must not be taken up again."""
    db = of_an_old_version
    assert {job.state for job in readers.jobs(db, None, OPEN)} == OPEN
    assert {job.state for job in readers.jobs(db, None, TERMINAL)} == TERMINAL
    assert {job.state for job in resuming.open_page(db, "default", None, 100)} == OPEN
    assert readers.counts(db) == dict.fromkeys(State, 1)
    for state in State:
        assert [job.state for job in readers.jobs(db, None, {state})] == [state]
        assert [standing.state for standing in resuming.standings(db, state, None, 9)] == [state]
        assert [job.state for job in listing.first(db, state, 9)] == [state]
    assert {job.state for job in readers.receipts_due(db)} == set(State)
    assert {job.state for job in listing.vanishing(db, 9)} == {State.READY, State.FETCHING}


def test_what_is_written_to_an_old_ledger_goes_on_from_what_was(of_an_old_version):
    """Revisions, history and what was written since must know no gap between versions."""
    db = of_an_old_version
    latest = commits.latest_revision(db)
    assert latest == 100 + len(State)
    [ready] = readers.jobs(db, None, {State.READY})
    held = change(ready, ev.Held(at=T0, reason="look"))
    [outcome] = commit_group(db, [lambda group: changes.apply(group, [held])])
    assert outcome.error is None
    assert commits.written_since(db, latest) == {ready.id: latest + 1}
    assert readers.job(db, ready.id).revision == latest + 1
    assert [entry.event for entry in readers.history(db, ready.id)] == ["Held", "Held"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE jobs SET state = 'stored', revision = 900 WHERE job_id = 1 AND revision = 101",
        "SELECT job_id FROM jobs WHERE revision > 5",
        "SELECT count(*) FROM jobs INDEXED BY jobs_by_state WHERE state = 'planned'",
    ],
)
def test_an_older_version_that_still_runs_fails_instead_of_leaving_a_wrong_stage(
    of_an_old_version, statement
):
    """A job that it brought home would look open for ever."""
    with pytest.raises(sqlite3.OperationalError, match="no such"):
        of_an_old_version.execute(statement)


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


def test_the_partial_indexes_are_used():
    """Statistics are never gathered, so SQLite must have no choice."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    schema.migrate(db)
    ended_due = f"{schema.ENDED_CONDITION} AND {schema.RECEIPT_DUE_CONDITION}"
    for table, condition, index in (
        (schema.OPEN_JOBS, schema.OPEN_CONDITION, "jobs_open"),
        (schema.ENDED_RECEIPTS_DUE, ended_due, "jobs_receipt_due"),
    ):
        plan = str(
            db.execute(
                f"EXPLAIN QUERY PLAN SELECT * FROM {table} WHERE {condition} ORDER BY job_id"
            ).fetchall()
        )
        assert index in plan
        assert "TEMP B-TREE" not in plan
    db.close()


def test_every_open_state_has_a_stage_and_no_other():
    """A state without one would be lost to recovery."""
    assert set(schema.STAGES) == OPEN


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
    db.execute("UPDATE jobs SET state = 'stored', stage = NULL, task_id = job_id, accepted_at = created_at")
    db.execute("UPDATE jobs SET attempt = 2 WHERE job_id = 7")
    steps: list[int] = []
    db.set_progress_handler(lambda: steps.append(1), 10)
    assert read(db)
    assert len(steps) < 50
    db.close()


@pytest.mark.parametrize(
    ("asked", "through"),
    [
        (lambda db: commits.written_since(db, 5), "COVERING INDEX sqlite_autoindex_jobs_2 (added>?)"),
        (lambda db: resuming.open_page(db, "default", "3", 10), "INDEX jobs_open (job_id>?)"),
        (
            lambda db: resuming.standings(db, State.PLANNED, "3", 9),
            "INDEX jobs_by_stage (stage=? AND rowid>?)",
        ),
        (
            lambda db: resuming.standings(db, State.FAILED, "3", 9),
            "INDEX jobs_ended (state=? AND rowid>?)",
        ),
    ],
    ids=["written", "open", "standings", "standings of ended ones"],
)
async def test_what_a_run_reads_again_and_again_is_read_through_an_index(tmp_path, asked, through):
    """A million ended jobs must not be looked at for it, nor sorted."""
    path = tmp_path / "ledger.db"
    async with Ledger.open(path):
        pass
    with closing(sqlite3.connect(path)) as connection:
        statements: list[str] = []
        connection.set_trace_callback(statements.append)
        asked(connection)
        connection.set_trace_callback(None)
        [first, *_] = [each for each in statements if " jobs " in each]
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {first}")]
    assert len(plan) == 1
    assert through in plan[0]
