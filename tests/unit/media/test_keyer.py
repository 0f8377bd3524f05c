"""The documented directions of the keying parameters."""

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageFilter, ImageStat

from avatar_async.media.clips import ClipStyle, make_still
from avatar_async.media.keyer import LABEL, KeyParameters, estimate_screen, key, remove_spill

SCENE = make_still(ClipStyle(seed=4, width_px=180, height_px=320))
BLUE_SCENE = make_still(ClipStyle(screen="blue", seed=4, width_px=180, height_px=320))
BLUE = KeyParameters(sample_bgr=(255, 0, 0), spill_byalpha=0.0)


def mean(image):
    """Return the mean of the first band."""
    return ImageStat.Stat(image).mean[0]


def opacity(parameters, quality=False):
    """Return how much of the scene is kept."""
    return mean(key(SCENE, parameters, quality=quality).alpha)


def straight_edge():
    """Return a grey thing to the left of a screen."""
    picture = Image.new("RGB", (320, 320), (40, 170, 60))
    picture.paste((128, 128, 128), (0, 0, 160, 320))
    return picture


def despilled(rgb, **parameters):
    """Return one colour with its spill removed."""
    image = remove_spill(Image.new("RGB", (1, 1), rgb), KeyParameters(**parameters))
    return image.getpixel((0, 0))


thresholds = st.tuples(st.integers(70, 220), st.integers(70, 220), st.integers(10, 69))


@given(thresholds, st.booleans())
@settings(max_examples=25)
def test_a_higher_h_retains_more(values, quality):
    """The vendor says: higher values retain more background."""
    first, second, low = values
    lower, higher = sorted((first, second))
    assert opacity(KeyParameters(refineth_h=lower, refineth_l=low), quality) <= opacity(
        KeyParameters(refineth_h=higher, refineth_l=low), quality
    )


@pytest.mark.parametrize("quality", [False, True])
def test_what_a_higher_h_retains_is_background(quality):
    """At the highest H a shaded screen shows through; at the default it does not."""
    corner = (0, 0, 20, 20)
    default, highest = (
        key(SCENE, KeyParameters(refineth_h=high), quality=quality).alpha.crop(corner) for high in (160, 255)
    )
    assert mean(default) == 0
    assert mean(highest) > 0


@given(st.tuples(st.integers(10, 80), st.integers(10, 80), st.integers(90, 220)), st.booleans())
@settings(max_examples=25)
def test_a_higher_l_retains_more(values, quality):
    """The vendor says: higher values retain more of the edge."""
    first, second, high = values
    lower, higher = sorted((first, second))
    assert opacity(KeyParameters(refineth_h=high, refineth_l=lower), quality) <= opacity(
        KeyParameters(refineth_h=high, refineth_l=higher), quality
    )


@pytest.mark.parametrize("quality", [False, True])
@pytest.mark.parametrize("pair", [(1, 6), (6, 12), (12, 24)])
def test_a_higher_blur_makes_a_smoother_matte(pair, quality):
    """The vendor says: higher smoothness means smoother results."""

    def roughness(blur):
        parameters = KeyParameters(blur_ks=blur, refineth_h=255, refineth_l=0)
        return mean(key(SCENE, parameters, quality=quality).alpha.filter(ImageFilter.FIND_EDGES))

    assert roughness(pair[1]) < roughness(pair[0])


@given(st.integers(1, 24), st.integers(1, 24))
@settings(max_examples=25)
def test_a_higher_blur_erodes_the_edge(first, second):
    """The vendor says: if edge erosion occurs, decrease this value."""
    lower, higher = sorted((first, second))
    kept = [mean(key(straight_edge(), KeyParameters(blur_ks=blur)).alpha) for blur in (lower, higher)]
    assert kept[1] <= kept[0] + 0.02
    assert mean(key(straight_edge(), KeyParameters(blur_ks=24)).alpha) < mean(
        key(straight_edge(), KeyParameters(blur_ks=1)).alpha
    )


