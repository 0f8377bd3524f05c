"""A run in somebody's asyncio application, cancelled by `Task.cancel` once and again."""

import asyncio
import threading

import anyio
import anyio.lowlevel
import pytest

from avatar_async._jobs.states import State


@pytest.mark.parametrize("times", [1, 2, 3, 6])
async def test_a_cancelled_run_leaves_nothing_behind_and_may_begin_at_once(
    orchestrator, service, training, times
):
    """No loop goes on behind the user's back, no thread stays, and the lock is free."""
    begun, answer = anyio.Event(), anyio.Event()
    before = asyncio.all_tasks()

    async def slow(fake, request):
        begun.set()
        await answer.wait()

    service.answers.append(slow)
    service.duration_s = 1e9

    async def work() -> None:
        async with orchestrator() as runner:
            await runner.add("a", training("a"))
            async for _ in runner.run():
                pass

    task = asyncio.get_running_loop().create_task(work())
    await begun.wait()
    for _ in range(times):
        task.cancel()
        await anyio.lowlevel.checkpoint()
        await anyio.lowlevel.checkpoint()
    answer.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asyncio.all_tasks() <= before
    assert not [each.name for each in threading.enumerate() if each.name.startswith("ledger-")]
    async with orchestrator() as runner:
        [job] = await runner.jobs()
    assert job.state in {State.IN_FLIGHT, State.IN_DOUBT}
    assert service.creates["a"] == 1
