"""Jobs at risk and tasks that are missing: shown, told once, and with what to do."""

import json
from contextlib import asynccontextmanager
from datetime import timedelta

import anyio
import pytest
from attrs import evolve

from avatar_async._jobs.expiry import burden, overtaken
from avatar_async._jobs.states import State
from avatar_async._storage.ledger import Ledger
from avatar_async.orchestrator import StateEvent, WarningEvent
from avatar_async.orchestrator.status import Telling, speed_of
from avatar_async.settings import DEADLINES_S

DAY_S = 86400.0


class Endless:
    """An open download of half a gigabyte of nothing."""

    status, offset, total_bytes, etag = 200, 0, 500_000_000, '"one"'

    async def chunks(self):
        while True:
            yield bytes(8192)


async def test_a_line_too_slow_for_what_is_queued_is_told_once_a_job_and_shown(
    orchestrator, service, submitted, clock, monkeypatch, tmp_path
):
    """Two days would do for either file, but not for both one after the other."""

    @asynccontextmanager
    async def open_artifact(self, url, *, offset=0, etag=None):
        await anyio.lowlevel.checkpoint()
        yield Endless()

    monkeypatch.setattr(type(service), "open_artifact", open_artifact)
    service.duration_s = 1e9
    await submitted("a", "b")
    service.duration_s = 0.0
    end_at = service.truth() + timedelta(days=2)
    service.tells = lambda task: evolve(
        task, expires_at=end_at, files=(evolve(task.files[0], size_bytes=Endless.total_bytes, md5=None),)
    )
    async with orchestrator(fetches=2, bandwidth_bytes_s=4000.0) as runner:
        events = runner.events()
        runner.run()
        warnings = []
        async for event in events:
            if isinstance(event, WarningEvent) and "too soon at the present" in event.message:
                warnings.append(event)
                break
        assert runner.snapshot().at_risk == 1
        await clock.sleep(60)
        jobs = await runner.jobs()
        runner.kill()
    told = [event async for event in events]
    warnings += [event for event in told if isinstance(event, WarningEvent) and "too soon" in event.message]
    assert len(warnings) == 1
    assert "--bandwidth" in warnings[0].message
    async with Ledger.open(tmp_path / "out" / "ledger.db", read_only=True) as store:
        speed = await speed_of(store)
    assert speed == pytest.approx(4000, rel=0.5)
    late = overtaken(map(burden, jobs), clock.now(), speed)
    telling = Telling(now=clock.now(), where="", deadlines_s=DEADLINES_S, late=late)
    assert {job.name: telling.job(job, {})["flags"] for job in jobs} == {"a": [], "b": ["at_risk"]}


async def test_a_task_that_the_service_leaves_out_is_told_with_what_to_do_and_the_run_can_end(
    orchestrator, service, training, run_all
):
    """It is never taken for lost before its results can have vanished, and the run is not held for ever."""
    service.left_out = {"a"}
    async with orchestrator(until_s=600.0) as runner:
        events = runner.events()
        await runner.add("b", training("b"))
        await runner.add("a", training("a"))
        async for _ in runner.run():
            pass
        jobs = {job.name: job for job in await runner.jobs()}
        assert runner.stopped_because is not None
    assert (jobs["a"].state, jobs["b"].state) == (State.IN_FLIGHT, State.STORED)
    told = [event async for event in events if isinstance(event, WarningEvent) and event.job == "a"]
    assert len([event for event in told if "does not list task" in event.message]) == 1
    telling = Telling(
        now=jobs["a"].submitted_at, where="--out out", deadlines_s=DEADLINES_S, late=frozenset()
    )
    shown = telling.job(jobs["a"], {})
    assert shown["flags"] == ["missing"]
    assert str(jobs["a"].task_id) in shown["next_step"]
    assert "avatar-async abandon a --out out" in shown["next_step"]

    service.left_out = set()
    jobs, _ = await run_all()
    assert jobs["a"].state is State.STORED
    assert jobs["a"].error is None


async def test_a_task_forgotten_while_it_was_unfinished_is_lost_after_its_time_and_two_looks(
    submitted, orchestrator, service, clock, tmp_path
):
    """Seven days from its last sign of life on, while the service tells of another task."""
    service.takes_s = {"b": 30 * DAY_S}
    await submitted("a", "b")
    service.left_out = {"a"}
    clock.leap(7.5 * DAY_S)
    async with orchestrator(until_s=DAY_S) as runner:
        events = runner.events()
        runner.run()
        async for event in events:
            if isinstance(event, WarningEvent) and "does not list" in event.message:
                clock.leap(2 * 3600.0)
            if isinstance(event, StateEvent) and event.to_state is State.EXPIRED:
                break
        jobs = {job.name: job for job in await runner.jobs()}
    assert (jobs["a"].state, jobs["b"].state) == (State.EXPIRED, State.IN_FLIGHT)
    assert "forgotten" in jobs["a"].error.message
    receipt = json.loads((tmp_path / "out" / jobs["a"].folder / "job.json").read_bytes())
    assert (receipt["state"], receipt["lost_at"]) == ("expired", jobs["a"].lost_at.isoformat())
