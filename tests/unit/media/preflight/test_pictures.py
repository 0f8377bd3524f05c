"""What is measured on pictures of a screen, and the advice that follows."""

import attrs
import pytest
from PIL import Image, ImageChops

from avatar_async.media.clips import ClipStyle, make_still
from avatar_async.media.footage import Footage
from avatar_async.media.preflight import Seen
from avatar_async.media.preflight.rules import request_findings
from avatar_async.media.screens import look_at_screen
from avatar_async.requests import ImagePreviewRequest

GREEN, BLUE, RED = (0, 255, 0), (255, 0, 0), (0, 0, 255)
ADDRESS = "https://media.test/a.png"


@pytest.fixture(scope="module")
def scenes():
    """A small picture before each screen."""
    return {
        screen: make_still(ClipStyle(screen=screen, clothes="dark", width_px=180, height_px=320))
        for screen in ("green", "blue")
    }


def shaded(picture: Image.Image, darkest: float) -> Image.Image:
    """Return a picture that gets darker to one side."""
    light = Image.linear_gradient("L").resize(picture.size)
    light = light.point([round(255 - level * (1 - darkest)) for level in range(256)])
    return ImageChops.multiply(picture, Image.merge("RGB", (light, light, light)))


def tinted(picture: Image.Image, share: float) -> Image.Image:
    """Return a picture with green light on everything."""
    return ImageChops.add(picture, Image.new("RGB", picture.size, (0, round(255 * share), 0)))


def advice(picture, **fields):
    """Return the checks that warn about a picture, with what they say."""
    request = ImagePreviewRequest(material_name="a", url=ADDRESS, **fields)
    sample = fields.get("green_params_sample_point_bgr", GREEN)
    footage = Footage(sort="image", container="png")
    seen = {ADDRESS: Seen(footage=footage, screens={sample: look_at_screen([picture], sample)})}
    return {each.check: each for each in request_findings("job", request, seen, lenient=True)}


@pytest.mark.parametrize(("screen", "sample"), [("green", GREEN), ("blue", BLUE)])
def test_a_good_screen_needs_no_advice(scenes, screen, sample):
    """A tool that always warns is switched off."""
    assert advice(scenes[screen], green_params_sample_point_bgr=sample) == {}
    look = look_at_screen([scenes[screen]], sample)
    assert 0.4 < look.coverage < 0.8
    assert (look.lighting or 0.0) > 0.65


def test_a_swapped_sample_is_named(scenes):
    """BGR is asked for, and everybody writes RGB: blue becomes red, and nothing is cut out."""
    found = advice(scenes["blue"], green_params_sample_point_bgr=RED)
    assert "swapped" in found["sample"].what
    assert "[255, 0, 0]" in found["sample"].remedy


def test_a_swapped_sample_of_the_same_family_is_named_too(scenes):
    """A colour taken from the picture with a pipette, in the order of the pipette."""
    rgb = look_at_screen([scenes["green"]], GREEN).screen_rgb
    assert rgb
    found = advice(scenes["green"], green_params_sample_point_bgr=rgb)
    assert "swapped" in found["sample"].what
    assert advice(scenes["green"], green_params_sample_point_bgr=rgb[::-1]) == {}


@pytest.mark.parametrize(("screen", "sample", "right"), [("blue", GREEN, BLUE), ("green", BLUE, GREEN)])
def test_a_screen_of_another_colour_is_named(scenes, screen, sample, right):
    """The default sample is green, and the screen is blue."""
    found = advice(scenes[screen], green_params_sample_point_bgr=sample)
    assert [*found] == ["sample"]
    assert str(list(right)) in found["sample"].remedy


def test_uneven_light_and_what_it_would_leave_are_told_with_a_better_threshold(scenes):
    """A dark corner stays as a grey veil."""
    picture = shaded(scenes["green"], 0.4)
    found = advice(picture, green_params_refineth_h_bgr=200)
    assert {"lighting", "leftover"} <= found.keys()
    assert "lower green_params_refineth_h_bgr" in found["leftover"].remedy


def test_spill_is_told(scenes):
    """Green cheeks are repaired at the set, or with a preset."""
    assert "spill" not in advice(scenes["green"])
    assert "spill" in advice(tinted(scenes["green"], 0.25))


def test_no_screen_and_nobody_before_it_are_told():
    """The wrong file, or the wrong style."""
    assert [*advice(Image.new("RGB", (160, 90), (120, 110, 100)))] == ["coverage"]
    assert [*advice(Image.new("RGB", (160, 90), (40, 180, 60)))] == ["subject"]


def test_pictures_that_were_not_seen_are_unknown():
    """Not a pass."""
    request = ImagePreviewRequest(material_name="a", url=ADDRESS)
    seen = {ADDRESS: Seen(footage=Footage(sort="image", container="png"))}
    found = [
        (each.gravity.value, each.check) for each in request_findings("job", request, seen, lenient=True)
    ]
    assert found == [("unknown", "screen")]


def test_less_even_light_measures_darker_and_leaves_more(scenes):
    """The figures must at least point the right way."""
    looks = [look_at_screen([shaded(scenes["green"], darkest)], GREEN) for darkest in (0.9, 0.6, 0.3)]
    lighting = [look.lighting or 0.0 for look in looks]
    leftover = [look.leftover(180) or 0.0 for look in looks]
    assert lighting == sorted(lighting, reverse=True)
    assert leftover == sorted(leftover)
    assert leftover[2] > leftover[0] + 0.05


def test_a_higher_threshold_never_leaves_less(scenes):
    """As the documents say: higher values retain more background."""
    look = look_at_screen([shaded(scenes["green"], 0.3)], GREEN)
    left = [look.leftover(high) or 0.0 for high in range(256)]
    assert left == sorted(left)
    assert left[0] == 0 < left[160] < left[220]


def test_several_pictures_are_measured_together(scenes):
    """A person walks in after a minute."""
    alone = Image.new("RGB", (180, 320), look_at_screen([scenes["green"]], GREEN).screen_rgb)
    look = look_at_screen([alone, scenes["green"]], GREEN)
    assert look.pictures == 2
    assert 0.7 < look.coverage < 0.95
    assert attrs.evolve(look, pictures=1) != look_at_screen([scenes["green"]], GREEN)
