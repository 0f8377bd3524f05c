"""Estimate the clean plate: the screen as it would look without the subject, as it is lit at each place."""

from typing import Final

from attrs import frozen
from PIL import Image, ImageChops, ImageFilter

from avatar_async.media.keying.bands import (
    at_least,
    key_strength,
    percentile,
    scaled,
    signed_strength,
)
from avatar_async.media.keying.screen import Screen
from avatar_async.media.keying.strips import Box

#: Reaches of the fill from sure screen, in pixels of the small picture; a farther one where nearer ones end.
_REACHES_PX: Final = (25, 7, 2)
_NEAR_ENOUGH: Final = 6
_SURE: Final = (0.5, 0.75)
_STRENGTH_RANGE: Final = (0.3, 1.6)
#: Share of the plate's strength below which a pixel is sure to be subject, how far that is taken to hold, and
#: how far below none it may count.
_SUBJECT: Final = 0.25
_SUBJECT_REACH_PX: Final = 5
_SUBJECT_SHARE: Final = 0.6
_MOST_LACK: Final = 64


@frozen(kw_only=True, eq=False)
class Plate:
    """Hold a clean plate at low resolution.

    Attributes:
        channel: Index of the key channel in RGB order.
        small: The plate, RGB.
        zero: What stands for no key strength in `floor` and in what is measured against it.
        floor: What the subject has near each place, at most `zero`: skin has less than no key strength.
        span: Key strength of the plate above that floor, L.
        weakest: The lowest span.
        strongest: The highest span, with a reserve for noise.
    """

    channel: int
    small: Image.Image
    zero: int
    floor: Image.Image
    span: Image.Image
    weakest: int
    strongest: int

    def floor_of(self, size: tuple[int, int], box: Box) -> Image.Image:
        """Return the floor in a part of a picture of this size."""
        return _part(self.floor, size, box)

    def gain(self, size: tuple[int, int], box: Box) -> Image.Image:
        """Return what evens out the light in a part of a picture of this size, 255 where it is weakest."""
        table = [min(255, round(255 * self.weakest / max(1, value))) for value in range(256)]
        return _part(self.span.point(table), size, box)

    def bands(self, size: tuple[int, int], box: Box) -> list[Image.Image]:
        """Return the plate's red, green and blue in a part of a picture of this size."""
        return [_part(band, size, box) for band in self.small.split()]


def clean_plate(small: Image.Image, screen: Screen) -> Plate:
    """Return the plate of a picture that was made small by `look`."""
    found = key_strength(small.split(), screen.channel)
    sure = at_least(found, max(1, round(_SURE[0] * screen.strength)))
    plate = _filled(small, sure, screen)
    local = _bounded(key_strength(plate.split(), screen.channel), screen)
    sure = at_least(ImageChops.subtract(found, scaled(local, _SURE[1])), 1)
    plate = _filled(small, sure, screen)
    local = _bounded(key_strength(plate.split(), screen.channel), screen)
    zero = min(_MOST_LACK, 255 - percentile(local.histogram(), 1.0))
    floor = _floor(small, local, screen.channel, zero)
    span = ImageChops.subtract(local, floor, 1.0, zero)
    spread = span.histogram()
    return Plate(
        channel=screen.channel,
        small=plate,
        zero=zero,
        floor=floor,
        span=span,
        weakest=percentile(spread, 0.0),
        strongest=min(255, round(percentile(spread, 1.0) * 1.15)),
    )


def _floor(small: Image.Image, local: Image.Image, channel: int, zero: int) -> Image.Image:
    """Return the most key strength that sure subject has within some pixels, none being `zero`; at most that.

    The most, and not the mean: grey glasses before a face must not become transparent.
    """
    none = Image.new("L", small.size, zero)
    bands = small.split()
    subject = at_least(ImageChops.subtract(scaled(local, _SUBJECT), key_strength(bands, channel)), 1)
    subject = subject.filter(ImageFilter.MinFilter(3))
    signed = ImageChops.lighter(signed_strength(bands, channel, zero), Image.new("L", small.size, 1))
    near = ImageChops.darker(signed, subject)
    for _ in range(_SUBJECT_REACH_PX):
        near = near.filter(ImageFilter.MaxFilter(3))
    near = near.point([zero if value == 0 else min(zero, value) for value in range(256)])
    near = ImageChops.lighter(near, ImageChops.subtract(none, scaled(local, _SUBJECT_SHARE)))
    return near.filter(ImageFilter.GaussianBlur(1.5))


def _filled(small: Image.Image, sure: Image.Image, screen: Screen) -> Image.Image:
    """Return the picture with everything that is not sure to be screen filled from around it."""
    kept = small.copy()
    kept.putalpha(sure.filter(ImageFilter.MinFilter(3)))
    weighed = kept.convert("RGBa")
    plate = Image.new("RGB", small.size, screen.rgb)
    for reach in _REACHES_PX:
        spread = weighed.filter(ImageFilter.GaussianBlur(reach)).convert("RGBA")
        plate = Image.composite(spread.convert("RGB"), plate, scaled(spread.getchannel("A"), _NEAR_ENOUGH))
    return plate


def _part(small: Image.Image, size: tuple[int, int], box: Box) -> Image.Image:
    across, down = small.width / size[0], small.height / size[1]
    left, top, right, bottom = box
    looked_at = left * across, top * down, right * across, bottom * down
    return small.resize((right - left, bottom - top), Image.Resampling.BILINEAR, looked_at)


def _bounded(strength: Image.Image, screen: Screen) -> Image.Image:
    low, high = (round(screen.strength * factor) for factor in _STRENGTH_RANGE)
    return strength.point([max(8, low, min(high, value)) for value in range(256)])
