"""A machine that slept, and a clock that somebody sets, in the middle of a run."""

import itertools
from collections import Counter
from datetime import timedelta

import pytest

from avatar_async._jobs.planner import poll_limits
from avatar_async._jobs.remote import SubmissionReport
from avatar_async._jobs.states import State
from avatar_async.errors import ConnectionLostError
from avatar_async.orchestrator import WarningEvent
from avatar_async.requests import Kind
from tests.unit.orchestrator.lost_answers import reach

DAY_S = 86400.0
HOUR = timedelta(hours=1)
JUMPS = [DAY_S, -DAY_S]


async def begun(runner, training, names, *reached):
    """Run jobs of these names until some are in a state (see `reach`); return what happens from then on."""
    events = runner.events()
    for name in names:
        await runner.add(name, training(name))
    runner.run()
    await reach(events, *reached)
    return events


async def finish(runner):
    """Let the run end; return its jobs by name."""
    async for _ in runner.run():
        pass
    return {job.name: job for job in await runner.jobs()}


@pytest.mark.parametrize("jump_s", JUMPS)
@pytest.mark.parametrize("state", [State.SUBMITTING, State.IN_FLIGHT, State.READY, State.FETCHING])
async def test_a_jump_in_any_state_costs_nothing(orchestrator, service, training, clock, jump_s, state):
    """Paid once, home soon, and no time is negative or absurd."""
    async with orchestrator() as runner:
        await begun(runner, training, "ab", state)
        clock.jump(jump_s)
        began_s = clock.monotonic()
        jobs = await finish(runner)
    assert {job.state for job in jobs.values()} == {State.STORED}
    assert set(service.creates.values()) == {1}
    assert clock.monotonic() - began_s < 600
    for job in jobs.values():
        assert job.finished_at <= job.expires_at <= clock.now() + timedelta(days=8, hours=1)


@pytest.mark.parametrize("jump_s", JUMPS)
async def test_a_job_put_back_is_not_waited_for_by_the_wall_clock(
    orchestrator, service, training, clock, jump_s
):
    """After a jump back, an instant noted before it lies a day ahead."""
    service.answers.append(SubmissionReport(sent=False, message="connection refused"))
    async with orchestrator() as runner:
        events = await begun(runner, training, "a", State.SUBMITTING)
        await reach(events, State.PLANNED)
        clock.jump(jump_s)
        began_s = clock.monotonic()
        jobs = await finish(runner)
    assert jobs["a"].state is State.STORED
    assert clock.monotonic() - began_s < 600
    assert service.creates["a"] == 2


@pytest.mark.parametrize("jump_s", JUMPS)
async def test_a_paused_download_is_not_waited_for_by_the_wall_clock(
    orchestrator, service, training, clock, jump_s, monkeypatch
):
    """Neither in the run that paused it."""
    known, failing = type(service).open_artifact, [True]

    def broken(self, url, **options):
        if failing:
            raise ConnectionLostError("reset")
        return known(self, url, **options)

    monkeypatch.setattr(type(service), "open_artifact", broken)
    async with orchestrator() as runner:
        events = await begun(runner, training, "a", State.FETCHING)
        await reach(events, State.READY)
        clock.jump(jump_s)
        failing.clear()
        began_s = clock.monotonic()
        jobs = await finish(runner)
    assert jobs["a"].state is State.STORED
    assert clock.monotonic() - began_s < 600


async def test_refusals_after_a_jump_ahead_are_no_loss(orchestrator, service, training, clock):
    """The clock says that the results are gone, the service says nothing of the kind."""
    service.dated = False
    service.refuse_urls.add("a")
    async with orchestrator() as runner:
        await begun(runner, training, "a", State.FETCHING)
        clock.jump(30 * DAY_S)
        while service.opened.count("a") < 12:
            await clock.sleep(1)
        [job] = await runner.jobs()
        assert job.state in {State.READY, State.FETCHING}
        service.refuse_urls.clear()
        jobs = await finish(runner)
    assert jobs["a"].state is State.STORED


