"""Pictures to give advice on, small enough to be judged in a moment."""

import pytest
from PIL import Image, ImageChops, ImageDraw

from avatar_async.media.clips import ClipStyle, make_still
from avatar_async.media.parameter_sets import SAMPLE, ParameterSet


def _still(**style):
    return make_still(ClipStyle(**{"seed": 4, "width_px": 270, "height_px": 480, **style}))


@pytest.fixture(scope="session")
def white():
    """White clothes before green."""
    return _still(clothes="white")


@pytest.fixture(scope="session")
def yellow():
    """Yellow clothes before green."""
    return _still(clothes="yellow")


@pytest.fixture(scope="session")
def blue():
    """Dark clothes before blue."""
    return _still(screen="blue", clothes="dark")


@pytest.fixture(scope="session")
def uneven():
    """White clothes before a screen whose one side lies in the dark."""
    picture = _still(clothes="white")
    shade = Image.linear_gradient("L").rotate(90).resize(picture.size)
    shade = shade.point([round(85 + level * 170 / 255) for level in range(256)])
    dark = Image.merge("RGB", [shade] * 3)
    return ImageChops.multiply(picture, dark)


@pytest.fixture(scope="session")
def room():
    """A picture without any screen."""
    picture = Image.new("RGB", (360, 360), (150, 130, 110))
    ImageDraw.Draw(picture).ellipse((90, 60, 270, 300), fill=(224, 178, 146))
    return picture


@pytest.fixture(scope="session")
def empty():
    """A screen and nobody before it."""
    return Image.new("RGB", (360, 360), (46, 168, 66))


@pytest.fixture(scope="session")
def blue_set():
    """The documented defaults for a blue screen."""
    return ParameterSet().changed({SAMPLE: (255, 0, 0), "green_params_spill_byalpha": 0.0})
