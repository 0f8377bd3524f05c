"""Downloads in somebody's asyncio application, cancelled by `Task.cancel` as the file gets its name."""

import asyncio
import threading

import anyio
import pytest

from avatar_async._jobs.states import ArtifactState
from avatar_async._storage.paths import JobFolder


async def test_a_file_whose_task_is_cancelled_as_it_gets_its_name_is_adopted_the_next_time(
    scene, make_zip, monkeypatch
):
    """`asyncio.timeout` does that; the task learns of its cancellation, and the journal of nothing less."""
    begun, go_on, loop = anyio.Event(), threading.Event(), asyncio.get_running_loop()
    known = JobFolder.rename

    def slowly(folder, old, new, *, durable=True):
        loop.call_soon_threadsafe(begun.set)
        assert go_on.wait(10)
        known(folder, old, new, durable=durable)

    async with scene() as stage:
        stage.rules = {"batch_bytes": 1000}  # so that it does not count as a small file
        content = make_zip()
        monkeypatch.setattr(JobFolder, "rename", slowly)
        task = asyncio.get_running_loop().create_task(stage.fetch(stage.artifact(content=content)))
        await begun.wait()
        task.cancel()
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert stage.names() == ["model.zip"]
        stored = await stage.fetch(stage.journal.entries[-1])
    assert stored.state is ArtifactState.STORED
    assert len(stage.server.requests) == 1
