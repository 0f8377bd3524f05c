"""What the contenders of the section on waiting measure in themselves."""

import asyncio
import json
import os
import time
from pathlib import Path

from avatar_async import Orchestrator
from avatar_async._jobs.states import State

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
#: Seconds between two looks at the clock.
_STEP_S = 0.002


class LagMeter:
    """How late the event loop wakes somebody who sleeps for a moment, again and again."""

    def __init__(self) -> None:
        self._lags_s: list[float] = []
        self._task = asyncio.get_running_loop().create_task(self._run())

    def clear(self) -> None:
        """Begin anew."""
        self._lags_s.clear()

    def close(self) -> None:
        """Measure no more."""
        self._task.cancel()

    def figures(self) -> dict[str, float]:
        """Return median, p99 and maximum in milliseconds."""
        lags_s = sorted(self._lags_s)
        if not lags_s:
            return {}
        return {
            "lag_p50_ms": 1e3 * lags_s[len(lags_s) // 2],
            "lag_p99_ms": 1e3 * lags_s[min(len(lags_s) - 1, int(len(lags_s) * 0.99))],
            "lag_max_ms": 1e3 * lags_s[-1],
        }

    async def _run(self) -> None:
        while True:
            began_s = time.perf_counter()
            await asyncio.sleep(_STEP_S)
            self._lags_s.append(max(0.0, time.perf_counter() - began_s - _STEP_S))


def known_tasks(orchestrator: Orchestrator) -> int:
    """Return how many tasks in flight a run has taken up so far; its snapshot counts those of the ledger."""
    return orchestrator._open.loops.board.number(State.IN_FLIGHT)  # noqa: SLF001


def rss_bytes() -> int:
    """Return the resident memory of this process now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES


def peak_rss_bytes() -> int:
    """Return the most resident memory this program ever had; rusage counts that of its parent in."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def age_s() -> float:
    """Return the seconds since this process began."""
    ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


def tell(**figures: float) -> None:
    """Print the figures as the bench reads them."""
    print(json.dumps(figures))
