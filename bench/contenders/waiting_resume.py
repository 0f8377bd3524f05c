"""avatar-async taking up a large ledger: how soon it polls, and how much memory that takes.

Arguments: the ledger, its number of open jobs that have a task.
"""

import sys
import tempfile
import time
from pathlib import Path

import anyio

from avatar_async import Orchestrator
from avatar_async.orchestrator import RunOptions
from bench.contenders.waiting_service import RunningTasks
from bench.contenders.waiting_watch import LagMeter, age_s, known_tasks, peak_rss_bytes, tell

#: Seconds to go on once all jobs are known.
_AFTER_S = 2.0


async def _main(ledger: Path, jobs: int) -> None:
    imported_s = age_s()
    meter = LagMeter()
    service = RunningTasks()
    options = RunOptions(max_creates=0, disk_reserve_bytes=0)
    with tempfile.TemporaryDirectory(dir=ledger.parent) as out:
        began_s, cpu_s = time.perf_counter(), time.process_time()
        async with Orchestrator(service, out=out, ledger=ledger, options=options) as orchestrator:
            orchestrator.run()
            while service.first_s is None:  # noqa: ASYNC110
                await anyio.sleep(0.002)
            from_start_s = age_s()
            while known_tasks(orchestrator) < jobs:  # noqa: ASYNC110
                await anyio.sleep(0.01)
            known_s = time.perf_counter() - began_s
            cpu_s = time.process_time() - cpu_s
            await anyio.sleep(_AFTER_S)
            figures = meter.figures()
    meter.close()
    tell(
        seconds=from_start_s,
        cpu_s=cpu_s,
        peak_rss_bytes=peak_rss_bytes(),
        imported_s=imported_s,
        first_poll_s=service.first_s - began_s,
        all_known_s=known_s,
        **figures,
    )


if __name__ == "__main__":
    anyio.run(_main, Path(sys.argv[1]), int(sys.argv[2]))
