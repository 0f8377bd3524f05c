"""The command line's commands, put together; a command's module is loaded when it is used."""

import os
import sys
from importlib import import_module

import click

from avatar_async.cli.pages import examples

HELP = """Train and fetch SoftSugar avatars in batches: each job is paid for once, watched,
and brought home as verified files; whatever is interrupted goes on where it stood.
"""
_EXAMPLES = examples(
    ("avatar-async demo", "see it work, on an embedded service"),
    ("avatar-async init", "a sample manifest and profile to begin with"),
    ("avatar-async run batch.toml --out models", "run a batch, or go on with it"),
    ("avatar-async status --out models", "look at it meanwhile"),
)
#: Every command with the module of `avatar_async.cli` that holds it and what it does in a word.
_COMMANDS = (
    ("demo", "demo", "See it work, on an embedded service."),
    ("run", "run", "Run a batch, or go on with it."),
    ("check", "check", "Look at footage and manifests before paying."),
    ("preview", "preview", "See green-screen parameters at work."),
    ("status", "status", "Show every job and what to do."),
    ("resolve", "settle", "Settle a job in doubt."),
    ("retry", "settle", "Plan ended jobs anew."),
    ("abandon", "settle", "Give jobs up."),
    ("fetch", "fetch", "Bring home the results of tasks made elsewhere."),
    ("emulator", "emulator", "Run the service on this machine."),
    ("init", "scaffold", "Write a sample manifest and profile."),
    ("schema", "scaffold", "Print the JSON Schema of manifests."),
)
_MODULES = {name: module for name, module, _ in _COMMANDS}


class _Commands(click.Group):
    """Commands in the order of the help, known by name until one is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the group's
        """Return the names of all commands."""
        return [*_MODULES]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return a command, its module loaded; None if there is none of that name."""
        if cmd_name not in _MODULES:
            return None
        command: click.Command = getattr(import_module(f"avatar_async.cli.{_MODULES[cmd_name]}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the names of all commands and what they do, without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, short) for name, _, short in _COMMANDS])

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; Ctrl-C, SIGTERM or SIGHUP before it has begun leaves as afterwards.

        Raises:
            click.exceptions.Exit: One of them came.
            click.UsageError: The command line is wrong.
        """
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            from avatar_async.cli.exits import code_of_interruption

            raise click.exceptions.Exit(code_of_interruption(error)) from None
        except click.UsageError as error:
            raise _readable(error) from None


def _readable(error: click.UsageError) -> click.UsageError:
    """Return an error that says what a missing option is for, in lines that break between words."""
    from avatar_async.cli.render.wrap import columns, folded

    message = error.format_message()
    if isinstance(error, click.MissingParameter) and isinstance(error.param, click.Option):
        what = (error.param.help or "").rstrip(".")
        message = (
            f"Missing option '{error.param.opts[0]} {error.param.metavar}': {what[:1].lower()}{what[1:]}."
        )
    head = "Error: "
    lines = folded(f"{head}{message}", columns(sys.stderr))
    return click.UsageError("\n".join(lines).removeprefix(head), ctx=error.ctx)


def _version(ctx: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted:
        from avatar_async import __version__

        click.echo(f"avatar-async {__version__}")
        ctx.exit()


@click.group(
    cls=_Commands,
    name="avatar-async",
    help=HELP,
    epilog=_EXAMPLES,
    commands={name: click.Command(name, short_help=short) for name, _, short in _COMMANDS},
    context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 80},
)
@click.option("--debug", is_flag=True, help="Show tracebacks of errors.")
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Show the version.",
)
def app(debug: bool) -> None:
    """Heed what is said before the command."""
    from avatar_async.cli import exits

    exits.show_traces(debug)


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
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    app.main(prog_name="avatar-async")
