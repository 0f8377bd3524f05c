"""The rows that tell what each commit wrote, and what is read from them."""

import sqlite3
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_async._jobs import events as ev
from avatar_async._jobs.changes import change
from avatar_async._jobs.states import State
from avatar_async._storage import changes, commits, newcomers, readers, schema
from avatar_async._storage.writer import commit_group
from tests.jobs_kept import a_new_job
from tests.unit.storage.conftest import T0

if TYPE_CHECKING:
    from avatar_async._jobs.records import Job

#: Events that any planned job takes, and whether they tell something of its history.
_EVENTS = (
    (ev.Held(at=T0, reason="look"), True),
    (ev.Amended(at=T0, request={}, fingerprint="new", task_name="new", needs=()), True),
    (ev.ReceiptWritten(at=T0, state=State.PLANNED), False),
)


@pytest.fixture
def database():
    """An empty ledger in memory."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    schema.migrate(connection)
    yield connection
    connection.close()


def committed(database, *works):
    """Run calls in one group and return their values; none may fail."""
    outcomes = commit_group(database, works)
    assert [outcome.error for outcome in outcomes] == [None] * len(works)
    return [outcome.value for outcome in outcomes]


@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 4), st.sampled_from(_EVENTS)), min_size=1, max_size=6), max_size=8
    )
)
def test_history_and_writes_are_told_however_changes_share_commits(groups):
    """Each job's way is found among those of the others, whatever else was written or added beside it."""
    database = sqlite3.connect(":memory:", isolation_level=None)
    schema.migrate(database)
    jobs: dict[int, Job] = {}
    told: dict[int, list[str]] = {}
    marks: list[tuple[int, set[str]]] = []
    for group in groups:
        marks.append((commits.latest_revision(database), set()))

        def work(transaction, group=group):
            for number, (event, _) in group:
                if number in jobs:
                    [jobs[number]] = changes.apply(transaction, [change(jobs[number], event)])
                else:
                    new = a_new_job(f"job-{number}", created_at=T0)
                    [jobs[number]] = newcomers.insert(transaction, [new])

        noted = [(number, event, tells) for number, (event, tells) in group]
        known = set(jobs)
        committed(database, work)
        for number, event, tells in noted:
            if number in known and tells:
                told.setdefault(number, []).append(type(event).__name__)
            known.add(number)
            for _, written in marks:
                written.add(jobs[number].id)
    for number, job in jobs.items():
        assert [entry.event for entry in readers.history(database, job.id)] == told.get(number, [])
        assert readers.job(database, job.id) == job
    latest = {job.id: job.revision for job in jobs.values()}
    for mark, written in marks:
        found = commits.written_since(database, mark)
        assert found == {job_id: latest[job_id] for job_id in written}
        assert list(found.values()) == sorted(found.values())
    assert commits.latest_revision(database) == max(latest.values(), default=0)
    database.close()


def test_a_job_that_was_brought_to_where_its_receipt_saw_it_keeps_its_history(database, new_job):
    """What happened before is what a person looks for then."""
    [[job]] = committed(database, lambda group: newcomers.insert(group, [new_job()]))
    held = ev.Held(at=T0, reason="look")
    [[job]] = committed(database, lambda group: changes.apply(group, [change(job, held)]))
    before = commits.latest_revision(database)
    [[job]] = committed(database, lambda group: newcomers.restore(group, [(job, job, {})]))
    assert commits.written_since(database, before) == {job.id: job.revision}
    [[job]] = committed(database, lambda group: changes.apply(group, [change(job, ev.GivenUp(at=T0))]))
    assert [entry.event for entry in readers.history(database, job.id)] == ["Held", "GivenUp"]


def test_a_group_that_was_made_again_tells_of_what_stayed_only(database, new_job):
    """Entries of a change that failed, or of a first attempt at the whole group, would be lies."""
    [[one, two]] = committed(
        database, lambda group: newcomers.insert(group, [new_job("one"), new_job("two")])
    )
    committed(database, lambda group: changes.apply(group, [change(two, ev.GivenUp(at=T0))]))
    held = ev.Held(at=T0, reason="look")
    first, second = change(one, held), change(two, held)
    outcomes = commit_group(
        database,
        [lambda group: changes.apply(group, [first]), lambda group: changes.apply(group, [second])],
    )
    assert [outcome.error is None for outcome in outcomes] == [True, False]
    assert [entry.event for entry in readers.history(database, one.id)] == ["Held"]
    assert [entry.event for entry in readers.history(database, two.id)] == ["GivenUp"]
    assert database.execute("SELECT count(*) FROM commits").fetchone() == (2,)
