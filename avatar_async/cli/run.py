"""`run`: submit the jobs of manifests, watch them, bring their files home; the same command resumes."""

import warnings
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from avatar_async.cli import exits, logs, places
from avatar_async.cli import options as opt
from avatar_async.cli.callbacks import callbacks_of
from avatar_async.cli.program import again_command
from avatar_async.errors import ConfigError

if TYPE_CHECKING:
    from avatar_async._jobs.records import JobSpec
    from avatar_async.orchestrator import Orchestrator, RunOptions
    from avatar_async.requests import Validation
    from avatar_async.settings import Settings

HELP = """Run a batch until it ends, or go on with it.

Reads job manifests, submits each job once, watches the tasks, and stores their
files in DIR/JOB/ with size and SHA-256 checked. All that is known stands in
DIR/ledger.db: after Ctrl-C, a crash or a power cut the same command goes on.

Credentials come from AVATAR_APP_ID and AVATAR_APP_KEY (or AVATAR_TOKEN), the
service from AVATAR_ENDPOINT, everything else from the profile (AVATAR_PROFILE).
{arguments}
\b
Exit codes:
  0    every job is stored or abandoned
  1    a job ended badly, is not finished, or needs a person
  2    bad usage, manifest or configuration: nothing was sent
  130  Ctrl-C, 143 SIGTERM: the same command goes on
""".format(arguments=opt.arguments(("MANIFEST", "Files with jobs: TOML, JSON, JSON Lines or CSV.")))
EXAMPLES = opt.examples(
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

_THREE_WAYS = (
    "{lack}. Three ways on:\n"
    "  export AVATAR_APP_ID=... AVATAR_APP_KEY=...    your account's appId and appKey\n"
    "  export AVATAR_TOKEN=...                        an access token you already have\n"
    "  add --emulator                                 try it on the embedded service"
)


@dataclass(frozen=True, kw_only=True)  # attrs is an eighth of the time that --help takes
class Given:
    """What the command line says of a run; None leaves it to the profile.

    Attributes:
        place: Where results and ledger lie.
        profile: Settings file.
        endpoint: Origin of the service.
        embedded: Whether the embedded service is used.
        faults: What goes wrong there.
        max_creates: Create calls at most.
        until_s: Seconds after which the run stops.
    """

    place: places.Place
    profile: Path | None = None
    endpoint: str | None = None
    embedded: bool = False
    faults: str | None = None
    max_in_flight: int | None = None
    max_creates: int | None = None
    poll_rate: float | None = None
    fetches: int | None = None
    bandwidth_bytes_s: int | None = None
    validation: str | None = None
    allow_duplicate: bool = False
    rebind: bool = False
    rebuild_ledger: bool = False
    until_s: float | None = None

    def settings(self) -> "Settings":
        """Read the settings, the command line's winning.

        Raises:
            ConfigError: Settings are wrong.
        """
        from avatar_async.settings import Settings

        if self.embedded and self.endpoint is not None:
            message = "--emulator and --endpoint exclude each other: give one of them"
            raise ConfigError(message)
        if self.faults is not None and not self.embedded:
            message = f"--faults {self.faults!r} needs --emulator: only the embedded service fails on order"
            raise ConfigError(message)
        loaded = Settings.load(
            profile=self.profile,
            endpoint=self.endpoint,
            max_in_flight=self.max_in_flight,
            poll_rate=self.poll_rate,
            fetches=self.fetches,
            bandwidth_bytes_s=self.bandwidth_bytes_s,
            validation=self.validation,
        )
        logs.hide([loaded.app_key, loaded.token, loaded.callback_secret])
        return loaded

    def run_options(self, settings: "Settings") -> "RunOptions":
        """Return the options of the run; the manifests were validated when they were read."""
        from avatar_async.orchestrator import RunOptions

        return RunOptions.from_settings(
            settings,
            max_creates=self.max_creates,
            validation="off",
            allow_duplicate=self.allow_duplicate,
            rebind=self.rebind,
            rebuild_ledger=self.rebuild_ledger,
            until_s=self.until_s,
        )


def run(
    manifests: opt.Manifests,
    out: opt.Out,
    embedded: opt.Embedded = False,
    faults: opt.Faults = None,
    endpoint: opt.Endpoint = None,
    profile: opt.Profile = None,
    max_in_flight: opt.MaxInFlight = None,
    max_creates: opt.MaxCreates = None,
    poll_rate: opt.PollRate = None,
    fetches: opt.Fetches = None,
    bandwidth: opt.Bandwidth = None,
    validation: opt.ValidationMode = None,
    no_preflight: Annotated[
        bool, typer.Option("--no-preflight", help="Skip checks of the media (this version makes none).")
    ] = False,
    allow_duplicate: Annotated[
        bool, typer.Option("--allow-duplicate", help="Submit a request again under another name.")
    ] = False,
    until: opt.Until = None,
    callback_port: opt.CallbackPort = None,
    callback_host: opt.CallbackHost = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be submitted; send nothing.")
    ] = False,
    ledger: opt.LedgerFile = None,
    rebind: opt.Rebind = False,
    rebuild_ledger: opt.RebuildLedger = False,
    json: opt.Json = False,
    quiet: opt.Quiet = False,
    log_file: opt.LogFile = None,
) -> None:
    """Run a batch until it ends, or go on with it."""
    del no_preflight

    async def work() -> int:
        from avatar_async.cli.service import open_service, read_faults
        from avatar_async.cli.session import Manner, conclude, conduct

        logs.open_log(log_file)
        given = Given(
            place=places.place_of(out, ledger),
            profile=profile,
            endpoint=endpoint,
            embedded=embedded,
            faults=faults,
            max_in_flight=max_in_flight,
            max_creates=max_creates,
            poll_rate=poll_rate,
            fetches=fetches,
            bandwidth_bytes_s=bandwidth,
            validation=validation,
            allow_duplicate=allow_duplicate,
            rebind=rebind,
            rebuild_ledger=rebuild_ledger,
            until_s=until,
        )
        settings = given.settings()
        plan = read_faults(faults)
        specs = read(manifests, settings.validation, quiet=quiet)
        if dry_run:
            from avatar_async.cli.dry_run import preview

            return await preview(specs, given.place, given.run_options(settings))
        check_service(settings, specs, embedded=embedded)

        manner = Manner(json=json, quiet=quiet)
        callbacks = callbacks_of(settings, callback_port, callback_host)
        # A free port is known from this line alone, so that no manner may leave it out.
        tell = manner.say if callback_port else exits.tell
        async with open_service(
            settings, given.place, embedded=embedded, faults=plan, specs=specs, say=manner.say
        ) as service:
            from avatar_async.orchestrator import Orchestrator

            orchestrator = Orchestrator(
                service, out=given.place.out, ledger=given.place.ledger, options=given.run_options(settings)
            )

            async def feed(orchestrator: "Orchestrator") -> None:
                if callbacks is not None:
                    await stack.enter_async_context(callbacks.serving(orchestrator, tell))
                await orchestrator.add_all(specs)

            async with AsyncExitStack() as stack:
                outcome = await conduct(orchestrator, feed, manner)
        return conclude(outcome, given.place, manner, again_command())

    exits.leave(work)


