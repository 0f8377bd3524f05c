"""`fetch`: bring home the results of tasks that were made elsewhere."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from avatar_async.cli import exits, values
from avatar_async.cli import options as opt
from avatar_async.cli.pages import arguments, examples

if TYPE_CHECKING:
    from avatar_async.orchestrator import Orchestrator

HELP = """Adopt tasks made elsewhere and bring their results home.

Asks the service for each task id, waits until the task is finished, and stores
its files in DIR/task-ID/ with size and SHA-256 checked. Creates nothing. The
same command goes on with what was interrupted.
""" + arguments(("TASK_ID", "Ids of tasks, as the service's console shows them."))
EXAMPLES = examples(
    "avatar-async fetch 8123401 8123402 --out models --profile avatar.toml",
    ("avatar-async fetch 8123403 --kind training --out models", "the service does not tell the kind"),
)
_KINDS = ("training", "rebuild", "image_preview", "video_preview", "takeover")


@click.command(help=HELP, epilog=EXAMPLES)
@click.argument("task_ids", metavar="TASK_ID...", nargs=-1, required=True, type=values.task_id)
@opt.out
@click.option(
    "--kind",
    type=values.one_of(*_KINDS),
    metavar="KIND",
    help="What the tasks make, where the service does not say.",
)
@opt.embedded
@opt.endpoint
@opt.profile
@opt.poll_rate
@opt.fetches
@opt.bandwidth
@opt.until
@opt.ledger
@opt.rebind
@opt.rebuild_ledger
@opt.json
@opt.quiet
@opt.log_file
def fetch(
    task_ids: Sequence[int],
    out: Path,
    kind: str | None,
    embedded: bool,
    endpoint: str | None,
    profile: Path | None,
    poll_rate: float | None,
    fetches: int | None,
    bandwidth: int | None,
    until: float | None,
    ledger: Path | None,
    rebind: bool,
    rebuild_ledger: bool,
    json: bool,
    quiet: bool,
    log_file: Path | None,
) -> None:
    """Adopt tasks made elsewhere and bring their results home."""

    async def work() -> int:
        from attrs import evolve

        from avatar_async.cli import logs, places
        from avatar_async.cli.given import Given, check_service
        from avatar_async.cli.program import again_command
        from avatar_async.cli.service import open_service
        from avatar_async.cli.session import Manner, conclude, conduct
        from avatar_async.orchestrator import Orchestrator
        from avatar_async.requests import Kind

        logs.open_log(log_file)
        given = Given(
            place=places.place_of(out, ledger),
            profile=profile,
            endpoint=endpoint,
            embedded=embedded,
            max_creates=0,
            poll_rate=poll_rate,
            fetches=fetches,
            bandwidth_bytes_s=bandwidth,
            rebind=rebind,
            rebuild_ledger=rebuild_ledger,
            until_s=until,
        )
        settings = given.settings()
        check_service(settings, (), embedded=embedded)
        ours: set[str] = set()

        async def feed(orchestrator: "Orchestrator") -> None:
            for task_id in task_ids:
                job = await orchestrator.adopt(task_id, kind=Kind(kind) if kind else None)
                ours.add(job.id)

        async with open_service(settings, given.place, embedded=embedded) as service:
            orchestrator = Orchestrator(
                service, out=given.place.out, ledger=given.place.ledger, options=given.run_options(settings)
            )
            outcome = await conduct(orchestrator, feed, Manner(json=json, quiet=quiet))
        outcome = evolve(outcome, jobs=[job for job in outcome.jobs if job.id in ours])
        return conclude(outcome, given.place, Manner(json=json, quiet=quiet), again_command())

    exits.leave(work)
