"""The plain form and the wire form lose nothing, whatever a request holds."""

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar_async.errors import RequestError
from avatar_async.requests import (
    ImagePreviewRequest,
    Kind,
    RebuildRequest,
    Ref,
    Rule,
    Severity,
    TakeoverRequest,
    TrainingRequest,
    check,
    from_plain,
    from_vendor,
    parse,
    request_type,
    takeover,
)
from avatar_async.requests.fields import specs
from avatar_async.requests.objects import ObjectOf
from avatar_async.requests.shapes import Boolean, Choice, Identifier, Integer, ListOf, Number, Text, Url

takeover._deprecation.warned = True

#: Classes without their types, to be given values they do not expect.
TRAINING: Any = TrainingRequest
PREVIEW: Any = ImagePreviewRequest
REBUILD: Any = RebuildRequest
TAKEOVER: Any = TakeoverRequest

_TEXT = st.text(max_size=5)
_KEYS = _TEXT.map(lambda text: f"_{text}")
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_KEYS, inner, max_size=2),
    max_leaves=4,
)
_EXTRA = st.dictionaries(_KEYS, _JSON, max_size=2)
_REFS = st.builds(Ref, _TEXT, st.sampled_from(["model", "image"]), st.integers(0, 3))
_SCALARS = {
    Integer: st.integers(),
    Number: st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    Boolean: st.booleans(),
    Text: _TEXT,
    Identifier: st.integers() | _TEXT,
    Choice: st.integers(-1, 6),
    Url: st.just("https://media.example/a?b#c") | _TEXT | _REFS,
}


def values(shape):
    """Return values a field of a shape may be given, some of them wrong."""
    if isinstance(shape, ObjectOf):
        return objects(shape.of)
    if isinstance(shape, ListOf):
        return st.lists(values(shape.item), max_size=3)
    return _SCALARS[type(shape)] | _JSON.filter(lambda value: not isinstance(value, dict))


def objects(of):
    """Return objects of a class with any of their fields set."""
    fields = {name: values(spec.shape) for name, spec in specs(of).items()}
    extras = {"extra": _EXTRA} | ({"param_extra": _EXTRA} if hasattr(of, "param_extra") else {})
    return st.fixed_dictionaries({}, optional={**fields, **extras}).map(lambda given: of(**given))


REQUESTS = st.one_of([objects(request_type(kind)) for kind in Kind])


@settings(max_examples=150)
@given(REQUESTS)
def test_the_plain_form_is_lossless_and_json(request):
    """The ledger writes it, and reads the same request again."""
    plain = json.loads(json.dumps(request.to_plain()))
    again, problems = parse(request.kind, plain)
    assert problems == []
    assert again == request
    assert again.to_plain() == plain


@settings(max_examples=150)
@given(REQUESTS, st.sampled_from(["snake", "camel"]))
def test_the_wire_form_is_read_back_as_the_same_request(request, case):
    """What was sent can be compared with what was asked for."""
    resolved = request.resolve_refs(lambda ref: f"https://media.example/{ref.index}")
    assert resolved.refs() == []
    wire = json.loads(json.dumps(resolved.to_vendor(preview_case=case)))
    assert from_vendor(request.kind, wire).to_plain() == resolved.to_plain()


@settings(max_examples=100)
@given(REQUESTS)
def test_problems_are_found_without_failing(request):
    """No value is so wrong that it cannot be reported."""
    for problem in request.problems():
        assert problem.message.startswith(problem.path)
        assert problem.source
    assert check(request, "warn") == request.problems()


@pytest.mark.parametrize(
    ("kind", "mapping", "path", "hint"),
    [
        ("training", {"videoUrl": "x"}, "videoUrl", "did you mean video_url?"),
        (
            "training",
            {"personal": {"segment_stile": 1}},
            "personal.segment_stile",
            "did you mean segment_style?",
        ),
        (
            "training",
            {"segment_style": 1},
            "segment_style",
            "personal.segment_style or override[0].segment_style",
        ),
        ("training", {"override": [{}, {"vido_url": 1}]}, "override[1].vido_url", "did you mean video_url?"),
        ("image_preview", {"video_url": "x"}, "video_url", "did you mean url?"),
        ("rebuild", {"devStage2Config": 0}, "devStage2Config", "belongs under extra"),
        ("takeover", {"param": {"foreground-texts": []}}, "param.foreground-texts", "foreground_texts?"),
    ],
)
def test_an_unknown_key_is_an_error_with_a_hint(kind, mapping, path, hint):
    """A typo in a manifest must not silently become a default."""
    (problem,) = parse(kind, mapping)[1]
    assert (problem.path, problem.rule, problem.severity) == (path, Rule.UNKNOWN, Severity.ERROR)
    assert hint in problem.message
    with pytest.raises(RequestError) as caught:
        from_plain(kind, mapping)
    assert caught.value.problems == (problem,)


