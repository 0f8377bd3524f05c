"""`preview` by the service: jobs like any others, and a contact sheet of what they brought home."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import anyio

from avatar_async.cli import exits
from avatar_async.cli.given import Given, check_service
from avatar_async.cli.preflight import opening, preflight_of
from avatar_async.cli.previews.advising import Advice, advised
from avatar_async.cli.previews.endings import code_with, tell_broken
from avatar_async.cli.previews.listing import list_wanted
from avatar_async.cli.previews.media import Broken, look_at
from avatar_async.cli.previews.progress import Progress
from avatar_async.cli.previews.remote import Gathering, demo_specs, serve_files, specs_of
from avatar_async.cli.previews.rows import Reading, Row, beyond, rows_of
from avatar_async.cli.previews.sheets import Sheets, say_written
from avatar_async.cli.program import again_command
from avatar_async.cli.service import open_service, read_faults
from avatar_async.cli.session import Outcome, conclude, conduct
from avatar_async.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from avatar_async._jobs.records import JobSpec
    from avatar_async.cli.previews.making import Asked
    from avatar_async.cli.previews.media import Medium
    from avatar_async.media.parameter_sets import ParameterSet
    from avatar_async.media.preflight.looking import OpenFile
    from avatar_async.orchestrator import Orchestrator
    from avatar_async.settings import Settings

_THREADS = 2


async def make_there(asked: "Asked", sets: "Sequence[ParameterSet]", given: Given) -> int:
    """Have the service make previews, bring them home, and return the exit code.

    Raises:
        ConfigError: Settings, instants or media are wrong; nothing was sent.
        AvatarError: As for `run`.
        OSError: Files cannot be written.
    """
    settings, faults, manner = given.settings(), read_faults(given.faults), given.manner
    if asked.dry_run:
        return await _dry_run(asked, sets, given, settings)
    check_service(settings, (), embedded=given.embedded)
    async with open_service(
        settings,
        given.place,
        embedded=given.embedded,
        faults=faults,
        specs=demo_specs(asked.media),
        say=manner.say,
    ) as service:
        preflight = preflight_of(settings, service, manner)
        async with opening(settings, preflight.present) as open_file:
            looked, broken = await _looked_at(asked, open_file)
            if not looked:
                exits.tell("No preview can be made.")
                return exits.ExitCode.BAD_END
            reading = Reading(open_file=open_file, limiter=anyio.CapacityLimiter(_THREADS))
            rows = rows_of(looked, asked.at, given.place.out)
            advice, sets = await advised(asked, rows, reading, sets, manner)
            specs = specs_of(looked, sets)
            check_service(settings, specs, embedded=given.embedded)
            if given.embedded:
                await serve_files(looked, given.place.out)

            async def feed(orchestrator: "Orchestrator") -> None:
                if not asked.no_preflight:
                    await preflight.check(orchestrator, specs)
                await orchestrator.add_all(specs)

            from avatar_async.orchestrator import Orchestrator

            orchestrator = Orchestrator(
                service, out=given.place.out, ledger=given.place.ledger, options=given.run_options(settings)
            )
            outcome = await conduct(orchestrator, feed, manner)
            code = conclude(outcome, given.place, manner, again_command())
            if outcome.signal_code is not None:
                return code
            await _show(rows, sets, given, outcome, reading, _label(settings, given), advice)
    return code_with(code, broken)


async def _looked_at(asked: "Asked", open_file: "OpenFile") -> "tuple[list[Medium], list[Broken]]":
    """Return the media and those that are broken, which are told.

    Raises:
        ConfigError: An instant lies beyond a video.
    """
    from avatar_async.media.preflight import Looker

    media, broken = await look_at(asked.media, Looker(open_file), trusting=True)
    tell_broken(broken)
    problems = beyond(media, asked.at)
    if problems:
        raise ConfigError("\n  ".join(["nothing was sent:", *problems]))
    return media, broken


async def _show(
    rows: "Sequence[Row]",
    sets: "Sequence[ParameterSet]",
    given: Given,
    outcome: Outcome,
    reading: Reading,
    label: str,
    advice: Advice,
) -> None:
    """Write the contact sheet of what came home."""
    out, silent = given.place.out, given.manner.silent
    gathering = Gathering(
        out=out, sets=sets, jobs={job.name: job for job in outcome.jobs}, reading=reading, label=label
    )
    with Progress("Reading previews:", len(rows) * len(sets), quiet=silent) as progress:
        sources = advice.beside(await gathering.sources(rows, progress), sets)
    sheets = Sheets(out=out, sets=sets, label=label, quiet=silent, score_name=advice.score_name)
    html = await sheets.write(sources, gathering.clips)
    shown = sum(cell.composite is not None for source in sources for cell in source.cells)
    say_written(html, shown, given.place.where, given.manner)


async def _dry_run(asked: "Asked", sets: "Sequence[ParameterSet]", given: Given, settings: "Settings") -> int:
    from avatar_async.cli.dry_run import preview

    async with opening(settings) as open_file:
        media, broken = await _looked_at(asked, open_file)
    list_wanted(sets, media)
    specs: list[JobSpec] = specs_of(media, sets)
    return code_with(await preview(specs, given.place, given.run_options(settings)), broken)


def _label(settings: "Settings", given: Given) -> str:
    """Return whose pixels the previews are."""
    if given.embedded or settings.loopback:
        from avatar_async.media.keying.parameters import LABEL

        return LABEL
    return f"made by the service at {urlsplit(settings.endpoint).hostname}"
