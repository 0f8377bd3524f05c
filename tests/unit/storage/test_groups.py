"""Changes that share one transaction: what is read for them, and what one that fails leaves."""

import sqlite3
from typing import Any

import anyio
import pytest
from attrs import evolve

from avatar_async._jobs import events as ev
from avatar_async._jobs.changes import change
from avatar_async._jobs.records import JobError
from avatar_async._jobs.states import State
from avatar_async._storage import changes, newcomers, readers, schema
from avatar_async._storage.ledger import Ledger
from avatar_async._storage.transaction import Transaction
from avatar_async._storage.writer import commit_group
from avatar_async.errors import ConflictError, LifecycleError
from tests.unit.storage.conftest import T0


@pytest.fixture
def database():
    """An empty ledger in memory; `statements` of its transactions are noted."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    schema.migrate(connection)
    connection.execute("PRAGMA foreign_keys = ON")
    yield connection
    connection.close()


@pytest.fixture
def planned(database, new_job):
    """Three jobs."""
    [outcome] = commit_group(
        database, [lambda group: newcomers.insert(group, [new_job(name) for name in ("a", "b", "c")])]
    )
    return outcome.value


def applying(job, event):
    """Return the call that applies an event to a job."""
    return lambda group: changes.apply(group, [change(job, event)])


def intent(owner="run-1"):
    """Return the promise of a create call."""
    return ev.IntentWritten(at=T0, owner=owner)


def step(database, job, event):
    """Apply an event and return the job after it."""
    [outcome] = commit_group(database, [applying(job, event)])
    assert outcome.error is None
    return outcome.value[0]


def test_a_change_of_a_job_that_is_known_reads_no_job(database, planned):
    """What was just written need not be read again: that was most of the work."""
    statements: list[str] = []
    database.set_trace_callback(statements.append)
    outcomes = commit_group(database, [applying(job, ev.Held(at=T0, reason="look")) for job in planned])
    database.set_trace_callback(None)
    assert [outcome.error for outcome in outcomes] == [None] * 3
    verbs = [statement.split()[0] for statement in statements]
    assert verbs == ["BEGIN", "SELECT", "UPDATE", "UPDATE", "UPDATE", "INSERT", "COMMIT"]
    assert "max(added)" in statements[1]
    assert all("task_name" not in statement for statement in statements), "a column that stayed was written"
    for outcome in outcomes:
        [after] = outcome.value
        assert readers.job(database, after.id) == after


def test_what_others_wrote_meanwhile_is_kept(database, planned):
    """A record in memory may be outdated in what its change does not ask for."""
    outdated = planned[0]
    told = ev.ReceiptWritten(at=T0, state=State.PLANNED)
    step(database, outdated, told)
    after = step(database, outdated, ev.Held(at=T0, reason="look"))
    assert (after.receipt_state, after.hold) == (State.PLANNED, "look")
    assert after.revision > outdated.revision + 1
    assert readers.job(database, after.id) == after


@pytest.mark.parametrize("field", [{"state": State.SUBMITTING}, {"attempt": 2}])
def test_a_record_that_was_never_stored_is_not_believed(database, planned, field):
    """Compare-and-set compares with the file."""
    invented = evolve(planned[0], **field)
    [outcome] = commit_group(database, [applying(invented, ev.GivenUp(at=T0))])
    assert isinstance(outcome.error, ConflictError | LifecycleError)
    assert readers.job(database, planned[0].id) == planned[0]


def test_one_that_fails_after_it_wrote_leaves_nothing_and_takes_nobody_along(database, planned):
    """Sixty-three others share its transaction."""
    a, b, c = (step(database, job, intent()) for job in planned)
    works = [
        applying(a, ev.Accepted(at=T0, task_id=7)),
        applying(b, ev.Accepted(at=T0, task_id=7)),
        applying(c, ev.Accepted(at=T0, task_id=8)),
    ]
    first, second, third = commit_group(database, works)
    assert isinstance(second.error, ConflictError)
    assert readers.job(database, b.id) == b
    assert [entry.event for entry in readers.history(database, b.id)] == ["IntentWritten"]
    for outcome in (first, third):
        [after] = outcome.value
        assert readers.job(database, after.id) == after
        assert [entry.event for entry in readers.history(database, after.id)] == ["IntentWritten", "Accepted"]
    assert not database.in_transaction


def counted(runs, work):
    """Return the call, noting when it is run."""

    def run(group):
        runs.append(work)
        return work(group)

    return run


def test_one_that_fails_before_it_writes_does_not_make_the_others_run_again(database, planned):
    """A conflict is no reason to do the work of a whole group twice."""
    runs: list[Any] = []
    conflict = evolve(change(planned[1], ev.Held(at=T0, reason="look")), attempt=2)
    works = [
        applying(planned[0], ev.Held(at=T0, reason="look")),
        lambda group: changes.apply(group, [conflict]),
        applying(planned[2], ev.Held(at=T0, reason="look")),
    ]
    outcomes = commit_group(database, [counted(runs, work) for work in works])
    assert [type(outcome.error) for outcome in outcomes] == [type(None), ConflictError, type(None)]
    assert len(runs) == 3


def test_one_that_built_on_an_outdated_job_makes_the_others_run_once_more_only(database, planned):
    """It is found out when the updates that were gathered are made; then nothing of them may stay."""
    runs: list[Any] = []
    statements: list[str] = []
    step(database, planned[1], ev.GivenUp(at=T0))
    database.set_trace_callback(statements.append)
    held = [applying(job, ev.Held(at=T0, reason="look")) for job in planned]
    outcomes = commit_group(database, [counted(runs, work) for work in held])
    database.set_trace_callback(None)
    assert [type(outcome.error) for outcome in outcomes] == [type(None), ConflictError, type(None)]
    assert len(runs) == 6
    assert not any(statement.startswith("SAVEPOINT") for statement in statements)
    for job, outcome in ((planned[0], outcomes[0]), (planned[2], outcomes[2])):
        assert [readers.job(database, job.id)] == outcome.value
        assert [entry.event for entry in readers.history(database, job.id)] == ["Held"]
    assert readers.job(database, planned[1].id).hold is None


def test_a_read_within_a_group_sees_the_changes_before_it(database, planned):
    """Updates that were put off must not be noticed by anybody."""
    [first, *_], seen = planned, []
    works = [
        applying(first, ev.Held(at=T0, reason="look")),
        lambda group: seen.append(readers.job(group.connection, first.id)),
        applying(first, ev.GivenUp(at=T0)),
    ]
    outcomes = commit_group(database, works)
    assert [seen] == [outcomes[0].value]
    assert [readers.job(database, first.id)] == outcomes[2].value


def test_a_list_of_changes_of_which_one_is_outdated_leaves_nothing(database, planned):
    """All or none of a list, although its first change was right."""
    step(database, planned[1], ev.GivenUp(at=T0))
    several = [change(job, ev.Held(at=T0, reason="look")) for job in planned[:2]]
    outcomes = commit_group(
        database,
        [lambda group: changes.apply(group, several), applying(planned[2], ev.Held(at=T0, reason="look"))],
    )
    assert isinstance(outcomes[0].error, ConflictError)
    assert readers.job(database, planned[0].id) == planned[0]
    assert readers.history(database, planned[0].id) == []
    assert [readers.job(database, planned[2].id)] == outcomes[1].value


def test_a_text_that_cannot_be_stored_fails_its_own_change_only(database, planned):
    """It is found out when the group's history is written."""
    event = ev.CandidatesFound(at=T0, task_ids=())
    doubtful = [
        step(database, step(database, job, intent()), ev.OutcomeUnknown(at=T0, error=_lost()))
        for job in planned
    ]
    first, second, third = doubtful
    told = ("2026-03-01", 1, "Held", "in_doubt", "in_doubt", "\ud800")
    unstorable = (second.revision + 1, int(second.id), second.revision, *told)
    works = [applying(first, event), lambda group: group.note(unstorable), applying(third, event)]
    outcomes = commit_group(database, works)
    assert isinstance(outcomes[1].error, UnicodeEncodeError)
    assert (outcomes[0].error, outcomes[2].error) == (None, None)
    assert readers.history(database, first.id)[-1].event == "CandidatesFound"
    assert readers.history(database, second.id)[-1].event == "OutcomeUnknown"


