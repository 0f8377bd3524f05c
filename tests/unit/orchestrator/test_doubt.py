"""Doubt settled without a person: by the list, for the life of a run; and what stands in the way."""

from datetime import timedelta
from itertools import pairwise

import anyio
import pytest
from attrs import evolve

from avatar_async._jobs.states import State
from avatar_async._storage.ledger import Ledger
from avatar_async.errors import ConnectionLostError, ReplyError, ThrottledError
from avatar_async.orchestrator import WarningEvent
from avatar_async.requests import Kind
from tests.unit.orchestrator.lost_answers import UNKNOWN, unheard, until


async def run_out(runner):
    """Run to the end and return each job's state by name."""
    return {job.name: job.state async for job in runner.run()}


@pytest.fixture
def listing(service):
    """The service, with a list call."""
    service.can_list = True
    return service


async def test_every_doubt_of_a_crash_is_settled_by_itself(orchestrator, listing, training, tmp_path):
    """Jobs parked by recovery are looked for like any others."""
    async with orchestrator(max_in_flight=50) as runner:
        for number in range(20):
            await runner.add(f"job-{number}", training(f"m{number}"))

        async def hang(fake, request):
            fake.accept(request, at=fake.intent_at(request.name))
            if len(fake.tasks) == 20:
                runner.kill()
            await anyio.sleep_forever()

        listing.answers.extend([None] + [hang] * 19)
        await run_out(runner)
    async with Ledger.open(tmp_path / "out" / "ledger.db", read_only=True) as ledger:
        assert (await ledger.counts())[State.IN_DOUBT] == 19
    async with orchestrator() as runner:
        assert set((await run_out(runner)).values()) == {State.STORED}
        jobs = await runner.jobs()
    assert set(listing.creates.values()) == {1}
    assert [job.settled_by for job in jobs] == [None] + ["list"] * 19
    assert all(listing.tasks[job.task_id][0] == job.name.replace("job-", "m") for job in jobs)


async def test_a_list_that_fails_for_a_while_is_asked_again_with_growing_waits(
    orchestrator, listing, training
):
    """A service in trouble is the very reason for a doubt."""
    listing.answers.append(unheard)
    listing.list_errors.extend([ConnectionLostError("it broke")] * 4)
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        assert await run_out(runner) == {"a": State.STORED}
    moments = [at for at, _ in listing.lists]
    waits = [later - earlier for earlier, later in pairwise(moments)]
    assert len(waits) == 4
    assert waits[-1] >= 4.0, "the virtual clock may add to a wait, but never shortens one"


async def test_looks_go_on_as_long_as_the_run_does(orchestrator, listing, training, clock):
    """A task may show in the list an hour late, and the service be down for hours."""
    listing.gate = anyio.Event()
    hidden = []

    async def made_but_not_listed(fake, request):
        fake.accept(request, at=fake.intent_at(request.name))
        hidden.append(fake.tasks.popitem())
        return UNKNOWN

    listing.answers.extend([None, made_but_not_listed])
    async with orchestrator() as runner:
        events = runner.events()
        await runner.add("long", training("long"))
        await runner.add("late", training("late"))
        iterator = runner.run()
        await until(events, "late", State.IN_DOUBT)
        listing.list_errors.extend([ConnectionLostError("it broke")] * 6)
        while len(listing.lists) < 9:
            await clock.sleep(60.0)
        listing.tasks.update(hidden)
        await until(events, "late", State.IN_FLIGHT)
        listing.gate.set()
        states = {job.name: job.state async for job in iterator}
    assert states == {"long": State.STORED, "late": State.STORED}
    assert listing.creates == {"long": 1, "late": 1}
    assert len(listing.lists) >= 10


async def test_a_run_with_nothing_else_to_do_does_not_wait_for_ever(orchestrator, listing, training):
    """A task that was never made is in no list: a person is asked, soon."""
    listing.answers.append(UNKNOWN)
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        assert await run_out(runner) == {"a": State.IN_DOUBT}
    looked = len(listing.lists)
    assert looked >= 3
    listing.list_errors.extend([ConnectionLostError("it broke")] * 10_000)
    async with orchestrator() as runner:
        assert await run_out(runner) == {"a": State.IN_DOUBT}
    assert len(listing.lists) >= looked + 5


async def test_a_throttled_list_call_is_left_alone_for_as_long_as_asked(orchestrator, listing, training):
    """Retry-After holds for every call."""
    listing.answers.append(unheard)
    listing.list_errors.append(ThrottledError("slow down", retry_after_s=300.0))
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        assert await run_out(runner) == {"a": State.STORED}
    (first, _), (second, _) = listing.lists[:2]
    assert second - first >= 300.0


@pytest.mark.parametrize("cut", [{"whole": False}, {"service_at": None}])
async def test_a_list_cut_short_or_without_a_clock_settles_nothing(
    orchestrator, listing, training, monkeypatch, cut
):
    """A second candidate may stand where nobody read; and without the service's clock no time agrees."""
    find_tasks = listing.find_tasks

    async def found(name, *, turn=None):
        return evolve(await find_tasks(name, turn=turn), **cut)

    monkeypatch.setattr(listing, "find_tasks", found)
    listing.answers.append(unheard)
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        assert await run_out(runner) == {"a": State.IN_DOUBT}
    monkeypatch.undo()
    async with orchestrator() as runner:
        assert await run_out(runner) == {"a": State.STORED}


