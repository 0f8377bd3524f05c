"""How tasks are watched: within the budget, through failures, never giving up on a job."""

import itertools
from datetime import timedelta

import pytest

from avatar_async._jobs.remote import QueryAnswer, RemoteState, RemoteTask
from avatar_async._jobs.states import State
from avatar_async.errors import AuthError, ConnectionLostError, ReplyError, ThrottledError
from avatar_async.orchestrator import WarningEvent


async def test_the_poll_rate_is_never_exceeded(orchestrator, service, training):
    """The budget is the account's, over all tasks."""
    service.query_batch = 1
    service.duration_s = 30.0
    async with orchestrator(poll_rate=2.0, max_in_flight=20) as runner:
        for number in range(20):
            await runner.add(f"job-{number}", training(f"m{number}"))
        states = {job.state async for job in runner.run()}
    assert states == {State.STORED}
    times = [at_s for at_s, _ in service.queries]
    assert all(later - earlier >= 0.499 for earlier, later in itertools.pairwise(times))


async def test_many_tasks_share_a_query(orchestrator, service, training):
    """A batch dialect asks for up to its batch at once."""
    async with orchestrator(max_in_flight=50) as runner:
        for number in range(50):
            await runner.add(f"job-{number}", training(f"m{number}"))
        async for _ in runner.run():
            pass
    assert max(len(ids) for _, ids in service.queries) > 10
    assert len(service.queries) < 50


async def test_failing_polls_never_fail_a_job(orchestrator, service, training):
    """A remote success must not be lost to a bad network."""
    service.query_errors.extend(
        [ConnectionLostError("reset"), ReplyError("not JSON"), ThrottledError("busy", retry_after_s=30.0)] * 3
    )
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        [job] = [job async for job in runner.run()]
    assert job.state is State.STORED


async def test_retry_after_is_honoured(orchestrator, service, training, clock):
    """No query leaves while the service asked for quiet."""
    service.query_errors.append(ThrottledError("busy", retry_after_s=90.0))
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        async for _ in runner.run():
            pass
    first_s, second_s = service.queries[0][0], service.queries[1][0]
    assert second_s - first_s >= 90.0


async def test_a_lasting_401_on_polls_ends_the_run_resumably(orchestrator, service, training):
    """A dead token needs a person; the task goes on remotely."""
    service.query_errors.extend([AuthError("token refused")] * 3)
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        [job] = [job async for job in runner.run()]
        assert "token" in runner.stopped_because
    assert job.state is State.IN_FLIGHT
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        [job] = [job async for job in runner.run()]
    assert job.state is State.STORED
    assert service.creates["a"] == 1


async def test_an_unknown_status_goes_on_and_is_told_once(orchestrator, service, training, monkeypatch):
    """A word nobody documented is neither an end nor an error."""
    known = type(service).task
    calls = 0

    def odd(self, task_id):
        nonlocal calls
        calls += 1
        if calls <= 3:
            return RemoteTask(task_id=task_id, state=RemoteState.UNKNOWN, status="PAUSED_BY_MOON")
        return known(self, task_id)

    monkeypatch.setattr(type(service), "task", odd)
    async with orchestrator() as runner:
        events = runner.events()
        await runner.add("a", training("a"))
        [job] = [job async for job in runner.run()]
    assert job.state is State.STORED
    warnings = [event.message async for event in events if isinstance(event, WarningEvent)]
    assert sum("PAUSED_BY_MOON" in message for message in warnings) == 1


async def test_an_id_left_out_is_not_a_failure(orchestrator, service, training, monkeypatch):
    """A list that lags behind must not cost a result."""
    known = type(service).query_tasks
    calls = 0

    async def lagging(self, task_ids):
        nonlocal calls
        calls += 1
        answer = await known(self, task_ids)
        return QueryAnswer(tasks=(), asked_at=answer.asked_at) if calls < 8 else answer

    monkeypatch.setattr(type(service), "query_tasks", lagging)
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        [job] = [job async for job in runner.run()]
    assert job.state is State.STORED


async def test_success_without_files_is_asked_again(orchestrator, service, training, monkeypatch):
    """Files may appear a moment after the status."""
    known = type(service).task
    calls = 0

    def bare(self, task_id):
        nonlocal calls
        task = known(self, task_id)
        if task.state is not RemoteState.SUCCEEDED:
            return task
        calls += 1
        return task if calls > 3 else RemoteTask(task_id=task_id, state=task.state, status=task.status)

    monkeypatch.setattr(type(service), "task", bare)
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        [job] = [job async for job in runner.run()]
    assert job.state is State.STORED


@pytest.mark.parametrize("offset_h", [-100, 100])
async def test_a_finish_reported_by_a_wrong_clock_is_clamped(
    orchestrator, service, training, monkeypatch, offset_h
):
    """Expiry is reckoned from what was seen, not from a clock that is off."""
    known = type(service).task

    def skewed(self, task_id):
        from attrs import evolve

        task = known(self, task_id)
        if task.finished_at is None:
            return task
        return evolve(task, finished_at=task.finished_at + timedelta(hours=offset_h))

    monkeypatch.setattr(type(service), "task", skewed)
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        [job] = [job async for job in runner.run()]
    assert job.submitted_at <= job.finished_at <= job.stored_at