def test_two_changes_of_one_job_in_one_group_build_on_each_other(database, planned):
    """The second was made before the first was known."""
    job = planned[0]
    works = [
        applying(job, ev.ReceiptWritten(at=T0, state=State.PLANNED)),
        applying(job, ev.Held(at=T0, reason="look")),
        applying(job, intent()),
        applying(job, intent("run-2")),
    ]
    outcomes = commit_group(database, works)
    after = outcomes[2].value[0] if outcomes[2].value else outcomes[1].value[0]
    assert readers.job(database, job.id) == after
    assert after.receipt_state is State.PLANNED
    assert isinstance(outcomes[3].error, ConflictError)


def test_revisions_of_a_transaction_are_counted_on_without_gaps_in_order(database, planned):
    """Who looks for what was written since must not miss one."""
    transaction = Transaction(database)
    before = max(job.revision for job in planned)
    assert [transaction.next_revision() for _ in range(3)] == [before + 1, before + 2, before + 3]


async def test_changes_of_one_turn_of_the_loop_share_a_commit(tmp_path, new_job):
    """A thousand producers wake the thread once."""
    async with Ledger.open(tmp_path / "ledger.db") as store:
        jobs = await store.insert([new_job(f"job-{number}") for number in range(100)])
        statements: list[str] = []
        await store._write(lambda group: group.connection.set_trace_callback(statements.append))
        async with anyio.create_task_group() as group:
            for job in jobs:
                group.start_soon(store.apply, [change(job, ev.Held(at=T0, reason="look"))])
        await store._write(lambda group: group.connection.set_trace_callback(None))
        assert statements.count("COMMIT") == 2, "one for tracing, one for all"
        assert {job.hold for job in await store.jobs()} == {"look"}


async def test_what_was_called_before_the_end_is_written(tmp_path, new_job):
    """Closing the ledger must not lose what waits for its turn of the loop."""
    async with Ledger.open(tmp_path / "ledger.db") as store:
        [job] = await store.insert([new_job()])
        waiting = store.apply([change(job, ev.Held(at=T0, reason="look"))])
        waiting.send(None)
    waiting.close()
    async with Ledger.open(tmp_path / "ledger.db", read_only=True) as store:
        assert (await store.get(job.id)).hold == "look"


def _lost():
    return JobError(code="lost", message="no answer")
