"""Telling that a long ledger is brought up to date, which takes seconds for a million jobs."""

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Final

_log: Final = logging.getLogger(__name__)
#: Seconds before a word is said, and between two.
_FIRST_S: Final = 1.0
_NEXT_S: Final = 5.0
#: Instructions of SQLite between two looks at the clock: some milliseconds.
_LOOK_EVERY: Final = 100_000


@contextmanager
def told(connection: sqlite3.Connection, steps: int) -> Iterator[Callable[[], None]]:
    """Log how far an upgrade is, as a warning, if it takes more than a moment.

    Args:
        connection: What it is made by; nothing else uses it meanwhile.
        steps: How many statements it has.

    Yields:
        What is to be called after each statement.
    """
    jobs = connection.execute("SELECT max(job_id) FROM jobs").fetchone()[0] or 0
    progress = _Progress(jobs, steps)
    connection.set_progress_handler(progress.look, _LOOK_EVERY)
    try:
        yield progress.step
    finally:
        connection.set_progress_handler(None, 0)
    progress.end()


class _Progress:
    def __init__(self, jobs: int, steps: int) -> None:
        self._jobs = jobs
        self._steps = steps
        self._made = 0
        self._began_s = monotonic()
        self._due_s = _FIRST_S
        self._said = False

    def step(self) -> None:
        """Count a statement that is made."""
        self._made += 1

    def look(self) -> int:
        """Say how far it is, if it is time to; return 0, upon which SQLite goes on."""
        passed_s = monotonic() - self._began_s
        if passed_s >= self._due_s:
            self._due_s = passed_s + _NEXT_S
            self._said = True
            _log.warning(
                "upgrading the ledger, %s jobs: step %d of %d, %.0f s so far",
                *(f"{self._jobs:,}", min(self._made + 1, self._steps), self._steps, passed_s),
            )
        return 0

    def end(self) -> None:
        """Say that it is done, if anything was said."""
        if self._said:
            _log.warning("the ledger is up to date, after %.0f s", monotonic() - self._began_s)
