"""What every job store must do, whatever it is made of."""

from datetime import UTC, datetime, timedelta

import anyio
import pytest
from attrs import evolve

from avatar_async._jobs import events as ev
from avatar_async._jobs.changes import Change, change
from avatar_async._jobs.records import BY_PERSON, Artifact, JobError
from avatar_async._jobs.states import OPEN, ArtifactState, State
from avatar_async.errors import ConflictError, JobNotFoundError, LedgerMismatchError, LifecycleError
from avatar_async.requests import Kind
from tests.jobs_kept import a_new_job

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """Return an instant so many seconds after the story's start."""
    return T0 + timedelta(seconds=seconds)


def new_job(name="one", *, batch="default", folder=None, kind=Kind.TRAINING, fingerprint=None, needs=()):
    """Return a job that was never saved."""
    return a_new_job(
        name,
        batch=batch,
        kind=kind,
        folder=folder or f"{batch}-{name}",
        request={"name": name, "crf": 23, "nested": {"list": [0, 1], "text": "é中"}},
        fingerprint=fingerprint or f"print-{name}",
        needs=needs,
        created_at=T0,
    )


def artifact(name="model.zip", **fields):
    """Return a file of a finished task."""
    return Artifact(role="model", name=name, url=f"https://files.invalid/{name}?sign=secret", **fields)


async def step(store, job, *events):
    """Apply events one after the other."""
    for event in events:
        [job] = await store.apply([change(job, event)])
    return job


def doubt(second):
    """Return the events of a create call whose outcome nobody knows."""
    unknown = JobError(code="unknown", message="the connection broke")
    return ev.IntentWritten(at=at(second), owner="run-1"), ev.OutcomeUnknown(at=at(second), error=unknown)


async def in_flight(store, name="one", *, task_id=7, kind=Kind.TRAINING):
    """Save a job and bring it in flight."""
    [job] = await store.insert([new_job(name, kind=kind)])
    return await step(
        store, job, ev.IntentWritten(at=at(1), owner="run-1"), ev.Accepted(at=at(2), task_id=task_id)
    )


def finished(*artifacts, after_s=60.0):
    """Return the end of a task."""
    return ev.Finished(
        at=at(after_s + 5),
        remote_status="SUCCESS",
        finished_at=at(after_s),
        expires_at=at(after_s) + timedelta(days=7),
        artifacts=artifacts or (artifact(),),
    )


async def test_inserted_jobs_are_planned_and_read_back_equal(open_store):
    """A job that comes back changed would be submitted changed."""
    async with open_store() as store:
        inserted = await store.insert([new_job("one", needs=("two", "three")), new_job("two")])
        assert [job.state for job in inserted] == [State.PLANNED, State.PLANNED]
        assert await store.jobs() == inserted
        assert await store.get(inserted[0].id) == inserted[0]
        assert await store.find("default", ["two", "nobody"]) == {"two": inserted[1]}
        assert await store.request(inserted[0].id) == dict(new_job("one").request)
        asked = ["default-one", "DEFAULT-TWO", "default-three"]
        assert await store.taken_folders(asked) == {"default-one", "DEFAULT-TWO"}
        assert await store.requests([inserted[1].id, "999"]) == {inserted[1].id: dict(new_job("two").request)}
    async with open_store() as store:
        assert await store.jobs() == inserted


@pytest.mark.parametrize(
    "rival",
    [
        new_job("one", folder="elsewhere"),
        new_job("other", folder="DEFAULT-ONE"),
        new_job("other", folder="default-\uff4f\uff4e\uff45"),
    ],
    ids=["name", "folder in another case", "folder in another Unicode form"],
)
async def test_a_taken_name_or_folder_refuses_the_whole_insert(open_store, rival):
    """Half a batch, or two jobs in one folder, would mix up results."""
    async with open_store() as store:
        await store.insert([new_job("one")])
        with pytest.raises(ConflictError):
            await store.insert([new_job("fresh"), rival])
        assert [job.name for job in await store.jobs()] == ["one"]


