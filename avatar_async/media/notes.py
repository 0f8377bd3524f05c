"""What a keyed picture or video says of itself."""

import json
from pathlib import Path
from typing import Any

from attrs import frozen

from avatar_async.errors import MediaError
from avatar_async.media.keying.parameters import LABEL, QUALITY_LABEL


@frozen(kw_only=True)
class Said:
    """What a file says of itself.

    Attributes:
        label: Whose pixels it holds; empty if it does not say.
        notes: What a person should know of it.
    """

    label: str = ""
    notes: tuple[str, ...] = ()


def said_by(file: Path) -> Said:
    """Return what a PNG or MP4 says of itself, as this package writes it; nothing if it says nothing."""
    from PIL import Image

    try:
        with Image.open(file) as image:
            texts: Any = getattr(image, "text", {})
            return Said(label=str(texts.get("Comment", "")), notes=_notes(str(texts.get("Parameters", ""))))
    except (OSError, ValueError, SyntaxError):
        return _said_by_video(file)


def _said_by_video(file: Path) -> Said:
    from avatar_async.media.frames import opened

    try:
        with opened(file) as container:
            comment = container.metadata.get("comment", "")
    except MediaError:
        return Said()
    told, brace, facts = comment.partition("{")
    label = next((each for each in (QUALITY_LABEL, LABEL) if told.startswith(each)), "")
    parts = [part.strip() for part in told.removeprefix(label).split("; ") if part.strip()]
    more = [note for note in _notes(brace + facts) if note not in parts]
    return Said(label=label, notes=(*parts, *more))


def _notes(facts: str) -> tuple[str, ...]:
    try:
        found = json.loads(facts)
    except ValueError:
        return ()
    notes = found.get("notes", []) if isinstance(found, dict) else []
    return tuple(str(note) for note in notes) if isinstance(notes, list) else ()
