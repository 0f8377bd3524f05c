"""Running one contender as a process and reading its figures."""

import json
import os
import resource
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from bench.model import BenchError, Contender, Figures

_TICKS = os.sysconf("SC_CLK_TCK")
_LONGEST_TALE = 1500
#: What is read of a program's output: its end.
_END_BYTES = 64 << 10


def run(contender: Contender, amount: float) -> tuple[Figures, float]:
    """Run a contender once.

    Returns:
        Its figures, and how many cores something else used meanwhile.

    Raises:
        BenchError: It failed, ran too long, or what it brought is wrong.
    """
    contender.before()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        pids = contender.server_pids()
        _forget_own_peak()
        idle = _Load(pids)
        began_s = time.perf_counter()
        with subprocess.Popen(
            list(contender.command),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            env={**os.environ, **contender.environment},
        ) as process:
            timer = threading.Timer(contender.timeout_s, process.kill)
            timer.start()
            try:
                _, status, usage = os.wait4(process.pid, 0)
            except BaseException:
                process.kill()
                raise
            finally:
                timer.cancel()
            process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - began_s
        cpu_s = usage.ru_utime + usage.ru_stime
        foreign = idle.foreign(pids, cpu_s, seconds)
        if process.returncode != 0:
            tale = (_end_of(err) or _end_of(out)).decode(errors="replace")[-_LONGEST_TALE:]
            raise BenchError(f"{contender.name} ended with {process.returncode}: {tale.strip()}")
        figures = {"seconds": seconds, "cpu_s": cpu_s}
        # A process inherits the peak of the one that started it: below that, its own is not known.
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        figures["peak_bound_bytes"] = max(usage.ru_maxrss, own) * 1024.0
        if usage.ru_maxrss > own:
            figures["peak_rss_bytes"] = usage.ru_maxrss * 1024.0
        figures |= told(_end_of(out))
    contender.after()
    if figures["seconds"] > 0:
        figures["speed"] = amount / figures["seconds"]
    return figures, foreign


def prepare(command: Sequence[str], what: str, environment: Mapping[str, str] | None = None) -> str:
    """Run what comes before a race apart from the bench, whose memory would grow; return its output.

    Args:
        command: The program and its arguments.
        what: What it makes, for the error.
        environment: What it has beside the bench's own.

    Raises:
        BenchError: It failed.
    """
    ended = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **(environment or {})}
    )
    if ended.returncode:
        raise BenchError(f"{what} could not be made: {ended.stderr[-_LONGEST_TALE:].strip()}")
    return ended.stdout


def _forget_own_peak() -> None:
    """Have the system count our peak of memory anew, where it can: processes that we start inherit it."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _end_of(file: IO[bytes]) -> bytes:
    """Return the last lines of what a program wrote, however much that is: our own peak hides others'."""
    length = file.seek(0, os.SEEK_END)
    file.seek(max(0, length - _END_BYTES))
    return file.read()


def told(output: bytes) -> dict[str, float]:
    """Return the figures a program printed as its last line, none if that is no JSON object of numbers."""
    lines = output.decode(errors="replace").strip().splitlines()
    if not lines or not lines[-1].startswith("{"):
        return {}
    try:
        figures = json.loads(lines[-1])
    except ValueError:
        return {}
    return {str(name): float(value) for name, value in figures.items() if isinstance(value, int | float)}


class _Load:
    """How busy the machine and some processes were up to now."""

    def __init__(self, pids: Sequence[int]) -> None:
        self._busy_s = _machine_busy_s()
        self._servers_s = _processes_s(pids)

    def foreign(self, pids: Sequence[int], own_s: float, seconds: float) -> float:
        """Return how many cores were used by neither the contender nor its servers since then."""
        busy_s = _machine_busy_s() - self._busy_s
        servers_s = _processes_s(pids) - self._servers_s
        return max(0.0, busy_s - servers_s - own_s) / seconds if seconds > 0 else 0.0


def _machine_busy_s() -> float:
    """Return the busy seconds of all cores, stolen ones included; 0 where the system does not tell."""
    try:
        fields = Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
    except OSError:
        return 0.0
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, fields)
    return (user + nice + system + irq + softirq + steal) / _TICKS


def _processes_s(pids: Sequence[int]) -> float:
    """Return the CPU seconds that processes have used so far."""
    total = 0
    for pid in pids:
        try:
            after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += int(after_name[11]) + int(after_name[12])
    return total / _TICKS
