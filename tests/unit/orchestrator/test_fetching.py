"""How finished files come home when things go wrong on the way."""

from datetime import timedelta

import pytest
from attrs import evolve

from avatar_async._jobs.states import ArtifactState, State
from avatar_async.orchestrator import WarningEvent
from tests.unit.orchestrator.lost_answers import reach


@pytest.fixture
def broken_zip(service):
    """Make the service offer a file whose bytes never are what it announces."""

    def breaks(name: str) -> None:
        service.bodies[name] = b"PK\x03\x04 this is no zip"

    return breaks


async def test_a_refused_address_is_replaced_by_a_fresh_one(orchestrator, service, training, monkeypatch):
    """Signed addresses run out; the task knows a new one."""
    refused: list[str] = []
    known = type(service).open_artifact

    def once(self, url, **options):
        if not refused:
            refused.append(url)
            self.refuse_urls.add("a")
        else:
            self.refuse_urls.clear()
        return known(self, url, **options)

    monkeypatch.setattr(type(service), "open_artifact", once)
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        [job] = [job async for job in runner.run()]
    assert job.state is State.STORED
    assert job.artifacts[0].url != refused[0]


async def test_bad_bytes_twice_the_same_are_kept_for_a_person(
    orchestrator, service, training, broken_zip, tmp_path
):
    """The run ends, the job says what to do, and retry goes on without a new task."""
    broken_zip("a")
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        await runner.add("b", training("b"))
        jobs = {job.name: job async for job in runner.run()}
    assert jobs["b"].state is State.STORED
    assert jobs["a"].state is State.READY
    assert jobs["a"].hold is not None
    assert jobs["a"].artifacts[0].state is ArtifactState.SUSPECT
    folder = tmp_path / "out" / jobs["a"].folder
    assert (folder / "model.zip.suspect").read_bytes() == service.bodies["a"]
    assert not (folder / "model.zip").exists()

    good = service.bodies["b"]
    service.bodies["a"] = good
    async with orchestrator() as runner:
        await runner.retry("a")
        async for _ in runner.run():
            pass
        jobs = {job.name: job for job in await runner.jobs()}
    assert service.creates["a"] == 1
    assert jobs["a"].attempt == 1


async def test_a_file_nobody_recorded_is_never_overwritten(orchestrator, training, tmp_path):
    """Somebody put it there; a person decides."""
    target = tmp_path / "out" / "a" / "model.zip"
    target.parent.mkdir(parents=True)
    target.write_bytes(b"precious")
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        [job] = [job async for job in runner.run()]
    assert job.state is State.READY
    assert "model.zip" in job.hold
    assert target.read_bytes() == b"precious"


async def test_expired_only_on_proof_and_loudly(orchestrator, service, training, clock, monkeypatch):
    """Refused past the expiry, also after a fresh query: gone."""
    known = type(service).task

    def soon(self, task_id):
        task = known(self, task_id)
        if task.finished_at is None:
            return task
        return evolve(task, expires_at=task.finished_at + timedelta(minutes=10))

    monkeypatch.setattr(type(service), "task", soon)
    service.refuse_urls.add("a")
    async with orchestrator() as runner:
        events = runner.events()
        await runner.add("a", training("a"))
        [job] = [job async for job in runner.run()]
    assert job.state is State.EXPIRED
    assert clock.now() >= job.expires_at
    assert job.expires_at - job.finished_at == timedelta(minutes=10)
    assert job.artifacts[0].state is ArtifactState.EXPIRED
    warnings = [event.message async for event in events if isinstance(event, WarningEvent)]
    assert any("vanish" in message for message in warnings)
    assert any("lost" in message for message in warnings)


async def test_the_job_that_vanishes_first_is_fetched_first(orchestrator, service, training, monkeypatch):
    """A schedule that can be met is met."""
    known = type(service).task
    order: list[str] = []

    def expiring(self, task_id):
        task = known(self, task_id)
        if task.finished_at is None:
            return task
        days = {"a": 5, "b": 1, "c": 3}[task.name]
        return evolve(task, expires_at=task.finished_at + timedelta(days=days))

    opened = type(service).open_artifact

    def noted(self, url, **options):
        order.append(url.split("/")[3])
        return opened(self, url, **options)

    monkeypatch.setattr(type(service), "task", expiring)
    monkeypatch.setattr(type(service), "open_artifact", noted)
    service.duration_s = 1e9
    async with orchestrator() as runner:
        events = runner.events()
        for name in "abc":
            await runner.add(name, training(name))
        runner.run()
        await reach(events, State.IN_FLIGHT, 3)
    service.duration_s = 0.0
    async with orchestrator(fetches=1) as runner:
        async for _ in runner.run():
            pass
    assert order == ["b", "c", "a"]
