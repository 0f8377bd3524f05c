"""A display whose stream may go away in the middle of a run."""

import sys
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import IO, TYPE_CHECKING, Self

from avatar_async.cli.render.display import Display, urgent_text
from avatar_async.orchestrator.events import RunEvent, WarningEvent

if TYPE_CHECKING:
    from avatar_async.orchestrator.snapshot import Snapshot


class GuardedDisplay:
    """Show a run on another display until that cannot write any more: then tell once, and show nothing.

    A reader that left, a closed terminal or a full disk must not cancel create calls under way: what they
    made would be in doubt.

    Args:
        display: What shows the run.
        on_loss: Called when it cannot write for the first time.
        errors: Where urgent warnings go once it cannot.
    """

    def __init__(self, display: Display, on_loss: Callable[[], None], errors: IO[str] | None = None) -> None:
        self._display = display
        self._errors = errors or sys.stderr
        self._on_loss = on_loss
        #: Why the display cannot write, None while it can.
        self.lost: OSError | None = None

    @property
    def draws(self) -> bool:
        """Whether the display draws in place, as long as it can write."""
        return self._display.draws and self.lost is None

    def __enter__(self) -> Self:
        """Begin to show."""
        self._display.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the terminal as it was, if it is still there."""
        try:
            self._display.__exit__(kind, error, trace)
        except OSError as failure:
            self.lost = self.lost or failure

    def event(self, event: RunEvent) -> None:
        """Show something that happened."""
        self._try(lambda: self._display.event(event))
        if self.lost is not None and isinstance(event, WarningEvent) and event.urgent:
            with suppress(OSError):
                self._errors.write(f"{urgent_text(event)}\n")
                self._errors.flush()

    def refresh(self, snapshot: "Snapshot") -> None:
        """Show how things stand."""
        self._try(lambda: self._display.refresh(snapshot))

    def say(self, text: str) -> None:
        """Show a message of the command itself."""
        self._try(lambda: self._display.say(text))

    def _try(self, show: Callable[[], None]) -> None:
        if self.lost is not None:
            return
        try:
            show()
        except OSError as failure:
            self.lost = failure
            self._on_loss()
