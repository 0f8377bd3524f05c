"""The fragment that carries picked green-screen parameters into manifests (`include`)."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from avatar_async.media.keying.parameters import LABEL

#: The table of an included file that lies over every keyed object of a job's request.
TABLE = "green_screen"


def fragment(
    parameters: Mapping[str, Any],
    *,
    medium: str,
    differences: Mapping[str, Any],
    made_at: datetime,
    label: str = LABEL,
) -> str:
    """Return the text of a TOML file that a job can `include`, whatever its kind.

    Args:
        parameters: Every parameter by the vendor's name in snake_case, as a request has them.
        medium: What the preview shows.
        differences: Those that are not the documented defaults.
        made_at: When the preview was made.
        label: What is said beside the preview.
    """
    changed = ", ".join(f"{name} = {_value(value)}" for name, value in differences.items())
    comments = [
        f"Green-screen parameters picked on {made_at:%Y-%m-%d} in a preview of {medium}",
        f"preview: {label}",
        f"differs from the defaults in: {changed or 'nothing'}",
        'use: include = ["picked.toml"] in a job of a manifest; the background is used by previews only',
    ]
    lines = [*(f"# {_one_line(comment)}" for comment in comments), f"[{TABLE}]"]
    lines += [f"{name} = {_value(value)}" for name, value in parameters.items()]
    return "".join(f"{line}\n" for line in lines)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        inner = ", ".join(f"{name} = {_value(each)}" for name, each in value.items())
        return f"{{ {inner} }}"
    return json.dumps(list(value) if isinstance(value, tuple) else value)


def _one_line(text: str) -> str:
    """Return text as a comment of TOML may hold it: nothing in it ends the line or acts on a terminal."""
    return "".join(char if char.isprintable() else " " for char in text)
