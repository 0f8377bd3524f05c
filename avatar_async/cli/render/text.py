"""Write times and foreign text for people."""

import unicodedata
from datetime import datetime

#: Characters that turn the direction of what follows.
DIRECTIONS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86400


def clock_text(elapsed_s: float) -> str:
    """Return a running time such as 0:42, 1:02:03 or 2d 01:02."""
    seconds = max(0, int(elapsed_s))
    days, seconds = divmod(seconds, _DAY_S)
    hours, seconds = divmod(seconds, _HOUR_S)
    minutes, seconds = divmod(seconds, _MINUTE_S)
    if days:
        return f"{days}d {hours:02}:{minutes:02}"
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def span_text(span_s: float) -> str:
    """Return a length of time in its two largest units, such as 6d 23h, 5h 03m, 4m or 12s."""
    seconds = max(0, int(span_s))
    if seconds >= _DAY_S:
        return f"{seconds // _DAY_S}d {seconds % _DAY_S // _HOUR_S}h"
    if seconds >= _HOUR_S:
        return f"{seconds // _HOUR_S}h {seconds % _HOUR_S // _MINUTE_S:02}m"
    if seconds >= _MINUTE_S:
        return f"{seconds // _MINUTE_S}m"
    return f"{seconds}s"


def countdown_text(at: datetime | None, now: datetime) -> str:
    """Return how long until an instant, `past` after it, `-` if there is none."""
    if at is None:
        return "-"
    left_s = (at - now).total_seconds()
    return span_text(left_s) if left_s > 0 else "past"


def stamp(at: datetime) -> str:
    """Return an instant for a log line, in UTC, to the second."""
    return f"{at:%Y-%m-%dT%H:%M:%S}Z"


def printable(text: str) -> str:
    """Return the text with control and direction characters made visible, so that none acts on a terminal."""
    return "".join(_visible(char) for char in text)


def one_line(text: str) -> str:
    """Return printable text on one line."""
    return printable(" ".join(text.split()))


def _visible(char: str) -> str:
    if char == "\t":
        return " "
    if unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} or char in DIRECTIONS:
        return f"\\x{ord(char):02x}" if ord(char) < 0x100 else f"\\u{ord(char):04x}"
    return char
