"""A run as plain lines with times: what a file or a pipe gets."""

from datetime import UTC, datetime
from types import TracebackType
from typing import IO, TYPE_CHECKING, Self

from avatar_async._storage.sizes import size_text
from avatar_async.cli.render.text import one_line, stamp
from avatar_async.orchestrator.events import EndEvent, ProgressEvent, RunEvent, StateEvent

if TYPE_CHECKING:
    from avatar_async.orchestrator.snapshot import Snapshot


class PlainLines:
    """Write one line for each change of a job's state and for each file that has come home."""

    def __init__(self, out: IO[str]) -> None:
        self._out = out

    def __enter__(self) -> Self:
        """Begin to write."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the stream as it is."""

    def event(self, event: RunEvent) -> None:
        """Write the event as one line; downloads only when they are complete."""
        text = line_of(event)
        if text is not None:
            self._write(event.at, text)

    def refresh(self, snapshot: "Snapshot") -> None:
        """Show nothing: lines tell of changes only."""

    def say(self, text: str) -> None:
        """Write a message of the command itself."""
        self._write(datetime.now(UTC), text)

    def _write(self, at: datetime, text: str) -> None:
        self._out.write(f"{stamp(at)} {one_line(text)}\n")
        self._out.flush()


def line_of(event: RunEvent) -> str | None:
    """Return an event in words, or None if it is not worth a line."""
    head = f"{event.job}: " if event.job else ""
    match event:
        case StateEvent(from_state=None):
            return f"{head}{event.to_state}{_tail(event)}"
        case StateEvent():
            return f"{head}{event.from_state} -> {event.to_state}{_tail(event)}"
        case ProgressEvent():
            if event.total_bytes is None or event.done_bytes < event.total_bytes:
                return None
            return f"{head}{event.artifact} has arrived, {size_text(event.done_bytes)}"
        case EndEvent():
            listed = ", ".join(f"{count} {state}" for state, count in event.counts.items() if count)
            return f"end: {listed or 'no jobs'}{_tail(event)}"
        case _:
            return f"warning: {head}{event.message}"


def _tail(event: RunEvent) -> str:
    return f" ({event.message})" if event.message else ""
