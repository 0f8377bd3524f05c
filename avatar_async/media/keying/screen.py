"""Find the screen in a picture: where it is, its colour and how strong it is."""

from typing import Final

from attrs import frozen
from PIL import Image, ImageChops, ImageFilter

from avatar_async.media.keying.bands import at_least, count, key_strength, other_channels, percentile
from avatar_async.media.keying.parameters import Bgr, Rgb

#: The longer side of the picture that is looked at, in pixels.
_LOOK_PX: Final = 160
_MIN_KEY: Final = 12
_MIN_COVERAGE: Final = 0.02
_MIN_STRENGTH: Final = 8
#: How far, in Pillow's 256 hue steps, a screen pixel may lie from the sample colour.
_HUE_WINDOW: Final = 48
#: Background-ness that the darkest part of the screen should have, as a share: above the default H of 160.
_DARKEST: Final = 0.68
#: How far the strength may leave the median's for that.
_STRENGTH_RANGE: Final = (0.85, 1.12)


@frozen(kw_only=True)
class Screen:
    """Describe the screen found in a picture.

    Attributes:
        channel: Index of the key channel in RGB order: 0 red, 1 green, 2 blue.
        rgb: Median colour of the screen.
        strength: What counts as the whole key strength, 8-255: how much the key channel of the median
            colour exceeds both others, lowered by at most 15 % where parts of the screen are dark, raised by
            at most 12 % where it is lit evenly.
        coverage: Share of the picture it fills, 0-1.
    """

    channel: int
    rgb: Rgb
    strength: int
    coverage: float


def key_channel(sample_bgr: Bgr) -> int:
    """Return the strongest channel of a sample colour, as index in RGB order."""
    rgb = sample_bgr[::-1]
    return max((1, 2, 0), key=lambda index: rgb[index])


def look(image: Image.Image) -> Image.Image:
    """Return the picture as small as it is needed to find a screen."""
    longer = max(image.size)
    wide, high = (max(8, round(side * _LOOK_PX / longer)) for side in image.size)
    return image.resize((wide, high), Image.Resampling.BOX, reducing_gap=2.0)


def find_screen(small: Image.Image, sample_bgr: Bgr) -> Screen | None:
    """Find the screen of the sample colour's family in a small picture; None if it fills less than 2 %."""
    channel = key_channel(sample_bgr)
    bands = small.split()
    strength = key_strength(bands, channel)
    candidates = ImageChops.darker(at_least(strength, _MIN_KEY + 1), _family(small, sample_bgr))
    pixels = small.width * small.height
    if count(candidates) < _MIN_COVERAGE * pixels:
        return None
    threshold = percentile(strength.histogram(candidates), 0.6) // 2
    screen = ImageChops.darker(at_least(strength, threshold + 1), candidates)
    red, green, blue = (percentile(band.histogram(screen), 0.5) for band in bands)
    rgb = (red, green, blue)
    median = rgb[channel] - max(rgb[index] for index in other_channels(channel))
    # Pixels at an edge hold something of the subject; they say nothing of the light.
    inside = screen.filter(ImageFilter.MinFilter(3))
    darkest = percentile(strength.histogram(inside if inside.getbbox() else screen), 0.02)
    low, high = (median * factor for factor in _STRENGTH_RANGE)
    return Screen(
        channel=channel,
        rgb=rgb,
        strength=min(255, max(_MIN_STRENGTH, round(min(high, max(low, darkest / _DARKEST))))),
        coverage=count(screen) / pixels,
    )


def looks_swapped(small: Image.Image, sample_bgr: Bgr, found: Screen | None) -> bool:
    """Tell whether the sample colour read the other way round fits the picture's screen better."""
    reversed_bgr = sample_bgr[2], sample_bgr[1], sample_bgr[0]
    if key_channel(reversed_bgr) == key_channel(sample_bgr):
        return False
    other = find_screen(small, reversed_bgr)
    return other is not None and (found is None or other.coverage > 2 * found.coverage)


def _family(small: Image.Image, sample_bgr: Bgr) -> Image.Image:
    if max(sample_bgr) - min(sample_bgr) < _MIN_KEY:
        return Image.new("L", small.size, 255)
    sample_hue = Image.new("RGB", (1, 1), sample_bgr[::-1]).convert("HSV").getpixel((0, 0))
    centre = sample_hue[0] if isinstance(sample_hue, tuple) else 0
    near = [255 if min((v - centre) % 256, (centre - v) % 256) <= _HUE_WINDOW else 0 for v in range(256)]
    return small.convert("HSV").getchannel(0).point(near)
