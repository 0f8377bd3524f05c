"""Key a green or blue screen with the vendor's documented parameters.

The vendor's pixels are not public. What is reproduced are the documented directions: what each
parameter does when it is raised or lowered. Everything a caller shows should carry `LABEL`.
"""

from typing import Literal

from attrs import field, frozen
from PIL import Image, ImageChops, ImageFilter

#: What to say beside every keyed picture or video.
LABEL = "emulated: documented directions reproduced; pixels are not the vendor's"

Rgb = tuple[int, int, int]
Bgr = tuple[int, int, int]

_ESTIMATE_SIZE = (160, 90)
_MIN_KEY = 12
_MIN_COVERAGE = 0.02
_MIN_STRENGTH = 8
#: How far, in Pillow's 256 hue steps, a screen pixel may lie from the sample colour.
_HUE_WINDOW = 48


@frozen(kw_only=True)
class KeyParameters:
    """Hold the vendor's `greenParams*` under their own meanings.

    Attributes:
        refineth_h: Background-ness from which a pixel is transparent; higher retains more background.
        refineth_l: Background-ness up to which a pixel is opaque; higher retains more of the edge.
        blur_ks: Smoothing of the matte before the thresholds; 0 and 1 switch it off.
        colorbalance: Share of the screen colour's spill that is removed, 0-100.
        spill_byalpha: Colour balance of the removal, -1 to 1; neutral is 0.5 on green, 0.0 on blue.
        sample_bgr: The screen's colour family, in BGR order.
        background_rgb: What shows where the screen was, in RGB order.
    """

    refineth_h: int = 160
    refineth_l: int = 40
    blur_ks: int = 3
    colorbalance: int = 100
    spill_byalpha: float = 0.5
    sample_bgr: Bgr = (0, 255, 0)
    background_rgb: Rgb = (0, 255, 0)


@frozen(kw_only=True)
class Screen:
    """Describe the screen found in a picture.

    Attributes:
        channel: Index of the key channel in RGB order: 0 red, 1 green, 2 blue.
        rgb: Median colour of the screen.
        strength: How much the key channel exceeds both others there, 8-255.
        coverage: Share of the picture it fills, 0-1.
    """

    channel: int
    rgb: Rgb
    strength: int
    coverage: float


@frozen(kw_only=True)
class Keyed:
    """Hold the result of keying one picture.

    Attributes:
        image: The subject over the background colour, RGB.
        foreground: The whole picture with the spill removed, RGB.
        alpha: The matte, L: 255 is opaque.
        screen: What was keyed; None if no screen was found and the picture is opaque.
        warnings: What a person should know about this result.
    """

    image: Image.Image
    foreground: Image.Image
    alpha: Image.Image
    screen: Screen | None
    warnings: tuple[str, ...] = field(default=())


def estimate_screen(image: Image.Image, sample_bgr: Bgr) -> Screen | None:
    """Find the screen of the sample colour's family; None if it fills less than 2 % of the picture."""
    channel = _key_channel(sample_bgr)
    small = image.convert("RGB").resize(_ESTIMATE_SIZE, Image.Resampling.BOX, reducing_gap=2.0)
    bands = small.split()
    strength = _key_strength(small, channel)
    family = _family(small, sample_bgr)
    candidates = ImageChops.darker(_at_least(strength, _MIN_KEY + 1), family)
    pixels = _ESTIMATE_SIZE[0] * _ESTIMATE_SIZE[1]
    if _count(candidates) < _MIN_COVERAGE * pixels:
        return None
    threshold = _percentile(strength.histogram(candidates), 0.6) // 2
    screen = ImageChops.darker(_at_least(strength, threshold + 1), candidates)
    rgb = (
        _percentile(bands[0].histogram(screen), 0.5),
        _percentile(bands[1].histogram(screen), 0.5),
        _percentile(bands[2].histogram(screen), 0.5),
    )
    others = max(value for index, value in enumerate(rgb) if index != channel)
    return Screen(
        channel=channel,
        rgb=rgb,
        strength=max(_MIN_STRENGTH, rgb[channel] - others),
        coverage=_count(screen) / pixels,
    )


def key(
    image: Image.Image,
    parameters: KeyParameters,
    *,
    screen: Screen | Literal["estimate"] | None = "estimate",
    scale: float = 1.0,
) -> Keyed:
    """Key one picture and lay it over the background colour.

    Args:
        image: The picture.
        parameters: How to key it.
        screen: The screen found in another frame of the same clip; None means there is none.
        scale: How much the picture was shrunk from its original, so that the smoothing shrinks too.
    """
    rgb = image.convert("RGB")
    found = estimate_screen(rgb, parameters.sample_bgr) if screen == "estimate" else screen
    warnings: list[str] = []
    if screen == "estimate" and _looks_swapped(rgb, parameters.sample_bgr, found):
        warnings.append("the reversed sample colour fits the screen better: the sample is BGR, not RGB")
    if found is None:
        warnings.append("no screen of the sample colour was found: nothing is transparent")
        alpha = Image.new("L", rgb.size, 255)
        channel = _key_channel(parameters.sample_bgr)
    else:
        if parameters.refineth_h <= parameters.refineth_l:
            warnings.append("the high threshold is not above the low one: the matte is hard")
        alpha = _matte(rgb, found, parameters, scale)
        channel = found.channel
    foreground = _despill(rgb, channel, parameters)
    backdrop = Image.new("RGB", rgb.size, parameters.background_rgb)
    return Keyed(
        image=Image.composite(foreground, backdrop, alpha),
        foreground=foreground,
        alpha=alpha,
        screen=found,
        warnings=tuple(warnings),
    )


