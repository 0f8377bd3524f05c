"""What every way of showing a run has in common."""

from collections.abc import Callable
from types import TracebackType
from typing import IO, TYPE_CHECKING, Protocol, Self

from avatar_async.orchestrator.events import RunEvent, WarningEvent

if TYPE_CHECKING:
    from avatar_async.orchestrator.snapshot import Snapshot


class Display(Protocol):
    """Show a run while it goes; entered before its first event and left after its last."""

    @property
    def draws(self) -> bool:
        """Whether it draws in place, so that nothing else may be written to its terminal meanwhile."""
        ...

    def __enter__(self) -> Self:
        """Begin to show."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the terminal as it was."""
        ...

    def event(self, event: RunEvent) -> None:
        """Show something that happened."""
        ...

    def refresh(self, snapshot: "Snapshot") -> None:
        """Show how things stand; called a few times a second."""
        ...

    def say(self, text: str) -> None:
        """Show a message of the command itself."""
        ...


def urgent_text(event: WarningEvent) -> str:
    """Return an urgent warning as one line."""
    from avatar_async.cli.render.text import one_line

    return one_line(f"{event.job}: {event.message}" if event.job else event.message)


class Quiet:
    """Show nothing but messages of the command itself and urgent warnings, on the stream for errors."""

    draws = False

    def __init__(self, errors: IO[str]) -> None:
        self._errors = errors

    def __enter__(self) -> Self:
        """Begin to show."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the streams as they are."""

    def event(self, event: RunEvent) -> None:
        """Show an urgent warning."""
        if isinstance(event, WarningEvent) and event.urgent:
            self.say(urgent_text(event))

    def refresh(self, snapshot: "Snapshot") -> None:
        """Show nothing."""

    def say(self, text: str) -> None:
        """Write the message to the stream for errors."""
        self._errors.write(f"{text}\n")
        self._errors.flush()


def display_for(
    *, json: bool, quiet: bool, out: IO[str], errors: IO[str], monotonic: Callable[[], float]
) -> Display:
    """Return the display that fits the options and the stream for data.

    Args:
        json: One JSON object a line.
        quiet: Nothing but messages of the command itself (with `json`, the JSON lines stay).
        out: The stream for data.
        errors: The stream for messages.
        monotonic: A clock in seconds that never jumps.
    """
    if json:
        from avatar_async.cli.render.jsonlines import JsonLines

        return JsonLines(out, errors)
    if quiet:
        return Quiet(errors)
    if _is_terminal(out):
        from avatar_async.cli.render.live import LiveDisplay

        return LiveDisplay(out, monotonic)
    from avatar_async.cli.render.lines import PlainLines

    return PlainLines(out)


def _is_terminal(stream: IO[str]) -> bool:
    import os

    return stream.isatty() and os.environ.get("TERM", "") not in {"", "dumb"}
