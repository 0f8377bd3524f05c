"""The figures of downloads by a Python program: its interpreter and its imports left out."""

import json
import os
import resource
import sys
import time
from pathlib import Path

#: Names the file that `Figures` warms the memory with, and its length in bytes.
_WARM_FILE, _WARM_BYTES = "BENCH_WARM_FILE", "BENCH_WARM_BYTES"
_BLOCK = bytes(1 << 20)


def warm(path: Path, length: int) -> None:
    """Write and remove a file of that many bytes, so that the system has taken up the memory for the next.

    A virtual machine gives memory that was free for two seconds back to its host; the first write to it is
    ten times as dear, and would hit whoever starts slowly.
    """
    with path.open("wb", buffering=0) as file:
        for _ in range(0, length, len(_BLOCK)):
            file.write(_BLOCK)
    path.unlink()


def warmed(path: Path, length: int) -> dict[str, str]:
    """Return the environment in which a Python program does that itself, after its imports."""
    return {_WARM_FILE: str(path), _WARM_BYTES: str(length)}


class Figures:
    """Measure from here on; the memory is warm, if that was asked for."""

    def __init__(self) -> None:
        if _WARM_FILE in os.environ:
            warm(Path(os.environ[_WARM_FILE]), int(os.environ[_WARM_BYTES]))
        self._before = resource.getrusage(resource.RUSAGE_SELF)
        self._began_s = time.perf_counter()

    def tell(self) -> None:
        """Print what was used since the start, and what the whole process used, as JSON."""
        seconds, now = time.perf_counter() - self._began_s, resource.getrusage(resource.RUSAGE_SELF)
        whole_s = now.ru_utime + now.ru_stime
        told = {
            "seconds": seconds,
            "cpu_s": whole_s - self._before.ru_utime - self._before.ru_stime,
            "process_cpu_s": whole_s,
            "grown_mib": (now.ru_maxrss - self._before.ru_maxrss) / 1024,
            "page_faults": now.ru_minflt - self._before.ru_minflt,
        }
        sys.stdout.write(json.dumps(told) + "\n")