@pytest.mark.parametrize("quality", [False, True])
@pytest.mark.parametrize("blur", [3, 12, 24])
def test_a_shrunk_preview_is_smoothed_as_the_whole_picture(blur, quality):
    """Parameters are picked on a small preview and used on the whole."""
    large = make_still(ClipStyle(seed=4, width_px=720, height_px=1280))
    small = large.resize((360, 640), Image.Resampling.BOX)
    parameters = KeyParameters(blur_ks=blur)
    shrunk = key(large, parameters, quality=quality).alpha.resize(small.size, Image.Resampling.BOX)
    alone = key(small, parameters, quality=quality).alpha
    assert mean(ImageChops.difference(shrunk, alone)) < 1


@given(st.integers(0, 100), st.integers(0, 100))
@settings(max_examples=40)
def test_a_higher_colorbalance_leaves_less_green(first, second):
    """The vendor says: higher values mean stronger green removal."""
    lower, higher = sorted((first, second))
    tinted = (150, 200, 140)
    assert despilled(tinted, colorbalance=higher)[1] <= despilled(tinted, colorbalance=lower)[1]
    assert despilled(tinted, colorbalance=0) == tinted
    assert despilled(tinted, colorbalance=100)[1] == 150


def test_lemon_turns_orange_as_the_recipe_warns():
    """The green-tint recipe warns that -0.3 turns lemon yellow to orange; the default leaves it."""
    lemon = (255, 244, 79)
    assert despilled(lemon) == lemon
    assert despilled(lemon, spill_byalpha=0.0) == (255, 200, 68)
    red, green, blue = despilled(lemon, spill_byalpha=-0.3)
    assert (red, green) == (255, 167)
    assert blue in {48, 49}


@pytest.mark.parametrize(("spill", "warmer"), [(-0.3, True), (0.2, True), (0.8, False), (1.0, False)])
def test_spill_balance_tilts_warm_below_half_and_cool_above(spill, warmer):
    """The vendor says: below 0.5 a yellow cast, above 0.5 a cyan or blue one."""
    red, _, blue = despilled((120, 170, 120), spill_byalpha=spill)
    assert (red > blue) is warmer


@given(st.floats(-0.3, 1))
def test_skin_keeps_its_colour_at_every_advised_balance(spill):
    """Skin holds no green spill, so that removing it changes nothing down to the advised -0.3."""
    assert despilled((224, 160, 130), spill_byalpha=spill) == (224, 160, 130)