@pytest.mark.parametrize("ahead", [timedelta(days=-1), timedelta(days=1)])
async def test_a_service_whose_clock_is_a_day_off_settles_all_the_same(
    orchestrator, listing, training, monkeypatch, ahead
):
    """Times are compared on the service's own clock."""
    find_tasks = listing.find_tasks

    async def skewed(name, *, turn=None):
        answer = await find_tasks(name, turn=turn)
        tasks = tuple(evolve(task, created_at=task.created_at + ahead) for task in answer.tasks)
        return evolve(answer, tasks=tasks, service_at=answer.service_at + ahead)

    monkeypatch.setattr(listing, "find_tasks", skewed)
    listing.answers.append(unheard)
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        assert await run_out(runner) == {"a": State.STORED}
        [job] = await runner.jobs()
    assert job.settled_by == "list"


async def test_two_candidates_are_told_to_a_person(orchestrator, listing, training):
    """Their ids save the search in the console."""

    async def twice(fake, request):
        fake.accept(request, at=fake.intent_at(request.name))
        fake.accept(request, at=fake.intent_at(request.name))
        return UNKNOWN

    listing.answers.append(twice)
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        assert await run_out(runner) == {"a": State.IN_DOUBT}
        [job] = await runner.jobs()
    assert job.candidates == tuple(listing.tasks)
    assert len(job.candidates) == 2


async def test_a_task_of_a_finished_job_is_nobody_elses(orchestrator, listing, training):
    """Names may repeat; a claimed task is not given away twice."""
    listing.answers.extend([None, UNKNOWN])
    async with orchestrator(allow_duplicate=True) as runner:
        await runner.add("first", training("same"))
        await run_out(runner)
        await runner.add("second", training("same"))
        states = await run_out(runner)
        second = (await runner.jobs())[1]
    assert states == {"second": State.IN_DOUBT}
    assert second.candidates == ()


async def test_a_create_call_under_way_keeps_a_task_of_its_name_from_others(orchestrator, listing, training):
    """The task in the list may be the one whose answer is just coming."""
    ids = []

    async def slow(fake, request):
        report = fake.accept(request, at=fake.intent_at(request.name))
        ids.append(report.task_id)
        while len(fake.lists) < 2:
            await anyio.lowlevel.checkpoint()
        return report

    listing.answers.extend([None, UNKNOWN, slow])
    async with orchestrator(allow_duplicate=True) as runner:
        await runner.add("canary", training("canary"))
        await run_out(runner)
        await runner.add("lost", training("same"))
        await runner.add("slow", training("same"))
        states = await run_out(runner)
        jobs = {job.name: job for job in await runner.jobs()}
    assert states == {"lost": State.IN_DOUBT, "slow": State.STORED}
    assert jobs["slow"].task_id == ids[0]


async def test_a_task_of_a_job_that_was_given_up_is_not_given_to_another(orchestrator, listing, training):
    """It may have been made for the one nobody waits for any more."""
    listing.can_list = False
    listing.answers.extend([unheard, UNKNOWN])
    async with orchestrator(allow_duplicate=True) as runner:
        await runner.add("gone", training("same"))
        await runner.add("lost", training("same", video_url="http://127.0.0.1:9/other.mp4"))
        await run_out(runner)
        await runner.resolve("gone", abandon=True)
    listing.can_list = True
    async with orchestrator() as runner:
        states = await run_out(runner)
        lost = (await runner.jobs())[1]
    assert states["lost"] is State.IN_DOUBT
    assert lost.candidates == tuple(listing.tasks)


async def test_an_endless_list_is_told_once_and_settles_nothing(orchestrator, listing, training):
    """Bounded work, and a person decides."""
    listing.answers.append(unheard)
    listing.list_errors.extend(
        [ReplyError("the list of tasks named 'a' does not end after 50 pages")] * 10_000
    )
    async with orchestrator() as runner:
        events = runner.events()
        await runner.add("a", training("a"))
        assert await run_out(runner) == {"a": State.IN_DOUBT}
    told = [event.message async for event in events if isinstance(event, WarningEvent)]
    assert sum("does not end" in message for message in told) == 1


async def test_a_preview_is_not_settled_by_a_training_of_its_name(orchestrator, listing, preview):
    """Kinds are told apart."""
    listing.answers.append(UNKNOWN)
    listing._next_id += 1
    listing.tasks[listing._next_id] = ("same", Kind.TRAINING, listing.clock.now())
    async with orchestrator() as runner:
        await runner.add("a", preview("same"))
        assert await run_out(runner) == {"a": State.IN_DOUBT}
        [job] = await runner.jobs()
    assert job.candidates == ()


async def test_the_display_says_what_to_do_once_only_a_person_can_settle(orchestrator, service, training):
    """A warning scrolls away in a run of hours."""
    service.answers.extend([UNKNOWN, UNKNOWN])
    async with orchestrator() as runner:
        await runner.add("a", training("m1"))
        await runner.add("b", training("m2"))
        assert not any("in doubt" in notice for notice in runner.snapshot().notices)
        await run_out(runner)
        assert "2 jobs in doubt: `avatar-async status` tells what to do" in runner.snapshot().notices
