"""The usual recipe: one asyncio task a job, which sleeps and then asks for its own task, over and over.

It keeps nothing durable and learns nothing. Arguments: number of tasks, ids asked for a second over all,
seconds to watch.
"""

import asyncio
import gc
import sys
import time
from itertools import count

from bench.contenders.waiting_service import RunningTasks
from bench.contenders.waiting_watch import LagMeter, peak_rss_bytes, rss_bytes, tell


class _Job:
    """What a script keeps of a job."""

    def __init__(self, number: int) -> None:
        self.name = f"presenter-{number:07}"
        self.task_id = 1_000_000_000 + number
        self.status = "PENDING"


async def _poll(job: _Job, service: RunningTasks, first_s: float, interval_s: float) -> None:
    await asyncio.sleep(first_s)
    while job.status != "SUCCESS":
        answer = await service.query_tasks([job.task_id])
        job.status = answer.tasks[0].status
        await asyncio.sleep(interval_s)


async def _main(jobs: int, ids_per_s: float, seconds: float) -> None:
    await asyncio.sleep(0.1)
    gc.collect()
    before_bytes = rss_bytes()
    service = RunningTasks()
    interval_s = jobs / ids_per_s
    spread = (number * interval_s / jobs for number in count())
    begin = asyncio.create_task  # noqa: TID251 - the recipe is about it
    tasks = [begin(_poll(_Job(number), service, next(spread), interval_s)) for number in range(jobs)]
    await asyncio.sleep(0.5)
    meter = LagMeter()
    ids, cpu_s, began_s = service.ids, time.process_time(), time.perf_counter()
    await asyncio.sleep(seconds)
    cpu_s, took_s = time.process_time() - cpu_s, time.perf_counter() - began_s
    meter.close()
    asked = max(1, service.ids - ids)
    tell(
        seconds=took_s,
        cpu_s=cpu_s,
        peak_rss_bytes=peak_rss_bytes(),
        bytes_per_job=(rss_bytes() - before_bytes) / jobs,
        cpu_us_per_poll=1e6 * cpu_s / asked,
        cpu_us_per_id=1e6 * cpu_s / asked,
        ids_per_s=asked / took_s,
        tasks=len(asyncio.all_tasks()),
        **meter.figures(),
    )
    for task in tasks:
        task.cancel()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])))
