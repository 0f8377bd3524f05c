"""Waiting to the end, whoever cancels: scopes of anyio, and `Task.cancel` of an asyncio application."""

import asyncio
import threading
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from avatar_async._storage.ledger import Ledger
from avatar_async._storage.lock import RunnerLock
from avatar_async._storage.unbroken import unbroken
from avatar_async.errors import LedgerLockedError


async def _cancelled_thrice(task: "asyncio.Task[Any]") -> None:
    """Cancel a task of an asyncio application, again while it leaves, and once more."""
    for _ in range(3):
        task.cancel()
        await anyio.sleep(0.01)


async def test_cancelled_again_and_again_the_work_is_done_before_it_is_told():
    """Who is told that it is over may begin anew at once."""
    begun, may_end, done = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        may_end.wait(10)
        done.set()

    async def wait() -> None:
        await unbroken(lambda: anyio.to_thread.run_sync(work))

    task = asyncio.get_running_loop().create_task(wait())
    await anyio.to_thread.run_sync(begun.wait)
    await _cancelled_thrice(task)
    assert not task.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done.is_set()


async def test_a_scope_waits_for_the_work_too():
    """The other way of cancelling."""
    done = []

    async def work() -> None:
        await anyio.sleep(0.02)
        done.append(1)

    with anyio.move_on_after(0) as scope:
        await unbroken(work)
    assert scope.cancelled_caught
    assert done == [1]


async def test_a_value_and_an_error_come_through_as_they_are():
    """No group is wrapped around them."""

    async def value() -> int:
        return 5

    async def error() -> None:
        raise LedgerLockedError("in use")

    assert await unbroken(value) == 5
    with pytest.raises(LedgerLockedError, match="in use"):
        await unbroken(error)


async def test_a_lock_whose_taking_is_cancelled_is_free_at_once(tmp_path, monkeypatch):
    """Else a program that cancels a run and begins it anew is told that another run is using the ledger."""
    ledger, begun, may_take = tmp_path / "ledger.db", threading.Event(), threading.Event()
    take = RunnerLock._take

    def slow(lock: RunnerLock) -> None:
        begun.set()
        may_take.wait(10)
        take(lock)

    held = RunnerLock(ledger)
    with monkeypatch.context() as patched:
        patched.setattr(RunnerLock, "_take", slow)
        task = asyncio.get_running_loop().create_task(held.__aenter__())
        await anyio.to_thread.run_sync(begun.wait)
        await _cancelled_thrice(task)
        may_take.set()
        with pytest.raises(asyncio.CancelledError):
            await task
    async with RunnerLock(ledger) as lock:
        assert await lock.holder() is not None


async def test_a_ledger_whose_closing_is_cancelled_is_closed_whole(tmp_path):
    """What is queued is written, and neither thread stays."""
    path, in_the_way, may_go_on = tmp_path / "ledger.db", threading.Event(), threading.Event()
    queued = anyio.Event()

    def wait(_connection: object) -> None:
        in_the_way.set()
        may_go_on.wait(10)

    async def write(ledger: Ledger) -> None:
        assert ledger._writer is not None
        await ledger._writer.call(wait)

    async def use() -> None:
        async with Ledger.open(path) as ledger, anyio.create_task_group() as group:
            group.start_soon(write, ledger)
            await anyio.to_thread.run_sync(in_the_way.wait)
            group.start_soon(ledger.remember, "key", "value")
            await anyio.lowlevel.checkpoint()
            queued.set()
            await anyio.sleep_forever()

    task = asyncio.get_running_loop().create_task(use())
    await queued.wait()
    await _cancelled_thrice(task)
    may_go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not [each.name for each in threading.enumerate() if each.name.startswith("ledger-")]
    async with Ledger.open(path) as ledger:
        assert await ledger.recall("key") == "value"
