"""Wrap advice for a terminal, without ever breaking a command that a person may copy."""

import re
import textwrap

_COMMAND = "avatar-async "
_LEAST_WIDTH = 20
#: Where a command ends and words about it go on.
_AFTER = re.compile(r" (?=\()| (?=and run again)")


def wrapped(text: str, *, width: int | None, indent: str, hang: str = "") -> list[str]:
    """Return a text as lines: words wrapped at the width, each command whole on a line of its own.

    Args:
        text: One line, perhaps with a command in it.
        width: Columns of the terminal; None leaves the text on one line.
        indent: Put before every line.
        hang: Put before every line but the first, after the indent.
    """
    start = text.find(_COMMAND)
    if width is None or len(indent) + len(text) <= width:
        return [indent + text]
    if start < 0:
        return _words(text, width, indent, indent + hang)
    end = _AFTER.search(text, start)
    command = text[start : end.start() if end else len(text)]
    before, after = text[:start].rstrip(), text[end.end() :] if end else ""
    lines = _words(before, width, indent, indent + hang) if before else []
    lines.append(indent + hang + command)
    return [*lines, *(_words(after, width, indent + hang, indent + hang) if after else [])]


def _words(text: str, width: int, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        text,
        max(_LEAST_WIDTH, width),
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
