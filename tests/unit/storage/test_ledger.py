"""The ledger's file: rights, versions, failures, threads."""

import asyncio
import os
import sqlite3
import stat
import threading
from datetime import UTC, datetime, timedelta

import anyio
import pytest
from attrs import evolve
from blockbuster import blockbuster_ctx

from avatar_async._jobs import events as ev
from avatar_async._jobs.changes import change
from avatar_async._jobs.records import JobError
from avatar_async._jobs.states import State
from avatar_async._storage import connect, writer
from avatar_async._storage.ledger import Ledger
from avatar_async.errors import ConflictError, LedgerError, LedgerVersionError

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)


def at(seconds):
    """Return an instant so many seconds after the story's start."""
    return T0 + timedelta(seconds=seconds)


def inside(store):
    """Return what runs a function on the writing connection."""
    return store._writer.call


async def test_only_the_owner_can_read_the_files(tmp_path, new_job):
    """They are the only place that holds signed addresses."""
    path = tmp_path / "sub" / "ledger.db"
    before = os.umask(0)
    try:
        async with Ledger.open(path) as store:
            await store.insert([new_job()])
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert modes == {"ledger.db": 0o600, "ledger.db-wal": 0o600, "ledger.db-shm": 0o600}


async def test_loose_rights_are_tightened(tmp_path):
    """A ledger copied from elsewhere may have come with the wrong ones."""
    path = tmp_path / "ledger.db"
    async with Ledger.open(path):
        pass
    path.chmod(0o644)
    async with Ledger.open(path, read_only=True):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_commits_are_durable_and_logged_ahead(tmp_path):
    """The settings that a kill or a power cut relies on."""
    async with Ledger.open(tmp_path / "ledger.db") as store:
        pragmas = await inside(store)(
            lambda group: [
                group.connection.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            ]
        )
    assert pragmas == ["wal", 2, 1, 15000]


async def test_a_missing_ledger_is_not_made_by_who_only_looks(tmp_path):
    """`status` in the wrong folder must not leave an empty ledger there."""
    path = tmp_path / "ledger.db"
    for options in ({"read_only": True}, {"create": False}):
        with pytest.raises(LedgerError, match="there is no ledger at"):
            async with Ledger.open(path, **options):
                pass
    assert list(tmp_path.iterdir()) == []


async def test_an_empty_ledger_is_no_old_one(tmp_path):
    """A run killed while it made the file leaves this; no version wrote it."""
    path = tmp_path / "ledger.db"
    path.touch()
    with pytest.raises(LedgerError, match="it is empty"):
        async with Ledger.open(path, read_only=True):
            pass


async def test_a_reading_ledger_reads_beside_a_runner_and_refuses_writes(tmp_path, new_job):
    """`status` must work at any time and change nothing."""
    path = tmp_path / "ledger.db"
    async with Ledger.open(path) as store, Ledger.open(path, read_only=True) as reader:
        jobs = await store.insert([new_job()])
        assert await reader.jobs() == jobs
        with pytest.raises(LedgerError, match="reading only"):
            await reader.insert([new_job("two")])
        with pytest.raises(LedgerError, match="reading only"):
            await reader.remember("key", "value")


async def test_a_ledger_that_can_only_be_read_is_still_readable(tmp_path, new_job):
    """A copy on read-only media tells its story too."""
    path = tmp_path / "ledger.db"
    async with Ledger.open(path) as store:
        jobs = await store.insert([new_job()])
    path.chmod(0o400)
    async with Ledger.open(path, read_only=True) as reader:
        assert await reader.jobs() == jobs


async def test_a_newer_ledger_is_refused(tmp_path):
    """Writing to a form one does not know would damage it."""
    path = tmp_path / "ledger.db"
    async with Ledger.open(path):
        pass
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    for read_only in (False, True):
        with pytest.raises(LedgerVersionError, match="schema 99"):
            async with Ledger.open(path, read_only=read_only):
                pass


