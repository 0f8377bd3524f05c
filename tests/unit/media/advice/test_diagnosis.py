"""Advice without a complaint."""

import pytest
from PIL import Image

from avatar_async.media.advice import Measure, diagnose, measured, regions_of
from avatar_async.media.parameter_sets import ParameterSet, faults
from tests.keying.scenes import make_scene

USED = ParameterSet()


def changed(**values):
    """Return the defaults with some parameters changed."""
    return USED.changed({f"green_params_{name}": value for name, value in values.items()})


def test_good_footage_at_the_defaults_needs_nothing(white, blue, blue_set):
    """An adviser that always advises is no adviser."""
    assert diagnose([white], USED).verdict == "fine"
    assert diagnose([blue], blue_set).verdict == "fine"
    assert diagnose([white], USED).advised is None


@pytest.mark.parametrize(
    ("values", "measure"),
    [
        ({"refineth_h_bgr": 220}, Measure.LEFTOVER),
        ({"colorbalance": 0}, Measure.GREEN_EDGE),
        ({"refineth_h_bgr": 70, "refineth_l_bgr": 10}, Measure.EROSION),
    ],
    ids=lambda value: str(value),
)
def test_parameters_turned_the_wrong_way_are_found_and_turned_back(values, measure, white):
    """Each measure sees what the documents say its parameter does, and its recipe mends it."""
    diagnosis = diagnose([white], changed(**values))
    poor = [each.measure for each in diagnosis.observations if not each.is_fine]
    assert measure in poor
    assert diagnosis.verdict == "advice"
    assert diagnosis.advised is not None
    assert faults(diagnosis.advised.values) == []
    after = next(each for each in diagnosis.effects if each.measure is measure)
    assert after.after < after.before
    assert not any(each.harms for each in diagnosis.effects)


def test_a_colour_shift_is_traced_to_the_balance(yellow):
    """Lemon yellow turned orange is undone by the neutral balance."""
    diagnosis = diagnose([yellow], changed(spill_byalpha=-0.3))
    assert diagnosis.advised is not None
    assert diagnosis.advised.values["green_params_spill_byalpha"] == 0.5


def test_an_uneven_screen_is_found_by_what_it_leaves(uneven):
    """What the defaults leave standing goes with a lower H, which the documents name for it."""
    diagnosis = diagnose([uneven], USED)
    left = next(each for each in diagnosis.observations if each.measure is Measure.LEFTOVER)
    assert not left.is_fine
    assert left.recipe is not None
    assert "greenParamsRefinethHBgr" in left.recipe.source
    assert diagnosis.advised is not None
    assert diagnosis.advised.values["green_params_refineth_h_bgr"] < 160


def test_every_number_is_given_with_its_limit(white):
    """A person can judge what was judged."""
    observations = diagnose([white], USED).observations
    assert [each.measure for each in observations] == list(Measure)
    assert all(0 <= each.value <= each.limit for each in observations)


@pytest.mark.parametrize(("picture", "why"), [("room", "no screen"), ("empty", "no subject")])
def test_what_cannot_be_judged_is_unknown(picture, why, request):
    """Unknown is never fine."""
    diagnosis = diagnose([request.getfixturevalue(picture)], USED)
    assert diagnosis.verdict == "unknown"
    assert why in diagnosis.reason
    assert diagnosis.observations == ()


def test_a_screen_of_the_other_colour_is_named(blue):
    """The likeliest reason why no screen is found."""
    reason = diagnose([blue], USED).reason
    assert "a blue one is there" in reason
    assert "[255, 0, 0]" in reason


@pytest.mark.parametrize(
    ("values", "measure"),
    [
        ({"refineth_h_bgr": 220}, Measure.LEFTOVER),
        ({"refineth_l_bgr": 80}, Measure.FAT_EDGE),
        ({"refineth_l_bgr": 10}, Measure.EROSION),
        ({"blur_ks": 24}, Measure.EROSION),
        ({"refineth_h_bgr": 200}, Measure.DARK_FRINGE),
        ({"colorbalance": 60}, Measure.GREEN_EDGE),
        ({"colorbalance": 0}, Measure.GREEN_TINT),
        ({"refineth_h_bgr": 70, "refineth_l_bgr": 10}, Measure.HOLES),
    ],
    ids=lambda value: str(value),
)
def test_each_measure_follows_the_documented_direction(values, measure):
    """A measure that does not move with its parameter measures something else."""
    scene = make_scene(6, 640, 360)
    regions = regions_of(scene.image, (0, 255, 0))
    assert regions is not None
    before, after = (measured([regions], each.key_parameters) for each in (USED, changed(**values)))
    assert after[measure] > before[measure] + 0.1


def test_a_wide_half_transparent_part_is_told_and_not_judged_away():
    """Glass, motion, a shadow and a hole look alike to a measurement; no recipe is for all of them."""
    picture = Image.new("RGB", (360, 360), (46, 168, 66))
    picture.paste((224, 160, 120), (0, 0, 200, 360))
    picture.paste((117, 165, 88), (200, 0, 280, 360))
    veil = next(each for each in diagnose([picture], USED).observations if each.measure is Measure.VEIL)
    assert not veil.is_fine
    assert veil.recipe is None
