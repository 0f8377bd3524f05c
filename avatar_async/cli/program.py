"""How this program is typed on this machine, for commands that a person copies."""

import os
import shlex
import shutil
import sys
from pathlib import Path

_NAME = "avatar-async"


def program() -> str:
    """Return the words that start this program: its name if the shell finds it, else a path or a module."""
    found = shutil.which(_NAME)
    started = Path(sys.argv[0])
    as_script = started.name == _NAME
    if found is not None and (
        _same(Path(found), started) if as_script else Path(found).parent == Path(sys.executable).parent
    ):
        return _NAME
    if as_script:
        return shlex.quote(_short(started))
    if (started.parent.name, started.name) == ("avatar_async", "__main__.py"):
        return f"{shlex.quote(_short(Path(sys.executable)))} -m avatar_async"
    return _NAME


def again_command() -> str:
    """Return the command line that this process was started with."""
    return " ".join([program(), *(shlex.quote(word) for word in sys.argv[1:])])


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _short(path: Path) -> str:
    here = os.path.relpath(path)
    return str(path) if here.startswith(os.pardir) else str(Path(here)) if os.sep in here else f"./{here}"
