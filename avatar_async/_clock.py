"""The system's clock, as the `Clock` port asks for it, and a cautious reading of any clock."""

import time
from datetime import UTC, datetime, timedelta

import anyio

from avatar_async._jobs.ports import Clock


class SystemClock:
    """Tell the machine's time."""

    def now(self) -> datetime:
        """Return the instant, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds of a clock that never jumps."""
        return time.monotonic()

    async def sleep(self, delay_s: float) -> None:
        """Wait that many seconds; cancellation leaves nothing behind."""
        await anyio.sleep(delay_s)


class CautiousClock:
    """Tell the earliest instant it can be now: a wall clock that is set ahead does not move it.

    Where a machine sleeps and its monotonic clock sleeps too, it falls behind for good; it fits proofs
    that something is surely over, and nothing else.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._started_at = clock.now()
        self._started_s = clock.monotonic()

    def now(self) -> datetime:
        """Return the earlier of the wall clock and its first reading plus the time passed since."""
        passed = timedelta(seconds=self._clock.monotonic() - self._started_s)
        return min(self._clock.now(), self._started_at + passed)


class JumpMeter:
    """Notice that the wall clock and the monotonic one went apart: a sleep, or a clock that was set."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen = (clock.now(), clock.monotonic())

    def read_s(self) -> float:
        """Return by how many seconds the wall clock was set ahead (or back) since the last reading."""
        (before_at, before_s), self._seen = self._seen, (self._clock.now(), self._clock.monotonic())
        return (self._seen[0] - before_at).total_seconds() - (self._seen[1] - before_s)