def test_undocumented_keys_are_welcome_under_extra():
    """That is how a manifest says that it means them."""
    request, problems = parse("rebuild", {"extra": {"devStage2Config": 0}})
    assert problems == []
    assert request.to_vendor() == {"devStage2Config": 0}
    assert parse("rebuild", {"extra": 3})[1][0].rule is Rule.TYPE


def test_an_extra_key_wins_over_a_field():
    """Whoever spells a documented key under extra means that value, and is told that nobody checked it."""
    request = RebuildRequest(video_crf_quality=21, extra={"videoCrfQuality": 99})
    assert request.to_vendor() == {"videoCrfQuality": 99}
    (problem,) = (problem for problem in request.problems() if problem.path == "extra.videoCrfQuality")
    assert (problem.rule, problem.severity) == (Rule.EFFECT, Severity.WARNING)
    assert "in place of video_crf_quality" in problem.message


def test_a_preview_key_spelt_twice_is_remarked():
    """Table and example spell it differently; the second one is sent beside the first."""
    param = {"green_params_blur_ks": 3, "greenParamsBlurKs": 5}
    request = PREVIEW.from_vendor({"param": param})
    assert json.loads(request.to_vendor()["param"]) == param
    (problem,) = (problem for problem in request.problems() if problem.path.startswith("param_extra"))
    assert (problem.path, problem.rule) == ("param_extra.greenParamsBlurKs", Rule.EFFECT)


def test_a_mapping_handed_to_a_nested_field_becomes_its_record():
    """Short scripts need not name every class."""
    request = TRAINING(personal={"segment_style": 1, "other": 2})
    assert request.to_plain()["personal"] == {"segment_style": 1, "extra": {"other": 2}}


def test_a_reference_is_read_listed_and_resolved():
    """A rebuild may wait for a training's model."""
    plain = {"ref": "anchor-01", "role": "model", "index": 0}
    request, problems = parse("rebuild", {"model_url": {"ref": "anchor-01"}, "material_name": "a"})
    assert problems == []
    assert request.refs() == [Ref("anchor-01")]
    assert request.to_plain()["model_url"] == plain
    assert request.urls() == []
    resolved = request.resolve_refs(lambda ref: f"https://media.example/{ref.job}.zip")
    assert resolved.to_vendor()["modelUrl"] == "https://media.example/anchor-01.zip"
    assert resolved.urls() == [("model_url", "https://media.example/anchor-01.zip")]


def test_references_deep_in_a_request_are_found():
    """Auxiliary videos and audios may be another job's results as well."""
    request = TRAINING(
        personal={"action_edit": {"video_path": Ref("a", "video")}},
        override=[{"video_url": Ref("b", "video", 1)}, {"video_url": Ref("b", "video", 1)}],
    )
    assert request.refs() == [Ref("a", "video"), Ref("b", "video", 1)]
    live = TAKEOVER(param={"audios": [{"url": Ref("c", "video")}]})
    assert live.resolve_refs(lambda ref: "https://m.example/c").urls() == [
        ("param.audios[0].url", "https://m.example/c")
    ]


def test_an_unresolved_reference_is_never_sent():
    """The service would take it for a URL."""
    with pytest.raises(RequestError, match="model_url refers to job 'anchor-01'"):
        RebuildRequest(model_url=Ref("anchor-01")).to_vendor()


@pytest.mark.parametrize("value", [math.nan, math.inf, b"x", object(), "\ud800"])
def test_what_json_cannot_hold_is_refused_with_its_path(value):
    """Half of a request must not be written."""
    request = PREVIEW(green_params_spill_byalpha=value)
    assert [problem.rule for problem in request.problems() if "spill" in problem.path] == [Rule.TYPE]
    for write in (request.to_vendor, request.to_plain):
        with pytest.raises(RequestError, match="green_params_spill_byalpha"):
            write()


def test_the_name_is_the_one_the_service_lists():
    """MaterialName for all but takeover, which has videoName."""
    assert TrainingRequest(material_name="a").name == "a"
    assert TakeoverRequest(video_name="b").name == "b"
    assert REBUILD(material_name=5).name == ""


def test_an_unknown_kind_is_no_request():
    """There are exactly five."""
    with pytest.raises(ValueError, match="dance"):
        request_type("dance")
