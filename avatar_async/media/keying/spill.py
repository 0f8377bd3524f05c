"""Remove the screen colour's spill, and unmix edges from the screen behind them."""

from typing import Final

from PIL import Image, ImageChops

from avatar_async.media.keying.bands import Bands, other_channels, scaled
from avatar_async.media.keying.parameters import KeyParameters, Rgb

_BLUE: Final = 2


def without_spill(bands: Bands, channel: int, parameters: KeyParameters) -> list[Image.Image]:
    """Return the bands with the spill removed, whether they are premultiplied or not.

    What the key channel has above the others is taken off it, down to the higher of them at the neutral
    balance and towards their mean and below as the balance falls; a share of what was taken tilts the colour
    warm below neutral and cool above.
    """
    share = min(1.0, max(0.0, parameters.colorbalance / 100))
    kept = list(bands)
    if share == 0:
        return kept
    warm, cool = other_channels(channel)
    tilt = (0.0 if channel == _BLUE else 0.5) - parameters.spill_byalpha
    limit = ImageChops.lighter(bands[warm], bands[cool])
    if tilt == 0:
        kept[channel] = Image.blend(bands[channel], ImageChops.darker(bands[channel], limit), share)
        return kept
    if tilt > 0:
        mean = ImageChops.add(bands[warm], bands[cool], scale=2.0)
        pull = min(1.5, tilt / 0.8)
        limit = ImageChops.subtract(limit, scaled(ImageChops.subtract(limit, mean), pull))
    removed = scaled(ImageChops.subtract(bands[channel], limit), share)
    shift = scaled(removed, abs(tilt) / 2)
    raised, lowered = (warm, cool) if tilt > 0 else (cool, warm)
    kept[channel] = ImageChops.subtract(bands[channel], removed)
    kept[raised] = ImageChops.add(bands[raised], shift)
    kept[lowered] = ImageChops.subtract(bands[lowered], shift)
    return kept


def unmixed(bands: Bands, alpha: Image.Image, plate: Bands) -> list[Image.Image]:
    """Return what the subject alone adds to the picture: its colours, premultiplied by the matte."""
    clear = ImageChops.invert(alpha)
    return [
        ImageChops.darker(ImageChops.subtract(band, ImageChops.multiply(clear, behind)), alpha)
        for band, behind in zip(bands, plate, strict=True)
    ]


def laid_over(bands: Bands, alpha: Image.Image, background: Rgb) -> Image.Image:
    """Return straight colours over one background colour, RGB."""
    return Image.merge(
        "RGB",
        [
            Image.composite(band, Image.new("L", alpha.size, value), alpha)
            for band, value in zip(bands, background, strict=True)
        ],
    )


def added_to(bands: Bands, alpha: Image.Image, background: Rgb) -> Image.Image:
    """Return premultiplied colours over one background colour, RGB."""
    clear = ImageChops.invert(alpha)
    return Image.merge(
        "RGB",
        [
            ImageChops.add(band, scaled(clear, value / 255)) if value else band
            for band, value in zip(bands, background, strict=True)
        ],
    )
