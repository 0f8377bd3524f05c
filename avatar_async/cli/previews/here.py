"""`preview --local`: previews made on this machine."""

import json
import os
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import anyio

from avatar_async.cli import exits
from avatar_async.cli.given import Given
from avatar_async.cli.preflight import opening
from avatar_async.cli.previews.advising import advised
from avatar_async.cli.previews.endings import code_with, tell_broken
from avatar_async.cli.previews.listing import list_wanted
from avatar_async.cli.previews.local import Maker, sources_of
from avatar_async.cli.previews.media import look_at
from avatar_async.cli.previews.progress import Progress
from avatar_async.cli.previews.rows import Reading, Row, beyond, rows_of
from avatar_async.cli.previews.sheets import Sheets, say_written
from avatar_async.cli.render.findings import plural
from avatar_async.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from avatar_async.cli.previews.making import Asked
    from avatar_async.media.cells import Cell, Clip
    from avatar_async.media.parameter_sets import ParameterSet
    from avatar_async.media.sheet import SheetSource

_MOST_USUAL_WORKERS = 8
#: Begins the note that all previews in quality mode carry; their label says the same.
_QUALITY = "quality mode:"


def _usual_workers() -> int:
    """Return one more than there are cores: Pillow lets go of the interpreter for most of its work."""
    return min(_MOST_USUAL_WORKERS, (os.cpu_count() or 1) + 1)


async def make_here(asked: "Asked", sets: "Sequence[ParameterSet]", given: Given) -> int:
    """Make previews on this machine, and return the exit code.

    Raises:
        ConfigError: Settings or instants are wrong; nothing was made.
        OSError: Files cannot be written.
    """
    from avatar_async.media.keyer import LABEL, QUALITY_LABEL
    from avatar_async.media.memory import keep_image_memory
    from avatar_async.media.preflight import Looker

    out, manner, settings = given.place.out, given.manner, given.settings()
    keep_image_memory()
    workers = asked.workers or _usual_workers()
    async with opening(settings) as open_file:
        media, broken = await look_at(asked.media, Looker(open_file), trusting=False)
        tell_broken(broken)
        problems = beyond(media, asked.at)
        if problems:
            raise ConfigError("\n  ".join(["nothing was made:", *problems]))
        if asked.dry_run:
            list_wanted(sets, media)
            rows = rows_of(media, asked.at, out)
            more = asked.wish.promise
            sys.stdout.write(
                f"{plural(len(rows) * len(sets), 'preview')} would be made here{more}. Nothing was made.\n"
            )
            return code_with(exits.ExitCode.DONE, broken)
        rows = rows_of(media, asked.at, out, quality=asked.quality)
        reading = Reading(open_file=open_file, limiter=anyio.CapacityLimiter(workers))
        advice, sets = await advised(asked, rows, reading, sets, manner)
        progress = Progress("Keying", 0, quiet=manner.silent)
        maker = Maker(
            rows=rows,
            sets=sets,
            reading=reading,
            workers=workers,
            quality=asked.quality,
            clips=asked.clips,
            progress=progress,
            report=_print_line if manner.json else _tell_nobody,
        )
        progress.total = maker.total
        try:
            with progress:
                made = await maker.make()
        except anyio.get_cancelled_exc_class():
            reached = f"{progress.done} of {progress.total}"
            exits.tell(f"Stopped after {reached} previews; the same command goes on.")
            raise
    tell_broken(made.broken)
    broken += made.broken
    sources = sources_of(rows, sets, made)
    if not sources:
        exits.tell("No preview could be made.")
        return exits.ExitCode.BAD_END
    label = QUALITY_LABEL if asked.quality else LABEL
    sheets = Sheets(out=out, sets=sets, label=label, quiet=manner.silent, score_name=advice.score_name)
    clips = {
        f"{row.name}\n{name}": clip.video
        for row in rows
        for (slug, name), clip in made.clips.items()
        if slug == row.medium.slug
    }
    html = await sheets.write(advice.beside(sources, sets), clips)
    cells = sum(len(source.cells) for source in sources)
    if not (manner.silent):
        _tell_notes(sources)
        again = f" ({progress.reused} of them were there)" if progress.reused else ""
        sys.stdout.write(f"{plural(progress.done, 'preview')}{again}; {label}.\n")
    say_written(html, cells, given.place.where, manner)
    return code_with(exits.ExitCode.DONE, broken)


def _tell_notes(sources: "Sequence[SheetSource]") -> None:
    """Tell what a person should know of the previews of each source, once."""
    for source in sources:
        counts = Counter(note for cell in source.cells for note in cell.notes)
        for note, count in counts.items():
            if note.startswith(_QUALITY):
                continue
            exits.tell(f"warning: {source.name}: {note} ({count} of {len(source.cells)} previews)")


def _print_line(row: Row, chosen: "ParameterSet", made: "Cell | Clip") -> None:
    """Tell a program of a picture or clip that is there."""
    from avatar_async.media.cells import Cell

    what: dict[str, Any] = {
        "event": "preview",
        "medium": row.name,
        "set": chosen.name,
        "parameters": chosen.parameters,
        "differences": chosen.differences,
        "reused": made.reused,
    }
    if isinstance(made, Cell):
        what |= {"composite": str(made.composite), "matte": str(made.matte)}
        what |= {"notes": list(made.notes), "label": made.label}
    else:
        what |= {"event": "clip", "video": str(made.video)}
    sys.stdout.write(json.dumps(what, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _tell_nobody(_row: Row, _chosen: "ParameterSet", _made: "Cell | Clip") -> None:
    """Tell nobody."""
