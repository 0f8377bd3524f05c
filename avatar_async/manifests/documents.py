"""Reading one file into a document, its lines kept, its faults noted."""

import json
import re
import tomllib
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from avatar_async.manifests.json_lines import json_lines
from avatar_async.manifests.layers import Document
from avatar_async.manifests.problems import ProblemLog, Spot
from avatar_async.manifests.toml_lines import toml_lines
from avatar_async.settings.files import read_file

#: Longest file that is read, in bytes.
LONGEST_BYTES = 32 << 20
#: Keys with more dots than any field has: reading them takes the square of their length.
_LONG_KEY = re.compile(r"(?<![\w\"'-])(?:[\w\"'-]++[ \t]*+\.[ \t]*+){64}")
_TOML_PLACE = re.compile(r" \(at line (\d+), column \d+\)| \(at end of document\)")


def read_text(file: Path, log: ProblemLog, spot: Spot | None = None) -> str | None:
    """Return a file's text without byte order mark, or None and a problem noted.

    Args:
        file: UTF-8 text.
        log: Takes the problem.
        spot: Where the file is asked for, if a manifest includes it.
    """
    try:
        return read_file(file, longest_bytes=LONGEST_BYTES).decode("utf-8-sig")
    except OSError as error:
        told = f"cannot be read: {error.strerror or error}"
        log.error(spot or Spot(file=file), told if spot is None else f"{file} {told}")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        log.error(Spot(file=file, line=line), "the text is not UTF-8")
    return None


def read_toml(file: Path, text: str, log: ProblemLog) -> Document | None:
    """Return a TOML document, or None and a problem noted."""
    text = text.replace("\r\n", "\n")
    long_key = _LONG_KEY.search(text)
    if long_key is not None:
        line = text.count("\n", 0, long_key.start()) + 1
        log.error(Spot(file=file, line=line), "this TOML cannot be read: a key has too many parts")
        return None
    try:
        return Document(file, _without_dates(tomllib.loads(text)), toml_lines(text))
    except tomllib.TOMLDecodeError as error:
        told = str(error)
        place = _TOML_PLACE.search(told)
        line = int(place[1]) if place and place[1] else text.rstrip("\n").count("\n") + 1
        log.error(Spot(file=file, line=line), f"this is not TOML: {_TOML_PLACE.sub('', told)}")
    except (RecursionError, ValueError) as error:
        log.error(Spot(file=file, line=1), f"this TOML cannot be read: {_reason(error)}")
    return None


def read_json(file: Path, text: str, log: ProblemLog, *, first_line: int = 1) -> Document | None:
    """Return a JSON document, or None and a problem noted; keys given twice are noted as well.

    Args:
        file: Where the text stands.
        text: One JSON value.
        log: Takes the problems.
        first_line: Line of the file where the text begins.
    """
    try:
        value = json.loads(text)
        found = json_lines(text)
    except json.JSONDecodeError as error:
        spot = Spot(file=file, line=error.lineno + first_line - 1)
        log.error(spot, f"this is not JSON: {error.msg} (column {error.colno})")
        return None
    except (RecursionError, ValueError) as error:
        log.error(Spot(file=file, line=first_line), f"this JSON cannot be read: {_reason(error)}")
        return None
    for steps, line in found.repeated:
        spot = Spot(file=file, line=line + first_line - 1)
        log.error(spot, f"{steps[-1]} is given twice", path=str(steps[-1]))
    return Document(file, value, {steps: line + first_line - 1 for steps, line in found.lines.items()})


def _reason(error: RecursionError | ValueError) -> str:
    """Return what a parser gave up for, without its talk of Python."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return "a number in it has too many digits" if "digits" in str(error) else str(error)


def _without_dates(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_dates(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_dates(inner) for inner in value]
    return value.isoformat() if isinstance(value, datetime | date | time) else value
