"""Estimate the clean plate: the screen as it would look without the subject, as it is lit at each place."""

from typing import Final

from attrs import frozen
from PIL import Image, ImageChops, ImageFilter

from avatar_async.media.keying.bands import at_least, key_strength, percentile, scaled
from avatar_async.media.keying.screen import Screen
from avatar_async.media.keying.strips import Box

#: Reaches of the fill from sure screen, in pixels of the small picture; a farther one where nearer ones end.
_REACHES_PX: Final = (25, 7, 2)
_NEAR_ENOUGH: Final = 6
_SURE: Final = (0.5, 0.75)
_STRENGTH_RANGE: Final = (0.3, 1.6)


@frozen(kw_only=True, eq=False)
class Plate:
    """Hold a clean plate at low resolution.

    Attributes:
        channel: Index of the key channel in RGB order.
        small: The plate, RGB.
        strength: Its key strength, L.
        weakest: The lowest of it.
        strongest: The highest of it, with a reserve for noise.
    """

    channel: int
    small: Image.Image
    strength: Image.Image
    weakest: int
    strongest: int

    def gain(self, size: tuple[int, int], box: Box) -> Image.Image:
        """Return what evens out the light in a part of a picture of this size, 255 where it is weakest."""
        table = [min(255, round(255 * self.weakest / max(1, value))) for value in range(256)]
        return _part(self.strength.point(table), size, box)

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
    spread = local.histogram()
    weakest, strongest = percentile(spread, 0.0), percentile(spread, 1.0)
    return Plate(
        channel=screen.channel,
        small=plate,
        strength=local,
        weakest=weakest,
        strongest=min(255, round(strongest * 1.15)),
    )


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
