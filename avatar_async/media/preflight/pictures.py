"""Advice from the pictures: the screen, its light, what would be left of it, and its colour on the person."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from avatar_async.media.preflight.findings import INFERRED, Finding, Gravity
from avatar_async.media.preflight.subject import Subject

if TYPE_CHECKING:
    from avatar_async.media.preflight.uses import Keying
    from avatar_async.media.screens import ScreenLook

#: Bounds of what is worth a word, found on synthetic scenes.
LEAST_LIGHTING, LEAST_COVERAGE, MOST_COVERAGE, MOST_LEFTOVER, MOST_SPILL = 0.65, 0.2, 0.97, 0.01, 0.10
_POOR_LIGHTING = 0.5


def picture_findings(subject: Subject) -> Iterator[Finding]:
    """Yield advice about a file that is to be keyed."""
    keying = subject.use.keying
    if keying is None or subject.seen.footage is None or subject.seen.footage.sort not in ("image", "video"):
        return
    look = subject.seen.screens.get(keying.sample_bgr)
    if look is None:
        yield subject.finding(
            Gravity.UNKNOWN,
            "screen",
            "its screen could not be looked at",
            measured=str(subject.seen.failure or "no picture was decoded"),
            limit="a picture that can be decoded",
            remedy="preview it before the training",
            source=INFERRED,
        )
        return
    for check, what, measured, limit, remedy in _advice(look, keying):
        yield subject.finding(
            Gravity.WARNING, check, what, measured=measured, limit=limit, remedy=remedy, source=INFERRED
        )


_Row = tuple[str, str, str, str, str]


def _advice(look: "ScreenLook", keying: "Keying") -> Iterator[_Row]:
    order = list(look.sample_bgr)
    if look.seems_rgb is not None or look.swapped:
        screen = look.seems_rgb or look.screen_rgb
        assert screen is not None
        bgr = list(screen[::-1])
        if look.swapped:
            yield (
                "sample",
                "the sample point looks swapped: RGB where BGR is wanted",
                f"sample {order}, screen {bgr} in BGR ({list(screen)} in RGB)",
                "blue, green, red",
                f"set green_params_sample_point_bgr to {order[::-1]}",
            )
        else:
            yield (
                "sample",
                "the screen has another colour than the sample point",
                f"sample {order}, screen {bgr} in BGR",
                "the screen's own colour family",
                f"set green_params_sample_point_bgr to {_family(bgr)}",
            )
        if look.seems_rgb is not None:
            return
    yield from _extent(look)
    if look.coverage < LEAST_COVERAGE:
        return
    yield from _light(look, keying)
    if look.spill is not None and look.spill > MOST_SPILL:
        yield (
            "spill",
            "the screen's colour lies on the person",
            f"{look.spill:.0%} of its strength at the rim",
            f"at most {MOST_SPILL:.0%}",
            "put the person further from the screen, or try the preset green_tint",
        )


def _extent(look: "ScreenLook") -> Iterator[_Row]:
    if look.coverage < LEAST_COVERAGE:
        yield (
            "coverage",
            "hardly any screen of the sample point's colour is there",
            f"{look.coverage:.0%} of the picture",
            f"at least {LEAST_COVERAGE:.0%}",
            "check green_params_sample_point_bgr, or use segment_style 2 without a screen",
        )
    elif look.coverage > MOST_COVERAGE:
        yield (
            "subject",
            "hardly anybody is in the picture",
            f"{1 - look.coverage:.0%} of the picture",
            f"at least {1 - MOST_COVERAGE:.0%}",
            "check that this is the right video",
        )


def _light(look: "ScreenLook", keying: "Keying") -> Iterator[_Row]:
    if look.lighting is not None and look.lighting < LEAST_LIGHTING:
        very = "very " if look.lighting < _POOR_LIGHTING else ""
        yield (
            "lighting",
            f"the screen is lit {very}unevenly",
            f"darkest to brightest part {look.lighting:.2f}",
            f"at least {LEAST_LIGHTING}",
            "light the screen from both sides, or preview before the training",
        )
    leftover = look.leftover(keying.refineth_h)
    if leftover is not None and leftover > MOST_LEFTOVER:
        clean = max(
            (high for high in range(70, 221) if (look.leftover(high) or 0) <= MOST_LEFTOVER), default=70
        )
        yield (
            "leftover",
            "background would be left standing",
            f"{leftover:.1%} of the screen at green_params_refineth_h_bgr {keying.refineth_h}",
            f"at most {MOST_LEFTOVER:.0%}",
            f"lower green_params_refineth_h_bgr to {clean} or light the screen evenly"
            if clean < keying.refineth_h
            else "light the screen evenly",
        )


def _family(bgr: list[int]) -> list[int]:
    return [255 if part == max(bgr) else 0 for part in bgr]
