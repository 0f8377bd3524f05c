"""Sweeps are read as people write them, and expand to exactly the sets they say."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_async.media.parameter_sets import DEFAULTS, WORDS, ParameterSet, faults, from_screen
from avatar_async.media.sweeps import MOST_VALUES, Sweep, Wanted, read_sweeps
from avatar_async.requests import GreenScreen, ImagePreviewRequest, presets

H, L, BLUR = "green_params_refineth_h_bgr", "green_params_refineth_l_bgr", "green_params_blur_ks"
SPILL, SAMPLE = "green_params_spill_byalpha", "green_params_sample_point_bgr"
BACKGROUND = "green_params_sample_background"

_colour = st.tuples(*[st.integers(0, 255)] * 3)
_values = {
    H: st.integers(70, 220),
    L: st.integers(10, 80),
    BLUR: st.integers(1, 24),
    "green_params_colorbalance": st.integers(0, 100),
    SPILL: st.floats(-1, 1).map(lambda value: round(value, 4) + 0.0),
    SAMPLE: _colour,
    BACKGROUND: _colour,
}
_sets = st.fixed_dictionaries({}, optional=_values).map(lambda values: ParameterSet().changed(values))
_sweep_lists = st.lists(
    st.sampled_from(sorted(_values)).flatmap(
        lambda name: st.lists(_values[name], min_size=1, max_size=3, unique=True).map(
            lambda values: Sweep(field=name, values=tuple(values))
        )
    ),
    max_size=3,
    unique_by=lambda sweep: sweep.field,
).map(tuple)


def swept(text):
    """Return the values of one sweep that must be right."""
    (sweep,), problems = read_sweeps([text])
    assert problems == []
    return sweep


@pytest.mark.parametrize(
    ("text", "field", "values"),
    [
        ("refineth_h=120..200:20", H, (120, 140, 160, 180, 200)),
        ("refineth_h=200..120:40", H, (200, 160, 120)),
        ("h=120..150:20", H, (120, 140)),
        ("refineth_l_bgr=10", L, (10,)),
        ("green_params_blur_ks=1, 3,6", BLUR, (1, 3, 6)),
        ("BLUR=1,4..6:1,4", BLUR, (1, 4, 5, 6)),
        ("spill_byalpha=-0.3..0.3:0.1", SPILL, (-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3)),
        ("sample_point_bgr=0,255,0/7,200,7", SAMPLE, ((0, 255, 0), (7, 200, 7))),
        ("background=0,0,255", BACKGROUND, ((0, 0, 255),)),
    ],
)
def test_values_are_read_as_people_write_them(text, field, values):
    """Ranges hold both ends where the step meets them, and decimals stay decimals."""
    sweep = swept(text)
    assert (sweep.field, sweep.values) == (field, values)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("refineth_h", "a parameter and its values are needed, such as refineth_h=120..200:20"),
        ("refineth_h=", "a parameter and its values are needed"),
        ("refinet_h=120", "refinet_h is no parameter of a preview (did you mean refineth_h?)"),
        ("crf=1", "parameters are refineth_h_bgr, refineth_l_bgr, blur_ks"),
        ("refineth_h=120..200", "120..200 has no step; write it as 120..200:STEP"),
        ("refineth_h=120..200:0", "the step 0"),
        ("refineth_h=60,120", "green_params_refineth_h_bgr is 60; allowed is 70 to 220"),
        ("refineth_l=5", "green_params_refineth_l_bgr is 5; allowed is 10 to 80"),
        ("blur_ks=0", "green_params_blur_ks is 0; allowed is 1 to 24"),
        ("blur_ks=1.5", "green_params_blur_ks is 1.5; whole numbers are needed"),
        ("blur_ks=1,,2", "'nothing' is no number"),
        ("blur_ks=NaN", "'NaN' is no number"),
        ("spill_byalpha=2", "green_params_spill_byalpha is 2.0; allowed is -1.0 to 1.0"),
        ("spill_byalpha=0..1:0.000001", f"makes more than {MOST_VALUES} values"),
        ("sample_point_bgr=0,255", "a list of 3 values is needed"),
        ("sample_point_bgr=0,256,0", "green_params_sample_point_bgr[1] is 256; allowed is 0 to 255"),
        ("sample_point_bgr=green", "'green' is no colour; write three numbers"),
        ("sample_background=1,2,300", "green_params_sample_background.color[2] is 300; allowed is 0 to 255"),
    ],
)
def test_a_wrong_sweep_is_told_with_what_to_write(text, told):
    """Field, value and range, or the form that is needed."""
    sweeps, problems = read_sweeps([text])
    assert sweeps == ()
    assert problems
    assert problems[0].startswith(f"--sweep {text}: ")
    assert told in problems[0]


def test_all_wrong_sweeps_are_told_at_once():
    """Nobody wants to learn of mistakes one by one."""
    sweeps, problems = read_sweeps(["h=60,230", "blur=1", "typo=1", "blur_ks=2"])
    assert [sweep.field for sweep in sweeps] == [BLUR]
    assert len(problems) == 3
    assert "and 1 more such value)" in problems[0], "230"
    assert "swept twice" in problems[-1]


@given(values=_sets)
def test_a_name_tells_a_set_from_every_other(values):
    """Names are folder names and what people type: equal only for equal sets."""
    other = ParameterSet().changed({H: 71 if values.values[H] != 71 else 72})
    assert (values.name == other.name) == (values.values == other.values)
    assert (values.name == "default") == (values.values == DEFAULTS)
    assert set(values.differences) == {key for key in WORDS if values.values[key] != DEFAULTS[key]}


@given(values=_sets)
def test_a_set_survives_the_way_through_a_request(values):
    """What is asked of the service is what the set says."""
    request = ImagePreviewRequest(material_name="a", url="https://x/a.png").with_changes(values.screen)
    plain = request.to_plain()
    assert {key: plain[key] for key in WORDS} == values.parameters
    assert from_screen(request.green, ParameterSet()) == values
    assert faults(values.values) == []


@given(base=_sets, sweeps=_sweep_lists)
def test_a_grid_holds_every_combination_around_the_base_once(base, sweeps):
    """Nothing missing, nothing twice, the defaults first."""
    wanted = Wanted(base=base, sweeps=sweeps)
    sets = wanted.sets()
    assert sets[0].values == DEFAULTS
    assert len({each.name for each in sets}) == len(sets)
    swept_fields = {sweep.field for sweep in sweeps}
    grid = [
        each
        for each in sets
        if all(each.values[sweep.field] in sweep.values for sweep in sweeps)
        and all(each.values[key] == base.values[key] for key in WORDS if key not in swept_fields)
    ]
    assert len(grid) == math.prod(len(sweep.values) for sweep in sweeps)
    assert len(grid) <= len(sets) <= len(grid) + 2


@given(base=_sets, sweeps=_sweep_lists)
def test_one_at_a_time_changes_one_parameter_of_the_base(base, sweeps):
    """As many sets as there are values, each a neighbour of the base."""
    wanted = Wanted(base=base, sweeps=sweeps, one_at_a_time=True)
    sets = wanted.sets()
    for each in sets[1:]:
        changed = [key for key in WORDS if each.values[key] != base.values[key]]
        assert len(changed) <= 1
    assert {each.name for each in sets} == {
        "default",
        base.name,
        *(base.changed({sweep.field: value}).name for sweep in sweeps for value in sweep.values),
    }
    assert wanted.swept == sum(len(sweep.values) for sweep in sweeps)


def test_equal_sets_are_one_with_all_their_titles():
    """A preset that says what a file says is not made and paid for twice."""
    recipe = from_screen(
        ImagePreviewRequest().with_changes(presets.black_edges()).green, ParameterSet(), "black_edges"
    )
    same = from_screen(
        GreenScreen(
            green_params_refineth_h_bgr=90, green_params_refineth_l_bgr=10, green_params_spill_byalpha=-0.3
        ),
        ParameterSet(),
        "mine",
    )
    sets = Wanted(further=(recipe, same, ParameterSet(titles=("general",)))).sets()
    assert [each.titles for each in sets] == [("default", "general"), ("black_edges", "mine")]
    assert sets[1].name == "h90-l10-spill-0.3"
    assert sets[1].is_called("mine")
    assert sets[1].is_called("h90-l10-spill-0.3")
