"""Wrap advice for a terminal, without ever breaking a command that a person may copy."""

import shutil
import textwrap
from typing import IO

from avatar_async.cli.program import program
from avatar_async.cli.render.text import one_line

_COMMAND = "avatar-async "
_LEAST_WIDTH = 20


def printable_step(step: str) -> str:
    """Return advice fit for a terminal.

    Its commands are fit, and stay as they are to the letter; only where the shell would not find the program
    by its name, they begin with its path.
    """
    return "\n".join(
        f"{program()} {line.removeprefix(_COMMAND)}" if line.startswith(_COMMAND) else one_line(line)
        for line in step.split("\n")
    )


def wrapped(text: str, *, width: int | None, indent: str, hang: str = "") -> list[str]:
    """Return a text as lines: words wrapped at the width, each command whole on a line of its own.

    Args:
        text: One line, or several of which each is words or a command.
        width: Columns of the terminal; None wraps nothing.
        indent: Put before every line.
        hang: Put before every line but the first, after the indent.
    """
    lines: list[str] = []
    commands = (_COMMAND, f"{program()} ")
    for line in text.split("\n"):
        first = indent + hang if lines else indent
        if width is None or line.startswith(commands) or len(first) + len(line) <= width:
            lines.append(first + line)
        else:
            lines += _words(line, width, first, indent + hang)
    return lines


def columns(stream: IO[str]) -> int | None:
    """Return the columns of the terminal that a stream is, None if it is none."""
    return shutil.get_terminal_size().columns if stream.isatty() else None


def folded(line: str, width: int | None) -> list[str]:
    """Return a line as lines that break between words, indented below it; one with a command stays whole.

    Args:
        line: What stands before its first word stays there.
        width: Columns of the terminal; None folds nothing.
    """
    if width is None or len(line) <= width or any(name in line for name in (_COMMAND, f"{program()} ")):
        return [line]
    words = line.lstrip()
    indent = line[: len(line) - len(words)]
    return _words(words, width, indent, f"{indent}  ")


def _words(text: str, width: int, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        text,
        max(_LEAST_WIDTH, width),
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
