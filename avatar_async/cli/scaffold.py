"""`init` and `schema`: what a new user, and an editor, begin with."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from avatar_async.cli import exits, values
from avatar_async.cli.pages import arguments, examples
from avatar_async.errors import ConfigError

INIT_HELP = """Write a sample manifest, batch.toml, and a sample profile, avatar.toml.

The manifest runs as it is on the embedded service. The profile documents every
setting, all of them commented out. Nothing is ever overwritten.
""" + arguments(("DIR", "Where to write. [default: this folder]"))
INIT_EXAMPLES = examples(
    "avatar-async init",
    ("avatar-async run batch.toml --out models --emulator", "then try the manifest"),
)
SCHEMA_HELP = """Print the JSON Schema of manifests, for editors that complete and check.
"""
SCHEMA_EXAMPLES = examples("avatar-async schema --out avatar-batch.schema.json")

MANIFEST_NAME = "batch.toml"
PROFILE_NAME = "avatar.toml"


@contextmanager
def _writing() -> Iterator[None]:
    """Tell what cannot be written as a mistake in the command."""
    try:
        yield
    except OSError as error:
        message = f"{error.filename} cannot be written: {error.strerror}"
        raise ConfigError(message) from error


@click.command(help=INIT_HELP, epilog=INIT_EXAMPLES)
@click.argument("folder", metavar="[DIR]", default=Path(), type=values.PATH)
def init(folder: Path) -> None:
    """Write a sample manifest and profile."""

    def work() -> int:
        import shlex

        from avatar_async.cli.program import program
        from avatar_async.cli.sample import sample_batch
        from avatar_async.settings import sample_profile

        files = {folder / MANIFEST_NAME: sample_batch(), folder / PROFILE_NAME: sample_profile()}
        there = [str(path) for path in files if path.exists()]
        if there:
            message = f"{' and '.join(there)} left as before: nothing is overwritten; name another folder"
            raise ConfigError(message)
        with _writing():
            folder.mkdir(parents=True, exist_ok=True)
            for path, text in files.items():
                with path.open("x", encoding="utf-8") as file:
                    file.write(text)
        sys.stdout.write("".join(f"wrote {path}\n" for path in files))
        manifest = folder / MANIFEST_NAME
        sys.stdout.write(f"\nTry it:  {program()} run {shlex.quote(str(manifest))} --out models --emulator\n")
        return exits.ExitCode.DONE

    exits.leave(work)


@click.command(help=SCHEMA_HELP, epilog=SCHEMA_EXAMPLES)
@click.option("--out", type=values.PATH, metavar="FILE", help="Write it there. [default: stdout]")
def schema(out: Path | None) -> None:
    """Print the JSON Schema of manifests."""

    def work() -> int:
        import json

        from avatar_async.manifests import manifest_schema

        text = json.dumps(manifest_schema(), ensure_ascii=False, indent=2) + "\n"
        if out is None:
            sys.stdout.write(text)
        else:
            with _writing():
                out.write_text(text, encoding="utf-8")
            sys.stdout.write(f"wrote {out}\n")
        return exits.ExitCode.DONE

    exits.leave(work)
