"""The system's clock, as the `Clock` port asks for it."""

import time
from datetime import UTC, datetime

import anyio


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
