"""The budget of query calls that all loops share."""

import anyio

from avatar_async._jobs.ports import Clock
from avatar_async._jobs.verdicts import clamped_wait_s
from avatar_async.errors import ThrottledError


class Pace:
    """Let at most `rate` calls a second pass, evenly, with no burst."""

    def __init__(self, clock: Clock, rate: float) -> None:
        self._clock = clock
        self._spacing_s = 1.0 / rate
        self._next_s = clock.monotonic()
        self._queue = anyio.Lock()

    async def turn(self) -> None:
        """Wait until the next call may leave; first come, first served."""
        async with self._queue:
            while (wait_s := self._next_s - self._clock.monotonic()) > 0:
                await self._clock.sleep(wait_s)
            self._next_s = self._clock.monotonic() + self._spacing_s

    def rest(self, refused: ThrottledError) -> float:
        """Let no call pass for as long as the service asks; return for how many seconds."""
        rest_s = clamped_wait_s(refused.retry_after_s)
        self._next_s = max(self._next_s, self._clock.monotonic() + rest_s)
        return rest_s
