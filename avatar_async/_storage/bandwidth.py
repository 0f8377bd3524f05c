"""A speed limit that all downloads share."""

from avatar_async._jobs.ports import Clock

#: Seconds' worth of bytes that may pass at once after a pause.
_BURST_S = 0.25


class Bandwidth:
    """Let so many bytes a second pass, in the order they ask.

    Attributes:
        bytes_s: The limit; None for no limit.
    """

    def __init__(self, bytes_s: float | None, clock: Clock) -> None:
        self.bytes_s = bytes_s
        self._clock = clock
        self._free_at_s = 0.0

    async def take(self, count_bytes: int) -> None:
        """Wait until those bytes may pass; cancelled, they still count as passed."""
        if self.bytes_s is None:
            return
        now_s = self._clock.monotonic()
        self._free_at_s = max(self._free_at_s, now_s - _BURST_S) + count_bytes / self.bytes_s
        wait_s = self._free_at_s - now_s
        if wait_s > 0:
            await self._clock.sleep(wait_s)
