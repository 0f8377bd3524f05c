"""`run`: submit the jobs of manifests, watch them, bring their files home; the same command resumes."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from avatar_async.cli import exits
from avatar_async.cli import options as opt
from avatar_async.cli.giving import giving
from avatar_async.cli.pages import arguments, examples

if TYPE_CHECKING:
    from avatar_async.cli.given import Given
    from avatar_async.orchestrator import Orchestrator

HELP = """Run a batch until it ends, or go on with it.

Reads job manifests, submits each job once, watches the tasks, and stores their
files, verified, in DIR/JOB/. All that is known stands in DIR/ledger.db: after
Ctrl-C, a crash or a power cut the same command goes on.

Credentials come from AVATAR_APP_ID and AVATAR_APP_KEY (or AVATAR_TOKEN), the
service from AVATAR_ENDPOINT, everything else from the profile (AVATAR_PROFILE).
{arguments}
\b
Exit codes:
  0    every job is stored or abandoned
  1    a job ended badly, is not finished, or needs a person
  2    bad usage, manifest or configuration: nothing was sent
  129  SIGHUP (a closed terminal), 130 Ctrl-C, 143 SIGTERM: the same command
       goes on
""".format(arguments=arguments(("MANIFEST", "Files with jobs: TOML, JSON, JSON Lines or CSV.")))
EXAMPLES = examples(
    ("avatar-async run batch.toml --out models --emulator", "try it without an account"),
    (
        "avatar-async run b.toml --out out --emulator --faults create:reset-after@9%",
        "see what a lost reply does",
    ),
    ("avatar-async run batch.toml --out models --dry-run", "see what would be submitted"),
    ("avatar-async run batch.toml --out models --profile avatar.toml", "for real"),
    (
        "avatar-async run batch.toml --out models --callback-port 8799",
        "the service posts to http://127.0.0.1:8799/callback",
    ),
    ("avatar-async run a.csv b.jsonl --out models --until 2h30m --json", "for programs, for a while"),
)

#: Jobs of which taking them up takes a while.
_MANY = 5000


@click.command(help=HELP, epilog=EXAMPLES)
@opt.manifests
@giving(
    after_limits=(
        opt.validation,
        opt.no_preflight,
        click.option("--allow-duplicate", is_flag=True, help="Submit a request again under another name."),
    ),
    after_until=(
        opt.callback_port,
        opt.callback_host,
        click.option("--dry-run", is_flag=True, help="Show what would be submitted; send nothing."),
    ),
)
async def run(
    given: "Given",
    *,
    manifests: Sequence[Path],
    no_preflight: bool,
    callback_port: int | None,
    callback_host: str | None,
    dry_run: bool,
) -> int:
    """Run a batch until it ends, or go on with it."""
    from avatar_async._storage.lock import RunnerLock
    from avatar_async.cli.callbacks import callbacks_of
    from avatar_async.cli.given import check_service, read
    from avatar_async.cli.preflight import preflight_of
    from avatar_async.cli.program import again_command
    from avatar_async.cli.service import open_service, read_faults
    from avatar_async.cli.session import conclude, conduct

    place, manner = given.place, given.manner
    settings = given.settings()
    plan = read_faults(given.faults)
    specs = await read(manifests, settings.validation, quiet=manner.quiet, say=manner.say)
    if dry_run:
        from avatar_async.cli.dry_run import preview

        return await preview(specs, place, given.run_options(settings))
    check_service(settings, specs, embedded=given.embedded)

    callbacks = callbacks_of(settings, callback_port, callback_host)
    async with AsyncExitStack() as stack:
        server = None
        if callbacks is not None:
            # A free port is known from this line alone, so that no manner may leave it out.
            tell = manner.say if callback_port else exits.tell
            if place.ledger.exists():  # who holds the port may be the run that holds the ledger
                async with RunnerLock(place.ledger):
                    pass
            server = await stack.enter_async_context(callbacks.serving(tell))
        service = await stack.enter_async_context(
            open_service(settings, place, embedded=given.embedded, faults=plan, specs=specs, say=manner.say)
        )
        from avatar_async.orchestrator import Orchestrator

        orchestrator = Orchestrator(
            service, out=place.out, ledger=place.ledger, options=given.run_options(settings)
        )

        preflight = None if no_preflight else preflight_of(settings, service, manner)

        async def feed(orchestrator: "Orchestrator") -> None:
            if preflight is not None:
                await preflight.check(orchestrator, specs)
            if server is not None:
                server.receive = orchestrator.receive_callback
            if len(specs) >= _MANY:
                manner.say(f"Taking up {len(specs)} jobs ...")
            await orchestrator.add_all(specs)

        outcome = await conduct(orchestrator, feed, manner)
    return conclude(outcome, place, manner, again_command())
