"""Words of a contact sheet: short names, values and text that nothing hides in."""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from avatar_async.media.keying.parameters import Rgb

_PREFIX = "green_params_"
_BGR_SAMPLE = f"{_PREFIX}sample_point_bgr"


def visible(text: str) -> str:
    """Return text with what cannot be seen, or turns the text around it, written as an escape.

    Controls, marks of direction, line separators, half characters of broken file names and unassigned
    characters are written as in Python; everything else, of whatever script, stays.
    """
    return "".join(char if _is_plain(char) else _escape(char) for char in text)


def latin(text: str) -> str:
    """Return text with only characters that every font has; others are written as an escape."""
    return "".join(
        char if " " <= char <= "~" or ("\u00a1" <= char <= "\u00ff" and char != "\u00ad") else _escape(char)
        for char in text
    )


def short_name(name: str) -> str:
    """Return a parameter's name without what all of them share."""
    word = visible(name).removeprefix(_PREFIX)
    return word.removesuffix("_bgr") if word.startswith("refineth_") else word


def value_text(value: Any) -> str:
    """Return a parameter's value as people write it."""
    if isinstance(value, Mapping):
        return ", ".join(value_text(part) for part in value.values())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(value_text(part) for part in value)
    if isinstance(value, float):
        return f"{value:.6g}"
    return visible(str(value))


def score_text(score: float | None) -> str:
    """Return a score as people compare it; nothing if there is none."""
    return "" if score is None else f"{score:.4g}"


def difference_texts(differences: Mapping[str, Any]) -> list[str]:
    """Return each difference as name and value; one text if there is none."""
    texts = [f"{short_name(name)} {value_text(value)}" for name, value in differences.items()]
    return texts or ["all defaults"]


def counted(number: int, noun: str) -> str:
    """Return a number of things in words."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def colour_of(name: str, value: Any) -> Rgb | None:
    """Return the colour that a parameter's value is, None if it is none."""
    parts = value.get("color") if isinstance(value, Mapping) else value
    if not isinstance(parts, Sequence) or isinstance(parts, str) or len(parts) != 3:
        return None
    if not all(type(part) is int and 0 <= part <= 255 for part in parts):
        return None
    first, second, third = parts
    return (third, second, first) if name == _BGR_SAMPLE else (first, second, third)


def _is_plain(char: str) -> bool:
    return char == " " or char.isprintable() or unicodedata.category(char) == "Zs"


def _escape(char: str) -> str:
    return char.encode("unicode_escape", "surrogatepass").decode("ascii")