async def test_the_same_name_may_stand_in_two_batches(open_store):
    """Batches do not know of each other."""
    async with open_store() as store:
        await store.insert([new_job("one"), new_job("one", batch="other")])
        assert len(await store.jobs(batch="other")) == 1
        assert len(await store.jobs()) == 2


async def test_a_job_goes_its_whole_way_and_stays_so_after_reopening(open_store):
    """Everything the lifecycle decided must survive a restart."""
    async with open_store() as store:
        job = await in_flight(store)
        job = await step(
            store,
            job,
            ev.Polled(at=at(3), remote_status="RUNNING", progress=40),
            finished(artifact("a.zip", size_bytes=10, md5="aa"), artifact("b.png")),
            ev.FetchStarted(at=at(70), owner="run-1"),
        )
        stored = [
            evolve(each, state=ArtifactState.STORED, stored_bytes=10, sha256="ff", note="odd")
            for each in job.artifacts
        ]
        job = await step(
            store,
            job,
            *(ev.ArtifactChanged(at=at(71), artifact=each) for each in stored),
            ev.AllStored(at=at(72)),
            ev.ReceiptWritten(at=at(73), state=State.STORED),
        )
    async with open_store() as store:
        assert await store.get(job.id) == job
        assert job.state is State.STORED
        assert job.artifacts == tuple(stored)


async def test_the_store_changes_a_job_exactly_as_the_lifecycle_says(open_store):
    """The store must add nothing of its own but the revision."""
    from avatar_async._jobs.lifecycle import advance

    events = [
        ev.Amended(at=at(1), request={"crf": 1}, fingerprint="new", task_name="new", needs=("x",)),
        ev.IntentWritten(at=at(2), owner="run-1"),
        ev.OutcomeUnknown(at=at(3), error=JobError(code="lost", message="connection lost", field=None)),
        ev.ResubmitOrdered(at=at(4)),
        ev.IntentWritten(at=at(5), owner="run-1"),
        ev.PutBack(
            at=at(6),
            reason=ev.PutBackReason.THROTTLED,
            not_before=at(60),
            error=JobError(code=9, message="busy", field="crf"),
        ),
        ev.GivenUp(at=at(7)),
    ]
    async with open_store() as store:
        [job] = await store.insert([new_job()])
        for event in events:
            expected = advance(job, event)
            [job] = await store.apply([change(job, event)])
            assert evolve(job, revision=0) == evolve(expected, revision=0)
            assert await store.get(job.id) == job
        assert await store.request(job.id) == {"crf": 1}


@pytest.mark.parametrize(
    "wrong",
    [{"state": State.IN_DOUBT}, {"attempt": 2}, {"owner": "run-2"}, {"owner": None}],
    ids=["state", "attempt", "owner", "no owner"],
)
async def test_a_change_of_a_job_that_stands_otherwise_is_refused(open_store, wrong):
    """Two writers who do not know of each other must not both win."""
    async with open_store() as store:
        [job] = await store.insert([new_job()])
        job = await step(store, job, ev.IntentWritten(at=at(1), owner="run-1"))
        with pytest.raises(ConflictError):
            await store.apply([evolve(change(job, ev.Accepted(at=at(2), task_id=7)), **wrong)])
        assert await store.get(job.id) == job


async def test_any_owner_matches_every_owner(open_store):
    """A person's command does not know who owns a job."""
    async with open_store() as store:
        job = await step(store, await in_flight(store), finished(), ev.FetchStarted(at=at(70), owner="run-1"))
        given_up = ev.GivenUp(at=at(80))
        order = Change(
            job_id=job.id, state=job.state, attempt=job.attempt, owner=Change.ANY_OWNER, event=given_up
        )
        assert (await store.apply([order]))[0].state is State.ABANDONED


async def test_one_refused_change_undoes_those_beside_it(open_store):
    """Changes given together are one write."""
    async with open_store() as store:
        one, two = await store.insert([new_job("one"), new_job("two")])
        intent = ev.IntentWritten(at=at(1), owner="run-1")
        with pytest.raises(LifecycleError):
            await store.apply([change(one, intent), change(two, ev.AllStored(at=at(2)))])
        assert await store.jobs() == [one, two]
        assert await store.submitted_as([one.fingerprint]) == {}


