"""Make the matte: background-ness, smoothed, between two thresholds."""

from functools import lru_cache

from PIL import Image, ImageChops

from avatar_async.media.keying.bands import Bands, key_strength, scaled, signed_strength, smoothed
from avatar_async.media.keying.parameters import KeyParameters
from avatar_async.media.keying.plate import Plate
from avatar_async.media.keying.screen import Screen

_SCALE_LINES = 1080
_SMALLEST_SCALE = 0.25
#: How much of the way from the asked H to the whole screen is left where the plate is known locally.
_LOCAL_DOUBT = 16 / 95
_LOCAL_BLUR = 2 / 3
#: Deviation that the default smoothing has at least where the plate is known, in pixels: the noise of small
#: pictures is not smaller than that of large ones.
_LEAST_LOCAL_PX = 0.5


def sigma_px(parameters: KeyParameters, size: tuple[int, int], *, local: bool) -> float:
    """Return how far the matte of a picture of this size is smoothed."""
    if parameters.blur_ks <= 1:
        return 0.0
    scale = max(_SMALLEST_SCALE, min(size) / _SCALE_LINES)
    if not local:
        return parameters.blur_ks * scale / 3
    scale *= _LOCAL_BLUR
    return parameters.blur_ks * scale / 3 + max(0.0, _LEAST_LOCAL_PX - scale)


def matte(bands: Bands, screen: Screen, parameters: KeyParameters, blur_px: float) -> Image.Image:
    """Return the matte by the documented parameters: 255 is opaque."""
    background = scaled(key_strength(bands, screen.channel), 255 / screen.strength)
    background = smoothed(background, blur_px)
    return _between(background, parameters.refineth_h, parameters.refineth_l, full=255)


def local_matte(
    bands: Bands,
    floor: Image.Image,
    gain: Image.Image,
    plate: Plate,
    parameters: KeyParameters,
    blur_px: float,
) -> Image.Image:
    """Return the matte measured against the screen as it is lit at each place.

    There is less doubt about what is screen, so that H moves towards the whole screen (160 becomes 239) and
    up to a third of the smoothing is left out; the directions stay.

    Args:
        bands: The picture.
        floor: What the subject has, from the plate.
        gain: What evens out the light, from the plate.
        plate: The clean plate.
        parameters: How to key.
        blur_px: Deviation of the smoothing.
    """
    strength = smoothed(signed_strength(bands, plate.channel, plate.zero), blur_px)
    above = scaled(ImageChops.subtract(strength, floor), 255 / plate.strongest)
    evened = ImageChops.multiply(above, gain)
    high = 255 - (255 - parameters.refineth_h) * _LOCAL_DOUBT
    return _between(evened, high, parameters.refineth_l, full=255 * plate.weakest / plate.strongest)


def _between(background: Image.Image, high: float, low: float, *, full: float) -> Image.Image:
    """Return 0 from the high threshold on, 255 up to the low one; `full` is the value of the whole screen."""
    return background.point(_threshold_table(max(high, low + 1), low, 255 / full))


@lru_cache(maxsize=64)
def _threshold_table(high: float, low: float, unit: float) -> list[int]:
    span = high - low
    return [min(255, max(0, round(255 * (high - value * unit) / span))) for value in range(256)]
