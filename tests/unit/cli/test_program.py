"""Commands that are printed can be typed as they stand."""

import sys

import pytest

from avatar_async.cli.program import again_command, program


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