async def test_unknown_jobs_are_not_found(open_store):
    """An id that never was must not look like an empty job."""
    async with open_store() as store:
        for job_id in ("1", "nonsense", "", "9" * 30, "١"):
            with pytest.raises(JobNotFoundError):
                await store.get(job_id)
            with pytest.raises(JobNotFoundError):
                await store.request(job_id)


async def test_a_task_id_belongs_to_one_job_for_ever(open_store):
    """A task adopted twice would be paid once and delivered twice, also after a retry let go of it."""
    async with open_store() as store:
        job = await in_flight(store, "one", task_id=7)
        failure = ev.RemoteFailed(
            at=at(9), remote_status="FAILED", error=JobError(code="failed", message="no face")
        )
        job = await step(store, job, failure, ev.RetryOrdered(at=at(10)))
        assert job.task_id is None
        assert await store.claimed([6, 7, 2**63 - 1]) == {7: "one"}
        [other] = await store.insert([new_job("two")])
        other = await step(store, other, *doubt(11))
        with pytest.raises(ConflictError, match="'one'"):
            await store.apply([change(other, ev.Settled(at=at(12), task_id=7, how="person"))])
        job = await step(store, job, *doubt(13), ev.Settled(at=at(14), task_id=7, how="person"))
        assert job.task_id == 7


async def test_an_id_that_is_denied_or_corrected_is_free_again(open_store):
    """A person's slip must not keep a task from the job it belongs to."""
    denial = JobError(code="wrong_task", message="task 7 is not this job's")
    async with open_store() as store:
        [one, two] = await store.insert([new_job("one"), new_job("two")])
        one = await step(store, one, *doubt(1), ev.Settled(at=at(2), task_id=7, how="person"))
        assert await store.claimed([7]) == {7: "one"}
        one = await step(store, one, ev.Settled(at=at(3), task_id=8, how="person"))
        assert await store.claimed([7, 8]) == {8: "one"}
        one = await step(store, one, ev.Disowned(at=at(4), error=denial))
        assert (one.state, one.task_id, await store.claimed([7, 8])) == (State.IN_DOUBT, None, {})
        assert await store.submitted_as(["print-one"]) == {"print-one": "one"}
        two = await step(store, two, *doubt(5), ev.Settled(at=at(6), task_id=7, how="list"))
        with pytest.raises(ConflictError, match="'two'"):
            await store.apply([change(one, ev.Settled(at=at(7), task_id=7, how="person"))])
        one = await step(store, one, ev.Settled(at=at(8), task_id=8, how="person"))
        one = await step(store, one, ev.ResubmitOrdered(at=at(9)))
        assert await store.claimed([7, 8]) == {7: "two"}
        assert (one.attempt, one.settled_by) == (2, None)
    async with open_store() as store:
        assert await store.get(two.id) == two
        assert two.settled_by == "list"


async def test_candidates_are_kept_until_the_doubt_is_settled(open_store):
    """A person looks at them in `status`, long after the run that found them."""
    async with open_store() as store:
        [job] = await store.insert([new_job("one")])
        job = await step(store, job, *doubt(1), ev.CandidatesFound(at=at(2), task_ids=(2**63 - 1, 7)))
    async with open_store() as store:
        assert (await store.get(job.id)).candidates == (2**63 - 1, 7)
        job = await step(store, job, ev.Settled(at=at(3), task_id=7, how="person"))
        assert (await store.get(job.id)).candidates == ()


