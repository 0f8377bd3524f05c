"""Time limits under which an answer that has arrived counts, however late it is looked at."""

import asyncio
import math
from collections.abc import Iterator
from contextlib import contextmanager

import anyio

#: Last seconds of a limit, counted only while the process runs.
_GRACE_S = 1.0


class TimeLimit:
    """A limit on the block it was made for; it runs from each `restart`."""

    def __init__(self, limit_s: float, scope: anyio.CancelScope) -> None:
        self._grace_s = min(_GRACE_S, limit_s / 2)
        self._first_s = limit_s - self._grace_s
        self._scope = scope
        self._timer: asyncio.TimerHandle | None = None

    def restart(self) -> None:
        """Begin counting, anew."""
        self.stop()
        self._timer = asyncio.get_running_loop().call_later(self._first_s, self._begin_grace)

    def stop(self) -> None:
        """Count no longer."""
        self._scope.deadline = math.inf
        if self._timer is not None:
            self._timer.cancel()

    def _begin_grace(self) -> None:
        self._scope.deadline = anyio.current_time() + self._grace_s


@contextmanager
def time_limit(limit_s: float, *, started: bool = True) -> Iterator[TimeLimit]:
    """Cancel the block once it has taken too long.

    A process that was stopped, or a machine that was too busy, finds the answer in its socket and all its
    timers due at the same moment. The end of a limit is therefore timed from a moment when the loop
    runs, and what lies in the socket is read first.

    Args:
        limit_s: Seconds the block may take.
        started: Whether it counts from the start; if not, from the first `restart`.

    Raises:
        TimeoutError: It took longer.
    """
    with anyio.CancelScope() as scope:
        limit = TimeLimit(limit_s, scope)
        if started:
            limit.restart()
        try:
            yield limit
        finally:
            limit.stop()
    if scope.cancelled_caught:
        raise TimeoutError
