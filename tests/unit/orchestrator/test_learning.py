"""What the orchestrator teaches its planner of how long tasks take."""

import pytest
from attrs import evolve

from avatar_async._jobs.planner import PollPlanner
from avatar_async._jobs.states import State


@pytest.mark.parametrize("failing", [(), ("a", "b", "c")])
async def test_an_end_that_nobody_dates_lies_between_the_two_polls(
    orchestrator, service, training, monkeypatch, failing
):
    """The last poll that found it running is too early every time, and polls are placed by it."""
    service.duration_s = 600.0
    service.failing.update(failing)
    answered, drop = service.query_tasks, PollPlanner.drop
    learned: list[float] = []

    async def undated(task_ids):
        answer = await answered(task_ids)
        return evolve(answer, tasks=tuple(evolve(task, finished_at=None) for task in answer.tasks))

    def dropped(self, job_id, *, now_s, took_s=None):
        learned.extend([] if took_s is None else [took_s])
        return drop(self, job_id, now_s=now_s, took_s=took_s)

    monkeypatch.setattr(service, "query_tasks", undated)
    monkeypatch.setattr(PollPlanner, "drop", dropped)
    async with orchestrator() as runner:
        for name in ("a", "b", "c"):
            await runner.add(name, training(name))
        states = {job.state async for job in runner.run()}
    assert states == {State.FAILED if failing else State.STORED}
    times = [at_s for at_s, _ in service.queries]
    gap_s = times[-1] - max(at_s for at_s in times if at_s < 600.0)
    assert len(learned) == 3
    assert all(abs(seconds - 600.0) <= gap_s / 2 + 1 for seconds in learned)