async def test_a_receipt_with_a_corrected_id_is_due_again(open_store):
    """The wrong id must not stay on the disk."""
    async with open_store() as store:
        [job] = await store.insert([new_job("one")])
        job = await step(store, job, *doubt(1), ev.Settled(at=at(2), task_id=7, how="person"))
        job = await step(store, job, ev.ReceiptWritten(at=at(3), state=State.IN_FLIGHT, task_id=7))
        assert await store.receipts_due() == []
        job = await step(store, job, ev.Settled(at=at(4), task_id=8, how="person"))
        job = await step(store, job, ev.ReceiptWritten(at=at(5), state=State.IN_FLIGHT, task_id=7))
        assert [each.task_id for each in await store.receipts_due()] == [8]
        job = await step(store, job, ev.ReceiptWritten(at=at(6), state=State.IN_FLIGHT, task_id=8))
        assert await store.receipts_due() == []


@pytest.mark.parametrize("task_id", [1, 2**53 + 1, 2**63 - 1])
async def test_task_ids_keep_all_their_digits(open_store, task_id):
    """Ids are int64 and opaque."""
    async with open_store() as store:
        job = await in_flight(store, task_id=task_id)
        assert (await store.get(job.id)).task_id == task_id


async def test_concurrent_changes_of_one_job_have_one_winner(open_store):
    """Compare-and-set must hold however writes are grouped."""
    async with open_store() as store:
        [job] = await store.insert([new_job()])
        won, lost = [], []

        async def rival(owner):
            try:
                won.extend(await store.apply([change(job, ev.IntentWritten(at=at(1), owner=owner))]))
            except ConflictError:
                lost.append(owner)

        async with anyio.create_task_group() as tasks:
            for number in range(20):
                tasks.start_soon(rival, f"run-{number}")
        assert (len(won), len(lost)) == (1, 19)
        assert await store.jobs() == won


async def test_64_producers_lose_nothing(open_store):
    """Grouped commits must answer each producer with its own jobs, and a refusal only its own."""
    async with open_store() as store:
        refused = []

        async def produce(number):
            [job] = await store.insert([new_job(f"job-{number}")])
            for _ in range(5):
                job = await step(store, job, ev.IntentWritten(at=at(1), owner="run-1"))
                with pytest.raises(ConflictError):
                    await store.apply([evolve(change(job, ev.GivenUp(at=at(1))), attempt=99)])
                refused.append(number)
                error = JobError(code="not_sent", message="refused")
                back = ev.PutBack(at=at(2), reason=ev.PutBackReason.NOT_SENT, not_before=at(3), error=error)
                job = await step(store, job, back)
            assert await store.get(job.id) == job

        async with anyio.create_task_group() as tasks:
            for number in range(64):
                tasks.start_soon(produce, number)
        jobs = await store.jobs()
        assert len(refused) == 320
        assert len({job.revision for job in jobs}) == len(jobs) == 64


async def test_jobs_can_be_asked_for_by_state_and_counted(open_store):
    """Recovery reads the open ones only."""
    async with open_store() as store:
        doomed, flying = await in_flight(store, "one", task_id=1), await in_flight(store, "two", task_id=2)
        [planned] = await store.insert([new_job("three")])
        doomed = await step(store, doomed, ev.GivenUp(at=at(5)))
        assert await store.jobs(states=OPEN) == [flying, planned]
        assert await store.jobs(states={State.ABANDONED, State.PLANNED}) == [doomed, planned]
        assert await store.jobs(states=()) == []
        counts = await store.counts()
        assert set(counts) == set(State)
        assert {state: count for state, count in counts.items() if count} == {
            State.ABANDONED: 1,
            State.IN_FLIGHT: 1,
            State.PLANNED: 1,
        }