async def test_a_file_of_another_program_is_refused_untouched(tmp_path):
    """`--ledger` may be given the wrong file."""
    path = tmp_path / "places.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE bookmarks (url TEXT)")
    db.close()
    before = path.read_bytes()
    with pytest.raises(LedgerError, match="another program"):
        async with Ledger.open(path):
            pass
    assert path.read_bytes() == before
    text = tmp_path / "notes.txt"
    text.write_text("no database at all, but long enough to be looked at" * 40)
    with pytest.raises(LedgerError, match="not a SQLite file"):
        async with Ledger.open(text):
            pass


async def test_a_damaged_ledger_is_told_with_what_to_do(tmp_path, new_job):
    """A person must learn that receipts can make it good."""
    path = tmp_path / "ledger.db"
    async with Ledger.open(path) as store:
        await store.insert([new_job(f"job-{number}") for number in range(200)])
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(LedgerError, match="rebuild-ledger"):
        async with Ledger.open(path) as store:
            await store.jobs()


async def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    """The message names the path."""
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match=r"file/ledger\.db"):
        async with Ledger.open(tmp_path / "file" / "ledger.db"):
            pass


async def test_a_network_file_system_is_refused(tmp_path, monkeypatch):
    """SQLite's locks do not hold there."""
    monkeypatch.setattr(connect, "network_file_system", lambda path: "nfs4")
    with pytest.raises(LedgerError, match=r"network file system \(nfs4\)"):
        async with Ledger.open(tmp_path / "ledger.db"):
            pass


async def test_a_full_disk_refuses_the_write_and_keeps_the_rest(tmp_path, new_job):
    """Nobody of the group may believe in a write that is not there."""
    async with Ledger.open(tmp_path / "ledger.db") as store:
        kept = await store.insert([new_job("kept")])
        pages = await inside(store)(lambda group: group.connection.execute("PRAGMA page_count").fetchone()[0])
        await inside(store)(
            lambda group: group.connection.execute(f"PRAGMA max_page_count = {pages}").fetchone()
        )
        failures = []

        async def write(number):
            try:
                await store.insert([new_job(f"job-{number}", request={"text": "x" * 100_000})])
            except LedgerError as error:
                failures.append(str(error))

        async with anyio.create_task_group() as tasks:
            for number in range(8):
                tasks.start_soon(write, number)
        assert len(failures) == 8
        assert all("disk is full" in failure for failure in failures)
        assert await store.jobs() == kept
        await inside(store)(
            lambda group: group.connection.execute("PRAGMA max_page_count = 100000").fetchone()
        )
        await store.insert([new_job("again")])


async def test_a_busy_ledger_is_told_after_a_while(tmp_path, new_job, monkeypatch):
    """Another process that hangs in a write must not hang this one."""
    monkeypatch.setattr(connect, "BUSY_TIMEOUT_S", 0.05)
    path = tmp_path / "ledger.db"
    async with Ledger.open(path) as store:
        rival = sqlite3.connect(path, isolation_level=None)
        rival.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerError, match="another process is writing"):
            await store.insert([new_job()])
        rival.execute("ROLLBACK")
        rival.close()
        await store.insert([new_job()])


async def test_numbers_and_texts_that_cannot_be_stored_harm_nobody_else(tmp_path, new_job):
    """One bad value must not undo the writes that share its commit."""
    async with Ledger.open(tmp_path / "ledger.db") as store:
        [job] = await store.insert([new_job()])
        with pytest.raises(LedgerError, match="64 bits"):
            await store.adopt([(evolve(job, name="huge", folder="huge", task_id=2**63), {})])
        with pytest.raises(LedgerError, match="Unicode"):
            await store.insert([new_job("\ud800")])
        with pytest.raises(ValueError, match="time zone"):
            await store.insert([new_job("naive", created_at=datetime(2026, 1, 1))])  # noqa: DTZ001
        assert await store.jobs() == [job]


async def test_writes_that_wait_together_share_commits(tmp_path, new_job, monkeypatch):
    """64 producers must not pay for 64 disk flushes."""
    commits = []

    def counting(connection, works):
        commits.append(len(works))
        return writer.commit_group(connection, works)

    async with Ledger.open(tmp_path / "ledger.db") as store:
        monkeypatch.setattr(store._writer, "_serve", counting)
        async with anyio.create_task_group() as tasks:
            for number in range(64):
                tasks.start_soon(store.insert, [new_job(f"job-{number}")])
    assert sum(commits) == 64
    assert len(commits) < 32