@pytest.mark.parametrize("quality", [False, True])
@pytest.mark.parametrize(
    "change",
    [
        {"refineth_h": 120},
        {"refineth_h": 165},
        {"refineth_l": 20},
        {"blur_ks": 1},
        {"blur_ks": 4},
        {"colorbalance": 50},
        {"spill_byalpha": -0.3},
        {"sample_bgr": (255, 0, 0)},
        {"background_rgb": (0, 100, 255)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_each_parameter_changes_pixels(change, quality):
    """A preview that ignores a parameter would mislead whoever tunes it."""
    default = key(SCENE, KeyParameters(), quality=quality).image
    changed = key(SCENE, attrs.evolve(KeyParameters(), **change), quality=quality).image
    assert ImageChops.difference(default, changed).getbbox() is not None


@pytest.mark.parametrize(("scene", "parameters"), [(SCENE, KeyParameters()), (BLUE_SCENE, BLUE)])
@pytest.mark.parametrize("quality", [False, True])
def test_an_uneven_screen_becomes_the_background_and_the_figure_stays(scene, parameters, quality):
    """The screen's own colour is found, so that a dull studio green keys as well as a pure one."""
    keyed = key(scene, attrs.evolve(parameters, background_rgb=(10, 20, 30)), quality=quality)
    assert keyed.image.getpixel((90, 20)) == (10, 20, 30)
    assert keyed.alpha.getpixel((90, 280)) == 255
    assert keyed.screen is not None
    assert 0.3 < keyed.screen.coverage < 0.9


def test_a_picture_without_a_screen_stays_whole_and_says_so():
    """No screen must not make half a face transparent."""
    keyed = key(Image.new("RGB", (64, 64), (200, 150, 120)), KeyParameters())
    assert keyed.screen is None
    assert keyed.alpha.getextrema() == (255, 255)
    assert "no screen" in keyed.warnings[0]


def test_a_swapped_sample_colour_is_called_by_its_name():
    """RGB given where BGR is asked for is the likeliest mistake."""
    assert any(
        "BGR" in warning for warning in key(BLUE_SCENE, KeyParameters(sample_bgr=(0, 0, 255))).warnings
    )


def test_thresholds_the_wrong_way_round_warn():
    """The documented ranges overlap, so that H below L can be asked for."""
    assert "hard" in key(SCENE, KeyParameters(refineth_h=70, refineth_l=80)).warnings[0]


def test_a_screen_of_another_family_is_not_taken():
    """A blue sample must not key a green screen."""
    assert estimate_screen(SCENE, (255, 0, 0)) is None
    found = estimate_screen(SCENE, (0, 255, 0))
    assert found is not None
    assert found.channel == 1


def test_the_defaults_warn_of_nothing_on_good_footage():
    """A warning that is always there is never read."""
    assert key(SCENE, KeyParameters()).warnings == ()
    assert key(BLUE_SCENE, BLUE).warnings == ()


def test_every_result_says_that_it_is_not_the_vendors():
    """Someone pays for a training because of what this shows."""
    keyed = key(SCENE, KeyParameters())
    assert keyed.label == LABEL == "documented directions reproduced; not the vendor's pixels"


@pytest.mark.parametrize("quality", [False, True])
def test_a_saved_preview_carries_its_label_and_parameters(quality, tmp_path):
    """A picture is passed on without the page it stood on."""
    keyed = key(SCENE, KeyParameters(), quality=quality)
    keyed.save(tmp_path / "preview.png", {"refineth_h": 160})
    with Image.open(tmp_path / "preview.png") as saved:
        assert saved.info["Comment"] == keyed.label
        assert saved.info["Parameters"] == '{"refineth_h": 160}'
        assert ImageChops.difference(saved.convert("RGB"), keyed.image).getbbox() is None


def test_the_quality_mode_is_never_silent():
    """It keys better than the vendor will, so it says so in its label and in its warnings."""
    keyed = key(SCENE, KeyParameters(), quality=True)
    assert keyed.quality
    assert LABEL in keyed.label
    assert "quality mode" in keyed.label
    assert any("quality mode" in warning for warning in keyed.warnings)
    assert ImageChops.difference(keyed.image, key(SCENE, KeyParameters()).image).getbbox() is not None


@pytest.mark.parametrize("quality", [False, True])
def test_the_foreground_and_the_matte_make_the_composite(quality):
    """Thumbnails and zips are made of the two, previews of the one."""
    keyed = key(SCENE, KeyParameters(background_rgb=(90, 40, 200)), quality=quality)
    laid = Image.composite(keyed.foreground, Image.new("RGB", SCENE.size, (90, 40, 200)), keyed.alpha)
    assert max(high for _, high in ImageStat.Stat(ImageChops.difference(laid, keyed.image)).extrema) <= 2


@given(st.floats(0.5, 1))
@settings(max_examples=15)
def test_a_darker_part_of_the_screen_does_not_show_while_it_is_not_too_dark(light):
    """Lights fall off; what a person calls one screen has to go as one."""
    picture = straight_edge()
    picture.paste(tuple(round(value * light) for value in (40, 170, 60)), (260, 0, 320, 320))
    kept = mean(key(picture, KeyParameters()).alpha.crop((270, 0, 320, 320)))
    assert (kept == 0) is (light >= 0.55) or 0.53 < light < 0.57


def test_keying_changes_nothing_of_the_picture_it_was_given():
    """The same picture is keyed with many parameter sets."""
    picture = SCENE.copy()
    key(picture, KeyParameters())
    key(picture, KeyParameters(), quality=True)
    assert picture == SCENE


@pytest.mark.parametrize("colour", [(128, 128, 128), (30, 30, 34), (250, 250, 250)])
def test_the_quality_mode_keeps_grey_things_before_skin(colour):
    """Edges are measured against how far skin is from the screen; glasses are not as far."""
    picture = Image.new("RGB", (320, 320), (40, 170, 60))
    picture.paste((224, 160, 120), (60, 60, 260, 320))
    picture.paste(colour, (60, 150, 260, 162))
    alpha = key(picture, KeyParameters(), quality=True).alpha
    assert alpha.crop((70, 140, 250, 310)).getextrema() == (255, 255)