async def test_fingerprints_count_as_submitted_only_if_a_task_may_exist(open_store):
    """The duplicate guard must neither miss a doubtful call nor block one that was surely not sent."""
    async with open_store() as store:
        error = JobError(code="x", message="x")
        intent = ev.IntentWritten(at=at(1), owner="run-1")
        planned, back, refused, doubt, open_call = await store.insert(
            [new_job(name) for name in ("planned", "back", "refused", "doubt", "open")]
        )
        reason = ev.PutBackReason.NOT_SENT
        await step(store, back, intent, ev.PutBack(at=at(2), reason=reason, not_before=None, error=error))
        await step(store, refused, intent, ev.Refused(at=at(2), error=error))
        await step(store, doubt, intent, ev.OutcomeUnknown(at=at(2), error=error))
        await step(store, open_call, intent)
        flying = await in_flight(store, "flying")
        failed = await step(
            store,
            flying,
            ev.RemoteFailed(at=at(9), remote_status="FAILED", error=error),
            ev.RetryOrdered(at=at(10)),
        )
        amended = ev.Amended(at=at(11), request={}, fingerprint="print-new", task_name="flying", needs=())
        await step(store, failed, amended)
        asked = [f"print-{name}" for name in ("planned", "back", "refused", "doubt", "open", "flying", "new")]
        assert planned.state is State.PLANNED
        assert await store.submitted_as(asked) == {
            "print-doubt": "doubt",
            "print-open": "open",
            "print-flying": "flying",
        }
        assert await store.submitted_as([]) == {}


async def test_durations_are_spread_over_the_latest_jobs_of_the_kind(open_store):
    """The poll planner learns from them; the last to end of a large batch are its slowest alone."""
    async with open_store() as store:
        for number in range(4):
            job = await in_flight(store, f"t{number}", task_id=number + 1)
            await step(store, job, finished(after_s=61.0 + number))
        other = await in_flight(store, "other", task_id=99, kind=Kind.TAKEOVER)
        await step(store, other, finished(after_s=1000))
        assert await store.durations_s(Kind.TRAINING) == [63.0, 62.0, 61.0, 60.0]
        assert await store.durations_s(Kind.TRAINING, limit=2) == [63.0, 61.0]
        assert await store.durations_s(Kind.REBUILD) == []


async def test_a_failed_task_tells_how_long_it_took(open_store):
    """It need not be asked for any longer than one that ends well."""
    error = JobError(code="task_failed", message="too dark")
    async with open_store() as store:
        job = await in_flight(store, "failed", task_id=1)
        failed = ev.RemoteFailed(at=at(50), remote_status="FAILED", error=error, finished_at=at(41))
        await step(store, job, failed)
        assert await store.durations_s(Kind.TRAINING) == [40.0]


async def test_written_since_tells_of_writes_by_anybody(open_store):
    """A person's command beside a run must be noticed by the run."""
    async with open_store() as store, open_store() as beside:
        assert await store.latest_revision() == 0
        one, two = await store.insert([new_job("one"), new_job("two")])
        seen = await store.latest_revision()
        assert seen == two.revision
        assert await store.written_since(seen) == {}
        [given_up] = await beside.apply([change(one, ev.GivenUp(at=at(1)))])
        assert await store.written_since(seen) == {one.id: given_up.revision}
        assert await store.written_since(given_up.revision) == {}
        assert list(await store.written_since(0)) == [two.id, one.id]
        mine = await step(store, two, ev.IntentWritten(at=at(2), owner="run-1"))
        assert await store.written_since(given_up.revision) == {two.id: mine.revision}


async def test_some_are_those_that_exist_in_the_order_they_were_added(open_store):
    """Jobs that somebody else wrote to are read by their ids alone."""
    async with open_store() as store:
        one, two, three = await store.insert([new_job("one"), new_job("two"), new_job("three")])
        assert await store.some([three.id, "999", one.id]) == [one, three]
        assert await store.some([]) == []
        ready = await step(store, await in_flight(store, "four", task_id=4), finished())
        assert await store.some([ready.id]) == [ready]
        assert ready.artifacts
        assert two not in await store.some([one.id])


async def test_jobs_sent_again_are_those_of_the_kind_with_more_than_one_attempt(open_store):
    """The first task of such a job may be taken for another's of its name."""
    async with open_store() as store:
        [once, again, other] = await store.insert(
            [new_job("once"), new_job("again"), new_job("other", kind=Kind.TAKEOVER)]
        )
        for job in (again, other):
            await step(store, job, *doubt(1), ev.ResubmitOrdered(at=at(2)))
        await step(store, once, *doubt(1))
        assert [job.name for job in await store.sent_again(Kind.TRAINING)] == ["again"]


