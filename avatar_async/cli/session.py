"""Conduct a run: feed it, show it, heed signals, sum it up."""

import logging
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import anyio
from attrs import frozen

from avatar_async._storage.ledger import Ledger
from avatar_async.cli import exits
from avatar_async.cli.manner import Manner
from avatar_async.cli.places import Place
from avatar_async.cli.render.display import Display, display_for
from avatar_async.cli.render.guarded import GuardedDisplay
from avatar_async.cli.render.summary import attention_lines, loss_lines, summary
from avatar_async.cli.render.text import printable
from avatar_async.cli.render.wrap import columns
from avatar_async.cli.signals import heeding
from avatar_async.errors import AvatarError
from avatar_async.orchestrator.events import ProgressEvent, RunEvent

if TYPE_CHECKING:
    from avatar_async._jobs.records import Job
    from avatar_async.orchestrator import Orchestrator

_LOG = logging.getLogger("avatar_async.run")
_REFRESH_S = 0.2


@frozen(kw_only=True)
class Outcome:
    """How a run ended.

    Attributes:
        jobs: Every job of the batch.
        stopped_because: Why the run ended before its jobs did, if so.
        signal_code: The exit code of the signal that stopped it, if one did.
    """

    jobs: Sequence["Job"]
    stopped_because: str | None
    signal_code: int | None

    @property
    def exit_code(self) -> int:
        """The exit code that tells of this end."""
        return exits.code_for_jobs(self.jobs) if self.signal_code is None else self.signal_code


async def conduct(
    orchestrator: "Orchestrator", feed: Callable[["Orchestrator"], Awaitable[None]], manner: Manner
) -> Outcome:
    """Run an orchestrator to its end and show it; cancelled, it leaves a ledger that can be resumed.

    Args:
        orchestrator: Not yet entered.
        feed: Adds jobs to it, once it is entered.
        manner: How to show it.

    Raises:
        AvatarError: Whatever the orchestrator or `feed` raise before anything can have been sent.
        BrokenRunError: What the orchestrator raised later.
        OSError: The run was stopped because it could not be shown any more.
    """
    display = GuardedDisplay(
        display_for(
            json=manner.json, quiet=manner.quiet, out=sys.stdout, errors=sys.stderr, monotonic=time.monotonic
        ),
        on_loss=orchestrator.stop,
    )
    feeding, drawing = anyio.CancelScope(), anyio.CancelScope()
    begun = False

    def stop() -> None:
        orchestrator.stop()
        feeding.cancel()  # nothing was sent yet

    try:
        with display, _told_by(display):
            async with anyio.create_task_group() as group:
                async with orchestrator:
                    with heeding(stop, orchestrator.kill, display.say) as interruption:
                        group.start_soon(_show, orchestrator.events(), display)
                        with feeding:
                            await feed(orchestrator)
                        group.start_soon(_redraw, orchestrator, display, drawing)
                        begun = True
                        exits.if_interrupted("the same command goes on from here")
                        async for job in orchestrator.run():
                            _LOG.debug("job %s is %s", job.name, job.state)
                drawing.cancel()
    except Exception as raised:
        cause = exits.sole_cause(raised)
        if begun and isinstance(cause, AvatarError):
            raise exits.BrokenRunError(cause) from cause
        raise
    if display.lost is not None and interruption.exit_code is None:
        raise display.lost
    try:
        async with Ledger.open(orchestrator.ledger_path, read_only=True) as ledger:
            jobs = await ledger.jobs(batch=orchestrator.options.batch)
    except AvatarError as error:
        raise exits.BrokenRunError(error) from error
    return Outcome(
        jobs=jobs, stopped_because=orchestrator.stopped_because, signal_code=interruption.exit_code
    )


@contextmanager
def _told_by(display: Display) -> Iterator[None]:
    """Have messages told by a display that draws on the terminal they would go to."""
    if display.draws and sys.stderr.isatty():
        with exits.telling(display.say):
            yield
    else:
        yield


async def _show(events: AsyncIterator[RunEvent], display: Display) -> None:
    async for event in events:
        if not isinstance(event, ProgressEvent):
            _LOG.info("%s %s", event.word, event.to_json())
        display.event(event)


async def _redraw(orchestrator: "Orchestrator", display: Display, scope: anyio.CancelScope) -> None:
    with scope:
        while True:
            display.refresh(orchestrator.snapshot())
            await anyio.sleep(_REFRESH_S)


def conclude(outcome: Outcome, place: Place, manner: Manner, again: str) -> int:
    """Print the last words of a run and return its exit code.

    Args:
        outcome: How the run ended.
        place: Where its results lie.
        manner: How it was shown; with `json` or `quiet`, only what needs attention is told, on stderr.
        again: The command that goes on with the run.
    """
    for line in loss_lines(outcome.jobs):
        exits.tell(line)
    because = outcome.stopped_because if outcome.signal_code is None else None
    stream = sys.stderr if manner.silent else sys.stdout
    width = columns(stream)
    if manner.silent:
        lines = attention_lines(outcome.jobs, place.where, width)
        if because:
            lines.append(f"Stopped early: {because}")
    else:
        lines = summary(
            outcome.jobs, out=str(place.out), where=place.where, stopped_because=because, width=width
        )
        if any(not job.terminal for job in outcome.jobs):
            lines += ["", f"To go on: {again}"]
    try:
        stream.write("".join(f"{printable(line)}\n" for line in lines))
        stream.flush()
    except OSError:
        if outcome.signal_code is None:
            raise
    return outcome.exit_code
