"""What a run finds when it opens a ledger: receipts that know more, requests that changed on the way."""

import shutil

import anyio
import pytest

from avatar_async._clock import SystemClock
from avatar_async._jobs import events as ev
from avatar_async._jobs.remote import SubmissionReport
from avatar_async._jobs.states import State
from avatar_async._storage.ledger import Ledger
from avatar_async.errors import ConflictError, DuplicateRequestError, LedgerError
from avatar_async.orchestrator import Orchestrator
from avatar_async.orchestrator.events import WarningEvent


def bring_back(backup, out):
    """Put an older ledger where the present one lies, as a restored backup does."""
    for suffix in ("", "-wal", "-shm"):
        (out / f"ledger.db{suffix}").unlink(missing_ok=True)
    shutil.copy(backup, out / "ledger.db")


@pytest.mark.parametrize("submitted", [1, 2])
async def test_a_ledger_older_than_the_receipts_pays_for_nothing_again(
    orchestrator, service, training, tmp_path, submitted
):
    """It knows the jobs as planned, but their tasks were made since: only the receipts can tell."""
    out, backup = tmp_path / "out", tmp_path / "backup.db"
    for most in (0, submitted):
        async with orchestrator(max_creates=most) as runner:
            for name in ("a", "b"):
                await runner.add(name, training(name))
            async for _ in runner.run():
                pass
        if not most:
            shutil.copy(out / "ledger.db", backup)
    bring_back(backup, out)
    with pytest.raises(LedgerError, match=r"older than the receipts.* of a.*--rebuild-ledger"):
        async with orchestrator():
            pass
    assert sum(service.creates.values()) == submitted
    async with orchestrator(rebuild_ledger=True) as runner:
        states = {job.name: job.state async for job in runner.run()}
        states |= {job.name: job.state for job in await runner.jobs()}
    assert set(states.values()) == {State.STORED}
    assert service.creates == {"a": 1, "b": 1}


async def test_an_attempt_that_only_a_receipt_knows_is_not_paid_for_again(
    orchestrator, service, training, tmp_path
):
    """The older ledger calls the job failed, and a retry of it would make its third task."""
    out, backup = tmp_path / "out", tmp_path / "backup.db"
    service.failing.add("a")
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        async for _ in runner.run():
            pass
    shutil.copy(out / "ledger.db", backup)
    service.failing.clear()
    async with orchestrator() as runner:
        await runner.retry("a")
        [job] = [job async for job in runner.run()]
    assert (job.state, job.attempt) == (State.STORED, 2)
    bring_back(backup, out)
    with pytest.raises(LedgerError, match="older than the receipts"):
        async with orchestrator():
            pass
    async with orchestrator(rebuild_ledger=True) as runner:
        [known] = await runner.jobs()
    assert (known.state, known.attempt, known.task_id) == (State.STORED, 2, job.task_id)


async def test_a_lost_call_that_only_receipts_know_guards_against_a_double(
    orchestrator, service, training, tmp_path
):
    """The ledger was lost with the doubt open: the same request under a new name may be paid for twice."""
    service.answers.append(SubmissionReport(sent=True, message="the connection broke"))
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        async for _ in runner.run():
            pass
    for suffix in ("", "-wal", "-shm"):
        (tmp_path / "out" / f"ledger.db{suffix}").unlink(missing_ok=True)
    async with orchestrator(rebuild_ledger=True) as runner:
        [known] = await runner.jobs()
        assert known.state is State.IN_DOUBT
        with pytest.raises(DuplicateRequestError, match="'a'"):
            await runner.add("b", training("a"))
    assert service.creates == {"a": 1}


async def test_fields_that_change_while_a_create_call_is_prepared_are_the_ones_sent(
    orchestrator, service, training
):
    """The ledger must never tell of another request than the one that was paid for."""
    sent, asked, gate = [], anyio.Event(), anyio.Event()

    async def accept(service, request):
        sent.append(request.video_url)

    service.answers.append(accept)
    async with orchestrator() as runner:
        references = runner._open.loops.submitter._references
        resolve = references.resolve

        async def slowly(request):
            asked.set()
            await gate.wait()
            return await resolve(request)

        references.resolve = slowly
        await runner.add("a", training("a", video_url="http://127.0.0.1:9/old.mp4"))
        ended = runner.run()
        await asked.wait()
        await runner.add("a", training("a", video_url="http://127.0.0.1:9/new.mp4"))
        gate.set()
        assert [job.state async for job in ended] == [State.STORED]
    assert sent == ["http://127.0.0.1:9/new.mp4"]


async def test_an_id_that_no_job_can_take_is_told_all_the_same(orchestrator, service, training, monkeypatch):
    """Were a lock to fail and the job to belong to somebody else, the paid task must not be forgotten."""
    apply = Ledger.apply

    async def changed(self, changes):
        if any(isinstance(change.event, (ev.Accepted, ev.OutcomeUnknown)) for change in changes):
            raise ConflictError("the job belongs to another run")
        return await apply(self, changes)

    async with orchestrator() as runner:
        events = runner.events()
        monkeypatch.setattr(Ledger, "apply", changed)
        await runner.add("a", training("a"))
        runner.run()
        told = await anext(
            event async for event in events if isinstance(event, WarningEvent) and event.urgent
        )
        monkeypatch.undo()
    [task_id] = service.tasks
    assert f"task id {task_id}" in told.message


async def test_the_lost_task_of_a_job_sent_again_is_given_to_no_other_of_its_name(
    service, training, tmp_path
):
    """Its first task may exist although a person had it sent anew: it was made from other fields."""
    service.clock, service.duration_s = SystemClock(), 0.0

    async def lost(service, request):
        service.accept(request)
        return SubmissionReport(sent=True, message="the connection broke")

    async def never_arrived(service, request):
        return SubmissionReport(sent=True, message="the connection broke")

    service.answers.append(lost)
    async with Orchestrator(service, out=tmp_path / "out", disk_reserve_bytes=0) as runner:
        await runner.add("a", training("same"))
        async for _ in runner.run():
            pass
        await runner.resolve("a", resubmit=True)
        async for _ in runner.run():
            pass
    service.can_list = True
    service.answers.append(never_arrived)
    async with Orchestrator(service, out=tmp_path / "out", disk_reserve_bytes=0) as runner:
        await runner.add("b", training("same", video_url="http://127.0.0.1:9/other.mp4"))
        runner.run()
        for _ in range(1000):
            [_, job] = await runner.jobs()
            if job.candidates or job.state is State.STORED:
                break
            await anyio.sleep(0.02)
    assert job.state is State.IN_DOUBT
    assert job.candidates == (min(service.tasks),)