async def test_open_jobs_come_page_by_page_in_the_order_they_were_added(open_store):
    """A run takes up a hundred thousand of them without holding others up."""
    async with open_store() as store:
        planned = await store.insert([new_job(f"job-{number}") for number in range(5)])
        await store.insert([new_job("other", batch="another")])
        await store.apply([change(planned[1], ev.GivenUp(at=at(1)))])
        ready = await step(store, await in_flight(store, "ready", task_id=4), finished())
        expected = [planned[0], *planned[2:], ready]
        first = await store.open_page("default", limit=2)
        second = await store.open_page("default", after=first[-1].id, limit=2)
        third = await store.open_page("default", after=second[-1].id, limit=2)
        assert [*first, *second, *third] == expected
        assert third == [ready]
        assert await store.open_page("default", after=ready.id, limit=2) == []


async def test_standings_come_page_by_page(open_store):
    """The look for receipts that know more needs no more of a job than this."""
    async with open_store() as store:
        jobs = await store.insert([new_job(f"job-{number}") for number in range(3)])
        job = await in_flight(store, "sent", task_id=4)
        job = await step(store, job, ev.ReceiptWritten(at=at(3), state=State.IN_FLIGHT))
        page = await store.standings(State.PLANNED, limit=2)
        rest = await store.standings(State.PLANNED, after=page[-1].id, limit=2)
        assert [each.id for each in (*page, *rest)] == [each.id for each in jobs]
        [sent] = await store.standings(State.IN_FLIGHT, limit=2)
        assert (sent.id, sent.name, sent.folder, sent.attempt) == (job.id, "sent", job.folder, 1)
        assert (sent.state, sent.receipt_state) == (State.IN_FLIGHT, State.IN_FLIGHT)
        assert page[0].receipt_state is None


async def test_a_witness_is_the_newest_task_that_is_surely_ours(open_store):
    """An answer that has it shows that the service still knows our tasks."""
    async with open_store() as store:
        assert await store.witness() is None
        [newest] = await store.insert([new_job("newest")])
        await in_flight(store, "older", task_id=1)
        sent = ev.IntentWritten(at=at(50), owner="run-1")
        await step(store, newest, sent, ev.Accepted(at=at(51), task_id=2))
        assert await store.witness() == 2
        assert await store.witness(besides=newest.id) == 1


async def test_an_id_that_a_person_gave_is_no_witness_until_it_was_shown(open_store):
    """It may be mistyped, and would then prove the loss of all others."""
    async with open_store() as store:
        [job] = await store.insert([new_job("doubtful")])
        job = await step(store, job, ev.IntentWritten(at=at(1), owner="run-1"))
        job = await step(store, job, ev.OutcomeUnknown(at=at(2), error=JobError(code="unknown", message="?")))
        job = await step(store, job, ev.Settled(at=at(3), task_id=77, how=BY_PERSON))
        assert await store.witness() is None
        await step(store, job, ev.Polled(at=at(4), remote_status="RUNNING", progress=1))
        assert await store.witness() == 77


async def test_receipts_are_due_until_they_tell_of_the_present_state(open_store):
    """A crash between the ledger and the receipt must be made good."""
    async with open_store() as store:
        await store.insert([new_job("untouched")])
        job = await in_flight(store)
        assert await store.receipts_due() == [job]
        job = await step(store, job, ev.ReceiptWritten(at=at(3), state=State.IN_FLIGHT))
        assert await store.receipts_due() == []
        job = await step(store, job, finished())
        assert await store.receipts_due() == [job]


async def test_a_store_stays_with_its_endpoint_and_account(open_store):
    """Task ids of one account mean nothing, or something else, to another."""
    async with open_store() as store:
        await store.bind("https://one.invalid", "app-1")
        await store.bind("https://one.invalid", "app-1")
        for endpoint, account in (("https://two.invalid", "app-1"), ("https://one.invalid", "app-2")):
            with pytest.raises(LedgerMismatchError, match="app-1"):
                await store.bind(endpoint, account)
        await store.bind("https://two.invalid", "app-1", rebind=True)
    async with open_store() as store:
        await store.bind("https://two.invalid", "app-1")


