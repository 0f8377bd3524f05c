"""A ledger of very many jobs: taken up page by page, and nothing costs a look at all of them."""

import asyncio
import json
from collections.abc import Callable

import anyio
import pytest
from attrs import evolve

from avatar_async._jobs import events as ev
from avatar_async._jobs.changes import change
from avatar_async._jobs.records import Job, JobSpec
from avatar_async._jobs.states import OPEN, RETRYABLE, State
from avatar_async._storage.ledger import Ledger
from avatar_async._storage.receipts import ReceiptFolder
from avatar_async.errors import LedgerError
from avatar_async.orchestrator import board as boards
from avatar_async.orchestrator import recovery, submitter, watcher


async def until(reached: Callable[[], bool]) -> None:
    """Give others their turn until something is so."""
    while not reached():  # noqa: ASYNC110 - of no one event
        await asyncio.sleep(0)


@pytest.fixture
def pages(monkeypatch):
    """Let a page, and what is read before anything else begins, be three jobs."""
    monkeypatch.setattr(boards, "_PAGE", 3)
    monkeypatch.setattr(boards, "_AT_ONCE", 3)
    monkeypatch.setattr(recovery, "_PAGE", 3)


@pytest.fixture
def left_in_flight(orchestrator, service, training, tmp_path):
    """A function that leaves jobs in the ledger whose tasks the service still works on."""

    async def leave(number: int) -> list[Job]:
        service.duration_s = 1e6
        async with orchestrator(max_creates=0) as runner:
            jobs = [await runner.add(f"job-{each:02}", training(f"job-{each:02}")) for each in range(number)]
        async with Ledger.open(tmp_path / "out" / "ledger.db") as store:
            sent = [change(job, ev.IntentWritten(at=job.created_at, owner="earlier")) for job in jobs]
            jobs = await store.apply(sent)
            taken = [
                change(
                    job, ev.Accepted(at=job.created_at, task_id=service.accept(training(job.name)).task_id)
                )
                for job in jobs
            ]
            return await store.apply(taken)

    return leave


class Reading(Ledger):
    """Count pages, and hold them back."""

    gate: anyio.Event | None = None
    read = 0

    async def open_page(self, batch, *, after=None, limit):
        """Wait at the gate before the second page."""
        if after is not None and Reading.gate is not None:
            await Reading.gate.wait()
        Reading.read += 1
        return await super().open_page(batch, after=after, limit=limit)


@pytest.fixture
def reading(monkeypatch):
    """The ledger that counts pages and has a gate before the second one."""
    monkeypatch.setattr("avatar_async.orchestrator.session.Ledger", Reading)
    monkeypatch.setattr(Reading, "gate", None)
    monkeypatch.setattr(Reading, "read", 0)
    return Reading


async def test_jobs_are_taken_up_page_by_page_and_each_comes_home_once(
    orchestrator, service, left_in_flight, reading, pages
):
    """Nothing is lost, or handed out twice, at the edges of the pages."""
    names = [job.name for job in await left_in_flight(10)]
    reading.read = 0
    service.duration_s = 1.0
    async with orchestrator() as runner:
        ended = [job.name async for job in runner.run()]
        counts = runner.snapshot().counts
    assert sorted(ended) == names
    assert reading.read == 4
    assert (counts[State.STORED], sum(counts.values())) == (10, 10)
    assert not service.creates


async def test_tasks_are_asked_for_while_the_rest_of_the_ledger_is_read(
    orchestrator, service, training, left_in_flight, reading, pages
):
    """The first finish is noticed at once; creates wait until it is known how many tasks there are."""
    await left_in_flight(7)
    async with orchestrator() as runner:
        await runner.add("new", training("new"))
    reading.gate, before = anyio.Event(), len(service.queries)
    async with orchestrator(max_in_flight=8) as runner:
        runner.run()
        await until(lambda: len(service.queries) > before)
        board = runner._open.loops.board
        assert (board.number(State.IN_FLIGHT), runner.snapshot().counts[State.IN_FLIGHT]) == (3, 7)
        assert not runner._open.loops.over
        assert service.creates["new"] == 0
        reading.gate.set()
        await until(lambda: service.creates["new"] == 1)
        assert board.number(State.IN_FLIGHT, State.SUBMITTING) == 8


