"""What the command line says of a run, and what must hold before one begins."""

import asyncio
import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
from attrs import field, fields_dict, frozen

from avatar_async._jobs.records import JobSpec
from avatar_async.cli import exits, logs, places
from avatar_async.cli.embedded import ORIGIN, uses_embedded
from avatar_async.cli.manner import Manner
from avatar_async.cli.render.problems import problem_line
from avatar_async.errors import ConfigError
from avatar_async.manifests import ManifestBatch, read_manifests
from avatar_async.orchestrator import RunOptions
from avatar_async.requests import Validation
from avatar_async.settings import Settings

#: Seconds after which a person is told that manifests are being read.
_LONG_S = 1.0
_THREE_WAYS = (
    "{lack}. Three ways on:\n"
    "  export AVATAR_APP_ID=... AVATAR_APP_KEY=...  your account's appId and appKey\n"
    "  export AVATAR_TOKEN=...                      an access token you already have\n"
    "  add --emulator                               try it on the embedded service"
)


@frozen(kw_only=True)
class Given:
    """What the command line says of a run; None leaves it to the profile.

    Attributes:
        place: Where results and ledger lie.
        manner: How the run shows itself.
        profile: Settings file.
        endpoint: Origin of the service.
        embedded: Whether the embedded service is used.
        faults: What goes wrong there.
        max_creates: Create calls at most.
        until_s: Seconds after which the run stops.
    """

    place: places.Place
    manner: Manner = field(factory=Manner)
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

    def settings(self) -> Settings:
        """Read the settings, the command line's winning.

        Raises:
            ConfigError: Settings are wrong.
        """
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

    def run_options(self, settings: Settings) -> RunOptions:
        """Return the options of the run; the manifests were validated when they were read."""
        return RunOptions.from_settings(
            settings,
            max_creates=self.max_creates,
            validation="off",
            allow_duplicate=self.allow_duplicate,
            rebind=self.rebind,
            rebuild_ledger=self.rebuild_ledger,
            until_s=self.until_s,
        )


def taken(values: Mapping[str, Any]) -> tuple[Given, dict[str, Any]]:
    """Open the debug log, and return what options say of a run, and what is a command's own among them.

    Args:
        values: The command line's values, by the names of their parameters (`cli.options`).

    Raises:
        ConfigError: The folder or the ledger cannot be such.
    """
    own = dict(values)
    logs.open_log(own.pop("log_file"))
    given = Given(
        place=places.place_of(own.pop("out"), own.pop("ledger")),
        manner=Manner(json=own.pop("json"), quiet=own.pop("quiet")),
        **{name: own.pop(name) for name in fields_dict(Given) if name in own},
    )
    return given, own


async def read(
    manifests: Sequence[Path], validation: Validation, *, quiet: bool, say: Callable[[str], None] = exits.tell
) -> list[JobSpec]:
    """Read the manifests and show their warnings; cancelled, it leaves at once, however long they are.

    Args:
        manifests: Their files.
        validation: How strict to be.
        quiet: Whether warnings are left out.
        say: Tells a person that it takes a while.

    Raises:
        ManifestError: They have problems; carries all of them.
    """
    outcome: list[ManifestBatch | Exception] = []
    caught: list[str] = []
    loop, done = asyncio.get_running_loop(), anyio.Event()

    def work() -> None:
        try:
            with warnings.catch_warnings(record=True) as found:
                warnings.simplefilter("always", DeprecationWarning)
                outcome.append(read_manifests(manifests, validation=validation))
            caught.extend(str(warning.message) for warning in found)
        except Exception as error:  # noqa: BLE001 - handed to who waits
            outcome.append(error)
        with suppress(RuntimeError):  # the loop is gone, and with it who waited
            loop.call_soon_threadsafe(done.set)

    # The end of the process waits for anyio's own threads, and nothing ends one that reads.
    threading.Thread(target=work, name="manifests", daemon=True).start()
    with anyio.move_on_after(_LONG_S):
        await done.wait()
    if not done.is_set():
        say(f"Reading {manifests[0] if len(manifests) == 1 else f'{len(manifests)} manifests'} ...")
        await done.wait()
    [batch] = outcome
    if isinstance(batch, Exception):
        raise batch
    if not quiet:
        for line in [*caught, *map(problem_line, batch.warnings)]:
            exits.tell(f"warning: {line}")
    return list(batch.jobs)


def check_service(settings: Settings, specs: Sequence[JobSpec], *, embedded: bool) -> None:
    """Refuse, before anything is opened, a run that could not be paid for or served.

    Raises:
        ConfigError: There are no credentials, or no embedded service where one is meant.
    """
    if embedded:
        return
    if settings.token is None and (settings.app_id is None or settings.app_key is None):
        raise ConfigError(_THREE_WAYS.format(lack=_lack(settings)))
    ours = [spec.name for spec in specs if uses_embedded(spec.request)]
    if ours:
        message = f"job {ours[0]} uses {ORIGIN}/..., a clip of the embedded service: add --emulator, "
        message += "or use a URL that the service at your endpoint can reach"
        raise ConfigError(message)


def _lack(settings: Settings) -> str:
    if settings.app_id is not None:
        return "the credentials are not whole: AVATAR_APP_KEY is missing beside AVATAR_APP_ID"
    if settings.app_key is not None:
        return "the credentials are not whole: AVATAR_APP_ID is missing beside AVATAR_APP_KEY"
    return "there are no credentials"