def remove_spill(image: Image.Image, parameters: KeyParameters) -> Image.Image:
    """Return the picture with the screen colour's spill removed, and no matte made."""
    return _despill(image.convert("RGB"), _key_channel(parameters.sample_bgr), parameters)


def _looks_swapped(rgb: Image.Image, sample_bgr: Bgr, found: Screen | None) -> bool:
    reversed_bgr = sample_bgr[::-1]
    if _key_channel(reversed_bgr) == _key_channel(sample_bgr):
        return False
    other = estimate_screen(rgb, reversed_bgr)
    return other is not None and (found is None or other.coverage > 2 * found.coverage)


def _matte(rgb: Image.Image, screen: Screen, parameters: KeyParameters, scale: float) -> Image.Image:
    gain = 255 / screen.strength
    background = _key_strength(rgb, screen.channel).point([min(255, round(v * gain)) for v in range(256)])
    radius_px = parameters.blur_ks * scale / 3
    if parameters.blur_ks > 1 and radius_px > 0.05:
        background = background.filter(ImageFilter.GaussianBlur(radius_px))
    high = max(parameters.refineth_h, parameters.refineth_l + 1)
    span = high - parameters.refineth_l
    return background.point([min(255, max(0, round(255 * (high - v) / span))) for v in range(256)])


def _despill(rgb: Image.Image, channel: int, parameters: KeyParameters) -> Image.Image:
    share = min(1.0, max(0.0, parameters.colorbalance / 100))
    if share == 0:
        return rgb
    bands = list(rgb.split())
    warm, cool = _balance_channels(channel)
    neutral = 0.0 if channel == 2 else 0.5
    pull = min(1.5, max(0.0, (neutral - parameters.spill_byalpha) / 0.8))
    tilt = (neutral - parameters.spill_byalpha) / 2
    higher = ImageChops.lighter(bands[warm], bands[cool])
    mean = ImageChops.add(bands[warm], bands[cool], scale=2.0)
    limit = ImageChops.subtract(higher, _scaled(ImageChops.subtract(higher, mean), pull))
    removed = _scaled(ImageChops.subtract(bands[channel], limit), share)
    shift = _scaled(removed, abs(tilt))
    raised, lowered = (warm, cool) if tilt >= 0 else (cool, warm)
    bands[channel] = ImageChops.subtract(bands[channel], removed)
    bands[raised] = ImageChops.add(bands[raised], shift)
    bands[lowered] = ImageChops.subtract(bands[lowered], shift)
    return Image.merge("RGB", bands)


def _key_channel(sample_bgr: Bgr) -> int:
    rgb = sample_bgr[::-1]
    return max((1, 2, 0), key=lambda index: rgb[index])


def _balance_channels(channel: int) -> tuple[int, int]:
    """Return the channels that make the subject warmer and cooler for this key channel."""
    return {0: (1, 2), 1: (0, 2), 2: (0, 1)}[channel]


def _key_strength(rgb: Image.Image, channel: int) -> Image.Image:
    bands = rgb.split()
    first, second = (bands[index] for index in range(3) if index != channel)
    return ImageChops.subtract(bands[channel], ImageChops.lighter(first, second))


def _family(small: Image.Image, sample_bgr: Bgr) -> Image.Image:
    if max(sample_bgr) - min(sample_bgr) < _MIN_KEY:
        return Image.new("L", small.size, 255)
    sample_hue = Image.new("RGB", (1, 1), sample_bgr[::-1]).convert("HSV").getpixel((0, 0))
    centre = sample_hue[0] if isinstance(sample_hue, tuple) else 0
    near = [255 if min((v - centre) % 256, (centre - v) % 256) <= _HUE_WINDOW else 0 for v in range(256)]
    return small.convert("HSV").getchannel(0).point(near)


def _at_least(band: Image.Image, threshold: int) -> Image.Image:
    return band.point([255 if v >= threshold else 0 for v in range(256)])


def _scaled(band: Image.Image, factor: float) -> Image.Image:
    return band.point([min(255, round(v * factor)) for v in range(256)])


def _count(mask: Image.Image) -> int:
    return sum(mask.histogram()[128:])


def _percentile(histogram: list[int], share: float) -> int:
    wanted = sum(histogram) * share
    seen = 0
    for value, number in enumerate(histogram):
        seen += number
        if seen >= wanted and number:
            return value
    return 255
