"""The documents' own examples are read and sent as they stand there."""

import json

import pytest

from avatar_async.errors import RequestError
from avatar_async.requests import (
    ImagePreviewRequest,
    RebuildRequest,
    Rule,
    Severity,
    TakeoverRequest,
    TrainingRequest,
    VideoPreviewRequest,
    check,
    from_plain,
    from_vendor,
)

EXAMPLES = [
    ("training", "training", TrainingRequest),
    ("rebuild", "rebuild", RebuildRequest),
    ("rebuild", "recipe_black_edges", RebuildRequest),
    ("rebuild", "recipe_green_tint", RebuildRequest),
    ("image_preview", "image_preview", ImagePreviewRequest),
    ("video_preview", "video_preview", VideoPreviewRequest),
    ("takeover", "takeover", TakeoverRequest),
]
NAMES = [name for _, name, _ in EXAMPLES]


def decoded(body):
    """Return a body with its `param` as an object."""
    return {**body, "param": json.loads(body["param"])} if "param" in body else body


@pytest.mark.parametrize(("kind", "name", "of"), EXAMPLES, ids=NAMES)
def test_an_example_is_sent_field_for_field(kind, name, of, example):
    """Nothing of a pasted request may be lost or altered on its way."""
    request = from_vendor(kind, example(name))
    assert type(request) is of
    assert decoded(request.to_vendor()) == decoded(example(name))


@pytest.mark.parametrize(("kind", "name", "of"), EXAMPLES, ids=NAMES)
def test_param_may_be_an_object_too(kind, name, of, example):
    """People paste `param` unescaped as often as escaped."""
    assert from_vendor(kind, decoded(example(name))) == from_vendor(kind, example(name))


@pytest.mark.parametrize(("kind", "name", "of"), EXAMPLES, ids=NAMES)
def test_an_example_survives_the_plain_form(kind, name, of, example):
    """The ledger keeps requests in their plain form, which therefore loses nothing."""
    request = from_vendor(kind, example(name))
    plain = json.loads(json.dumps(request.to_plain()))
    assert from_plain(kind, plain) == request


def test_the_takeover_documents_second_example_is_known_whole(example):
    """Every key that the JSON example shows has a field, none falls into extra."""
    body = {"videoName": "live", "param": example("takeover_param")}
    request = TakeoverRequest.from_vendor(body)
    assert decoded(request.to_vendor()) == body
    assert request.problems() == []


def test_the_training_example_has_no_problem(example):
    """The document's own main example is within its own tables."""
    assert TrainingRequest.from_vendor(example("training")).problems() == []


@pytest.mark.parametrize(
    ("kind", "name", "path", "value", "allowed"),
    [
        ("rebuild", "rebuild", "green_params_sample_point_bgr[1]", 275, "0 to 255"),
        ("rebuild", "recipe_black_edges", "green_params_sample_point_bgr[1]", 275, "0 to 255"),
        ("image_preview", "image_preview", "green_params_refineth_h_bgr", 230, "70 to 220"),
        ("video_preview", "video_preview", "green_params_refineth_h_bgr", 230, "70 to 220"),
    ],
)
def test_an_examples_value_out_of_range_is_refused_under_strict(kind, name, path, value, allowed, example):
    """The vendor's own slips are reported with field, value, range and document."""
    with pytest.raises(RequestError) as caught:
        check(from_vendor(kind, example(name)), "strict")
    (problem,) = (found for found in caught.value.problems if found.rule is Rule.RANGE)
    assert (problem.path, problem.value, problem.severity) == (path, value, Severity.ERROR)
    assert f"{path} is {value}; allowed is {allowed}" in problem.message
    assert problem.source.startswith("Avatar Model Generation, ")
    assert path in str(caught.value)


def test_an_examples_value_out_of_range_is_sent_unchanged_under_warn(example):
    """The working example has to pass for those who want it sent."""
    request = RebuildRequest.from_vendor(example("rebuild"))
    assert any(problem.value == 275 for problem in check(request, "warn"))
    assert request.to_vendor()["greenParamsSamplePointBgr"] == [7, 275, 7]
    assert check(request, "off") == []


def test_the_update_examples_undocumented_keys_are_kept_and_warned_about(example):
    """Three keys of the example stand in no table; they still travel."""
    request = RebuildRequest.from_vendor(example("rebuild"))
    keys = {"devStage2Config": 0, "stage1Template": 0, "segmentGreenUseGpu": False}
    assert request.extra == keys
    warned = [problem.path for problem in request.problems() if problem.rule is Rule.UNKNOWN]
    assert warned == [f"extra.{key}" for key in keys]


def test_the_recipes_lack_only_the_model(example):
    """The recipes are fragments: the update table requires modelUrl."""
    for name in ("recipe_black_edges", "recipe_green_tint"):
        request = RebuildRequest.from_vendor(example(name))
        assert [p.path for p in request.problems() if p.rule is Rule.MISSING] == ["model_url"]


def test_the_green_tint_recipes_own_combination_is_not_warned_about(example):
    """The recipe sends the colour balance with style 2, where the table sees no effect."""
    request = RebuildRequest.from_vendor(example("recipe_green_tint"))
    assert not [problem for problem in request.problems() if problem.severity is Severity.WARNING]


def test_param_text_is_compact_and_unescaped(example):
    """The service gets Chinese text as it is."""
    param = TakeoverRequest.from_vendor(example("takeover")).to_vendor()["param"]
    assert "内部测试" in param
    assert '":' in param
    assert '": ' not in param
    assert '", ' not in param


@pytest.mark.parametrize("case", ["snake", "camel"])
def test_a_preview_is_sent_in_the_case_asked_for_and_read_in_either(case, example):
    """Table and example disagree about the case of the preview's keys."""
    request = ImagePreviewRequest.from_vendor(example("image_preview"))
    body = request.to_vendor(preview_case=case)
    key = {"snake": "green_params_sample_background", "camel": "greenParamsSampleBackground"}[case]
    assert json.loads(body["param"])[key] == {"color": [0, 100, 255]}
    assert ImagePreviewRequest.from_vendor(body) == request


def test_unknown_keys_survive_at_every_level(example):
    """What the vendor adds tomorrow must not be dropped."""
    body = decoded(example("training"))
    body["a"] = 1
    body["param"]["b"] = [2]
    body["param"]["personal"]["c"] = {"x": None}
    body["param"]["persistent"]["dev"]["stage2"]["d"] = "4"
    body["param"]["override"][1]["e"] = True
    request = TrainingRequest.from_vendor(body)
    assert decoded(request.to_vendor()) == body
    assert from_plain("training", request.to_plain()) == request
    assert [problem.path for problem in request.problems()] == [
        "persistent.dev.stage2.extra.d",
        "personal.extra.c",
        "override[1].extra.e",
        "extra.a",
        "param_extra.b",
    ]


@pytest.mark.parametrize("param", ["{broken", "[1]", 7, None])
@pytest.mark.parametrize("kind", ["training", "image_preview", "takeover"])
def test_a_param_that_is_no_object_is_reported_and_kept(kind, param):
    """Reading never raises on a value; the wire gets what was pasted."""
    request = from_vendor(kind, {"param": param})
    assert [problem.path for problem in request.problems() if problem.rule is Rule.TYPE] == ["param"]
    assert request.to_vendor()["param"] == param


def test_a_request_that_is_no_mapping_is_refused():
    """A list cannot be the body of a create call."""
    with pytest.raises(RequestError, match="not list"):
        RebuildRequest.from_vendor([])
