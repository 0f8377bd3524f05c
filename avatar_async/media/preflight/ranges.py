"""Ranges of seconds in a request: inside the video they speak of, and in order."""

from collections.abc import Iterator
from typing import Any

from avatar_async.media.preflight.findings import CREATE, UPDATE, Finding, Gravity
from avatar_async.media.preflight.subject import Subject

#: People round ends of videos to tenths.
_TOLERANCE_S = 0.1


def range_findings(subject: Subject) -> Iterator[Finding]:
    """Yield what is wrong with the ranges that cut this file."""
    duration_s = subject.seen.footage.duration_s if subject.seen.footage else None
    for path, start, end in _ranges(subject):
        yield from _range(subject, path, _seconds(start), _seconds(end), duration_s)


def _ranges(subject: Subject) -> Iterator[tuple[str, Any, Any]]:
    role, item, path = subject.use.role, subject.use.item, subject.use.path
    if role == "actions":
        actions = item.action_list if isinstance(item.action_list, tuple) else ()
        base = path.rpartition(".")[0]
        for index, action in enumerate(actions):
            at = f"{base}.action_list[{index}].clip_range"
            yield (
                at,
                getattr(action, "clip_range_start", None),
                getattr(action, "clip_range_end", None),
            )
    if role not in ("base", "auxiliary", "material") or item is None:
        return
    inside = {"base": "personal.", "auxiliary": f"{path.rpartition('.')[0]}."}.get(role, "")
    change = getattr(item, "action_change", None)
    if getattr(change, "support", False) is True:
        for part in ("static", "dynamic"):
            ends = (getattr(change, f"{part}_range_{end}") for end in ("start", "end"))
            start, end = ends
            yield f"{inside}action_change.{part}_range", start, end
    else:
        yield f"{inside}asset", getattr(item, "asset_start", None), getattr(item, "asset_end", None)


def _seconds(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _range(
    subject: Subject, path: str, start: float | None, end: float | None, duration_s: float | None
) -> Iterator[Finding]:
    if start is None and end is None:
        return
    measured = (
        f"{path} {'start' if start is None else f'{start:g}'} to {'end' if end is None else f'{end:g}'} s"
    )
    source = f"{UPDATE}, Request Parameters"
    if subject.use.role != "material":
        source = f"{CREATE}, param Parameter Description"
    latest = max(each for each in (start, end) if each is not None)
    if (start or 0.0) < 0 or (end is not None and end <= (start or 0.0)):
        yield subject.finding(
            Gravity.ERROR,
            "range",
            "the range is not in order",
            measured=measured,
            limit="0 <= start < end",
            remedy=f"correct {path}_start and {path}_end",
            source=source,
        )
    elif duration_s is None:
        yield subject.finding(
            Gravity.UNKNOWN,
            "range",
            "whether the range lies inside the video is not known",
            measured=f"{measured}, video of unknown length",
            limit="inside the video",
            remedy="save the video as a plain MP4",
            source=source,
        )
    elif latest > duration_s + _TOLERANCE_S:
        yield subject.finding(
            Gravity.WARNING if subject.lenient else Gravity.ERROR,
            "range",
            "the range goes beyond the video",
            measured=f"{measured}, video {duration_s:.2f} s",
            limit=f"at most {duration_s:.2f} s",
            remedy=f"correct {path}_start and {path}_end, or name the right video",
            source=source,
        )
