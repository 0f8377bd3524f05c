"""`check`: look at footage, pictures and manifests before anything is uploaded or paid for."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from avatar_async.cli import exits
from avatar_async.cli import options as opt
from avatar_async.cli.pages import arguments, examples

if TYPE_CHECKING:
    from avatar_async.media.preflight import Checked

HELP = """Look at videos, pictures and manifests before anything is paid for.

Reads the headers of each file, wherever it lies, and a few pictures, never the
whole: length, size, rotation, codecs, sound, frame rate, number of frames; and
what the screen looks like. A manifest's files are held to the documents' rules
for the call that names them; a file by itself to those for footage. Sends
nothing to the service.
{arguments}
\b
Exit codes:
  0  all checks passed, perhaps with warnings
  1  something could not be checked, or a check failed that --validation warn
     or off lets through: that is not a pass
  2  a check failed, or the command or a manifest is wrong
""".format(
    arguments=arguments(
        ("FILE", "Videos, pictures, http(s) addresses, and manifests"),
        ("", "(TOML, JSON, JSON Lines or CSV)."),
    )
)
EXAMPLES = examples(
    "avatar-async check footage.mp4 still.png",
    ("avatar-async check batch.toml", "all files that its jobs name"),
    ("avatar-async check https://example.com/base.mp4 --json", "for programs"),
)
_MANIFESTS = {".toml", ".json", ".jsonl", ".ndjson", ".csv"}


@click.command(help=HELP, epilog=EXAMPLES)
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@opt.endpoint
@opt.profile
@opt.validation
@click.option("--json", is_flag=True, help="One JSON document on stdout.")
def check(
    files: Sequence[str], endpoint: str | None, profile: Path | None, validation: str | None, json: bool
) -> None:
    """Look at files and manifests."""

    async def work() -> int:
        from avatar_async.cli import logs
        from avatar_async.cli.given import read
        from avatar_async.cli.preflight import looking
        from avatar_async.media.preflight import Checked, check_files, check_requests
        from avatar_async.requests.addresses import is_web_url
        from avatar_async.settings import Settings

        settings = Settings.load(profile=profile, endpoint=endpoint, validation=validation)
        logs.hide([settings.app_key, settings.token, settings.callback_secret])
        named = dict.fromkeys(files)
        manifests = [
            name for name in named if not is_web_url(name) and Path(name).suffix.lower() in _MANIFESTS
        ]
        paths = [Path(name) for name in manifests]
        specs = await read(paths, settings.validation, quiet=False) if manifests else []
        async with looking(settings) as looker:
            alone = await check_files([name for name in named if name not in manifests], looker)
            jobs = await check_requests(
                [(spec.name, spec.request) for spec in specs], looker, lenient=settings.loopback
            )
        checked = Checked(findings=alone.findings + jobs.findings, seen={**alone.seen, **jobs.seen})
        _print(checked, json=json)
        refused = bool(checked.errors) and settings.validation == "strict"
        return exits.ExitCode.USAGE if refused else _CODES[checked.verdict]

    exits.leave(work)


_CODES = {
    "passed": exits.ExitCode.DONE,
    "warnings": exits.ExitCode.DONE,
    "unknown": exits.ExitCode.BAD_END,
    "failed": exits.ExitCode.BAD_END,
}


def _print(checked: "Checked", *, json: bool) -> None:
    from avatar_async.cli.render.findings import file_line, finding_lines, plural
    from avatar_async.cli.render.wrap import columns, folded

    if json:
        from json import dumps

        sys.stdout.write(dumps(_document(checked), ensure_ascii=False, indent=2) + "\n")
        return
    lines = [file_line(address, seen) for address, seen in checked.seen.items()]
    told = finding_lines(checked.findings)
    counts = checked.counts
    words = [plural(counts["error"], "error"), plural(counts["warning"], "warning")]
    summary = f"{', '.join(words)}, {counts['unknown']} unknown"
    lines += [*([""] if told else []), *told, "", f"{checked.verdict}: {summary}"]
    width = columns(sys.stdout)
    sys.stdout.write("".join(f"{part}\n" for line in lines for part in folded(line, width)))


def _document(checked: "Checked") -> dict[str, Any]:
    from avatar_async.media.preflight.report import facts_of

    return {
        "schema": 1,
        "verdict": checked.verdict,
        "files": [facts_of(address, seen) for address, seen in checked.seen.items()],
        "findings": [finding.to_json() for finding in checked.findings],
        "counts": checked.counts,
    }
