"""The shape of the project itself: layers, light imports, pins, and nothing of anyone's machine."""

import ast
import importlib
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "avatar_async").rglob("*.py"))
BENCH_MODULES = sorted((ROOT / "bench").rglob("*.py"))
#: What makes a start slow, or is an extra that may be absent.
HEAVY = {"aiohttp", "rich", "click", "typing", "av", "PIL", "sqlite3"}
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PINS = [
    line
    for line in (ROOT / "constraints.txt").read_text().splitlines()
    if line.strip() and not line.startswith("#")
]
REQUIREMENTS = [
    *PYPROJECT["build-system"]["requires"],
    *PYPROJECT["project"]["dependencies"],
    *(need for needs in PYPROJECT["project"]["optional-dependencies"].values() for need in needs),
]


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the repo root."""
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=100)


def program(name: str) -> str:
    """Return the path of a program of this environment."""
    return str(Path(sysconfig.get_path("scripts")) / name)


def tracked_files() -> list[Path]:
    """Return the files that a clone holds."""
    listed = run("git", "ls-files", "-z")
    assert listed.returncode == 0, listed.stderr
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def dotted(path: Path) -> str:
    """Return the import name of a module's file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def canonical(requirement: str) -> str:
    """Return a requirement's package name in its one normal form."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0]).lower()


def test_layers_hold():
    """A layer that looks upwards ends as one lump."""
    done = run(program("lint-imports"), "--no-cache")
    assert done.returncode == 0, done.stdout + done.stderr


def test_importing_the_package_loads_nothing_heavy():
    """Users import it in programs that may never make a call."""
    done = run(sys.executable, "-c", "import sys, avatar_async; print(*sys.modules)")
    assert done.returncode == 0, done.stderr
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & HEAVY


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_the_command_answers_without_the_http_stack(option):
    """Asking for help must not take a second."""
    done = run(sys.executable, "-X", "importtime", "-m", "avatar_async", option)
    assert done.returncode == 0, done.stderr
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "avatar_async" in loaded
    assert not loaded & {"aiohttp", "av", "PIL", "sqlite3"}


@pytest.mark.parametrize("path", [*MODULES, *BENCH_MODULES], ids=dotted)
def test_every_module_says_what_it_is(path):
    """One subject each, named in its first line, and short enough to be read at one go."""
    source = path.read_text()
    summary = (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]
    assert summary
    assert len(source.splitlines()) <= 350


@pytest.mark.parametrize("path", [path for path in MODULES if "__all__" in path.read_text()], ids=dotted)
def test_every_exported_name_exists_once(path):
    """`__all__` is the public interface; a name in it that is not there breaks `import *`."""
    module = importlib.import_module(dotted(path))
    names = list(module.__all__)
    assert len(set(names)) == len(names)
    assert [name for name in names if not hasattr(module, name)] == []


def test_exported_names_are_sorted():
    """A list in order has one place for each new name."""
    done = run(program("ruff"), "check", "--isolated", "--no-cache", "--select", "RUF022", "avatar_async")
    assert done.returncode == 0, done.stdout


def test_the_version_is_written_once():
    """The package, its metadata and the user agent tell the same."""
    assert "version" in PYPROJECT["project"]["dynamic"]
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", importlib.import_module("avatar_async").__version__)


def test_nothing_tells_of_a_machine_or_a_registry():
    """What is committed must work anywhere, through whatever index a user has."""
    traces = re.compile(
        r"(?<![\w.<>}])/(?:work|farm|root)/\w"
        r"|pythonhosted[.]|pypi[.]org|(?:index-url|find-links)[ =]"
    )
    found = []
    for path in tracked_files():
        text = path.read_bytes().decode("utf-8", "ignore")
        found += [
            f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
            for number, line in enumerate(text.splitlines(), 1)
            if traces.search(line)
        ]
    assert found == []


def test_lock_files_are_not_committed():
    """They hold download addresses."""
    names = {path.name for path in tracked_files()}
    assert not names & {"uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pylock.toml"}


@pytest.mark.parametrize("line", PINS)
def test_each_pin_is_one_exact_version(line):
    """The scripts must install the same today and tomorrow."""
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*==\d[A-Za-z0-9.]*", line)


def test_pins_are_sorted_and_cover_every_requirement():
    """A requirement without a pin would drift."""
    pinned = [canonical(line) for line in PINS]
    assert len(set(pinned)) == len(pinned)
    assert sorted(PINS, key=str.lower) == PINS
    assert {canonical(need) for need in REQUIREMENTS} - set(pinned) == {"avatar-async"}


@pytest.mark.parametrize("requirement", sorted(set(REQUIREMENTS)))
def test_the_project_sets_lower_bounds_only(requirement):
    """An upper bound in a library locks its users out of mends they need."""
    if canonical(requirement) == "avatar-async":
        assert re.fullmatch(r"avatar-async\[[a-z,]+\]", requirement)
    else:
        assert re.fullmatch(r"[A-Za-z0-9._-]+(\[[a-z,]+\])?>=\d+(\.\d+)*", requirement)


@pytest.mark.parametrize("name", ["scripts/bench", "scripts/demo", "scripts/soak", "scripts/test", ".ci/run"])
def test_the_commands_of_the_readme_can_be_run(name):
    """A clone keeps the run bit; a script without it is a dead end on the first day."""
    assert os.access(ROOT / name, os.X_OK)
    assert run("bash", "-n", name).returncode == 0


def test_ci_runs_what_the_readme_tells():
    """One definition of what is checked."""
    assert (ROOT / ".ci" / "run").read_text().splitlines()[-1].endswith('/../scripts/test"')
