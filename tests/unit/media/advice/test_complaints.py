"""From a complaint to the vendor's recipe."""

import pytest
from PIL import ImageChops

from avatar_async.media.advice import Complaint, Measure, propose
from avatar_async.media.keyer import key
from avatar_async.media.parameter_sets import ParameterSet, faults
from avatar_async.requests import presets

USED = ParameterSet()


def effect(proposal, measure):
    """Return what becomes of one measure."""
    return next(each for each in proposal.effects if each.measure is measure)


def test_black_edges_get_the_documented_recipe_and_become_lighter(white):
    """The vendor gives the numbers; the picture shows whether they help."""
    shirt = white.crop((0, 300, 270, 480))
    proposal = propose(Complaint.BLACK_EDGES, shirt, USED)
    assert proposal.proposed.differences == {
        "green_params_refineth_h_bgr": 90,
        "green_params_refineth_l_bgr": 10,
        "green_params_spill_byalpha": -0.3,
    }
    assert proposal.proposed.titles == ("black_edges",)
    assert proposal.recipe.beyond == {"remove_green_edge": False, "video_crf_quality": 21}
    fringe = effect(proposal, Measure.DARK_FRINGE)
    assert fringe.after < 0.7 * fringe.before


def test_the_recipe_is_laid_over_what_was_used(white):
    """A person keeps what they chose and the recipe does not speak of."""
    used = USED.changed({"green_params_blur_ks": 6, "green_params_sample_background": (9, 9, 9)})
    proposal = propose(Complaint.GREEN_TINT, white, used)
    assert proposal.proposed.values == {**used.values, "green_params_spill_byalpha": -0.3}


def test_yellow_is_warned_of_before_it_turns_orange(yellow, white):
    """The vendor says: suitable when there is no yellow in the scene."""
    assert any(
        "spoils" in line and "colour shift" in line
        for line in propose(Complaint.GREEN_TINT, yellow, USED).told
    )
    assert not any("spoils" in line for line in propose(Complaint.GREEN_TINT, white, USED).told)


def test_grey_cheeks_are_not_shown_by_any_preview(white):
    """Style 3 works while the video is made: a picture before and after would be a lie."""
    proposal = propose(Complaint.GREY_CHEEKS, white, USED)
    assert not proposal.changes_pixels
    assert proposal.recipe.beyond == {"segment_style": 3, "remove_green_edge": False}
    assert proposal.effects == ()
    assert any("no preview shows" in line for line in proposal.told)


def test_an_unclear_picture_is_shown_as_its_encoding_leaves_it(white):
    """The recipe sets the encoding only, so that the loss of two encodings is what can be compared."""
    proposal = propose(Complaint.UNCLEAR, white, USED)
    assert proposal.recipe.beyond == {"video_crf_quality": 14}
    assert any("is lost at 23" in line for line in proposal.told)
    pictures = proposal.encoded_before_and_after(white)
    assert pictures is not None
    keyed = key(white, proposal.base.key_parameters)
    worse, better = (
        sum(ImageChops.difference(each, keyed.image).convert("L").histogram()[6:]) for each in pictures
    )
    assert better < worse


def test_a_recipe_that_is_said_to_change_pixels_does(white):
    """Both pictures stand side by side in a sheet."""
    proposal = propose(Complaint.BLACK_EDGES, white, USED)
    assert proposal.changes_pixels
    before, after = (key(white, chosen.key_parameters) for chosen in (proposal.base, proposal.proposed))
    assert ImageChops.difference(before.alpha, after.alpha).getbbox() is not None


def test_a_blue_screen_stays_blue(blue, blue_set):
    """The recipe's green sample is meant for green screens."""
    proposal = propose(Complaint.BLACK_EDGES, blue, blue_set)
    assert proposal.proposed.values["green_params_sample_point_bgr"] == (255, 0, 0)


@pytest.mark.parametrize("name", list(Complaint))
def test_every_proposal_cites_its_source_and_stays_within_the_documented_ranges(name, white):
    """A recipe nobody can look up is an opinion; one out of range is refused by the service."""
    proposal = propose(name, white, USED)
    assert proposal.recipe.source == presets.by_name[proposal.recipe.name]().recipe
    assert "Parameter Notes" in proposal.recipe.source
    assert faults(proposal.proposed.values) == []


@pytest.mark.parametrize(("picture", "why"), [("room", "no screen"), ("empty", "no subject")])
def test_what_cannot_be_told_is_not_told(picture, why, request):
    """A recipe may still be tried; its effect is unknown."""
    proposal = propose(Complaint.BLACK_EDGES, request.getfixturevalue(picture), USED)
    assert proposal.effects == ()
    assert any("cannot be told" in line and why in line for line in proposal.told)