async def test_every_create_call_has_its_intent_and_verdict(tmp_path, new_job):
    """After a kill, open intents tell which create calls are in doubt."""
    error = JobError(code="busy", message="busy")
    async with Ledger.open(tmp_path / "ledger.db") as store:
        [job] = await store.insert([new_job()])
        for event in (
            ev.IntentWritten(at=at(1), owner="run-1"),
            ev.PutBack(at=at(2), reason=ev.PutBackReason.THROTTLED, not_before=None, error=error),
            ev.IntentWritten(at=at(3), owner="run-1"),
            ev.OutcomeUnknown(at=at(4), error=error),
            ev.ResubmitOrdered(at=at(5)),
            ev.IntentWritten(at=at(6), owner="run-2"),
        ):
            [job] = await store.apply([change(job, event)])
        intents = await store.intents(job.id)
    assert [(each.attempt, each.seq, each.owner, each.verdict) for each in intents] == [
        (1, 1, "run-1", "throttled"),
        (1, 2, "run-1", "unknown"),
        (2, 1, "run-2", None),
    ]
    assert [each.written_at for each in intents] == [at(1), at(3), at(6)]
    assert [each.closed_at for each in intents] == [at(2), at(4), None]


async def test_the_history_tells_what_happened_without_addresses(tmp_path, new_job):
    """It may be shown to anybody."""
    async with Ledger.open(tmp_path / "ledger.db") as store:
        [job] = await store.insert([new_job()])
        message = "cannot read https://user:word@files.invalid/a.mp4?sign=secret, sorry"
        for event in (
            ev.IntentWritten(at=at(1), owner="run-1"),
            ev.Accepted(at=at(2), task_id=7),
            ev.Polled(at=at(3), remote_status="RUNNING", progress=1),
            ev.Polled(at=at(4), remote_status="RUNNING", progress=2),
            ev.RemoteFailed(at=at(5), remote_status="FAILED", error=JobError(code=9, message=message)),
        ):
            [job] = await store.apply([change(job, event)])
        entries = await store.history(job.id)
    assert [(each.event, each.after, each.message) for each in entries] == [
        ("IntentWritten", State.SUBMITTING, "by run-1"),
        ("Accepted", State.IN_FLIGHT, "task 7"),
        ("Polled", State.IN_FLIGHT, "RUNNING"),
        ("RemoteFailed", State.FAILED, "9: cannot read https://files.invalid/a.mp4 sorry"),
    ]


async def test_no_thread_outlives_the_block(tmp_path, new_job):
    """The package lives inside other people's applications."""

    def ledger_threads():
        return [thread.name for thread in threading.enumerate() if thread.name.startswith("ledger-")]

    async with Ledger.open(tmp_path / "ledger.db") as store:
        assert len(ledger_threads()) == 2
        await store.insert([new_job()])
    assert ledger_threads() == []
    with pytest.raises(LedgerError, match="closed"):
        await store.jobs()
    with pytest.raises(LedgerError):
        async with Ledger.open(tmp_path):
            pass
    assert ledger_threads() == []


async def test_what_is_queued_when_the_block_is_cancelled_is_still_written(tmp_path, new_job):
    """A write that was given away is made, whole."""
    path = tmp_path / "ledger.db"
    with anyio.CancelScope() as scope:
        async with Ledger.open(path) as store, anyio.create_task_group() as tasks:
            for number in range(10):
                tasks.start_soon(store.insert, [new_job(f"job-{number}")])
            await asyncio.sleep(0)
            scope.cancel()
    async with Ledger.open(path) as store:
        assert len(await store.jobs()) == 10


async def test_the_loop_is_never_blocked(tmp_path, new_job):
    """SQLite works in its own threads."""
    with blockbuster_ctx("avatar_async._storage"):
        async with Ledger.open(tmp_path / "ledger.db") as store:
            [job] = await store.insert([new_job()])
            await store.apply([change(job, ev.GivenUp(at=T0))])
            assert await store.written_since(0)
            with pytest.raises(ConflictError):
                await store.insert([new_job()])
