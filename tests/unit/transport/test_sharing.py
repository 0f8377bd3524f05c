"""Questions that share a call: as few calls as possible, and nobody harmed by another."""

from datetime import UTC, datetime

import anyio
import pytest

from avatar_async._jobs.remote import QueryAnswer, RemoteState, RemoteTask
from avatar_async._transport.sharing import SharedQuery
from avatar_async.errors import RejectedError, TransportError

AT = datetime(2026, 1, 1, tzinfo=UTC)


class Service:
    """Answers about tasks below 1000, and keeps what it was asked."""

    def __init__(self):
        self.calls = []
        self.gate = anyio.Event()
        self.gate.set()
        self.errors = []

    async def ask(self, task_ids):
        """Answer once the gate is open, or raise the next error."""
        self.calls.append(list(task_ids))
        await self.gate.wait()
        if self.errors:
            raise self.errors.pop(0)
        tasks = [
            RemoteTask(task_id=number, state=RemoteState.RUNNING, status="RUNNING")
            for number in task_ids
            if number < 1000
        ]
        return QueryAnswer(tasks=tuple(tasks), asked_at=AT)


async def outcomes(shared, task_ids):
    """Return what each of many who ask at once gets: an id, None or an error."""
    found: dict[int, object] = {}

    async def one(number):
        try:
            task = await shared.task(number)
        except (RejectedError, TransportError) as error:
            found[number] = error
        else:
            found[number] = None if task is None else task.task_id

    async with anyio.create_task_group() as group:
        for number in task_ids:
            group.start_soon(one, number)
    return found


async def test_those_who_ask_at_once_share_calls():
    """Sixty-four waits on tasks must not be sixty-four calls."""
    service = Service()
    found = await outcomes(SharedQuery(service.ask, 100), range(1, 65))
    assert found == {number: number for number in range(1, 65)}
    assert service.calls == [list(range(1, 65))]


async def test_a_call_holds_no_more_than_the_batch():
    """The dialect's limit holds for shared calls as for any."""
    service = Service()
    found = await outcomes(SharedQuery(service.ask, 10), range(1, 36))
    assert len(found) == 35
    assert [len(call) for call in service.calls] == [10, 10, 10, 5]


async def test_a_dialect_of_single_ids_shares_nothing():
    """A service that takes one id a call gets one."""
    service = Service()
    await outcomes(SharedQuery(service.ask, 1), [1, 2, 3])
    assert service.calls == [[1], [2], [3]]


async def test_one_who_asks_while_a_call_is_under_way_gets_a_newer_answer():
    """An answer must not be older than the question."""
    service = Service()
    service.gate = anyio.Event()
    shared = SharedQuery(service.ask, 100)
    async with anyio.create_task_group() as group:
        group.start_soon(shared.task, 1)
        await anyio.wait_all_tasks_blocked()
        group.start_soon(shared.task, 1)
        await anyio.wait_all_tasks_blocked()
        assert service.calls == [[1], [1]]
        service.gate.set()


async def test_unknown_task_is_unknown_to_its_asker_alone():
    """One wrong id does not touch the others."""
    service = Service()
    assert await outcomes(SharedQuery(service.ask, 100), [1, 5000]) == {1: 1, 5000: None}


async def test_a_failed_call_fails_for_everyone_with_an_error_of_their_own():
    """The connection broke for all; tracebacks must not grow into each other."""
    service = Service()
    service.errors = [TransportError("it broke")]
    found = await outcomes(SharedQuery(service.ask, 100), [1, 2, 3])
    assert all(isinstance(error, TransportError) for error in found.values())
    assert len({id(error) for error in found.values()}) == 3


async def test_after_a_rejected_call_each_asks_alone():
    """A service that rejects a whole call for one bad id must not hide the other tasks."""
    service = Service()
    service.errors = [RejectedError("bad id"), RejectedError("bad id")]
    found = await outcomes(SharedQuery(service.ask, 100), [1, 2, 3])
    assert sorted(map(len, service.calls)) == [1, 1, 1, 3]
    assert sum(isinstance(error, RejectedError) for error in found.values()) == 1


@pytest.mark.parametrize("under_way", [False, True])
async def test_a_cancelled_leader_leaves_the_others_their_answers(under_way):
    """Whoever gives up waiting takes nobody with them."""
    service = Service()
    service.gate = anyio.Event()
    shared = SharedQuery(service.ask, 100)
    found = {}

    async def join(number):
        task = await shared.task(number)
        assert task is not None
        found[number] = task.task_id

    async with anyio.create_task_group() as group:
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as leaders:
                leaders.start_soon(shared.task, 1)
                await anyio.lowlevel.checkpoint()
                group.start_soon(join, 2)
                group.start_soon(join, 3)
                if under_way:
                    await anyio.wait_all_tasks_blocked()
                scope.cancel()
        service.gate.set()
    assert found == {2: 2, 3: 3}
