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
from avatar_async.cli.render.summary import counts_line
from avatar_async.cli.render.text import countdown_text, one_line, span_text, stamp
from avatar_async.cli.render.wrap import printable_step, wrapped
from avatar_async.orchestrator.status import late_jobs
from avatar_async.settings import DEADLINES_S

_GAP = "  "
_LEAST_NAME = 12


def table(
    jobs: Sequence[Job],
    *,
    now: datetime,
    width: int,
    where: str,
    deadlines_s: Mapping[str, float] = DEADLINES_S,
    speed_bytes_s: float | None = None,
) -> Iterator[Text]:
    """Yield the lines of the table.

    A name too long for its column stands on a line of its own; what to do stands below its job.

    Args:
        jobs: Every job, in the order they were added.
        now: The present instant.
        width: Columns of the terminal.
        where: Option that names the ledger, for the commands to type.
        deadlines_s: Seconds after which a task is overdue, by kind.
        speed_bytes_s: How fast files came home in the latest run.
    """
    late = late_jobs(jobs, now, speed_bytes_s)
    states = {job.name: job.state for job in jobs}
    rows = [_cells(job, now) for job in jobs]
    heads = ("STATE", "AGE", "TASK ID", "EXPIRES")
    widths = [max(width_of(row[n]) for row in [heads, *rows]) for n in range(len(heads))]
    room = width - sum(widths) - len(_GAP) * len(widths)
    names = max([_LEAST_NAME, *(width_of(one_line(job.name)) for job in jobs)])
    name_width = max(_LEAST_NAME, min(names, room))
    yield Text(_row("JOB", heads, name_width, widths), style="bold")
    for job, row in zip(jobs, rows, strict=True):
        name = one_line(job.name)
        if width_of(name) > name_width:
            yield Text(name)
            name = ""
        line = Text(_row(name, row, name_width, widths))
        start = name_width + len(_GAP)
        line.stylize(STYLES[job.state], start, start + widths[0])
        yield line
        flags = advice.flags(job, now, deadlines_s, late=job.id in late)
        for text in _below(job, now, states, flags, where):
            hang = "   " if text.startswith("->") else ""
            yield from (
                Text(each, style="yellow") for each in wrapped(text, width=width, indent="  ", hang=hang)
            )
    yield Text("")
    yield Text(counts_line(jobs))
    yield from (Text(line, style="dim") for line in _outlook(jobs, states))


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
    job: Job, now: datetime, states: dict[str, State], flags: Sequence[str], where: str
) -> Iterator[str]:
    marks = [_words(flag, job, now) for flag in flags if flag in {"overdue", "at_risk"}]
    if marks:
        yield "; ".join(marks)
    calm = job.state in {State.STORED, State.ABANDONED, State.SUBMITTING} or (
        job.state in REMOTE | {State.PLANNED}
        and not advice.needs_person(job)
        and not advice.is_unknown_there(job)
    )
    if calm and not (job.state is State.PLANNED and advice.dead_needs(job, states)):
        return
    if job.error is not None:
        lost = f"lost at {stamp(job.lost_at)}: " if job.lost_at is not None else ""
        yield f"{lost}{one_line(job.error.message)}"
    yield f"-> {printable_step(advice.next_step(job, states, where=where))}"


def _words(flag: str, job: Job, now: datetime) -> str:
    if flag == "overdue":
        return "takes longer than its kind should"
    if job.expires_at is None or not at_risk(job, now):
        return "its results vanish before they are home, at the speed of the latest run"
    return "its results vanish soon" if job.expires_at > now else "its results were to vanish before now"


def _outlook(jobs: Sequence[Job], states: dict[str, State]) -> Iterator[str]:
    """Yield what happens next to the jobs that need nobody, once for each state."""
    steps: Counter[tuple[State, str]] = Counter()
    for job in jobs:
        if advice.needs_person(job) or advice.dead_needs(job, states) or advice.is_unknown_there(job):
            continue
        if job.state in REMOTE | {State.SUBMITTING, State.PLANNED}:
            step = advice.next_step(job, states)
            steps[job.state, "waits for others" if step.startswith("waits for") else step] += 1
    for (state, step), count in steps.items():
        yield f"{count} {state}: {one_line(step)}"
