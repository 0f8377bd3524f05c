"""The command line's commands, put together."""

import os
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from avatar_async.cli import demo, emulator, fetch, logs, scaffold, settle, status
from avatar_async.cli import run as running
from avatar_async.cli.options import examples

HELP = """Train and fetch SoftSugar avatars in batches: each job is paid for once, watched,
and brought home as verified files; whatever is interrupted goes on where it stood.
"""
_EXAMPLES = examples(
    ("avatar-async demo", "see it work, on an embedded service"),
    ("avatar-async init", "a sample manifest and profile to begin with"),
    ("avatar-async run batch.toml --out models", "run a batch, or go on with it"),
    ("avatar-async status --out models", "look at it meanwhile"),
)

app = typer.Typer(
    name="avatar-async",
    help=HELP,
    epilog=_EXAMPLES,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 80},
)


def _version(wanted: bool) -> None:
    if wanted:
        from avatar_async import __version__

        typer.echo(f"avatar-async {__version__}")
        raise typer.Exit


@app.callback()
def _global(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    del version
    logs.show_traces(debug)


def _add(command: Callable[..., None], short: str, text: str, epilog: str) -> None:
    app.command(short_help=short, help=text, epilog=epilog)(command)


_add(demo.demo, "See it work, on an embedded service.", demo.HELP, demo.EXAMPLES)
_add(running.run, "Run a batch, or go on with it.", running.HELP, running.EXAMPLES)
_add(status.status, "Show every job and what to do.", status.HELP, status.EXAMPLES)
_add(settle.resolve, "Settle a job in doubt.", settle.RESOLVE_HELP, settle.RESOLVE_EXAMPLES)
_add(settle.retry, "Plan ended jobs anew.", settle.RETRY_HELP, settle.RETRY_EXAMPLES)
_add(settle.abandon, "Give jobs up.", settle.ABANDON_HELP, settle.ABANDON_EXAMPLES)
_add(fetch.fetch, "Bring home the results of tasks made elsewhere.", fetch.HELP, fetch.EXAMPLES)
_add(emulator.emulator, "Run the service on this machine.", emulator.HELP, emulator.EXAMPLES)
_add(scaffold.init, "Write a sample manifest and profile.", scaffold.INIT_HELP, scaffold.INIT_EXAMPLES)
_add(scaffold.schema, "Print the JSON Schema of manifests.", scaffold.SCHEMA_HELP, scaffold.SCHEMA_EXAMPLES)


def _open_standard_streams() -> None:
    """Open the standard streams that the caller closed, lest a file of ours takes their numbers."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(opened, True)
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


def run() -> None:
    """Run the command line with the process's arguments; leaves with the exit code."""
    _open_standard_streams()
    logs.keep_off_screen()
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    try:
        app(prog_name="avatar-async")
    finally:
        logs.close_log()
