"""Callbacks: hints that are never believed, never cost more polls than allowed, and settle doubt."""

import itertools
import json
from contextlib import asynccontextmanager
from datetime import timedelta

import anyio
import pytest

from avatar_async._jobs.states import State
from avatar_async.errors import ConfigError, ConnectionLostError, ReplyError
from avatar_async.orchestrator.hints import MOST_KEPT
from avatar_async.requests import Kind
from tests.unit.orchestrator.lost_answers import UNKNOWN, unheard, until


@pytest.fixture
def clock(patient_clock):
    """A clock that waits for threads: these tests tell how soon a hint is heeded."""
    return patient_clock


@pytest.fixture
def one_in_doubt(orchestrator, service, training):
    """Run two jobs: one is watched until the gate opens, the other's create call is answered as told."""

    @asynccontextmanager
    async def running(answer):
        service.gate = anyio.Event()
        service.answers.extend([None, answer])
        async with orchestrator() as runner:
            events = runner.events()
            await runner.add("watched", training("watched"))
            await runner.add("lost", training("lost"))
            iterator = runner.run()
            await until(events, "lost", State.IN_DOUBT)
            yield runner, events, iterator

    return running


async def begun(runner, training):
    """Run one job until it is in flight; return the iterator over the jobs that end."""
    events = runner.events()
    await runner.add("a", training("a"))
    iterator = runner.run()
    await until(events, "a", State.IN_FLIGHT)
    return iterator


async def asked_for(service, task_id):
    """Wait until the service was asked for a task."""
    while not any(task_id in ids for _, ids in service.queries):
        await service.clock.sleep(1.0)


async def candidates_of(runner, name):
    """Wait until the tasks that may be a job's are known, and return their ids."""
    while True:
        found = {job.name: job.candidates for job in await runner.jobs()}[name]
        if found:
            return found
        await runner._clock.sleep(1.0)


def body(task_id, status="SUCCESS"):
    """Return a callback's body."""
    return json.dumps({"taskId": task_id, "status": status}).encode()


async def test_a_callback_settles_the_doubt_it_can_only_belong_to(one_in_doubt, service):
    """Without a list call too: the task is queried, and agrees in kind, name and time."""
    async with one_in_doubt(unheard) as (runner, events, iterator):
        assert runner.receive_callback(body(max(service.tasks))) == max(service.tasks)
        await until(events, "lost", State.IN_FLIGHT)
        service.gate.set()
        states = {job.name: job.state async for job in iterator}
        lost = (await runner.jobs())[1]
    assert states == {"watched": State.STORED, "lost": State.STORED}
    assert (lost.settled_by, lost.task_id) == ("callback", max(service.tasks))
    assert service.creates == {"watched": 1, "lost": 1}


@pytest.mark.parametrize("stranger", ["kind", "name", "time", "second"])
async def test_a_callback_settles_nothing_that_another_reading_fits(one_in_doubt, service, stranger):
    """Tasks of others call back too."""

    async def lost(fake, request):
        now = fake.intent_at(request.name)
        made = {
            "kind": [(request.name, Kind.REBUILD, now)],
            "name": [("other", Kind.TRAINING, now)],
            "time": [(request.name, Kind.TRAINING, now - timedelta(hours=11))],
            "second": [(request.name, Kind.TRAINING, now)] * 2,
        }[stranger]
        fake.tasks.update({9000 + number: task for number, task in enumerate(made)})
        return UNKNOWN

    async with one_in_doubt(lost) as (runner, _, iterator):
        for task_id in [number for number in service.tasks if number >= 9000]:
            runner.hint(task_id)
        await asked_for(service, 9000)
        if stranger == "second":
            await asked_for(service, 9001)
            assert await candidates_of(runner, "lost") == (9000, 9001)
        service.gate.set()
        states = {job.name: job.state async for job in iterator}
        job = (await runner.jobs())[1]
    assert states["lost"] is State.IN_DOUBT
    assert job.candidates == ((9000, 9001) if stranger == "second" else ())


async def test_a_callback_makes_the_list_be_read_before_it_settles(one_in_doubt, service):
    """Where there is a list, it may show a second candidate that has not called back."""
    service.can_list = True
    hidden = {}

    async def lost(fake, request):
        fake.accept(request, at=fake.intent_at(request.name))
        fake.accept(request, at=fake.intent_at(request.name))
        hidden.update({number: fake.tasks.pop(number) for number in sorted(fake.tasks)[-2:]})
        return UNKNOWN

    async with one_in_doubt(lost) as (runner, _, iterator):
        service.tasks.update(hidden)
        runner.hint(min(hidden))
        assert await candidates_of(runner, "lost") == tuple(sorted(hidden))
        service.gate.set()
        states = {job.name: job.state async for job in iterator}
    assert states["lost"] is State.IN_DOUBT


