"""Receipts, written for all jobs that are due in one go."""

import json

import pytest
from attrs import evolve

from avatar_async._jobs import events as ev
from avatar_async._jobs.changes import change
from avatar_async._jobs.states import State
from avatar_async._storage.ledger import Ledger
from avatar_async._storage.receipts import ReceiptFolder


@pytest.fixture
def groups(monkeypatch):
    """The names of the jobs of each group of receipts, as they are written."""
    seen: list[list[str]] = []
    write = ReceiptFolder.write

    async def noted(self, jobs):
        seen.append([job.name for job, _ in jobs])
        return await write(self, jobs)

    monkeypatch.setattr(ReceiptFolder, "write", noted)
    return seen


async def in_flight(runner, training, names):
    """Return jobs with a task each, as the board has them; no loop of the runner is running."""
    jobs = [await runner.add(name, training(name)) for name in names]
    board, at = runner._open.loops.board, jobs[0].created_at
    jobs = await board.write(*((job, ev.IntentWritten(at=at, owner="run")) for job in jobs))
    return await board.write(
        *((job, ev.Accepted(at=at, task_id=900 + number)) for number, job in enumerate(jobs))
    )


async def test_what_is_due_is_written_together_and_noted_in_one_commit(
    orchestrator, training, groups, monkeypatch
):
    """A thread, a forced write and a commit for each receipt would cost more than the downloads."""
    commits, apply = [], Ledger.apply

    async def counted(self, changes):
        commits.append([type(change.event).__name__ for change in changes])
        return await apply(self, changes)

    names = [f"job-{number:02}" for number in range(70)]
    async with orchestrator() as runner:
        await in_flight(runner, training, names)
        monkeypatch.setattr(Ledger, "apply", counted)
        await runner._open.loops.scribe.drain()
        assert groups == [names[:64], names[64:]]
        assert commits == [["ReceiptWritten"] * 64, ["ReceiptWritten"] * 6]
        assert {job.receipt_state for job in await runner.jobs()} == {State.IN_FLIGHT}
        assert await runner._open.store.receipts_due() == []
        assert {job.receipt_state for job in runner._open.loops.board.open_jobs()} == {State.IN_FLIGHT}


async def test_a_receipt_that_cannot_be_written_keeps_no_other_from_it(
    orchestrator, training, groups, tmp_path
):
    """It is told of, stays due for the next run, and the others are there."""
    async with orchestrator() as runner:
        heard = runner.events()
        jobs = await in_flight(runner, training, ["a", "b", "c"])
        (tmp_path / "out" / jobs[1].folder).write_text("in the way")
        await runner._open.loops.scribe.drain()
        due = await runner._open.store.receipts_due()
    assert groups == [["a", "b", "c"]]
    assert [job.name for job in due] == ["b"]
    told = [event async for event in heard if event.word == "warning"]
    assert [event.job for event in told] == ["b"]
    assert "its receipt cannot be written" in told[0].message
    for job in (jobs[0], jobs[2]):
        receipt = json.loads((tmp_path / "out" / job.folder / "job.json").read_text())
        assert receipt["task_id"] == str(job.task_id)


async def test_a_job_that_moved_on_meanwhile_keeps_its_receipt_due(orchestrator, training, monkeypatch):
    """The ledger must not take a receipt of the former state for one of the present one."""
    async with orchestrator() as runner:
        loops, store = runner._open.loops, runner._open.store
        jobs = await in_flight(runner, training, ["a", "b", "c"])
        write = ReceiptFolder.write

        async def overtaken(self, written):
            errors = await write(self, written)
            monkeypatch.setattr(ReceiptFolder, "write", write)
            gone = ev.GivenUp(at=jobs[0].created_at)
            await loops.board.write((jobs[0], gone))
            await store.apply([change(jobs[1], gone)])  # by another process: the board does not know
            return errors

        monkeypatch.setattr(ReceiptFolder, "write", overtaken)
        loops.scribe.catch_up(jobs)
        await loops.scribe.drain()
        states = {job.name: (job.state, job.receipt_state) for job in await runner.jobs()}
    assert states["a"] == (State.ABANDONED, State.ABANDONED)
    assert states["b"] == (State.ABANDONED, None)
    assert states["c"] == (State.IN_FLIGHT, State.IN_FLIGHT)


async def test_what_was_not_written_when_the_store_broke_is_due_again(orchestrator, training, monkeypatch):
    """The last receipts are tried once more at the end of a block."""
    async with orchestrator() as runner:
        scribe = runner._open.loops.scribe
        jobs = await in_flight(runner, training, ["a", "b"])

        async def broken(_self, _jobs):
            scribe.catch_up([evolve(jobs[1], attempt=2)])
            raise RuntimeError("a bug")

        with monkeypatch.context() as patched:
            patched.setattr(ReceiptFolder, "write", broken)
            with pytest.raises(RuntimeError, match="a bug"):
                await scribe.drain()
        assert not scribe.idle
        assert [(job.name, job.attempt) for job in scribe._due.values()] == [("a", 1), ("b", 2)]
        scribe._due[jobs[1].id] = jobs[1]
        await scribe.drain()
        assert scribe.idle
