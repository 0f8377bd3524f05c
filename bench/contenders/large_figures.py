"""The figures of one download by a Python program: its interpreter and its imports left out."""

import json
import resource
import sys
import time


class Figures:
    """Measure from here on."""

    def __init__(self) -> None:
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
