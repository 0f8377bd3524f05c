"""The standing of every job as a table that fits the terminal, nothing cut that a person may copy."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from rich.text import Text

from avatar_async._jobs import advice
from avatar_async._jobs.expiry import at_risk
from avatar_async._jobs.records import Job
from avatar_async._jobs.states import REMOTE, State
from avatar_async.cli.render.cells import fit, width_of
from avatar_async.cli.render.frame import STYLES
from avatar_async.cli.render.text import countdown_text, one_line, span_text, stamp
from avatar_async.cli.render.wrap import printable_step, wrapped
from avatar_async.orchestrator.status import states_of_batch

_GAP = "  "
_LEAST_NAME = 12
_HEADS = ("STATE", "AGE", "TASK ID", "EXPIRES")
#: Room for every state, span of time and task id there is.
_WIDEST = (10, 9, 19, 9)


class Table:
    """Writes jobs as lines of a table, one after the other.

    A name too long for its column stands on a line of its own; what to do stands below its job.
    """

    def __init__(
        self,
        *,
        now: datetime,
        width: int,
        where: str,
        deadlines_s: Mapping[str, float],
        late: frozenset[str],
        fitted_to: Sequence[Job] | None = None,
    ) -> None:
        """Measure the columns.

        Args:
            now: The present instant.
            width: Columns of the terminal.
            where: Option that names the ledger, for the commands to type.
            deadlines_s: Seconds after which a task is overdue, by kind.
            late: Ids of jobs whose files do not come home in time.
            fitted_to: The jobs that will be written, if they are at hand; else the columns fit any.
        """
        self._now, self._where, self._deadlines_s, self._late = now, where, deadlines_s, late
        self._width = width
        self._widths: Sequence[int] = _WIDEST
        if fitted_to is not None:
            rows = [_HEADS, *(_cells(job, now) for job in fitted_to)]
            self._widths = [max(map(width_of, column)) for column in zip(*rows, strict=True)]
        room = width - sum(self._widths) - len(_GAP) * len(self._widths)
        widest = max([_LEAST_NAME, *(width_of(one_line(job.name)) for job in fitted_to or ())])
        self._name_width = max(_LEAST_NAME, room if fitted_to is None else min(widest, room))
        self._steps: Counter[tuple[State, str]] = Counter()

    def heading(self) -> Text:
        """Return the first line."""
        return Text(_row("JOB", _HEADS, self._name_width, self._widths), style="bold")

    def lines(self, job: Job, states: Mapping[tuple[str, str], State]) -> Iterator[Text]:
        """Yield the lines of a job.

        Args:
            job: The job.
            states: State of every job that it needs, by batch and name.
        """
        needs = states_of_batch(job, states)
        self._note(job, needs)
        name, cells = one_line(job.name), _cells(job, self._now)
        if width_of(name) > self._name_width:
            yield Text(name)
            name = ""
        line = Text(_row(name, cells, self._name_width, self._widths))
        start = self._name_width + len(_GAP)
        line.stylize(STYLES[job.state], start, start + self._widths[0])
        yield line
        flags = advice.flags(job, self._now, self._deadlines_s, late=job.id in self._late)
        for text in _below(job, self._now, needs, flags, self._where):
            hang = "   " if text.startswith("->") else ""
            yield from (
                Text(each, style="yellow")
                for each in wrapped(text, width=self._width, indent="  ", hang=hang)
            )

    def outlook(self) -> Iterator[Text]:
        """Yield what happens next to the jobs written so far that need nobody, once for each state."""
        for (state, step), count in self._steps.items():
            yield Text(f"{count} {state}: {one_line(step)}", style="dim")

    def _note(self, job: Job, needs: Mapping[str, State]) -> None:
        if advice.needs_person(job) or advice.dead_needs(job, needs) or advice.is_unknown_there(job):
            return
        if _is_waiting_to_fetch(job):  # its own reason is told beside it
            return
        if job.state in REMOTE | {State.SUBMITTING, State.PLANNED}:
            step = advice.next_step(job, needs)
            self._steps[job.state, "waits for others" if step.startswith("waits for") else step] += 1


def _cells(job: Job, now: datetime) -> tuple[str, str, str, str]:
    since = job.stored_at or job.submitted_at or job.created_at
    expires = countdown_text(job.expires_at, now) if job.state in REMOTE else "-"
    task = "-" if job.task_id is None else str(job.task_id)
    return job.state.value, span_text((now - since).total_seconds()), task, expires


def _row(name: str, cells: Sequence[str], name_width: int, widths: Sequence[int]) -> str:
    state, age, task, expires = (
        fit(cell, width, right=number == 1)
        for number, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return _GAP.join((fit(name, name_width), state, age, task, expires)).rstrip()


def _below(
    job: Job, now: datetime, states: Mapping[str, State], flags: Sequence[str], where: str
) -> Iterator[str]:
    marks = [_words(flag, job, now) for flag in flags if flag in {"overdue", "at_risk"}]
    if marks:
        yield "; ".join(marks)
    calm = job.state in {State.STORED, State.ABANDONED, State.SUBMITTING} or (
        job.state in REMOTE | {State.PLANNED}
        and not _is_waiting_to_fetch(job)
        and not advice.needs_person(job)
        and not advice.is_unknown_there(job)
    )
    if calm and not (job.state is State.PLANNED and advice.dead_needs(job, states)):
        return
    if job.error is not None:
        lost = f"lost at {stamp(job.lost_at)}: " if job.lost_at is not None else ""
        yield f"{lost}{one_line(job.error.message)}"
    yield f"-> {printable_step(advice.next_step(job, states, where=where))}"


def _is_waiting_to_fetch(job: Job) -> bool:
    return job.state is State.READY and job.error is not None


def _words(flag: str, job: Job, now: datetime) -> str:
    if flag == "overdue":
        return "takes longer than its kind should"
    if job.expires_at is None or not at_risk(job, now):
        return "its results vanish before they are home, at the speed of the latest run"
    return "its results vanish soon" if job.expires_at > now else "its results were to vanish before now"
