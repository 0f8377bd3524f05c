"""What a run leaves behind, in words: counts, what needs a person, where the files are."""

from collections import Counter
from collections.abc import Mapping, Sequence

from attrs import frozen

from avatar_async._jobs import advice
from avatar_async._jobs.records import Job
from avatar_async._jobs.states import State
from avatar_async._storage.sizes import size_text
from avatar_async.cli.program import program
from avatar_async.cli.render.text import one_line
from avatar_async.cli.render.wrap import printable_step, wrapped

_ENDED_BADLY = frozenset({State.REJECTED, State.FAILED, State.EXPIRED})
#: Jobs told of one by one; a batch may hold thousands.
_MOST_LISTED = 20


@frozen(kw_only=True)
class Attention:
    """A job that did not come to a good end.

    Attributes:
        name: The job's name.
        state: Its state.
        reason: What went wrong, "" if nothing is known.
        next_step: What a person should do.
    """

    name: str
    state: State
    reason: str
    next_step: str


def attention(jobs: Sequence[Job], where: str) -> list[Attention]:
    """Return the jobs that a person should look at, in order, with the exact command to type.

    Args:
        jobs: Every job of the batch.
        where: Option that names the ledger, such as `--out models`.
    """
    states = {job.name: job.state for job in jobs}
    found = []
    for job in jobs:
        blocked = job.state is State.PLANNED and bool(advice.dead_needs(job, states))
        if job.state in _ENDED_BADLY or advice.needs_person(job) or blocked:
            reason = one_line(job.error.message) if job.error else ""
            step = advice.next_step(job, states, where=where)
            found.append(
                Attention(name=job.name, state=job.state, reason=reason, next_step=printable_step(step))
            )
    return found


def summary(
    jobs: Sequence[Job], *, out: str, where: str, stopped_because: str | None, width: int | None = None
) -> list[str]:
    """Return the last lines of a run.

    Args:
        jobs: Every job of the batch.
        out: The folder of the results, as the user named it.
        where: Option that names the ledger.
        stopped_because: Why the run ended before its jobs did, if so.
        width: Columns of the terminal, None if there is none.
    """
    lines = [counts_line(jobs)]
    files = [artifact for job in jobs for artifact in job.artifacts if artifact.stored_bytes is not None]
    if files:
        total = sum(artifact.stored_bytes or 0 for artifact in files)
        plural = "file" if len(files) == 1 else "files"
        lines.append(f"{len(files)} verified {plural}, {size_text(total)}, in {out}")
    lines += attention_lines(jobs, where, width)
    if stopped_because:
        lines += ["", f"Stopped early: {one_line(stopped_because)}"]
    return lines


def loss_lines(jobs: Sequence[Job]) -> list[str]:
    """Return what is to be said aloud of results that vanished before they were fetched."""
    lost = [one_line(job.name) for job in jobs if job.state is State.EXPIRED]
    if not lost:
        return []
    more = f" and {len(lost) - _MOST_LISTED} more" if len(lost) > _MOST_LISTED else ""
    what = "1 job" if len(lost) == 1 else f"{len(lost)} jobs"
    return [f"RESULTS LOST of {what}, gone before they were fetched: {', '.join(lost[:_MOST_LISTED])}{more}"]


def counts_line(jobs: Sequence[Job]) -> str:
    """Return how many jobs are in which state, in words."""
    return numbers_line(Counter(job.state for job in jobs))


def numbers_line(counts: Mapping[State, int]) -> str:
    """Return in words how many jobs are in which state."""
    total = sum(counts.values())
    listed = numbers(counts)
    return f"{total} {'job' if total == 1 else 'jobs'}: {listed}" if listed else "no jobs"


def numbers(counts: Mapping[State, int]) -> str:
    """Return the states that jobs are in, each with its number, between commas."""
    return ", ".join(f"{counts[state]} {state}" for state in State if counts.get(state))


def attention_lines(jobs: Sequence[Job], where: str, width: int | None = None) -> list[str]:
    """Return the jobs that a person should look at, each with its next step; empty if there is none."""
    found = attention(jobs, where)
    if not found:
        return []
    lines = ["", "Needs attention:" if len(found) == 1 else f"{len(found)} jobs need attention:"]
    for item in found[:_MOST_LISTED]:
        lines.append(f"  {one_line(item.name)} ({item.state})")
        if item.reason and item.reason not in item.next_step:
            lines += wrapped(item.reason, width=width, indent="    ")
        lines += wrapped(f"-> {item.next_step}", width=width, indent="    ", hang="   ")
    if len(found) > _MOST_LISTED:
        tail = f" {where}" if where else ""
        lines.append(f"  and {len(found) - _MOST_LISTED} more: {program()} status{tail}")
    return lines
