"""What the options of a run become, and who gets them."""

from pathlib import Path

import click
import pytest
from attrs import fields_dict
from click.testing import CliRunner

from avatar_async.cli.given import Given
from avatar_async.cli.giving import giving
from avatar_async.cli.manner import Manner
from avatar_async.cli.options import validation

ALL = {
    "--emulator": None,
    "--faults": "query:429",
    "--endpoint": "http://127.0.0.1:9",
    "--profile": "p.toml",
    "--max-in-flight": "7",
    "--max-creates": "3",
    "--poll-rate": "2.5",
    "--fetches": "2",
    "--bandwidth": "1KiB",
    "--validation": "warn",
    "--until": "2m",
    "--allow-duplicate": None,
    "--rebind": None,
    "--rebuild-ledger": None,
    "--quiet": None,
}
ALLOW_DUPLICATE = click.option("--allow-duplicate", is_flag=True)


@pytest.fixture
def commanded(tmp_path, monkeypatch):
    """Run a command of the given sort with some arguments; return what it was given and its result."""
    monkeypatch.chdir(tmp_path)

    def run(arguments, **sort):
        got = []

        @click.command()
        @giving(**sort)
        async def command(given, **own):
            got.append((given, own))
            return 1

        return got, CliRunner().invoke(command, arguments)

    return run


def test_every_option_of_a_run_arrives_in_its_object(commanded):
    """One that went astray would leave its setting at the default in silence, and might pay too much."""
    words = [word for name, value in ALL.items() for word in (name, value) if word is not None]
    got, result = commanded(["--out", "o", *words], after_limits=[validation, ALLOW_DUPLICATE])
    assert result.exit_code == 1, "the function's own"
    [(given, own)] = got
    assert own == {}
    plain = Given(place=given.place)
    unset = [name for name in fields_dict(Given) if getattr(given, name) == getattr(plain, name)]
    assert unset == ["place"]
    assert (given.place.out, given.place.ledger) == (Path("o"), Path("o/ledger.db"))
    assert given.manner == Manner(quiet=True)
    assert (given.bandwidth_bytes_s, given.until_s, given.max_creates) == (1024, 120.0, 3)


def test_what_is_a_commands_own_arrives_by_its_name(commanded):
    """The object holds what all runs share, and nothing else."""
    got, _ = commanded(["--out", "o", "--twice"], first=[click.option("--twice", is_flag=True)])
    assert got[0][1] == {"twice": True}


@pytest.mark.parametrize("option", ["--faults", "--max-in-flight", "--max-creates"])
def test_a_command_that_creates_nothing_has_no_options_of_creates(commanded, option):
    """An option that is taken and has no effect misleads."""
    got, result = commanded(["--out", "o", option, "3"], creates=False)
    assert (got, result.exit_code) == ([], 2)
    assert f"No such option: {option}" in result.stderr or f"No such option '{option}'" in result.stderr


def test_a_command_that_creates_nothing_may_not_create(commanded):
    """Whoever fetches must never pay."""
    got, _ = commanded(["--out", "o"], creates=False)
    assert got[0][0].max_creates == 0


def test_a_place_that_cannot_be_is_refused_before_the_work_begins(commanded, tmp_path):
    """Errors of the object are told like all others."""
    (tmp_path / "o").touch()
    got, result = commanded(["--out", "o"])
    assert (got, result.exit_code) == ([], 2)
    assert "--out o is a file" in result.stderr
