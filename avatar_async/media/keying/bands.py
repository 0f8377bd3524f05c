"""Small operations on the 8-bit bands of a picture."""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from PIL import Image, ImageChops, ImageFilter

Bands = Sequence[Image.Image]

#: Variances up to this (px squared) are made from shifted copies, at a quarter of a Gaussian filter's time.
_SHIFTED_VARIANCE: Final = 1.25
_LEAST_VARIANCE: Final = 0.001


def other_channels(channel: int) -> tuple[int, int]:
    """Return the two channels beside the key channel, the warmer one first."""
    return {0: (1, 2), 1: (0, 2), 2: (0, 1)}[channel]


def key_strength(bands: Bands, channel: int) -> Image.Image:
    """Return by how much the key channel exceeds both others, at least 0."""
    first, second = other_channels(channel)
    return ImageChops.subtract(bands[channel], ImageChops.lighter(bands[first], bands[second]))


def signed_strength(bands: Bands, channel: int, zero: int) -> Image.Image:
    """Return the key strength where `zero` stands for none, so that what lacks the key colour differs too."""
    first, second = other_channels(channel)
    return ImageChops.subtract(bands[channel], ImageChops.lighter(bands[first], bands[second]), 1.0, zero)


def scaled(band: Image.Image, factor: float) -> Image.Image:
    """Return a band times a factor."""
    return band if factor == 1 else band.point(_scale_table(factor))


def at_least(band: Image.Image, threshold: int) -> Image.Image:
    """Return 255 where the band reaches the threshold, else 0."""
    return band.point([255 if value >= threshold else 0 for value in range(256)])


def count(mask: Image.Image) -> int:
    """Return how many pixels of a mask are set."""
    return sum(mask.histogram()[128:])


def percentile(histogram: Sequence[int], share: float) -> int:
    """Return the value that this share of the pixels does not exceed; 255 if there is no pixel."""
    wanted = sum(histogram) * share
    seen = 0
    for value, number in enumerate(histogram):
        seen += number
        if seen >= wanted and number:
            return value
    return 255


def smoothed(band: Image.Image, sigma_px: float) -> Image.Image:
    """Return a band blurred by a Gaussian of this deviation; the border repeats its last pixel."""
    variance = sigma_px * sigma_px
    if variance > _SHIFTED_VARIANCE:
        return band.filter(ImageFilter.GaussianBlur(sigma_px))
    if variance < _LEAST_VARIANCE:
        return band
    pairs = math.ceil(2 * variance)
    share = (1 - math.sqrt(1 - 2 * min(0.5, variance / pairs))) / 2
    for _ in range(pairs):
        band = _mean_of_shifted(band, 1, 0, share)
    # Blending rounds down: one axis is done on the inverse, so that the errors cancel.
    band = ImageChops.invert(band)
    for _ in range(pairs):
        band = _mean_of_shifted(band, 0, 1, share)
    return ImageChops.invert(band)


def smoothing_reach(sigma_px: float) -> int:
    """Return how many pixels away `smoothed` looks."""
    return 0 if sigma_px * sigma_px < _LEAST_VARIANCE else math.ceil(4 * sigma_px) + 3


@lru_cache(maxsize=64)
def _scale_table(factor: float) -> list[int]:
    return [min(255, round(value * factor)) for value in range(256)]


def _mean_of_shifted(band: Image.Image, across: int, down: int, share: float) -> Image.Image:
    """Return a band blended with itself one pixel on, and that with itself one pixel back."""
    once = Image.blend(band, _shifted(band, across, down), share)
    return Image.blend(once, _shifted(once, -across, -down), share)


def _shifted(band: Image.Image, across: int, down: int) -> Image.Image:
    wide, high = band.size
    moved = band.crop((across, down, wide + across, high + down))
    left, top = (wide - 1 if across > 0 else 0), (high - 1 if down > 0 else 0)
    edge = (left, 0, left + 1, high) if across else (0, top, wide, top + 1)
    moved.paste(band.crop(edge), edge[:2])
    return moved
