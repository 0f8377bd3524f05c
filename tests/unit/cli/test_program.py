"""Commands that are printed can be typed as they stand."""

import sys

import click
import pytest

from avatar_async.cli import exits
from avatar_async.cli.program import again_command, program
from avatar_async.cli.render.wrap import printable_step, wrapped
from avatar_async.errors import LifecycleError


@pytest.fixture
def script(tmp_path, monkeypatch):
    """Return a console script in an environment of its own, in a folder that PATH does not name."""
    path = tmp_path / "my env" / "bin" / "avatar-async"
    path.parent.mkdir(parents=True)
    path.touch(mode=0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(sys, "argv", [str(path), "run", "a b.toml"])
    return path


def test_its_name_is_enough_where_the_shell_finds_it(script, monkeypatch):
    """The common case reads best."""
    monkeypatch.setenv("PATH", str(script.parent))
    assert again_command() == "avatar-async run 'a b.toml'"


def test_its_path_is_given_where_the_shell_does_not_find_it(script):
    """`scripts/demo` needs no environment to be active; what it advises must not either."""
    assert program() == "'my env/bin/avatar-async'"


def test_its_path_is_given_where_the_shell_finds_another(script, tmp_path, monkeypatch):
    """The other one may be another version."""
    other = tmp_path / "other" / "avatar-async"
    other.parent.mkdir()
    other.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(other.parent))
    assert program() == "'my env/bin/avatar-async'"


def test_a_path_elsewhere_is_whole_and_one_beside_can_be_run(script, tmp_path, monkeypatch):
    """`../../x` is hard to read, and a bare name is looked up on PATH."""
    (tmp_path / "far").mkdir()
    monkeypatch.chdir(tmp_path / "far")
    assert program() == f"'{script}'"
    monkeypatch.chdir(script.parent)
    assert program() == "./avatar-async"


def test_a_module_is_named_as_one(script, tmp_path, monkeypatch):
    """`python -m avatar_async` works where no script was installed."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    monkeypatch.setattr(sys, "argv", ["/x/avatar_async/__main__.py", "demo"])
    assert again_command() == "bin/python -m avatar_async demo"


def test_advice_and_errors_name_it_so_too(script, capsys):
    """Whoever has just run `scripts/demo` pastes these next; a command is never wrapped."""
    step = printable_step("to give it up, and never to look at it again:\navatar-async abandon a --out o")
    assert wrapped(f"-> {step}", width=40, indent="") == [
        "-> to give it up, and never to look at",
        "it again:",
        "'my env/bin/avatar-async' abandon a --out o",
    ]

    def refuse():
        raise LifecycleError("settle that first:\n  avatar-async resolve a --abandon")

    with pytest.raises(click.exceptions.Exit):
        exits.leave(refuse)
    assert capsys.readouterr().err.endswith(
        "settle that first:\n  'my env/bin/avatar-async' resolve a --abandon\n"
    )
