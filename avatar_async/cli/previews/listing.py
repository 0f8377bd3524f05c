"""`preview --dry-run`: the sets and media that previews would be made of."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from avatar_async.cli.previews.media import Medium
from avatar_async.cli.render.cells import fit, width_of
from avatar_async.cli.render.text import one_line

if TYPE_CHECKING:
    from avatar_async.media.parameter_sets import ParameterSet

_WIDEST = 44


def list_wanted(sets: "Sequence[ParameterSet]", media: Sequence[Medium]) -> None:
    """Print the sets, by the names that --pick takes, and the media."""
    rows = [
        (chosen.name, ", ".join(title for title in chosen.titles if title != chosen.name)) for chosen in sets
    ]
    lines = [*_table(("SET", "ALSO CALLED"), rows), ""]
    lines += [*_table(("MEDIUM", "WHAT IT IS"), [(each.name, _kind(each)) for each in media]), ""]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def _kind(medium: Medium) -> str:
    return f"{medium.kind}, {medium.note}" if medium.note else medium.kind


def _table(head: tuple[str, str], rows: Sequence[tuple[str, str]]) -> list[str]:
    width = min(_WIDEST, max(width_of(one_line(name)) for name, _ in (head, *rows)))
    return [f"{fit(one_line(name), width)}  {one_line(text)}".rstrip() for name, text in (head, *rows)]
