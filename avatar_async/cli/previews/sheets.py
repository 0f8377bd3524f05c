"""From results to the contact sheet, its index for programs, and the parameters that a person picks."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import anyio.to_thread
from attrs import frozen

from avatar_async.cli.previews.progress import Progress
from avatar_async.cli.previews.rows import told_of_cancellation
from avatar_async.cli.program import program
from avatar_async.errors import ConfigError, MediaError

if TYPE_CHECKING:
    from avatar_async.cli.manner import Manner
    from avatar_async.media.parameter_sets import ParameterSet
    from avatar_async.media.sheet import Sheet, SheetSource

HTML, PNG, INDEX = "contact-sheet.html", "contact-sheet.png", "contact-sheet.json"
_SCHEMA = 1


@frozen(kw_only=True)
class Sheets:
    """Write a contact sheet below a folder.

    Attributes:
        out: The folder.
        sets: What the sheet has cells for.
        label: Whose pixels they are.
        quiet: Whether to tell nothing of the progress.
        score_name: How scores are to be read, if there are any.
    """

    out: Path
    sets: Sequence["ParameterSet"]
    label: str
    quiet: bool
    score_name: str = "score"

    async def write(self, sources: Sequence["SheetSource"], clips: Mapping[str, Path] | None = None) -> Path:
        """Write page, picture and index, and return the page; cancelled, it leaves those that were there.

        Args:
            sources: What the sheet shows.
            clips: Keyed videos, by the name of their source and cell, joined by a line end.

        Raises:
            OSError: A file cannot be written.
        """
        from avatar_async.media.sheet import Sheet, write_sheet

        sheet = Sheet(
            title="Green-screen previews",
            made_at=datetime.now(UTC),
            label=self.label,
            sources=tuple(sources),
            score_name=self.score_name,
        )
        html = self.out / HTML
        with Progress("Writing the contact sheet:", sheet.cell_count, quiet=self.quiet) as progress:
            async with anyio.create_task_group() as group:
                with told_of_cancellation(group) as cancelled:

                    def told(done: int, total: int) -> None:
                        if cancelled.is_set():
                            raise MediaError("the work was stopped")
                        progress.reach(done, total)

                    def work() -> None:
                        write_sheet(sheet, html, self.out / PNG, progress=told)

                    try:
                        await anyio.to_thread.run_sync(work)
                    except MediaError:
                        await anyio.lowlevel.checkpoint_if_cancelled()
                        raise
                group.cancel_scope.cancel()
        document = self._index(sheet, clips or {})
        part = self.out / f"{INDEX}.part"
        part.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        part.replace(self.out / INDEX)
        return html

    def _index(self, sheet: "Sheet", clips: Mapping[str, Path]) -> dict[str, Any]:
        sets = [
            {
                "name": chosen.name,
                "titles": list(chosen.titles),
                "parameters": chosen.parameters,
                "differences": chosen.differences,
            }
            for chosen in self.sets
        ]
        sources = []
        for source in sheet.sources:
            cells = [
                {
                    "set": chosen.name,
                    "composite": self._path(cell.composite),
                    "matte": self._path(cell.matte),
                    "clip": self._path(clips.get(f"{source.name}\n{chosen.name}")),
                    "score": cell.score,
                    "notes": list(cell.notes),
                    "label": cell.label,
                }
                for chosen, cell in zip(self.sets, source.cells, strict=True)
            ]
            sources.append(
                {
                    "name": source.name,
                    "note": source.note,
                    "original": self._path(source.original),
                    "cells": cells,
                }
            )
        return {
            "schema": _SCHEMA,
            "made_at": sheet.made_at.isoformat(timespec="seconds"),
            "label": self.label,
            "sets": sets,
            "sources": sources,
        }

    def _path(self, path: Path | None) -> str | None:
        return None if path is None else os.path.relpath(path, self.out)


def title_of(chosen: "ParameterSet") -> str:
    """Return what a cell of the sheet is called: what people call the set, or its name."""
    return chosen.titles[0] if chosen.titles else chosen.name


def check_pick(name: str, sets: Sequence["ParameterSet"]) -> list[str]:
    """Return what is wrong with the name of a set that is to be picked."""
    if any(chosen.is_called(name) for chosen in sets):
        return []
    known = [title_of(chosen) for chosen in sets]
    return [_unknown(name, known)]


def pick(name: str, out: Path, target: Path) -> str:
    """Save the parameters of a set of the last contact sheet as a fragment, and return its name.

    Raises:
        ConfigError: There is no contact sheet or no such set, or the target holds something else.
        OSError: The file cannot be written.
    """
    from avatar_async.media.fragment import fragment

    index = _read_index(out)
    chosen = next((each for each in index["sets"] if name == each["name"] or name in each["titles"]), None)
    if chosen is None:
        known = [each["titles"][0] if each["titles"] else each["name"] for each in index["sets"]]
        raise ConfigError(_unknown(name, known))
    sources = [source["name"] for source in index["sources"]]
    more = f" and {len(sources) - 2} more" if len(sources) > 2 else ""
    text = fragment(
        chosen["parameters"],
        medium=", ".join(sources[:2]) + more,
        differences=chosen["differences"],
        made_at=datetime.fromisoformat(index["made_at"]),
        label=index["label"],
    )
    try:
        if target.exists() and target.read_text(encoding="utf-8") != text:
            message = f"--to {target} is there already; name another file, or remove this one"
            raise ConfigError(message)
    except ValueError as error:
        message = f"--to {target} is there already and no text; name another file"
        raise ConfigError(message) from error
    target.write_text(text, encoding="utf-8")
    return str(chosen["name"])


def _unknown(name: str, known: Sequence[str]) -> str:
    from avatar_async.settings.checks import did_you_mean

    listed = ", ".join(known[:12]) + (f" and {len(known) - 12} more" if len(known) > 12 else "")
    return f"--pick {name}: there is no such set{did_you_mean(name, known)}; there are {listed}"


def _read_index(out: Path) -> Any:
    file = out / INDEX
    try:
        index = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        message = f"there is no contact sheet in {out} to pick from; name pictures or videos to make one"
        raise ConfigError(message) from None
    except (OSError, ValueError) as error:
        message = f"{file} cannot be read ({error}); make the contact sheet anew"
        raise ConfigError(message) from error
    if not isinstance(index, dict) or index.get("schema") != _SCHEMA:
        message = f"{file} was not written by this version; make the contact sheet anew"
        raise ConfigError(message)
    return index


def say_written(html: Path, cells: int, where: str, manner: "Manner") -> None:
    """Tell a person, or a program, where the contact sheet is.

    Args:
        html: Its page.
        cells: How many previews it shows.
        where: The option that names the folder again.
        manner: How to tell it.
    """
    if manner.json:
        line = {"event": "sheet", "html": str(html), "index": str(html.with_name(INDEX)), "cells": cells}
        sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    elif not manner.quiet:
        sys.stdout.write(f"Contact sheet: {html}\n")
        sys.stdout.write("Choose a set there, or save one by its name:\n")
        sys.stdout.write(f"  {program()} preview {where or '--out .'} --pick NAME --to picked.toml\n")
    sys.stdout.flush()
