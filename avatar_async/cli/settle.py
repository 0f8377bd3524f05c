"""`resolve`, `retry` and `abandon`: what a person decides about jobs, also beside a run."""

import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from avatar_async.cli import exits, values
from avatar_async.cli import options as opt
from avatar_async.cli.pages import arguments, examples

if TYPE_CHECKING:
    from avatar_async._jobs.records import Job
    from avatar_async._storage.ledger import Ledger

RESOLVE_HELP = """Settle a job in doubt: its create call may or may not have made a task.

Look for the job's material name in the service's console first. If the task is
there, give its id; if it surely is not, send the request again; or give the job
up. A run that is active takes the decision up within a second. An id is checked
at the next query: if the task has another kind or name, or the service does not
know it, the job is in doubt again. Until then it can be corrected.
""" + arguments(("JOB", "Name of the job."))
RESOLVE_EXAMPLES = examples(
    ("avatar-async resolve anchor-07 --task-id 81234 --out models", "the task exists"),
    ("avatar-async resolve anchor-07 --resubmit --out models", "there is no such task: send it again"),
    ("avatar-async resolve anchor-07 --abandon --out models", "give it up"),
)
RETRY_HELP = """Plan failed, rejected or expired jobs anew: the next run submits them again.

A new attempt makes a new task, which the service may charge for. A job that is
held (a file in the way, a full disk) goes on where it stood instead.
""" + arguments(("JOB", "Names of jobs."))
RETRY_EXAMPLES = examples(
    "avatar-async retry anchor-03 --out models",
    "avatar-async retry anchor-03 anchor-04 --out models",
)
ABANDON_HELP = """Give jobs up: they are neither submitted nor watched nor fetched any more.

A task that the service is working on is not stopped there.
""" + arguments(("JOB", "Names of jobs."))
ABANDON_EXAMPLES = examples("avatar-async abandon anchor-03 anchor-04 --out models")

_jobs = click.argument("jobs", metavar="JOB...", nargs=-1, required=True)


@click.command(help=RESOLVE_HELP, epilog=RESOLVE_EXAMPLES)
@click.argument("job", metavar="JOB")
@click.option("--task-id", type=values.task_id, metavar="ID", help="The task exists: this is its id.")
@click.option("--resubmit", is_flag=True, help="There is no task: send it again.")
@click.option("--abandon", is_flag=True, help="Give the job up.")
@opt.out_or_here
@opt.ledger
def resolve(
    job: str,
    task_id: int | None,
    resubmit: bool,
    abandon: bool,
    out: Path | None,
    ledger: Path | None,
) -> None:
    """Settle a job in doubt."""
    if (task_id is not None) + resubmit + abandon != 1:
        message = "give exactly one of --task-id ID, --resubmit and --abandon."
        raise click.BadParameter(message, param_hint="'--task-id' / '--resubmit' / '--abandon'")

    async def decide(store: "Ledger") -> "list[Job]":
        from avatar_async._jobs.records import DEFAULT_BATCH
        from avatar_async.orchestrator import commands

        settled = await commands.resolve(
            store,
            DEFAULT_BATCH,
            job,
            task_id=task_id,
            resubmit=resubmit,
            abandon=abandon,
            at=datetime.now(UTC),
        )
        return [settled]

    _apply(decide, out, ledger)


@click.command(help=RETRY_HELP, epilog=RETRY_EXAMPLES)
@_jobs
@opt.out_or_here
@opt.ledger
def retry(jobs: Sequence[str], out: Path | None, ledger: Path | None) -> None:
    """Plan ended jobs anew."""

    async def decide(store: "Ledger") -> "list[Job]":
        from avatar_async._jobs.records import DEFAULT_BATCH
        from avatar_async.cli import places
        from avatar_async.orchestrator import commands

        where = places.place_of(out, ledger).where
        return await commands.retry(store, DEFAULT_BATCH, jobs, at=datetime.now(UTC), where=where)

    _apply(decide, out, ledger)


@click.command(help=ABANDON_HELP, epilog=ABANDON_EXAMPLES)
@_jobs
@opt.out_or_here
@opt.ledger
def abandon(jobs: Sequence[str], out: Path | None, ledger: Path | None) -> None:
    """Give jobs up."""

    async def decide(store: "Ledger") -> "list[Job]":
        from avatar_async._jobs.records import DEFAULT_BATCH
        from avatar_async.orchestrator import commands

        return await commands.abandon(store, DEFAULT_BATCH, jobs, at=datetime.now(UTC))

    _apply(decide, out, ledger)


def _apply(
    decide: Callable[["Ledger"], Awaitable["list[Job]"]], out: Path | None, ledger: Path | None
) -> None:
    async def work() -> int:
        from avatar_async._jobs.states import State
        from avatar_async.cli import places
        from avatar_async.cli.render.text import one_line

        place = places.place_of(out, ledger)
        async with places.opened(place, read_only=False) as store:
            changed = await decide(store)
        for job in changed:
            tail = f" (task {job.task_id})" if job.task_id is not None else ""
            sys.stdout.write(f"{one_line(job.name)}: now {job.state}{tail}\n")
        if any(job.unseen for job in changed):
            sys.stdout.flush()
            exits.tell("A run checks that id and brings its results home: start one if none is active")
        again = [one_line(job.name) for job in changed if job.state is State.PLANNED and job.attempt > 1]
        if again:
            sys.stdout.flush()
            exits.tell(f"The next run makes a new task, which the service may charge for: {', '.join(again)}")
        return exits.ExitCode.DONE

    exits.leave(work)
