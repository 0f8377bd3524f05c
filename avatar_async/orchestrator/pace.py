"""The budget of query calls that all loops share."""

import math
from typing import Final

import anyio

from avatar_async._jobs.ports import Clock
from avatar_async._jobs.verdicts import clamped_wait_s
from avatar_async.errors import ThrottledError

#: Part by which two calls are farther apart than the rate asks for: a call leaves a moment after its turn,
#: the next one perhaps at once, and still no second may see more calls than allowed.
_MARGIN: Final = 0.01


def spacing_s(rate: float) -> float:
    """Return the seconds between two calls such that no window of a second holds more than `rate` of them.

    Under one call a second, that is more than a second. Of a broken rate such as 2.5 the whole part alone
    can be used: evenly spaced calls at 2.5 a second would now and then be three within one.
    """
    return (1.0 + _MARGIN) / (math.floor(rate) if rate >= 1 else rate)


class Pace:
    """Let at most `rate` calls a second pass, evenly, with no burst."""

    def __init__(self, clock: Clock, rate: float) -> None:
        self._clock = clock
        #: Calls a second, at most.
        self.rate: Final = rate
        self._spacing_s = spacing_s(rate)
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
