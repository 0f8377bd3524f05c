"""Bring one task's files home in a process of its own, to be killed from outside.

Arguments: the service's origin, the task's id, the output folder.
"""

import sys
from functools import partial

import anyio

from avatar_async import AvatarClient, Kind, Orchestrator
from avatar_async._storage import downloads
from avatar_async._storage.workshop import FetchRules
from avatar_async.settings import Settings


async def main(endpoint: str, task_id: str, out: str) -> None:
    """Run until the job has ended; checkpoints come often, so that a short file has many."""
    often = partial(FetchRules, batch_bytes=16_384, checkpoint_bytes=65_536)
    setattr(downloads, FetchRules.__name__, often)
    settings = Settings(endpoint=endpoint, token="t0ken", disk_reserve_bytes=0)
    async with AvatarClient(settings=settings) as client, Orchestrator(client, out=out) as orchestrator:
        await orchestrator.adopt(int(task_id), name="one", kind=Kind.TRAINING)
        async for job in orchestrator.run():
            print(job.state, flush=True)


anyio.run(partial(main, *sys.argv[1:]))