async def test_a_hint_at_a_task_of_ours_is_heeded_soon(orchestrator, service, training, clock):
    """The finish is noticed when the service tells of it, not at the next planned poll."""
    service.duration_s = 1e9
    async with orchestrator() as runner:
        iterator = await begun(runner, training)
        while len(service.queries) < 2 or service.queries[-1][0] - service.queries[-2][0] < 500.0:
            await clock.sleep(100.0)
        planned = len(service.queries)
        service.duration_s = 1.0
        hinted_s = clock.monotonic()
        runner.hint(min(service.tasks))
        assert [job.state async for job in iterator] == [State.STORED]
    asked_s = service.queries[planned][0]
    assert asked_s - hinted_s < 100.0, "not at the planned poll, minutes later"


async def test_a_hint_right_after_a_planned_poll_is_heeded_at_once(orchestrator, service, training, clock):
    """Only hints wait for each other: what a poll of our own missed by a moment is asked for now."""
    service.duration_s = 1e9
    async with orchestrator() as runner:
        iterator = await begun(runner, training)
        while len(service.queries) < 2 or service.queries[-1][0] - service.queries[-2][0] < 100.0:
            due_s = runner._open.loops.poller._planner.next_due_s() or 0.0
            await clock.sleep(max(0.1, due_s + 0.1 - clock.monotonic()))
        planned, service.duration_s = len(service.queries), 1.0
        hinted_s = clock.monotonic()
        runner.hint(min(service.tasks))
        assert [job.state async for job in iterator] == [State.STORED]
    assert hinted_s - service.queries[planned - 1][0] < 1.0, "right after it"
    assert service.queries[planned][0] - hinted_s < 1.0


async def test_a_flood_of_hints_keeps_to_the_poll_rate_and_in_bounds(orchestrator, service, training):
    """Anybody may send callbacks; they cost neither calls nor memory without end."""
    service.duration_s = 1e9
    service.answers.extend([None, UNKNOWN])
    async with orchestrator(poll_rate=2.0) as runner:
        events = runner.events()
        await runner.add("a", training("a"))
        await runner.add("lost", training("lost"))
        iterator = runner.run()
        await until(events, "lost", State.IN_DOUBT)
        known = min(service.tasks)
        for wave in range(10):
            for number in range(3000):
                runner.hint(known)
                runner.hint(100_000 + 3000 * wave + number)
                runner.hint(-number)
                runner.hint(2**63 + number)
            await anyio.lowlevel.checkpoint()
        hints = runner._open.loops.hints
        assert len(hints._strange) <= MOST_KEPT
        await asked_for(service, 100_000 + 3000 * 9 + 2999)
        service.duration_s = 1.0
        states = {job.name: job.state async for job in iterator}
        assert len(hints._asked_s) <= MOST_KEPT
    assert states == {"a": State.STORED, "lost": State.IN_DOUBT}
    moments = [at for at, _ in service.queries]
    assert all(later - earlier >= 0.5 - 1e-6 for earlier, later in itertools.pairwise(moments))
    assert max(len(ids) for _, ids in service.queries) <= service.query_batch


async def test_unknown_ids_are_queried_only_while_jobs_are_in_doubt(orchestrator, service, training):
    """They are other people's tasks, save when one of ours is missing."""
    service.duration_s = 50.0
    async with orchestrator() as runner:
        iterator = await begun(runner, training)
        runner.hint(424242)
        assert [job.state async for job in iterator] == [State.STORED]
    assert not any(424242 in ids for _, ids in service.queries)


async def test_a_callback_that_comes_before_the_doubt_is_not_forgotten(orchestrator, service, training):
    """A quick task calls back while its create call still waits for an answer that never comes."""
    service.gate = anyio.Event()

    async def early(fake, request):
        fake.accept(request, at=fake.intent_at(request.name))
        runner.hint(max(fake.tasks))
        return UNKNOWN

    service.answers.extend([None, early])
    async with orchestrator() as runner:
        events = runner.events()
        await runner.add("watched", training("watched"))
        await runner.add("lost", training("lost"))
        iterator = runner.run()
        await until(events, "lost", State.IN_FLIGHT)
        service.gate.set()
        states = {job.name: job.state async for job in iterator}
    assert states["lost"] is State.STORED


async def test_a_query_about_a_callback_that_fails_is_made_again(one_in_doubt, service):
    """A callback comes once."""
    async with one_in_doubt(unheard) as (runner, events, iterator):
        service.query_errors.extend([ConnectionLostError("it broke")] * 3)
        runner.hint(max(service.tasks))
        await until(events, "lost", State.IN_FLIGHT)
        service.gate.set()
        states = {job.name: job.state async for job in iterator}
    assert states["lost"] is State.STORED


async def test_garbage_is_refused_and_changes_nothing(orchestrator, training):
    """An error of ours, and the run goes on."""
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        for garbage in (b"", b"{}", b'{"taskId": -1}', b"x" * (2 << 20)):
            with pytest.raises(ReplyError):
                runner.receive_callback(garbage)
        assert [job.state async for job in runner.run()] == [State.STORED]


async def test_the_profile_says_how_callbacks_are_read(orchestrator):
    """And is checked before anything is opened."""
    async with orchestrator(callback_dialect={"task_id": "data.id"}) as runner:
        assert runner.receive_callback(b'{"data": {"id": "77"}}') == 77
    with pytest.raises(ConfigError, match="task_ids"):
        orchestrator(callback_dialect={"task_ids": "x"})
