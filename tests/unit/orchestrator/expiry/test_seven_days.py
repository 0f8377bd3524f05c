"""The whole time for which results are kept, and the process away for most of it."""

import json
from datetime import timedelta

import pytest
from attrs import evolve

from avatar_async._jobs.states import ArtifactState, State
from avatar_async.cli.exits import code_for_jobs
from avatar_async.cli.render.summary import attention_lines

DAY_S = 86400.0
WEEK = timedelta(days=7)
HOUR = timedelta(hours=1)


async def test_results_fetched_at_once_say_until_when_they_were_online(orchestrator, training):
    """Seven days from the finish."""
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        [job] = [job async for job in runner.run()]
    assert job.state is State.STORED
    assert job.expires_at == job.finished_at + WEEK
    assert job.submitted_at <= job.finished_at <= job.stored_at


async def test_results_are_fetched_in_their_last_minute(submitted, run_all, service, clock):
    """Nothing gives up before the end."""
    await submitted("a")
    clock.leap(7 * DAY_S + service.duration_s - 60 - clock.monotonic())
    jobs, warnings = await run_all()
    assert jobs["a"].state is State.STORED
    assert any("vanish at" in warning.message for warning in warnings if warning.job == "a")


async def test_a_process_back_after_almost_seven_days_fetches_what_vanishes_first_first(
    submitted, run_all, service, clock
):
    """The order is that of the finishes, not that of the names or the submissions."""
    service.takes_s = {"a": 3 * 3600.0, "b": 3600.0, "c": 2 * 3600.0, "d": 1.0}
    await submitted("a", "b", "c", "d")
    clock.leap(6.9 * DAY_S)
    jobs, warnings = await run_all(fetches=1)
    assert {job.state for job in jobs.values()} == {State.STORED}
    ended = {job.name: service.age_s(job.task_id) for job in jobs.values()}
    assert service.opened == sorted(ended, key=ended.__getitem__, reverse=True)
    at_risk = [warning.job for warning in warnings if "vanish at" in warning.message]
    assert sorted(at_risk) == sorted(set(at_risk))
    assert set(service.creates.values()) == {1}


@pytest.mark.parametrize("end", ["EXPIRED", "refused"])
async def test_a_process_back_after_eight_days_says_loudly_what_is_lost_and_what_to_do(
    submitted, run_all, orchestrator, service, clock, end, tmp_path
):
    """The job ends as expired, the receipt says when and why, and a retry makes a new task."""
    service.end = end
    await submitted("a")
    if end == "refused":
        # Known as finished before the process went away: its files are refused when it is back.
        service.refuse_urls.add("a")
    clock.leap(8 * DAY_S)
    jobs, warnings = await run_all()
    job = jobs["a"]
    assert job.state is State.EXPIRED
    assert (job.error.code, job.artifacts and job.artifacts[0].state) in {
        ("expired", ()),
        ("expired", ArtifactState.EXPIRED),
    }
    assert any("results lost" in warning.message and warning.job == "a" for warning in warnings)
    assert code_for_jobs(jobs.values()) == 1
    assert any("avatar-async retry a --out out" in line for line in attention_lines([job], "--out out"))
    receipt = json.loads((tmp_path / "out" / job.folder / "job.json").read_bytes())
    assert receipt["state"] == "expired"
    assert receipt["lost_at"] == job.lost_at.isoformat()
    assert receipt["error"]["message"] == job.error.message != ""
    assert clock.now() - HOUR <= job.lost_at <= clock.now()

    service.end = "EXPIRED"
    service.refuse_urls.clear()
    async with orchestrator() as runner:
        await runner.retry("a")
        async for _ in runner.run():
            pass
        [again] = await runner.jobs()
    assert (again.state, again.attempt, service.creates["a"]) == (State.STORED, 2, 2)
    assert again.lost_at is None
    receipt = json.loads((tmp_path / "out" / job.folder / "job.json").read_bytes())
    assert (receipt["state"], receipt["lost_at"], receipt["error"]) == ("stored", None, None)


@pytest.mark.parametrize("hours", [-30, -8, -1, 1, 8, 30])
@pytest.mark.parametrize("told", ["finish and expiry", "finish", "nothing"])
async def test_a_service_clock_that_is_wrong_by_hours_promises_no_more_time_than_there_is(
    submitted, run_all, service, clock, hours, told
):
    """Its words are clamped to what we saw ourselves; files refused before the true end are not lost."""
    service.ahead_s = hours * 3600.0
    service.duration_s = 12 * 3600.0

    def tells(task):
        expires_at = task.finished_at + WEEK if told == "finish and expiry" else None
        return evolve(
            task, expires_at=expires_at, finished_at=None if told == "nothing" else task.finished_at
        )

    service.tells = tells
    await submitted("a")
    clock.leap(service.duration_s + 600 - clock.monotonic())
    true_end = service.tasks[7001][2] + timedelta(seconds=service.duration_s) + WEEK
    jobs, _ = await run_all()
    assert jobs["a"].state is State.STORED
    slack = 2 * HOUR
    assert jobs["a"].expires_at <= true_end + slack
    assert jobs["a"].expires_at >= true_end - timedelta(hours=max(12, -hours) + 2)


TABLE = [
    # what the service tells of finish and expiry, in days after the true finish; what is believed
    (0, None, 7),
    (0, 3, 3),
    (0, 30, 7),
    (0, 0.5, 0.5),
    (0, -1, 7),  # before the finish
    (0, -2000, 7),  # a default date
    (None, 3, 3),
    (None, -2000, 7),
    (5, None, 7),  # finished in the future: the first poll that said so counts
    (-5, None, 7),  # finished before the submission: the submission counts
    (-5, -1, 7),  # both before the submission
    (None, None, 7),  # nothing told
]


@pytest.mark.parametrize(("finish", "expiry", "believed"), TABLE)
async def test_what_is_told_of_finish_and_expiry_is_believed_within_reason(
    orchestrator, service, training, finish, expiry, believed
):
    """Times that cannot be are passed over, never taken for a loss."""

    def tells(task):
        true_at = task.finished_at
        return evolve(
            task,
            finished_at=None if finish is None else true_at + timedelta(days=finish),
            expires_at=None if expiry is None else true_at + timedelta(days=expiry),
        )

    service.tells = tells
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        [job] = [job async for job in runner.run()]
    assert job.state is State.STORED
    made_at = service.tasks[job.task_id][2]
    wanted = made_at + timedelta(seconds=service.duration_s, days=believed)
    assert abs(job.expires_at - wanted) <= 2 * HOUR
    assert job.submitted_at <= job.finished_at


async def test_a_finish_not_told_counts_from_the_last_poll_that_found_the_task_running(
    submitted, orchestrator, service, clock
):
    """While the process was away it may have finished at any time: the earliest one is the safe reading."""
    service.duration_s = 3 * DAY_S
    service.tells = lambda task: evolve(task, finished_at=None)
    await submitted("a")
    async with orchestrator() as runner:
        [before] = await runner.jobs()
    clock.leap(5 * DAY_S)
    async with orchestrator() as runner:
        [job] = [job async for job in runner.run()]
    assert job.state is State.STORED
    assert job.finished_at == (before.last_running_at or before.submitted_at)
    assert job.expires_at == job.finished_at + WEEK
