"""A batch from planned to stored, and how a run begins and ends."""

import json

import anyio
import pytest

from avatar_async._jobs.states import State
from avatar_async._storage.ledger import Ledger
from avatar_async.errors import LedgerError, LedgerLockedError, LedgerMismatchError
from avatar_async.orchestrator import EndEvent, StateEvent


async def test_every_job_is_created_once_and_stored(orchestrator, service, training, tmp_path):
    """The whole way: intent, create, poll, fetch, receipt."""
    async with orchestrator() as runner:
        for number in range(5):
            await runner.add(f"job-{number}", training(f"m{number}"))
        ended = [job async for job in runner.run()]
    assert {job.state for job in ended} == {State.STORED}
    assert set(service.creates.values()) == {1}
    for job in ended:
        folder = tmp_path / "out" / job.folder
        assert (folder / "model.zip").read_bytes() == service.bodies[job.task_name]
        receipt = json.loads((folder / "job.json").read_text())
        assert receipt["state"] == "stored"
        assert str(receipt["task_id"]) == str(job.task_id)
        assert "SECRET" not in (folder / "job.json").read_text()


async def test_the_same_command_again_submits_nothing_and_tells_of_the_jobs(orchestrator, service, training):
    """Never paid twice."""
    for _ in range(2):
        async with orchestrator() as runner:
            await runner.add("a", training("a"))
            ended = [job async for job in runner.run()]
        assert [(job.name, job.state) for job in ended] == [("a", State.STORED)]
    assert service.creates["a"] == 1


async def test_a_failed_job_does_not_stop_the_others(orchestrator, service, training):
    """Per-job failures stay with their job."""
    service.failing.add("bad")
    async with orchestrator() as runner:
        await runner.add("bad", training("bad"))
        await runner.add("good", training("good"))
        states = {job.name: job async for job in runner.run()}
    assert states["good"].state is State.STORED
    assert states["bad"].state is State.FAILED
    assert states["bad"].error.message == "the source cannot be decoded"


async def test_breaking_out_lets_the_work_go_on_until_the_block_ends(orchestrator, service, training):
    """A user may stop listening without stopping the batch."""
    async with orchestrator() as runner:
        for number in range(6):
            await runner.add(f"job-{number}", training(f"m{number}"))
        seen = set()
        async for job in runner.run():
            seen.add(job.name)
            break
        async for job in runner.run():
            assert job.name not in seen
            seen.add(job.name)
    assert len(seen) == 6
    assert set(service.creates.values()) == {1}


async def test_two_runs_in_one_block(orchestrator, training):
    """Jobs added after a run ended are worked on by the next one."""
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        first = [job.name async for job in runner.run()]
        await runner.add("b", training("b"))
        second = [job.name async for job in runner.run()]
    assert (first, second) == (["a"], ["b"])


async def test_the_users_own_exception_leaves_unwrapped(orchestrator, service, training):
    """An error in the body is the body's, not a group; the batch stays resumable."""

    class OwnError(Exception):
        pass

    with pytest.raises(OwnError):
        async with orchestrator() as runner:
            await runner.add("a", training("a"))
            async for _ in runner.run():
                raise OwnError
    async with orchestrator() as runner:
        ended = [job.state async for job in runner.run()]
        states = [job.state for job in await runner.jobs()]
    assert ended == []
    assert states == [State.STORED]
    assert service.creates["a"] == 1


async def test_cancellation_from_outside_leaves_every_job_resumable(orchestrator, service, training):
    """A deadline around the block is a normal way to end it."""
    service.duration_s = 1e9
    reached = anyio.Event()
    async with anyio.create_task_group() as group:

        async def work() -> None:
            async with orchestrator() as runner:
                await runner.add("a", training("a"))
                iterator = runner.run()
                events = runner.events()
                async for event in events:
                    if isinstance(event, StateEvent) and event.to_state is State.IN_FLIGHT:
                        reached.set()
                        break
                async for _ in iterator:
                    pass

        group.start_soon(work)
        await reached.wait()
        group.cancel_scope.cancel()
    service.duration_s = 1.0
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        ended = [job.state async for job in runner.run()]
    assert ended == [State.STORED]
    assert service.creates["a"] == 1


async def test_a_run_without_jobs_ends_at_once(orchestrator):
    """Nothing to do is not a reason to hang."""
    async with orchestrator() as runner:
        assert [job async for job in runner.run()] == []


