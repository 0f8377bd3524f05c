"""A line on stderr that tells how far work has come, how fast it goes and how long it will take."""

import os
import sys
import time
from collections.abc import Callable
from typing import IO, Self

from avatar_async.cli.render.text import clock_text, one_line

_REDRAW_S, _LINE_S = 0.1, 5.0


class Progress:
    """Tell of progress; on a terminal in one line that is redrawn, else now and then in a line of its own.

    Args:
        word: What is being done, such as `Keying`.
        total: How many steps there are.
        quiet: Whether to tell nothing.
        stream: Where to tell it.
        monotonic: A clock in seconds that never jumps.
    """

    def __init__(
        self,
        word: str,
        total: int,
        *,
        quiet: bool = False,
        stream: IO[str] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._word = word
        self._stream = stream or sys.stderr
        self._quiet = quiet
        self._monotonic = monotonic
        self._live = self._stream.isatty() and os.environ.get("TERM", "") not in {"", "dumb"}
        self._began = self._told = monotonic()
        self._drawn = False
        self.total = total
        self.done = 0
        self.reused = 0

    def __enter__(self) -> Self:
        """Begin; on a terminal the line is there at once."""
        if self._live and not self._quiet and self.total:
            self._draw(self._began)
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Take a line that is redrawn away."""
        if self._drawn:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._drawn = False

    def step(self, *, reused: bool = False) -> None:
        """Count one step; steps whose work was done before say nothing of the speed."""
        self.reused += reused
        self.reach(self.done + 1, self.total)

    def reach(self, done: int, total: int) -> None:
        """Tell that so many steps of so many are done."""
        self.done, self.total = done, total
        now = self._monotonic()
        if self._quiet or now - self._told < (_REDRAW_S if self._live else _LINE_S):
            return
        self._draw(now)

    def _draw(self, now: float) -> None:
        self._told = now
        text = one_line(self.text(now))
        self._drawn = self._live
        self._stream.write(f"\r\x1b[K{text}" if self._live else f"{text}\n")
        self._stream.flush()

    def text(self, now: float) -> str:
        """Return how things stand at an instant of the clock."""
        share = 100 * self.done // max(1, self.total)
        text = f"{self._word} {self.done} of {self.total} ({share} %)"
        made, elapsed_s = self.done - self.reused, now - self._began
        if made <= 0 or elapsed_s <= 0:
            return text
        rate = made / elapsed_s
        return f"{text}, {rate:.1f}/s, {clock_text((self.total - self.done) / rate)} left"
