"""avatar-async with many tasks in flight: what each costs while it waits.

Arguments: a ledger with one open job (to warm up), the ledger, its number of tasks, query calls a second at
most, seconds to watch once all are known; 0 seconds: from the start until every task was asked for once.
"""

import asyncio
import gc
import sys
import tempfile
import time
from pathlib import Path

import anyio

from avatar_async import Orchestrator
from avatar_async.orchestrator import RunOptions
from bench.contenders.waiting_service import RunningTasks
from bench.contenders.waiting_watch import LagMeter, known_tasks, peak_rss_bytes, rss_bytes, tell

#: Seconds for a run that is to ask for every task once, at least and at most.
_SHORTEST_S, _LONGEST_S = 1.0, 240.0


async def _main(small: Path, large: Path, jobs: int, poll_rate: float, seconds: float) -> None:
    await _watch(small, 1, poll_rate, 0.5)
    gc.collect()
    tell(**await _watch(large, jobs, poll_rate, seconds))


async def _watch(ledger: Path, jobs: int, poll_rate: float, seconds: float) -> dict[str, float]:
    before_bytes = rss_bytes()
    service = RunningTasks()
    options = RunOptions(poll_rate=poll_rate, max_creates=0, disk_reserve_bytes=0)
    with tempfile.TemporaryDirectory(dir=ledger.parent) as out:
        cpu_s, began_s = time.process_time(), time.perf_counter()
        calls = ids = 0
        async with Orchestrator(service, out=out, ledger=ledger, options=options) as orchestrator:
            orchestrator.run()
            while service.first_s is None or known_tasks(orchestrator) < jobs:  # noqa: ASYNC110
                await anyio.sleep(0.01)
            meter = LagMeter()
            if seconds:
                calls, ids = service.calls, service.ids
                cpu_s, began_s = time.process_time(), time.perf_counter()
            tasks = 0
            while not _over(service, jobs, seconds, time.perf_counter() - began_s):
                await anyio.sleep(0.25)
                tasks = max(tasks, len(asyncio.all_tasks()))
            cpu_s = time.process_time() - cpu_s
            took_s = time.perf_counter() - began_s
            meter.close()
            grown_bytes = rss_bytes() - before_bytes
            return {
                "seconds": took_s,
                "cpu_s": cpu_s,
                "peak_rss_bytes": float(peak_rss_bytes()),
                "bytes_per_job": grown_bytes / jobs,
                "cpu_us_per_poll": 1e6 * cpu_s / max(1, service.calls - calls),
                "cpu_us_per_id": 1e6 * cpu_s / max(1, service.ids - ids),
                "ids_per_s": (service.ids - ids) / took_s,
                "tasks": float(tasks),
                **meter.figures(),
            }


def _over(service: RunningTasks, jobs: int, seconds: float, passed_s: float) -> bool:
    if seconds:
        return passed_s >= seconds
    return (len(service.asked) >= jobs and passed_s >= _SHORTEST_S) or passed_s > _LONGEST_S


if __name__ == "__main__":
    SMALL, LARGE, JOBS, RATE, SECONDS = sys.argv[1:]
    anyio.run(_main, Path(SMALL), Path(LARGE), int(JOBS), float(RATE), float(SECONDS))