async def test_events_tell_each_state_and_the_end(orchestrator, training):
    """A display needs nothing but the events."""
    async with orchestrator() as runner:
        events = runner.events()
        await runner.add("a", training("a"))
        async for _ in runner.run():
            pass
    told = [event async for event in events]
    states = [event.to_state for event in told if isinstance(event, StateEvent)]
    assert states == [
        State.PLANNED,
        State.SUBMITTING,
        State.IN_FLIGHT,
        State.READY,
        State.FETCHING,
        State.STORED,
    ]
    assert isinstance(told[-1], EndEvent)
    assert told[-1].counts[State.STORED] == 1
    assert set(told[0].to_json()) == {"at", "event", "job", "from", "to", "bytes", "total", "message"}


async def test_a_second_runner_on_the_same_ledger_is_refused(orchestrator):
    """Two runners would submit each job twice."""
    async with orchestrator():
        with pytest.raises(LedgerLockedError, match="in use"):
            async with orchestrator():
                pass


async def test_a_ledger_of_another_account_is_refused_unless_rebound(orchestrator, service):
    """Task ids of one account mean nothing in another."""
    async with orchestrator():
        pass
    service.account = "other"
    with pytest.raises(LedgerMismatchError):
        async with orchestrator():
            pass
    async with orchestrator(rebind=True):
        pass


async def test_receipts_without_a_ledger_are_refused_and_can_be_adopted(
    orchestrator, service, training, tmp_path
):
    """A lost ledger must not lead to paying again."""
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        async for _ in runner.run():
            pass
    for path in (tmp_path / "out").glob("ledger.db*"):
        path.unlink()
    with pytest.raises(LedgerError, match="rebuild-ledger"):
        async with orchestrator():
            pass
    async with orchestrator(rebuild_ledger=True) as runner:
        await runner.add("a", training("a"))
        ended = [job.state async for job in runner.run()]
    assert ended == [State.STORED]
    assert service.creates["a"] == 1


async def test_receipts_beside_an_empty_ledger_are_refused(orchestrator, service, training, tmp_path):
    """Killed while receipts are adopted, a run leaves a ledger without jobs: it must not start anew."""
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        async for _ in runner.run():
            pass
    for path in (tmp_path / "out").glob("ledger.db*"):
        path.unlink()
    async with Ledger.open(tmp_path / "out" / "ledger.db"):
        pass
    for _ in range(2):
        with pytest.raises(LedgerError, match="rebuild-ledger"):
            async with orchestrator():
                pass
    async with orchestrator(rebuild_ledger=True) as runner:
        await runner.add("a", training("a"))
        assert [job.state async for job in runner.run()] == [State.STORED]
    assert service.creates["a"] == 1


async def test_stop_ends_the_run_and_the_next_one_goes_on(orchestrator, service, training):
    """A soft stop loses nothing."""
    async with orchestrator(max_in_flight=2) as runner:

        async def stop(fake, request):
            runner.stop()

        service.answers.extend([None, None, stop])
        for number in range(6):
            await runner.add(f"job-{number}", training(f"m{number}"))
        async for _ in runner.run():
            pass
    assert sum(service.creates.values()) < 6
    async with orchestrator(max_in_flight=2) as runner:
        async for _ in runner.run():
            pass
        jobs = await runner.jobs()
    assert {job.state for job in jobs} == {State.STORED}
    assert set(service.creates.values()) == {1}


async def test_until_ends_a_run_that_would_wait_longer(orchestrator, service, training):
    """A time box for cron jobs."""
    service.duration_s = 1e6
    async with orchestrator(until_s=60.0) as runner:
        await runner.add("a", training("a"))
        assert [job async for job in runner.run()] == []
        assert "until" in runner.stopped_because


async def test_a_stopped_run_waits_for_a_create_no_longer_than_agreed(orchestrator, service, training):
    """A call may be given an hour to answer; a person who stops the run is promised a minute."""
    async with orchestrator(create_grace_s=0.05) as runner:

        async def never(fake, request):
            runner.stop()
            await anyio.sleep_forever()

        service.answers.append(never)
        await runner.add("a", training("a"))
        with anyio.fail_after(10):
            [left async for left in runner.run()]
        [job] = await runner.jobs()
    assert job.state is State.IN_DOUBT


async def test_a_stopped_run_does_not_wait_for_ever_to_prepare_a_create(orchestrator, service, training):
    """The token may be another process's to fetch, and that process may be stopped itself."""
    async with orchestrator(create_grace_s=0.05) as runner:

        async def wait_for_others():
            runner.stop()
            await anyio.sleep_forever()

        service.prepare = wait_for_others
        await runner.add("a", training("a"))
        with anyio.fail_after(10):
            [left async for left in runner.run()]
        [job] = await runner.jobs()
    assert job.state is State.PLANNED
    assert not service.creates
