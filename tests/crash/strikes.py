"""Signals that the witness sends to its client at a moment of a call."""

import os
import signal
import threading
import time
from pathlib import Path

#: Seconds that a struck process may take to die, and an armed moment may wait for its pid.
_PATIENCE_S = 20.0


class Strike:
    """A signal that is to be sent at a moment of a call."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._moment, self._left, self._signal, self._hold_s = "", 0, 0, 0.0
        self._pid: int | None = None
        self.struck = False

    def arm(self, moment: str, nth: int, number: int, hold_s: float) -> None:
        """Strike when that moment comes for the nth time from now, then go no further for a while.

        The pid is told later.
        """
        with self._changed:
            self._moment, self._left, self._signal, self._hold_s = moment, nth, number, hold_s
            self._pid, self.struck = None, False

    def tell(self, pid: int) -> None:
        """Name the process to strike."""
        with self._changed:
            self._pid = pid
            self._changed.notify_all()

    def moment(self, name: str) -> None:
        """Strike if this is the moment; a killed process is dead when this returns."""
        with self._changed:
            if name != self._moment:
                return
            self._left -= 1
            if self._left:
                return
            self._moment = ""
            if not self._changed.wait_for(lambda: self._pid is not None, _PATIENCE_S):
                return
            pid, number, hold_s, self.struck = self._pid, self._signal, self._hold_s, True
        assert pid is not None
        os.kill(pid, number)
        ends = time.monotonic() + _PATIENCE_S
        while number == signal.SIGKILL and not is_dead(pid) and time.monotonic() < ends:
            time.sleep(0.0005)
        time.sleep(hold_s)


def is_dead(pid: int) -> bool:
    """Tell whether a process has ended, though its parent may not have noticed yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True
