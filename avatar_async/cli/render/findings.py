"""Findings of a preflight for people: the same of one file in many jobs is told once."""

from typing import TYPE_CHECKING

from attrs import evolve

from avatar_async.cli.render.text import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from avatar_async.media.footage import Footage
    from avatar_async.media.preflight import Finding, Seen

_NAMED_JOBS = 2


def finding_lines(findings: "Sequence[Finding]", *, graded: bool = True) -> list[str]:
    """Return one line for each different finding, with the jobs it is about.

    Args:
        findings: In the order to tell them.
        graded: Whether each line begins with the finding's severity.
    """
    jobs: dict[Finding, list[str]] = {}
    for finding in findings:
        names = jobs.setdefault(evolve(finding, job=None), [])
        if finding.job is not None and finding.job not in names:
            names.append(finding.job)
    lines = []
    for finding, names in jobs.items():
        word = f"{finding.gravity}: " if graded else ""
        lines.append(one_line(f"{word}{evolve(finding, job=_named(names))}"))
    return lines


def _named(names: list[str]) -> str | None:
    if not names:
        return None
    more = len(names) - _NAMED_JOBS
    told = ", ".join(names if more <= 1 else names[:_NAMED_JOBS])
    return f"{told} and {more} more jobs" if more > 1 else told


def plural(count: int, word: str) -> str:
    """Return a number with its word, such as `1 frame` or `2 frames`."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def file_line(address: str, seen: "Seen") -> str:
    """Return what is known of a file in one line."""
    from avatar_async.media.preflight.findings import named

    facts = _facts(seen.footage) if seen.footage else ["not read"]
    found = [look for look in seen.screens.values() if look.screen_rgb is not None]
    best = max(found, key=lambda look: look.coverage, default=None)
    if best is not None:
        facts.append(f"screen {best.screen_rgb} in RGB on {best.coverage:.0%} of the picture")
    return one_line(f"{named(address)}: {', '.join(facts)}")


def _facts(footage: "Footage") -> list[str]:
    if footage.sort == "zip":
        return ["zip", *([f"{footage.size_bytes} bytes"] if footage.size_bytes is not None else [])]
    facts = [f"{footage.sort} {footage.codec or ''}".strip()]
    if footage.width_px and footage.height_px:
        turned = f", turned {footage.rotation_deg} degrees" if footage.rotation_deg else ""
        facts.append(f"{footage.width_px} x {footage.height_px}{turned}")
    if footage.sort == "image":
        return facts
    facts.append("length unknown" if footage.duration_s is None else f"{footage.duration_s:.2f} s")
    if footage.sort == "video":
        rates = {True: "constant", False: "varying", None: "constancy unknown"}
        fps = "rate unknown" if footage.fps is None else f"{footage.fps:.5g} fps"
        facts.append(f"{fps} ({rates[footage.constant_rate]})")
        facts.append("frames unknown" if footage.frames is None else plural(footage.frames, "frame"))
        sounds = {True: "sound", False: "no sound", None: "sound unknown"}
        facts.append(f"{sounds[footage.has_audio]} {footage.audio_codec or ''}".strip())
    return facts
