"""`run --dry-run`: what a run would do, told without doing any of it."""

import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from avatar_async._clock import SystemClock
from avatar_async._jobs.records import Job, JobSpec
from avatar_async._storage.ledger import Ledger
from avatar_async.cli import exits
from avatar_async.cli.places import LEDGER_NAME, Place
from avatar_async.cli.render.cells import fit, width_of
from avatar_async.cli.render.text import one_line
from avatar_async.orchestrator import RunOptions
from avatar_async.orchestrator.adding import plan

_WIDEST_NAME = 40


async def preview(specs: Sequence[JobSpec], place: Place, options: RunOptions) -> int:
    """Print what a run with these jobs would submit, and return the exit code; writes and sends nothing.

    Raises:
        RequestError, RequestChangedError, DuplicateRequestError: The run would be refused.
        LedgerError: The ledger cannot be read.
    """
    async with _ledger(place) as ledger:
        planned = await plan(ledger, specs, options, SystemClock())
        counts = await ledger.counts()
        others = [
            job
            for job in await ledger.jobs(batch=options.batch)
            if not job.terminal and job.name not in {spec.name for spec in specs}
        ]
    new = {job.name for job in planned.new}
    changed = {job.name for job, _ in planned.amended}
    known = {job.name: job for job in planned.known}
    width = min(_WIDEST_NAME, max([4, *(width_of(one_line(spec.name)) for spec in specs)]))
    lines = [f"{fit('JOB', width)}  {'KIND':<13}  WHAT WOULD HAPPEN"]
    lines += [
        f"{fit(spec.name, width)}  {spec.kind.value:<13}  {_fate(spec, new, changed, known)}"
        for spec in specs
    ]
    lines += [
        f"{fit(job.name, width)}  {job.kind.value:<13}  {_going_on(job)} (not listed)" for job in others
    ]
    submitted = len(new) + len(changed) + sum(_is_planned(job) for job in known.values())
    lines += ["", f"{submitted} would be submitted, {sum(counts.values())} known before. Nothing was sent."]
    for name, message in planned.warnings:
        exits.tell(f"warning: {name}: {message}")
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return exits.ExitCode.DONE


@asynccontextmanager
async def _ledger(place: Place) -> AsyncIterator[Ledger]:
    if place.ledger.exists():
        async with Ledger.open(place.ledger, read_only=True) as ledger:
            yield ledger
        return
    with tempfile.TemporaryDirectory() as folder:
        async with Ledger.open(Path(folder) / LEDGER_NAME) as ledger:
            yield ledger


def _fate(spec: JobSpec, new: set[str], changed: set[str], known: dict[str, Job]) -> str:
    after = f", after {', '.join(spec.needs)}" if spec.needs else ""
    if spec.name in new:
        return one_line(f"submit{after}")
    if spec.name in changed:
        return one_line(f"submit, with changed fields{after}")
    job = known[spec.name]
    return one_line(f"submit{after}") if _is_planned(job) else _going_on(job)


def _is_planned(job: Job) -> bool:
    return job.state.value == "planned"


def _going_on(job: Job) -> str:
    return f"nothing: {job.state} already" if job.terminal else f"go on: {job.state}"
