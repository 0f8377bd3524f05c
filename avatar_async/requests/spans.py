"""Spans of a video, given as two fields in seconds."""

from collections.abc import Iterator
from typing import Any

from avatar_async.requests.objects import Place
from avatar_async.requests.problems import Problem, Rule


def _seconds(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def span_problems(at: Place, start_name: str, start: Any, end_name: str, end: Any) -> Iterator[Problem]:
    """Yield warnings about a span that starts before 0 or does not end after its start."""
    starts, ends = _seconds(start), _seconds(end)
    for name, value in ((start_name, starts), (end_name, ends)):
        if value is not None and value < 0:
            yield at.warning(name, value, "0 or more is expected", Rule.INFERRED)
    if starts is not None and ends is not None and ends <= starts:
        text = f"it should be after {start_name}, which is {starts}"
        yield at.warning(end_name, ends, text, Rule.INFERRED)