async def test_a_machine_that_slept_for_a_day_asks_for_everything_again_at_the_pace(
    orchestrator, service, training, clock
):
    """Timers that slept too would only wake minutes later; and nobody is flooded."""
    service.duration_s = 0.9 * DAY_S
    service.query_batch = 1
    names = [f"job-{number:02}" for number in range(30)]
    async with orchestrator(max_in_flight=50, poll_rate=2.0) as runner:
        events = runner.events()
        for name in names:
            await runner.add(name, training(name))
        runner.run()
        await reach(events, State.IN_FLIGHT, 30)
        clock.leap(2 * 3600.0)
        await clock.sleep(30)
        # Asleep: the service's time goes on, ours stands still until the wall clock shows it.
        for task_id, (name, kind, made_at) in service.tasks.items():
            service.tasks[task_id] = (name, kind, made_at - timedelta(days=1))
        clock.jump(DAY_S)
        before, began_s = len(service.queries), clock.monotonic()
        jobs = await finish(runner)
        told = [event async for event in _closed(runner, events)]
    assert {job.state for job in jobs.values()} == {State.STORED}
    assert clock.monotonic() - began_s < 120
    after = [at_s for at_s, _ in service.queries[before:]]
    assert all(later - sooner >= 0.49 for sooner, later in itertools.pairwise(after))
    asleep = [event for event in told if isinstance(event, WarningEvent) and "slept" in event.message]
    assert len(asleep) == 1


async def _closed(runner, events):
    """Yield what was told so far."""
    runner._open.hub.close()
    async for event in events:
        yield event


async def test_a_process_stopped_for_a_day_goes_on(orchestrator, service, training, clock):
    """SIGSTOP and SIGCONT: every timer is due at once, and nothing is paid or fetched twice."""
    service.duration_s = 3600.0
    async with orchestrator(max_in_flight=50) as runner:
        events = runner.events()
        for number in range(10):
            await runner.add(f"job-{number}", training(f"job-{number}"))
        runner.run()
        await reach(events, State.IN_FLIGHT, 10)
        clock.leap(DAY_S)
        jobs = await finish(runner)
    assert {job.state for job in jobs.values()} == {State.STORED}
    assert set(service.creates.values()) == {1}
    assert set(Counter(service.opened).values()) == {1}


@pytest.mark.parametrize("jump_s", JUMPS)
async def test_what_is_learnt_of_durations_is_not_spoilt_by_a_jump(
    orchestrator, service, training, clock, jump_s
):
    """A day more or less would make the next tasks be polled far too seldom, or all the time."""
    service.duration_s = 100.0
    async with orchestrator() as runner:
        await begun(runner, training, "abcdefgh", State.IN_FLIGHT, 8)
        clock.jump(jump_s)
        await finish(runner)
        study = runner._open.loops.poller._planner._studies[Kind.TRAINING]
        learnt = [ended.seconds for ended in study._ended]
        kept = await runner._open.store.durations_s(Kind.TRAINING)
    assert all(0 < seconds < 1000 for seconds in learnt)
    assert all(seconds > 0 for seconds in kept)


async def test_a_jump_back_does_not_make_a_running_task_look_new(orchestrator, service, training, clock):
    """As new, it would be asked for twice a second for a day."""
    service.duration_s = 2400.0
    async with orchestrator() as runner:
        await begun(runner, training, "a", State.IN_FLIGHT)
        clock.leap(1800.0 - clock.monotonic())
        await clock.sleep(30)
        clock.jump(-DAY_S)
        before = len(service.queries)
        jobs = await finish(runner)
    assert jobs["a"].state is State.STORED
    assert len(service.queries) - before < 20


async def test_a_jump_ahead_does_not_make_a_running_task_overdue_to_the_poller(
    orchestrator, service, training, clock
):
    """As overdue, its finish would be noticed an hour late."""
    service.duration_s = 1000.0
    async with orchestrator() as runner:
        await begun(runner, training, "a", State.IN_FLIGHT)
        clock.jump(3 * DAY_S)
        jobs = await finish(runner)
    assert jobs["a"].state is State.STORED
    assert clock.monotonic() < 1000 + 1.2 * poll_limits()[Kind.TRAINING].max_s


async def test_elapsed_times_shown_are_never_negative(orchestrator, service, training, clock):
    """A person reads them."""
    service.duration_s = 3600.0
    async with orchestrator() as runner:
        await begun(runner, training, "a", State.IN_FLIGHT)
        clock.jump(-DAY_S)
        [waiting] = runner.snapshot().waiting
        assert waiting.elapsed_s == 0.0


async def test_jobs_are_at_risk_or_not_by_the_clock_as_it_stands(orchestrator, service, training, clock):
    """A wrong clock warns for as long as it is wrong, and no longer."""
    service.refuse_urls.add("a")
    async with orchestrator() as runner:
        await begun(runner, training, "a", State.FETCHING)
        assert runner.snapshot().at_risk == 0
        clock.jump(6.5 * DAY_S)
        assert runner.snapshot().at_risk == 1
        clock.jump(-6.5 * DAY_S)
        assert runner.snapshot().at_risk == 0
