"""Make text and numbers of others fit to stand in a page."""

import math
from html import escape
from typing import Any

from avatar_async.media.sheet.captions import visible


def text(value: str) -> str:
    """Return text for a page, between tags or in quotes; nothing of it acts and nothing hides."""
    return escape(visible(value), quote=True)


def text_of_lines(value: str) -> str:
    """Return text of several lines for a page."""
    return "\n".join(text(line) for line in value.split("\n"))


def number(value: Any) -> float | None:
    """Return a value to sort by, None if it is no number."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return value if is_number else None
