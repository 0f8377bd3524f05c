"""Time limits under which an answer that has arrived counts, however late it is looked at."""

import asyncio
import math
import time
from types import TracebackType
from typing import Any, Self

#: Last seconds of a limit, counted only while the process runs.
_GRACE_S = 1.0
#: Looks of the watch in that time.
_LOOKS = 4


class TimeLimit:
    """A limit on the block it is entered for, and on each silence in it.

    It cancels as `asyncio.timeout` does, which costs a call a fraction of a cancel scope of its own.

    Raises:
        TimeoutError: On leaving: the block was cancelled, since it took too long.
    """

    __slots__ = (
        "_before",
        "_end_s",
        "_expired",
        "_left_s",
        "_silence_end_s",
        "_task",
        "_watch",
    )

    def __init__(self, watch: "Watch") -> None:
        self._watch = watch
        self._task: asyncio.Task[Any] | None = None
        self._expired = False
        self._end_s = time.monotonic() + watch.limit_s
        self._silence_end_s = math.inf
        self._left_s = watch.grace_s

    def restart(self) -> None:
        """Begin counting the silence, anew."""
        self._silence_end_s = time.monotonic() + self._watch.silence_s

    def look(self, now_s: float, since_s: float) -> None:
        """Cancel the block if it has taken too long.

        Args:
            now_s: Now, by the monotonic clock.
            since_s: Seconds that the process ran since the last look, at most.
        """
        grace_s = self._watch.grace_s
        if now_s < min(self._end_s, self._silence_end_s) - grace_s:
            self._left_s = grace_s
            return
        self._left_s -= since_s
        if self._left_s <= 0 and self._task is not None and not self._expired:
            self._expired = True
            self._task.cancel()

    def __enter__(self) -> Self:
        self._task = task = asyncio.current_task()
        self._before = 0 if task is None else task.cancelling()
        self._watch.begin(self)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._watch.end(self)
        task, self._task = self._task, None
        if not self._expired or task is None:
            return
        # Whoever else cancelled the task meanwhile gets their cancellation, as if there were no limit.
        if task.uncancel() <= self._before and exc_type is asyncio.CancelledError:
            raise TimeoutError from exc


class Watch:
    """Looks after the limits of many blocks with one timer, which runs while there are any.

    A process that was stopped, or a machine that was too busy, finds the answer in its socket and all its
    timers due at the same moment. The end of a limit is therefore counted in looks that were made while
    the loop runs, and what lies in the socket is read first.

    Args:
        limit_s: Seconds a block may take.
        silence_s: Seconds of silence in it, counted from the first `restart`; None for no bound.
    """

    def __init__(self, *, limit_s: float, silence_s: float | None = None) -> None:
        #: Seconds a block may take.
        self.limit_s = limit_s
        # A silence begins after the block: one that may last as long as the block never ends first.
        #: Seconds of silence in it; infinite without a bound.
        self.silence_s = math.inf if silence_s is None or silence_s >= limit_s else silence_s
        #: Last seconds of both, counted only while the process runs.
        self.grace_s = min(_GRACE_S, limit_s / 2, self.silence_s / 2)
        self._step_s = self.grace_s / _LOOKS
        self._limits: dict[TimeLimit, None] = {}
        self._looking = False

    def limit(self) -> TimeLimit:
        """Return the limit of one block, counted from now."""
        return TimeLimit(self)

    def begin(self, limit: TimeLimit) -> None:
        """Look after a limit from now on."""
        self._limits[limit] = None
        if not self._looking:
            self._looking = True
            asyncio.get_running_loop().call_later(self._step_s, self._look)

    def end(self, limit: TimeLimit) -> None:
        """Look after a limit no longer."""
        del self._limits[limit]

    def _look(self) -> None:
        now_s = time.monotonic()
        for limit in self._limits:
            limit.look(now_s, self._step_s)
        self._looking = bool(self._limits)
        if self._looking:
            asyncio.get_running_loop().call_later(self._step_s, self._look)
