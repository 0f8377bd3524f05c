"""Disks without room: looked at now and then, and by a new run at once."""

import itertools

import pytest

from avatar_async._jobs.states import State
from avatar_async._storage.paths import JobFolder
from avatar_async.orchestrator import WarningEvent


@pytest.fixture
def clock(patient_clock):
    """Make each moment count."""
    return patient_clock


async def test_a_new_run_looks_at_once_whether_the_disk_has_room_again(
    orchestrator, service, training, clock, monkeypatch
):
    """Whoever made room starts it for that; a run that found none does not look again and again."""
    looked_at_s: list[float] = []
    known = JobFolder.free_bytes

    def full(folder):
        looked_at_s.append(clock.monotonic())
        return 0

    monkeypatch.setattr(JobFolder, "free_bytes", full)
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        events = runner.events()
        runner.run()
        async for event in events:
            if isinstance(event, WarningEvent) and "download paused" in event.message:
                break
        while len(looked_at_s) < 4:
            await clock.sleep(1.0)
        runner.stop()
    pauses_s = [later - sooner for sooner, later in itertools.pairwise(looked_at_s)]
    assert all(pause_s < 1 or pause_s > 29 for pause_s in pauses_s)
    assert max(pauses_s) > 29

    monkeypatch.setattr(JobFolder, "free_bytes", known)
    begun_at = clock.now()
    async with orchestrator() as runner:
        [job] = [job async for job in runner.run()]
    assert job.state is State.STORED
    assert (job.stored_at - begun_at).total_seconds() < 5
