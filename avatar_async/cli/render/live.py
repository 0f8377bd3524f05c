"""A run on a terminal: a display that is redrawn in place, with ended jobs scrolling above it."""

from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import IO, TYPE_CHECKING, Self

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from avatar_async._jobs.states import TERMINAL, State
from avatar_async.cli.render.frame import STYLES, frame
from avatar_async.cli.render.text import one_line
from avatar_async.orchestrator.events import RunEvent, StateEvent, WarningEvent

if TYPE_CHECKING:
    from avatar_async.orchestrator.snapshot import Snapshot

_WORTH_A_LINE = TERMINAL | {State.IN_DOUBT}


class LiveDisplay:
    """Draw the standing of a run in place; jobs that end and warnings stay above it."""

    draws = True

    def __init__(self, out: IO[str], monotonic: Callable[[], float]) -> None:
        self._console = Console(file=out, highlight=False, markup=False, emoji=False)
        self._live = Live(
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._monotonic = monotonic
        self._began = monotonic()

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the drawing away and show the cursor again."""
        self._live.stop()

    def event(self, event: RunEvent) -> None:
        """Write a line above the drawing for a job that ended or needs a person, and for a warning."""
        if isinstance(event, WarningEvent):
            head = f"{event.job}: " if event.job else ""
            self._above(Text(one_line(f"! {head}{event.message}"), style="yellow"))
        elif isinstance(event, StateEvent) and event.to_state in _WORTH_A_LINE:
            line = Text(f"{event.to_state:>10}  ", style=STYLES[event.to_state])
            line.append(one_line(event.job or ""), style="default")
            if event.message:
                line.append(f"  {one_line(event.message)}", style="dim")
            self._above(line)

    def refresh(self, snapshot: "Snapshot") -> None:
        """Draw how things stand."""
        width, height = self._console.size
        lines = frame(
            snapshot,
            now=datetime.now(UTC),
            elapsed_s=self._monotonic() - self._began,
            width=width,
            height=height,
        )
        self._live.update(Group(*lines), refresh=True)

    def say(self, text: str) -> None:
        """Write a message of the command above the drawing."""
        self._above(Text(one_line(text), style="bold"))

    def _above(self, line: Text) -> None:
        self._console.print(line, soft_wrap=False)
