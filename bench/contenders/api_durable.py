"""Create calls through the orchestrator: the intent durable before each, the task id after it."""

import resource
import sys
import tempfile
import time
from pathlib import Path

import anyio

from avatar_async import AvatarClient, ImagePreviewRequest, JobSpec, Orchestrator, Settings, StateEvent
from bench.contenders.api_race import TOKEN, report

#: Path of the query call for one task, at the bench's server.
TASK_PATH = "/task/{id}"


async def main() -> None:
    """Run jobs until all are in flight: origin, jobs, folder."""
    origin, jobs, folder = sys.argv[1:]
    specs = [_spec(number) for number in range(int(jobs))]
    dialect = {"method": "GET", "path": TASK_PATH, "id_in": "path", "batch": 1}
    settings = Settings(
        endpoint=origin, token=TOKEN, query_dialect=dialect, max_in_flight=len(specs), poll_rate=20.0
    )
    with tempfile.TemporaryDirectory(dir=folder) as out:
        async with AvatarClient(settings=settings) as client, Orchestrator(client, out=Path(out)) as batch:
            await batch.add_all(specs)
            before, began_s = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
            events = batch.events()
            batch.run()
            left = len(specs)
            async for event in events:
                left -= isinstance(event, StateEvent) and event.to_state == "in_flight"
                if left == 0:
                    break
            seconds, after = time.perf_counter() - began_s, resource.getrusage(resource.RUSAGE_SELF)
            batch.kill()
    report(len(specs), seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def _spec(number: int) -> JobSpec:
    name = f"still-{number:05}"
    request = ImagePreviewRequest(material_name=name, url=f"https://media.example/{name}.png")
    return JobSpec(name=name, kind=request.kind, request=request)


anyio.run(main)
