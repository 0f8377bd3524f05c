"""Start-up: commands that answer at once, and imports, beside bare Python and aiohttp."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.model import BenchError, Contender, Place, Section, Target, Work
from bench.process import prepare

_COLUMNS = ("seconds", "cpu_s", "peak_rss_bytes")
_BARE, _AIOHTTP, _PACKAGE = "python -c pass", "import aiohttp", "import avatar_async"
_CLIENT = "from avatar_async import AvatarClient"
_VERSION, _HELP = "avatar-async --version", "avatar-async --help"


@contextmanager
def works(place: Place) -> Iterator[Sequence[Work]]:
    """Yield the works, once everything is compiled and in the page cache."""
    script = Path(sys.executable).with_name("avatar-async")
    if not script.exists():
        raise BenchError(f"avatar-async is not installed beside {sys.executable}")
    # As a user has it, whatever the caller's shell says: modules are compiled once.
    compiled = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": os.fspath(place.scratch / "compiled")}

    def contender(name: str, *command: str) -> Contender:
        return Contender(name=name, command=command, environment=compiled)

    def python(code: str, name: str = "") -> Contender:
        return contender(name or code, sys.executable, "-c", code)

    def cli(*arguments: str) -> Contender:
        return contender(" ".join(("avatar-async", *arguments)), str(script), *arguments)

    commands = Work(
        name="commands",
        title="Commands",
        contenders=(
            python("pass", _BARE),
            cli("--version"),
            cli("--help"),
            cli("run", "--help"),
            cli("status", "--help"),
            python("import click"),
        ),
        columns=_COLUMNS,
        baseline=_BARE,
        targets=(
            Target(of=_VERSION, figure="seconds", to=(_BARE,), most=2.5),
            Target(of=_HELP, figure="seconds", to=(_BARE,), most=6.0),
        ),
    )
    budget_s = 0.080
    imports = Work(
        name="imports",
        title="Imports",
        contenders=(
            python("import aiohttp"),
            python("import avatar_async"),
            python("from avatar_async import TrainingRequest"),
            python(_CLIENT),
            python("from avatar_async import AvatarClient, Orchestrator"),
            python("import aiohttp, cattrs, sqlite3, aiofiles", "what they stand on"),
        ),
        columns=_COLUMNS,
        baseline=_AIOHTTP,
        targets=tuple(
            Target(
                of=name,
                figure="seconds",
                to=(_AIOHTTP,),
                plus=budget_s,
                most=1.0,
                text=f"{name} <= {_AIOHTTP} + 80 ms",
            )
            for name in (_PACKAGE, _CLIENT)
        ),
        remark="The package's names are loaded when they are first used.",
    )
    for each in (*commands.contenders, *imports.contenders):
        prepare(each.command, f"what `{each.name}` needs", compiled)
    yield [commands, imports]


SECTION = Section(
    name="startup",
    title="Start-up",
    works=works,
    rounds=31,
    quick_rounds=5,
    order=60,
    about=(
        "Whole processes, from start to end, with compiled modules: each has run once before. The console "
        "script is the one that pip installs."
    ),
)
