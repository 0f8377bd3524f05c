"""Time, as a port."""

from __future__ import annotations  # a program that only makes calls needs none of the types below

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime


class Clock(Protocol):
    """Time, injected so that tests need not wait."""

    def now(self) -> datetime:
        """Return the instant, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds of a clock that never jumps."""
        ...

    async def sleep(self, delay_s: float) -> None:
        """Wait that many seconds; cancellation leaves nothing behind."""
        ...
