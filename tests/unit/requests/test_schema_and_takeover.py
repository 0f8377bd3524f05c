"""JSON Schema for editors, and the warning about the deprecated kind."""

import warnings
from typing import Any

import jsonschema
import pytest

from avatar_async.requests import Kind, RebuildRequest, TakeoverRequest, from_vendor, json_schema, takeover

EXAMPLES = {
    Kind.TRAINING: "training",
    Kind.REBUILD: "rebuild",
    Kind.IMAGE_PREVIEW: "image_preview",
    Kind.VIDEO_PREVIEW: "video_preview",
    Kind.TAKEOVER: "takeover",
}


def schema_errors(kind, plain, *, complete=True):
    """Return where a plain request breaks its schema."""
    validator = jsonschema.Draft202012Validator(json_schema(kind, complete=complete))
    return sorted(".".join(map(str, error.path)) for error in validator.iter_errors(plain))


@pytest.mark.parametrize("kind", Kind)
def test_the_schema_is_one(kind):
    """Editors refuse a broken schema silently."""
    jsonschema.Draft202012Validator.check_schema(json_schema(kind))


@pytest.mark.parametrize(("kind", "name"), EXAMPLES.items())
def test_the_schema_finds_what_the_request_finds(kind, name, example):
    """Editor and command line agree about the vendor's own examples."""
    request = from_vendor(kind, example(name))
    found = schema_errors(kind, request.to_plain())
    expected = [problem.path for problem in request.problems() if problem.severity == "error"]
    assert found == [path.replace("[", ".").replace("]", "") for path in expected]


@pytest.mark.parametrize(
    "change",
    [
        {"segment_style": 4},
        {"typo": 1},
        {"video_url": "file:///a"},
        {"model_url": {"ref": ""}},
        {"model_url": {"ref": "a", "roll": "model"}},
        {"green_params_sample_point_bgr": [1, 2]},
        {"action_change": {}},
        {"video_crf_quality": 52},
    ],
)
def test_the_schema_refuses_what_a_strict_check_refuses(change, rebuild):
    """Mistakes show while typing."""
    plain = rebuild().to_plain()
    assert schema_errors("rebuild", plain) == []
    assert (
        schema_errors("rebuild", {**plain, "model_url": {"ref": "anchor-01", "role": "model", "index": 0}})
        == []
    )
    assert schema_errors("rebuild", {**plain, **change})


def test_a_fragment_needs_no_field():
    """Included files hold a few parameters only; what is there is still checked, references included."""
    plain: dict[str, Any] = {"action_edit": {"action_list": [{}]}, "model_url": {"ref": "anchor-01"}}
    assert schema_errors("rebuild", plain)
    assert schema_errors("rebuild", plain, complete=False) == []
    plain["model_url"] = {"role": "model"}
    assert schema_errors("rebuild", plain, complete=False) == ["model_url"]


def test_takeover_warns_once_per_process(monkeypatch):
    """The vendor deprecated it; a batch of a thousand need not say so a thousand times."""
    monkeypatch.setattr(takeover._deprecation, "warned", False)
    with pytest.warns(DeprecationWarning, match="no longer updated") as caught:
        TakeoverRequest(video_name="a")
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        TakeoverRequest(video_name="b")
        RebuildRequest()
