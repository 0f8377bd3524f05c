"""The search for parameters, judged on scenes whose matte is known."""

import numpy as np
import pytest
from attrs import evolve

from avatar_async.media.advice import find_best
from avatar_async.media.advice.search import MOST_EVALUATIONS
from avatar_async.media.keyer import key
from avatar_async.media.parameter_sets import SAMPLE, ParameterSet, faults
from tests.keying.metrics import marks
from tests.keying.portraits import light_for, make_portrait
from tests.keying.scenes import make_scene

USED = ParameterSet()


def gains(scenes):
    """Return SAD and RMSE of the found parameters over those of the defaults, one row a scene."""
    rows = []
    for scene in scenes:
        blue = {SAMPLE: (255, 0, 0)} if scene.screen == "blue" else {}
        found = find_best([scene.image], USED.changed(blue))
        judged = []
        for chosen in (found.defaults, found.found):
            parameters = evolve(chosen.key_parameters, background_rgb=scene.background_rgb)
            keyed = key(scene.image, parameters)
            mark = marks(
                scene, np.asarray(keyed.alpha, np.float32) / 255, np.asarray(keyed.image, np.float32)
            )
            judged.append((mark.sad, mark.rmse))
        rows.append(np.array(judged[1]) / np.array(judged[0]))
    return np.array(rows)


@pytest.mark.parametrize("make", [make_scene, make_portrait])
def test_what_is_found_is_not_worse_than_the_defaults(make):
    """The score knows no truth; on scenes that have one it must not mislead."""
    found = gains([make(seed, 480, 270) for seed in range(700, 704)])
    assert (found.mean(axis=0) <= 1).all()
    assert found.max() < 1.25


@pytest.mark.parametrize(
    ("seeds", "change"),
    [(range(300, 324, 6), {"screen": "green"}), (range(400, 404), {"screen": "green", "unevenness": 0.65})],
    ids=["dark clothes", "uneven light"],
)
def test_what_is_found_is_better_on_hard_scenes(seeds, change):
    """Where the defaults do badly the search has to be worth its while."""
    scenes = [make_portrait(seed, 480, 270, evolve(light_for(seed), **change)) for seed in seeds]
    assert (gains(scenes).mean(axis=0) < 0.97).all()


def test_a_small_blue_screen_is_searched_with_its_own_defaults(blue, blue_set):
    """The documents change the default of the balance on a blue screen."""
    search = find_best([blue], USED.changed({SAMPLE: (255, 0, 0)}))
    assert search.defaults.values == blue_set.values


def test_the_search_is_bounded_deterministic_and_within_the_ranges(uneven):
    """The same clip gives the same parameters, and a service accepts every one of them."""
    first, second = find_best([uneven], USED), find_best([uneven], USED)
    assert first == second
    assert len(first.trace) == len({step.parameters.name for step in first.trace}) <= MOST_EVALUATIONS
    assert all(faults(step.parameters.values) == [] for step in first.trace)


def test_the_report_names_both_scores_and_the_way(uneven):
    """A number alone convinces nobody."""
    search = find_best([uneven], USED.changed({"green_params_refineth_h_bgr": 220}))
    assert search.at_defaults is not None
    assert search.at_found is not None
    assert search.at_base is not None
    assert search.at_found.total < 0.9 * search.at_defaults.total < search.at_base.total
    assert search.trace[0].parameters.values == search.defaults.values
    assert search.found.titles == ("auto",)
    best = [step for step in search.trace if step.best]
    assert best[-1].score.total == search.at_found.total
    assert "nearer" in search.reason


def test_a_score_of_several_pictures_must_gain_on_most(white, uneven):
    """One odd frame does not turn a whole clip."""
    assert find_best([white, white, uneven], USED).pictures == 3


def test_good_footage_stays_at_the_defaults(white):
    """A gain within noise is no gain."""
    search = find_best([white], USED)
    assert search.stayed is (search.at_found == search.at_defaults)
    if search.stayed:
        assert "stay" in search.reason


@pytest.mark.parametrize(("picture", "why"), [("room", "no screen"), ("empty", "no subject")])
def test_nothing_is_searched_where_nothing_can_be_judged(picture, why, request):
    """The defaults are kept, and it is said why."""
    search = find_best([request.getfixturevalue(picture)], USED)
    assert not search.is_known
    assert search.stayed
    assert search.trace == ()
    assert why in search.reason


def test_the_sample_and_the_background_are_kept(white):
    """They are the person's choice, not the search's."""
    base = USED.changed({SAMPLE: (10, 250, 10), "green_params_sample_background": (1, 2, 3)})
    found = find_best([white], base).found.values
    assert found[SAMPLE] == (10, 250, 10)
    assert found["green_params_sample_background"] == (1, 2, 3)