async def test_task_ids_are_claimed_per_account(open_store):
    """After a rebind, another service may give the same number to another task."""
    async with open_store() as store:
        before = await in_flight(store, "before", task_id=7)
        await store.bind("https://one.invalid", "app-1")
        [same] = await store.insert([new_job("same")])
        same = await step(store, same, *doubt(1))
        settled = ev.Settled(at=at(2), task_id=7, how="person")
        with pytest.raises(ConflictError, match="'before'"):
            await store.apply([change(same, settled)])
        await step(store, before, ev.GivenUp(at=at(3)))
        await store.bind("https://two.invalid", "app-1", rebind=True)
        assert (await step(store, same, settled)).task_id == 7


async def test_a_task_of_an_open_job_stays_its_own_after_a_rebind(open_store):
    """It is asked for at the new endpoint, so no other job may be given it there."""
    async with open_store() as store:
        await store.bind("https://one.invalid", "app-1")
        await in_flight(store, "before", task_id=7)
        await store.bind("https://two.invalid", "app-1", rebind=True)
        assert await store.claimed([7]) == {7: "before"}
        [same] = await store.insert([new_job("same")])
        same = await step(store, same, *doubt(1))
        with pytest.raises(ConflictError, match="'before'"):
            await store.apply([change(same, ev.Settled(at=at(2), task_id=7, how="person"))])


async def test_what_was_learnt_of_one_task_is_not_written_to_another(open_store):
    """A person may name another task while the service answers about the first."""
    async with open_store() as store:
        [job] = await store.insert([new_job("a")])
        job = await step(store, job, *doubt(1), ev.Settled(at=at(2), task_id=7, how="person"))
        await step(store, job, ev.Settled(at=at(3), task_id=8, how="person"))
        stale = ev.RemoteFailed(
            at=at(4), remote_status="FAILED", error=JobError(code="x", message="x"), finished_at=at(4)
        )
        with pytest.raises(ConflictError, match="task 8"):
            await store.apply([change(job, stale)])
        assert (await store.get(job.id)).state is State.IN_FLIGHT


async def test_an_intent_is_refused_for_a_job_that_was_amended_since_it_was_read(open_store):
    """The request that was read is not the one the ledger would tell of."""
    async with open_store() as store:
        [job] = await store.insert([new_job("a")])
        amended = ev.Amended(at=at(1), request={"x": 2}, fingerprint="other", task_name="a", needs=())
        newer = await step(store, job, amended)
        with pytest.raises(ConflictError, match="in the meantime"):
            await store.apply([change(job, ev.IntentWritten(at=at(2), owner="run"))])
        assert (await step(store, newer, ev.IntentWritten(at=at(2), owner="run"))).state is State.SUBMITTING


async def test_facts_are_remembered_and_overwritten(open_store):
    """Learned facts outlive the run."""
    async with open_store() as store:
        assert await store.recall("canary") is None
        await store.remember("canary", "passed")
        await store.remember("canary", "again")
    async with open_store() as store:
        assert await store.recall("canary") == "again"


async def test_a_cancelled_write_leaves_the_store_sound(open_store):
    """Cancelling stops the waiting; the write is whole or not there."""
    async with open_store() as store:
        [job] = await store.insert([new_job()])
        with anyio.CancelScope() as scope:
            scope.cancel()
            await store.apply([change(job, ev.IntentWritten(at=at(1), owner="run-1"))])
        now = await store.get(job.id)
        assert now.state in {State.PLANNED, State.SUBMITTING}
        await store.insert([new_job("next")])


async def test_artifact_lists_may_grow_shrink_and_change_order(open_store):
    """A fresh query may list other files than the last one."""
    async with open_store() as store:
        job = await step(store, await in_flight(store), finished(artifact("a"), artifact("b"), artifact("c")))
        for names in ("ba", "c", "abcd", "dcba"):
            fresh = tuple(artifact(name) for name in names)
            job = await step(store, job, ev.ArtifactsRefreshed(at=at(80), artifacts=fresh))
            assert (await store.get(job.id)).artifacts == fresh
