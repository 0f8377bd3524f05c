"""`status`: the jobs of a ledger, for people or as JSON."""

import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from avatar_async.cli import exits, values
from avatar_async.cli import options as opt
from avatar_async.cli.pages import examples

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from rich.console import Console

    from avatar_async._jobs.records import Job
    from avatar_async._jobs.states import State
    from avatar_async._storage.ledger import Ledger
    from avatar_async.cli.render.table import Table

HELP = """Show the jobs: state, age, task id, expiry countdown and what to do.

Works while a run is active. Reads the ledger only: nothing is sent. Of more than 200 jobs the table shows
what needs a person and what goes on, and says how many it leaves out; --all shows every one.
"""
EXAMPLES = examples(
    ("avatar-async status --out models", "a table"),
    ("avatar-async status --out models --state failed --all", "every failed job"),
    ("avatar-async status --out models --json", "one JSON document, for programs"),
    ("avatar-async status --out models --json --open", "the same of the jobs that have not ended"),
)
#: Jobs of which the table shows every one.
_MOST = 200
_STATES = (
    *("planned", "submitting", "in_doubt", "rejected", "in_flight", "ready", "fetching"),
    *("stored", "failed", "expired", "abandoned"),
)


@click.command(help=HELP, epilog=EXAMPLES)
@opt.out_or_here
@opt.ledger
@click.option("--json", is_flag=True, help="One JSON document on stdout.")
@click.option(
    "--state",
    "only",
    multiple=True,
    type=values.one_of(*_STATES),
    metavar="STATE",
    help="Only jobs of this state; may be given several times.",
)
@click.option("--open", "only_open", is_flag=True, help="Only jobs that have not ended.")
@click.option("--all", "everything", is_flag=True, help="Every job in the table, however many there are.")
def status(
    out: Path | None,
    ledger: Path | None,
    json: bool,
    only: tuple[str, ...],
    only_open: bool,
    everything: bool,
) -> None:
    """Show the jobs of a ledger."""

    async def work() -> int:
        from avatar_async._jobs.states import OPEN, State
        from avatar_async.cli import places

        states = {State(word) for word in only} | (OPEN if only_open else set())
        place = places.place_of(out, ledger)
        async with places.opened(place, read_only=True) as store:
            if json:
                await _print_document(store, place.where, states or None)
            else:
                await _print_table(store, place.where, states or None, everything=everything)
        return exits.ExitCode.DONE

    exits.leave(work)


async def _print_document(ledger: "Ledger", where: str, states: "Collection[State] | None") -> None:
    """Print the document page by page."""
    from avatar_async.cli import listing

    async for piece in listing.document(ledger, datetime.now(UTC), where=where, states=states):
        sys.stdout.write(piece)


async def _print_table(
    ledger: "Ledger", where: str, states: "Collection[State] | None", *, everything: bool
) -> None:
    from rich.console import Console

    from avatar_async.cli import listing
    from avatar_async.cli.render.summary import numbers_line
    from avatar_async.cli.render.table import Table

    console = Console(highlight=False, markup=False, emoji=False)
    known = await listing.facts(ledger, datetime.now(UTC), most_unfetched=None if everything else _MOST)
    wanted = {state: count for state, count in known.counts.items() if states is None or state in states}
    number = sum(wanted.values())
    style: dict[str, Any] = {
        "now": known.now,
        "width": console.width,
        "where": where,
        "deadlines_s": known.deadlines_s,
        "late": known.late,
    }
    shown: Counter[State] = Counter()
    if everything and number > _MOST:
        written = Table(**style)
        console.print(written.heading(), soft_wrap=True)
        async for page in listing.pages(ledger, states):
            await _print_jobs(console, written, ledger, page)
            shown.update(job.state for job in page)
    else:
        if number > _MOST and states is None:
            jobs = await listing.selection(ledger)
        else:
            jobs = [job async for page in listing.pages(ledger, states, limit=_MOST) for job in page]
        written = Table(**style, fitted_to=jobs)
        console.print(written.heading(), soft_wrap=True)
        await _print_jobs(console, written, ledger, jobs)
        shown.update(job.state for job in jobs)
    console.print(f"\n{numbers_line(known.counts)}", soft_wrap=True)
    _print_rest(console, Counter(wanted) - shown, where)
    for line in written.outlook():
        console.print(line, soft_wrap=True)


async def _print_jobs(console: "Console", written: "Table", ledger: "Ledger", jobs: "Sequence[Job]") -> None:
    from avatar_async.cli import listing

    needed = await listing.needed(ledger, jobs)
    for job in jobs:
        for line in written.lines(job, needed):
            console.print(line, soft_wrap=True)


def _print_rest(console: "Console", hidden: "Counter[State]", where: str) -> None:
    """Say how many jobs the table leaves out."""
    from avatar_async.cli.program import program
    from avatar_async.cli.render.summary import numbers

    if hidden:
        command = " ".join(filter(None, (f"{program()} status", where, "--all")))
        console.print(f"and {hidden.total()} more, not shown here: {numbers(hidden)}", soft_wrap=True)
        console.print(f"to see every one: {command}", soft_wrap=True)
