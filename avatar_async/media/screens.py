"""How good a green or blue screen is, measured on a few pictures of a video."""

import colorsys
from collections.abc import Sequence
from itertools import accumulate

from attrs import frozen
from PIL import Image, ImageChops, ImageFilter

from avatar_async.media.keyer import Bgr, Rgb, Screen, estimate_screen
from avatar_async.media.keying.bands import key_strength, percentile, scaled

#: Share of the screen's own strength from which a pixel counts as screen, its shadows included.
_SCREEN_SHARE = 0.3
#: A screen of another colour is believed in if it fills this share of the picture.
_PLAIN_COVERAGE = 0.2
_LIKELY: tuple[Bgr, ...] = ((0, 255, 0), (255, 0, 0))
#: Distances of hues, in turns, that tell a colour from its mirror image.
_NEAR_HUE, _HUE_GAIN = 0.03, 0.04
_EDGE_PX, _RING_PX = 5, 13


@frozen(kw_only=True)
class ScreenLook:
    """What a screen looks like; measured values are None where there is no screen.

    Attributes:
        sample_bgr: The sample colour it was looked for with.
        screen_rgb: The screen's colour.
        coverage: Share of the picture that is screen, 0 to 1.
        lighting: How dark its darkest parts are beside its brightest (5th over 95th percentile of luma).
        spill: How much of the screen's colour lies on the subject's rim, 0 to 1.
        weaker: Share of the screen whose background-ness is below each level from 0 to 255.
        seems_rgb: Colour of a screen of another family that is there instead; None if there is none.
        swapped: Whether the sample colour fits the screen when its order is reversed, and else not.
        pictures: How many pictures were measured.
    """

    sample_bgr: Bgr
    screen_rgb: Rgb | None
    coverage: float
    lighting: float | None
    spill: float | None
    weaker: tuple[float, ...]
    seems_rgb: Rgb | None
    swapped: bool
    pictures: int

    def leftover(self, refineth_h: int) -> float | None:
        """Return which share of the screen a high threshold would leave standing, wholly or in part."""
        return self.weaker[min(255, max(0, refineth_h))] if self.weaker else None


def look_at_screen(pictures: Sequence[Image.Image], sample_bgr: Bgr) -> ScreenLook:
    """Measure the screen of a sample colour's family on small pictures of one video.

    Args:
        pictures: At least one, RGB, a few hundred pixels wide.
        sample_bgr: The sample colour, in BGR order.
    """
    found = [(picture, estimate_screen(picture, sample_bgr)) for picture in pictures]
    keyed = [(picture, screen) for picture, screen in found if screen is not None]
    coverage = sum(screen.coverage for _, screen in keyed) / len(pictures)
    measured = _Measured()
    for picture, screen in keyed:
        measured.add(picture, screen)
    middle = sorted((screen for _, screen in keyed), key=lambda screen: screen.strength)[len(keyed) // 2 :]
    screen_rgb = middle[0].rgb if middle else None
    other = _other(pictures[len(pictures) // 2], sample_bgr, coverage)
    swapped = other is not None and other.channel == _strongest(sample_bgr)
    if other is None and screen_rgb is not None:
        swapped = _is_mirrored(sample_bgr, screen_rgb)
    return ScreenLook(
        sample_bgr=sample_bgr,
        screen_rgb=screen_rgb,
        coverage=coverage,
        lighting=measured.lighting(),
        spill=measured.spill(),
        weaker=measured.weaker(),
        seems_rgb=other.rgb if other else None,
        swapped=swapped,
        pictures=len(pictures),
    )


class _Measured:
    """Histograms of several pictures, added up."""

    def __init__(self) -> None:
        self._luma = [0] * 256
        self._strength = [0] * 256
        self._rim = [0] * 256

    def add(self, picture: Image.Image, screen: Screen) -> None:
        strength = _strength(picture, screen)
        back = strength.point([255 if level >= _SCREEN_SHARE * 255 else 0 for level in range(256)])
        inside = back.filter(ImageFilter.MinFilter(_EDGE_PX))
        subject = ImageChops.invert(back).filter(ImageFilter.MinFilter(_EDGE_PX))
        rim = ImageChops.subtract(subject, subject.filter(ImageFilter.MinFilter(_RING_PX)))
        _add(self._luma, picture.convert("L").histogram(inside))
        _add(self._strength, strength.histogram(inside))
        _add(self._rim, strength.histogram(rim))

    def lighting(self) -> float | None:
        dark, bright = percentile(self._luma, 0.05), percentile(self._luma, 0.95)
        return dark / bright if bright and any(self._luma) else None

    def spill(self) -> float | None:
        count = sum(self._rim)
        total = sum(level * number for level, number in enumerate(self._rim))
        return total / count / 255 if count else None

    def weaker(self) -> tuple[float, ...]:
        count = sum(self._strength)
        below = accumulate(self._strength[:-1], initial=0)
        return tuple(number / count for number in below) if count else ()


def _strength(picture: Image.Image, screen: Screen) -> Image.Image:
    """Return how much of the screen's colour is where, 255 being that of the screen itself."""
    return scaled(key_strength(picture.split(), screen.channel), 255 / screen.strength)


def _other(picture: Image.Image, sample_bgr: Bgr, coverage: float) -> Screen | None:
    """Return a screen of another family that fills far more of a picture, None if there is none."""
    own = _strongest(sample_bgr[::-1])
    for likely in (sample_bgr[::-1], *_LIKELY):
        if _strongest(likely[::-1]) == own:
            continue
        found = estimate_screen(picture, likely)
        if found is not None and found.coverage >= max(_PLAIN_COVERAGE, 2 * coverage):
            return found
    return None


def _strongest(rgb: Rgb) -> int:
    return max((1, 2, 0), key=lambda index: rgb[index])


def _is_mirrored(sample_bgr: Bgr, screen_rgb: Rgb) -> bool:
    """Tell whether a sample colour meets the screen's hue only when it is read as RGB."""
    screen = _hue(screen_rgb)
    as_bgr, as_rgb = (_distance(_hue(colour), screen) for colour in (sample_bgr[::-1], sample_bgr))
    return as_rgb < _NEAR_HUE and as_bgr - as_rgb > _HUE_GAIN


def _hue(rgb: Rgb) -> float:
    return colorsys.rgb_to_hsv(*(part / 255 for part in rgb))[0]


def _distance(hue: float, other: float) -> float:
    return min((hue - other) % 1, (other - hue) % 1)


def _add(total: list[int], more: list[int]) -> None:
    for level, number in enumerate(more):
        total[level] += number
