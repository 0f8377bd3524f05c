"""The checks of the media before a run submits anything, and what they need: sessions, files, addresses."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from attrs import frozen

from avatar_async.cli import exits
from avatar_async.cli.render.findings import finding_lines
from avatar_async.errors import ConfigError

if TYPE_CHECKING:
    from avatar_async._jobs.ports import Service
    from avatar_async._jobs.records import JobSpec
    from avatar_async.cli.manner import Manner
    from avatar_async.media.preflight import Checked, Finding, Looker
    from avatar_async.media.preflight.looking import OpenFile
    from avatar_async.media.ranges import RangeReader
    from avatar_async.orchestrator import Orchestrator
    from avatar_async.settings import Settings

#: Files from which a person is told that they are looked at.
_MANY = 8
_LOOK_S = 0.1


@asynccontextmanager
async def opening(
    settings: "Settings", present: Callable[[str], str] = lambda address: address
) -> AsyncIterator["OpenFile"]:
    """Give what opens local files and web addresses, by ranges, for the block.

    Args:
        settings: Proxy, certificates and times; no credentials are sent.
        present: Where an address leads this time.

    Raises:
        ConfigError: The settings' `ca_file` cannot be read.
    """
    from avatar_async._transport.ranges import RangeSession
    from avatar_async.media.ranges import FileReader
    from avatar_async.requests.addresses import is_web_url

    async with RangeSession(settings) as session:

        @asynccontextmanager
        async def opened(address: str) -> AsyncIterator["RangeReader"]:
            if is_web_url(address):
                yield session.file(present(address))
            else:
                async with FileReader.open(Path(address)) as reader:
                    yield reader

        yield opened


@asynccontextmanager
async def looking(
    settings: "Settings", present: Callable[[str], str] = lambda address: address
) -> AsyncIterator["Looker"]:
    """Give a looker at local files and web addresses for the block; see `opening`."""
    from avatar_async.media.preflight import Looker

    async with opening(settings, present) as open_file:
        yield Looker(open_file)


@frozen(kw_only=True)
class Preflight:
    """The checks of one run.

    Attributes:
        settings: Where files are reached through, and how strict the run is.
        lenient: Whether the service is on this machine.
        present: Where an address leads this time.
        manner: How findings are shown.
    """

    settings: "Settings"
    lenient: bool
    present: Callable[[str], str]
    manner: "Manner"

    async def check(self, orchestrator: "Orchestrator", specs: "Sequence[JobSpec]") -> None:
        """Look at the files of the jobs that are still to be submitted, and tell what is found.

        Raises:
            ConfigError: A file is certain to make a job fail, and validation is strict.
        """
        from avatar_async.media.preflight import check_requests

        submitted = await _submitted(orchestrator, specs)
        due = [(spec.name, spec.request) for spec in specs if spec.name not in submitted]
        addresses = {address for _, request in due for _, address in request.urls()}
        if not addresses:
            return
        if len(addresses) > _MANY:
            self.manner.say(f"Looking at {len(addresses)} files before anything is sent ...")
        checked = None
        async with looking(self.settings, self.present) as looker, anyio.create_task_group() as group:
            group.start_soon(_leave_when_stopped, orchestrator, group.cancel_scope)
            checked = await check_requests(due, looker, lenient=self.lenient)
            group.cancel_scope.cancel()
        if checked is not None:
            self._tell(checked)

    def _tell(self, checked: "Checked") -> None:
        refused = bool(checked.errors) and self.settings.validation == "strict"
        errors = checked.errors if refused else ()
        others = [each for each in checked.findings if not (refused and each.gravity == "error")]
        if not self.manner.quiet:
            for line in finding_lines([finding for finding in others if not _expected(finding)]):
                exits.tell(line)
        if refused:
            lines = finding_lines(errors, graded=False)
            count = "1 check" if len(lines) == 1 else f"{len(lines)} checks"
            head = f"{count} of the media failed; nothing was sent (--no-preflight skips them)"
            raise ConfigError("\n  ".join([head, *lines]))


def _expected(finding: "Finding") -> bool:
    """Tell whether a finding is but that the embedded service's own clips are short."""
    from avatar_async.cli.embedded import ORIGIN

    short = finding.check in ("duration", "range") and finding.gravity == "warning"
    return short and finding.file.startswith(f"{ORIGIN}/")


def preflight_of(settings: "Settings", service: "Service", manner: "Manner") -> Preflight:
    """Return the checks of a run that talks to a service."""
    from avatar_async.cli.embedded import EmbeddedService

    if isinstance(service, EmbeddedService):
        return Preflight(settings=settings, lenient=True, present=service.present, manner=manner)
    return Preflight(
        settings=settings, lenient=settings.loopback, present=lambda address: address, manner=manner
    )


async def _leave_when_stopped(orchestrator: "Orchestrator", scope: anyio.CancelScope) -> None:
    """Cancel a scope once somebody has stopped the run, which will not submit anything then."""
    while orchestrator.stopped_because is None:  # noqa: ASYNC110 - nobody sets an event for it
        await anyio.sleep(_LOOK_S)
    scope.cancel()


async def _submitted(orchestrator: "Orchestrator", specs: "Sequence[JobSpec]") -> set[str]:
    """Return the names of jobs that were submitted before, whose files need not be there any more."""
    from avatar_async._storage.ledger import Ledger

    async with Ledger.open(orchestrator.ledger_path, read_only=True) as ledger:
        known = await ledger.find(orchestrator.options.batch, [spec.name for spec in specs])
    return {name for name, job in known.items() if job.state.value != "planned"}
