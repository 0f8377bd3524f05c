"""`demo`: the whole way of a mixed batch, on the embedded service."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from avatar_async.cli import exits, values
from avatar_async.cli import options as opt
from avatar_async.cli.pages import examples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from avatar_async._jobs.records import Job
    from avatar_async.orchestrator import Orchestrator

HELP = """See it work: run a batch of all five kinds on an embedded service.

Makes small green-screen clips, serves them on this machine, and submits
trainings, rebuilds, previews and a takeover; their models, thumbnails and
previews are made from the clips and brought home as verified files. No account
and no network are needed. A second time finds everything done.
"""
EXAMPLES = examples(
    "avatar-async demo",
    ("avatar-async demo --out /tmp/demo --jobs 40", "more jobs, elsewhere"),
)
#: Fewest jobs with which every kind and every way of tuning is shown.
FEWEST_JOBS = 10
_MOST_JOBS = 1000
_DEFAULT_JOBS = 12
_POLL_RATE = 20.0


@click.command(help=HELP, epilog=EXAMPLES)
@click.option(
    "--out",
    type=values.PATH,
    default=Path("avatar-demo"),
    show_default=True,
    metavar="DIR",
    help="Folder of the results.",
)
@click.option(
    "--jobs",
    type=values.whole(FEWEST_JOBS, _MOST_JOBS, such_as=_DEFAULT_JOBS),
    default=_DEFAULT_JOBS,
    show_default=True,
    metavar="N",
    help=f"How many jobs, from {FEWEST_JOBS} to {_MOST_JOBS}.",
)
@opt.json
@opt.quiet
@opt.log_file
def demo(out: Path, jobs: int, json: bool, quiet: bool, log_file: Path | None) -> None:
    """Run a mixed batch on the embedded service."""

    async def work() -> int:
        from avatar_async.cli import logs, places
        from avatar_async.cli.demo_batch import demo_batch
        from avatar_async.cli.manner import Manner
        from avatar_async.cli.program import again_command
        from avatar_async.cli.service import open_service
        from avatar_async.cli.session import conclude, conduct
        from avatar_async.orchestrator import Orchestrator
        from avatar_async.settings import Settings

        logs.open_log(log_file)
        place = places.place_of(out, None)
        specs = demo_batch(jobs)
        manner = Manner(json=json, quiet=quiet)
        if not manner.silent:
            sys.stdout.write(f"Running {len(specs)} jobs on an embedded service; results go to {out}\n")
            sys.stdout.flush()

        async def feed(orchestrator: "Orchestrator") -> None:
            await orchestrator.add_all(specs)

        async with open_service(Settings(), place, embedded=True, specs=specs, say=manner.say) as service:
            orchestrator = Orchestrator(service, out=out, poll_rate=_POLL_RATE)
            outcome = await conduct(orchestrator, feed, manner)
        if not (manner.silent or outcome.signal_code):
            _show_results(outcome.jobs)
        code = conclude(outcome, place, manner, again_command())
        if code == exits.ExitCode.DONE and not manner.silent:
            _show_next(out, place.where)
        return code

    exits.leave(work)


def _show_results(jobs: "Sequence[Job]") -> None:
    from rich.console import Console

    from avatar_async.cli.render.results import results

    console = Console(highlight=False, markup=False, emoji=False)
    for line in results(jobs, width=console.width):
        console.print(line, soft_wrap=True)
    sys.stdout.write("\n")


def _show_next(out: Path, where: str) -> None:
    import shlex
    import shutil

    from avatar_async.cli.program import program

    command = program()
    rows = (
        (f"ls {shlex.quote(str(out))}/*", "the files, a folder for each job"),
        (f"{command} status {where}", "every job, its task and what to do"),
        (f"{command} demo {where}", "again: nothing is submitted twice"),
        (f"{command} init", "a manifest and a profile of your own"),
    )
    width = max(len(command) for command, _ in rows)
    lines = [f"  {command:<{width}}  # {text}" for command, text in rows]
    if max(map(len, lines)) > shutil.get_terminal_size().columns:
        lines = [line for command, text in rows for line in (f"  # {text}", f"  {command}")]
    sys.stdout.write("".join(f"{line}\n" for line in ("", "What to try next:", *lines)))