async def test_jobs_that_are_added_are_counted_without_a_look_at_the_whole_ledger(
    orchestrator, training, monkeypatch
):
    """A hundred thousand added one by one would be counted a hundred thousand times."""
    looks = []

    class Counting(Ledger):
        async def counts(self):
            looks.append(self)
            return await super().counts()

    monkeypatch.setattr("avatar_async.orchestrator.session.Ledger", Counting)
    async with orchestrator() as runner:
        await runner.add("ended", training("ended"))
        assert [job.state async for job in runner.run()] == [State.STORED]
    async with orchestrator() as runner:
        looks.clear()
        for name in ("a", "b", "c", "a", "ended"):
            await runner.add(name, training(name))
        assert looks == []
        counts = runner.snapshot().counts
        assert (counts[State.PLANNED], counts[State.STORED], sum(counts.values())) == (3, 1, 4)
        ended = [job.name async for job in runner.run()]
        assert sorted(ended) == ["a", "b", "c", "ended"]
        assert runner.snapshot().counts == await runner._open.store.counts()


async def test_what_another_process_writes_is_read_a_few_jobs_at_a_time(
    orchestrator, service, left_in_flight, tmp_path, monkeypatch
):
    """Of very many, most may be our own and known before they are read."""
    asked = []
    some = Ledger.some

    async def counted(self, job_ids):
        asked.append(len(job_ids))
        return await some(self, job_ids)

    async def silent(_task_ids):
        await anyio.sleep_forever()

    # Noting an answer finds out about the jobs as well, at times before the look at the ledger does.
    monkeypatch.setattr(service, "query_tasks", silent)
    monkeypatch.setattr(watcher, "_AT_ONCE", 3)
    monkeypatch.setattr(Ledger, "some", counted)
    jobs = await left_in_flight(7)
    async with orchestrator() as runner, Ledger.open(tmp_path / "out" / "ledger.db") as other:
        runner.run()
        await other.apply([change(job, ev.GivenUp(at=job.created_at)) for job in jobs])
        await until(lambda: not runner._open.loops.board.number(State.IN_FLIGHT))
        assert runner.snapshot().counts[State.ABANDONED] == 7
    assert sum(asked) == 7
    assert max(asked) == 3


@pytest.mark.parametrize("first", ["taken up", "counted"])
async def test_a_job_that_is_noticed_before_its_insertion_returns_is_counted_once(
    orchestrator, training, monkeypatch, first
):
    """The look for what others write may see it first."""

    class Noticed(Ledger):
        async def insert(self, jobs):
            saved = await super().insert(jobs)
            await (board.take_up(saved) if first == "taken up" else board.load_rest())
            return saved

    monkeypatch.setattr("avatar_async.orchestrator.session.Ledger", Noticed)
    async with orchestrator() as runner:
        board = runner._open.loops.board
        board._loaded = False
        await runner.add("a", training("a"))
        await runner.add("b", training("b"))
        assert runner.snapshot().counts[State.PLANNED] == 2


async def test_a_job_whose_insertion_was_cancelled_is_counted_all_the_same(
    orchestrator, training, monkeypatch
):
    """It is in the ledger, whoever waited for it."""
    saved = anyio.Event()
    insert = Ledger.insert

    async def slow(self, jobs):
        await insert(self, jobs)
        saved.set()
        await anyio.sleep_forever()

    async with orchestrator() as runner:
        board = runner._open.loops.board
        with monkeypatch.context() as patch:
            patch.setattr(Ledger, "insert", slow)
            async with anyio.create_task_group() as group:
                group.start_soon(runner.add, "a", training("a"))
                await saved.wait()
                group.cancel_scope.cancel()
        await runner.add("b", training("b"))
        await board.take_up(await runner.jobs())
        assert runner.snapshot().counts[State.PLANNED] == 2


