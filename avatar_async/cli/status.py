"""`status`: every job of a ledger, for people or as JSON."""

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from avatar_async.cli import exits
from avatar_async.cli import options as opt
from avatar_async.cli.pages import examples

if TYPE_CHECKING:
    from avatar_async._jobs.records import Job

HELP = """Show every job: state, age, task id, expiry countdown and what to do.

Works while a run is active. Reads the ledger only: nothing is sent.
"""
EXAMPLES = examples(
    ("avatar-async status --out models", "a table"),
    ("avatar-async status --out models --json", "one JSON document, for programs"),
)


@click.command(help=HELP, epilog=EXAMPLES)
@opt.out_or_here
@opt.ledger
@click.option("--json", is_flag=True, help="One JSON document on stdout.")
def status(out: Path | None, ledger: Path | None, json: bool) -> None:
    """Show the jobs of a ledger."""

    async def work() -> int:
        from avatar_async.cli import places
        from avatar_async.orchestrator.status import deadlines_of, speed_of

        place = places.place_of(out, ledger)
        async with places.opened(place, read_only=True) as store:
            jobs = await store.jobs()
            deadlines_s = await deadlines_of(store)
            speed_bytes_s = await speed_of(store)
        if json:
            _print_document(jobs, place.where, deadlines_s, speed_bytes_s)
        else:
            _print_table(jobs, place.where, deadlines_s, speed_bytes_s)
        return exits.ExitCode.DONE

    exits.leave(work)


def _print_document(
    jobs: "list[Job]", where: str, deadlines_s: Mapping[str, float], speed_bytes_s: float | None
) -> None:
    from json import dumps

    from avatar_async.orchestrator.status import status_document

    document = status_document(jobs, datetime.now(UTC), where, deadlines_s, speed_bytes_s)
    sys.stdout.write(dumps(document, ensure_ascii=False, indent=2) + "\n")


def _print_table(
    jobs: "list[Job]", where: str, deadlines_s: Mapping[str, float], speed_bytes_s: float | None
) -> None:
    from rich.console import Console

    from avatar_async.cli.render.table import table

    console = Console(highlight=False, markup=False, emoji=False)
    lines = table(
        jobs,
        now=datetime.now(UTC),
        width=console.width,
        where=where,
        deadlines_s=deadlines_s,
        speed_bytes_s=speed_bytes_s,
    )
    for line in lines:
        console.print(line, soft_wrap=True)
