"""A run as plain lines with times: what a file or a pipe gets."""

from datetime import UTC, datetime
from typing import IO

from avatar_async._storage.sizes import size_text
from avatar_async.cli.render.display import Quiet
from avatar_async.cli.render.text import one_line, stamp
from avatar_async.orchestrator.events import EndEvent, ProgressEvent, RunEvent, StateEvent


class PlainLines(Quiet):
    """Write one line for each change of a job's state and for each file that has come home.

    Args:
        out: Where every line goes, messages of the command included.
    """

    def __init__(self, out: IO[str]) -> None:
        super().__init__(out)
        self._out = out

    def event(self, event: RunEvent) -> None:
        """Write the event as one line; downloads only when they are complete."""
        text = line_of(event)
        if text is not None:
            self._write(event.at, text)

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