async def test_a_job_taken_up_twice_while_the_rest_is_read_is_told_of_once(
    orchestrator, service, training, left_in_flight, reading, pages
):
    """The same command again adds all jobs, also those that are still to be read."""
    names = [job.name for job in await left_in_flight(7)]
    async with orchestrator() as runner:
        heard = runner.events()
        for name in names:
            await runner.add(name, training(name))
        service.duration_s = 1.0
        ended = [job.name async for job in runner.run()]
    told = [event async for event in heard if event.word == "state"]
    assert sorted(ended) == names
    assert len(told) >= 3 * len(names)
    assert all(event.from_state is not None for event in told)


async def test_an_older_ledger_is_noticed_before_a_receipt_of_a_task_is_overwritten(
    orchestrator, service, left_in_flight, pages, tmp_path
):
    """Where very many jobs have tasks, their receipts are read while the first of them are asked for."""
    *_, last = await left_in_flight(7)
    receipts = ReceiptFolder(tmp_path / "out")
    assert await receipts.write([(evolve(last, attempt=2, task_id=4711), {})]) == [None]
    service.duration_s = 0.0
    with pytest.raises(LedgerError, match=f"older than the receipts.* of {last.name}"):
        async with orchestrator() as runner:
            async for _ in runner.run():
                pass
    assert json.loads((tmp_path / "out" / last.folder / "job.json").read_text())["task_id"] == "4711"
    assert not service.creates


def test_every_job_is_looked_at_that_could_be_paid_for_again():
    """A state left out would let an older ledger through."""
    assert {*recovery._UNSENT, *recovery._SENT} == OPEN | RETRYABLE


async def test_no_more_creates_are_under_way_than_connections_can_take(
    orchestrator, service, training, monkeypatch
):
    """A limit of thousands of tasks must not become thousands of calls at once."""
    monkeypatch.setattr(submitter, "_AT_ONCE", 3)
    most, gate = 0, anyio.Event()

    async def slow(_, request):
        nonlocal most
        most = max(most, service.runner._open.loops.submitter.creating)
        await gate.wait()

    service.answers.extend([slow] * 8)
    async with orchestrator(max_in_flight=100) as runner:
        runner._open.loops.admission.proven = True
        for number in range(8):
            await runner.add(f"job-{number}", training(f"job-{number}"))
        runner.run()
        await until(lambda: most == 3)
        gate.set()
        ended = [job.state async for job in runner.run()]
    assert ended == [State.STORED] * 8
    assert most == 3


async def test_our_own_writes_are_not_read_again(orchestrator, training, tmp_path):
    """The look for what others wrote would cost as much as all polls."""
    async with orchestrator(max_creates=0) as runner:
        jobs = [await runner.add(name, training(name)) for name in ("a", "b")]
        store, board = runner._open.store, runner._open.loops.board
        [job] = await board.write((jobs[0], ev.Held(at=jobs[0].created_at, reason="wait")))
        written = await store.written_since(0)
        assert written[job.id] == job.revision
        assert all(board.knows(*each) for each in written.items())
        async with Ledger.open(tmp_path / "out" / "ledger.db") as beside:
            [job] = await beside.apply([change(jobs[1], ev.GivenUp(at=jobs[1].created_at))])
        written = await store.written_since(job.revision - 1)
        assert [board.knows(*each) for each in written.items()] == [False]
        await board.take_up(await store.some(written))
        assert all(board.knows(*each) for each in written.items())


async def test_what_is_known_of_a_new_batch_does_not_grow_the_reads_of_each_job(
    orchestrator, training, monkeypatch
):
    """Adding a hundred thousand jobs takes as many statements a job as adding a hundred."""
    calls = []
    call = Ledger.taken_folders

    async def counted(self, folders):
        calls.append(len(folders))
        return await call(self, folders)

    monkeypatch.setattr(Ledger, "taken_folders", counted)
    specs = [
        JobSpec(name=name, kind=training(name).kind, request=training(name))
        for name in (f"job-{number}" for number in range(250))
    ]
    specs.append(JobSpec(name="JOB-7", kind=specs[7].kind, request=training("other")))
    async with orchestrator(max_creates=0) as runner:
        jobs = await runner.add_all(specs)
    assert calls == [100, 100, 51, 1]
    assert len({job.folder.casefold() for job in jobs}) == 251
    assert jobs[-1].folder.startswith("JOB-7~")
