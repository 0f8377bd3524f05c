"""`fetch`: bring home the results of tasks that were made elsewhere."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from avatar_async.cli import values
from avatar_async.cli.giving import giving
from avatar_async.cli.pages import arguments, examples

if TYPE_CHECKING:
    from avatar_async.cli.given import Given
    from avatar_async.orchestrator import Orchestrator

HELP = """Adopt tasks made elsewhere and bring their results home.

Asks the service for the task ids, waits until the tasks are finished, and
stores their files, verified, in DIR/task-ID/. Creates nothing. The same command
goes on with what was interrupted.
""" + arguments(("TASK_ID", "Ids of tasks, as the service's console shows them."))
EXAMPLES = examples(
    "avatar-async fetch 8123401 8123402 --out models --profile avatar.toml",
    ("avatar-async fetch 8123403 --kind training --out models", "the service does not tell the kind"),
)
_KINDS = ("training", "rebuild", "image_preview", "video_preview", "takeover")


@click.command(help=HELP, epilog=EXAMPLES)
@click.argument("task_ids", metavar="TASK_ID...", nargs=-1, required=True, type=values.task_id)
@giving(
    first=(
        click.option(
            "--kind",
            type=values.one_of(*_KINDS),
            metavar="KIND",
            help="What the tasks make, where the service does not say.",
        ),
    ),
    creates=False,
)
async def fetch(given: "Given", *, task_ids: Sequence[int], kind: str | None) -> int:
    """Adopt tasks made elsewhere and bring their results home."""
    from attrs import evolve

    from avatar_async.cli.given import check_service
    from avatar_async.cli.program import again_command
    from avatar_async.cli.service import open_service
    from avatar_async.cli.session import conclude, conduct
    from avatar_async.orchestrator import Orchestrator
    from avatar_async.requests import Kind

    settings = given.settings()
    check_service(settings, (), embedded=given.embedded)
    ours: set[str] = set()

    async def feed(orchestrator: "Orchestrator") -> None:
        jobs = await orchestrator.adopt_all(task_ids, kind=Kind(kind) if kind else None)
        ours.update(job.id for job in jobs)

    async with open_service(settings, given.place, embedded=given.embedded) as service:
        orchestrator = Orchestrator(
            service, out=given.place.out, ledger=given.place.ledger, options=given.run_options(settings)
        )
        outcome = await conduct(orchestrator, feed, given.manner)
    outcome = evolve(outcome, jobs=[job for job in outcome.jobs if job.id in ours])
    return conclude(outcome, given.place, given.manner, again_command())