def read(manifests: Sequence[Path], validation: "Validation", *, quiet: bool) -> "list[JobSpec]":
    """Read the manifests and show their warnings.

    Raises:
        ManifestError: They have problems; carries all of them.
    """
    from avatar_async.cli.render.problems import problem_line
    from avatar_async.manifests import read_manifests

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DeprecationWarning)
        batch = read_manifests(manifests, validation=validation)
    if not quiet:
        for warning in caught:
            exits.tell(f"warning: {warning.message}")
        for problem in batch.warnings:
            exits.tell(f"warning: {problem_line(problem)}")
    return list(batch.jobs)


def check_service(settings: "Settings", specs: "Sequence[JobSpec]", *, embedded: bool) -> None:
    """Refuse, before anything is opened, a run that could not be paid for or served.

    Raises:
        ConfigError: There are no credentials, or no embedded service where one is meant.
    """
    from avatar_async.cli.embedded import ORIGIN, uses_embedded

    if embedded:
        return
    if settings.token is None and (settings.app_id is None or settings.app_key is None):
        raise ConfigError(_THREE_WAYS.format(lack=_lack(settings)))
    ours = [spec.name for spec in specs if uses_embedded(spec.request)]
    if ours:
        message = f"job {ours[0]} uses {ORIGIN}/..., a clip of the embedded service: add --emulator, "
        message += "or use a URL that the service at your endpoint can reach"
        raise ConfigError(message)


def _lack(settings: "Settings") -> str:
    if settings.app_id is not None:
        return "the credentials are not whole: AVATAR_APP_KEY is missing beside AVATAR_APP_ID"
    if settings.app_key is not None:
        return "the credentials are not whole: AVATAR_APP_ID is missing beside AVATAR_APP_KEY"
    return "there are no credentials"
