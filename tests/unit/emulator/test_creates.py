"""Reading create calls by the vendor's tables."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_async.emulator.creates import RefusedError, read
from avatar_async.requests import Kind

CLIP = "http://127.0.0.1/clip.mp4"


def training(persistent=None, personal=None, **param):
    """Return the body of a training."""
    return {
        "materialName": "anchor",
        "videoUrl": CLIP,
        "param": json.dumps(
            {
                "persistent": {"videoCrfQuality": 23, "stage1Config": [0], **(persistent or {})},
                "personal": {"segmentStyle": 1, **(personal or {})},
                **param,
            }
        ),
    }


def preview(**param):
    """Return the body of an image preview."""
    return {"materialName": "look", "url": CLIP, "param": json.dumps(param)}


SEGMENT = {"videoUrl": CLIP, "segmentStyle": 1}
ASSET = {"assetStart": 0, "assetEnd": 1, "assetScale": 1, "name": "n", "description": "d"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (training({"multiFaces": True}), "templateFacePic is missing"),
        (training({"avatarType": 9}), "avatarType must be one of"),
        (training({"stage1Config": []}), "stage1Config is empty"),
        (training({"stage1Config": [2]}), r"stage1Config\[0\] must be one of 0, 1"),
        (training({"stage1Config": 0}), "stage1Config must be an array"),
        (training({"dev": {"stage2": {"config": 3}}}), "config must be one of 0, 1, 4"),
        (training({"avatarType": 5, "dev": {"stage2": {"config": 1}}}), "must be 0 for avatarType 5"),
        (training(personal={"segmentStyle": 4}), "segmentStyle must be one of 0, 1, 2, 3"),
        (training(override=[SEGMENT | {"segmentStyle": 4}]), "maskVideoUrl is missing"),
        (training({"avatarType": 4}, override=[SEGMENT]), r"override\[0\]\.description is missing"),
        (training(personal={"actionChange": {"support": True}}), "staticRangeStart is missing"),
        (training(personal={"actionEdit": {"support": True}}), "videoPath is missing"),
        (training(personal={"greenParamsSamplePointBgr": [0, 1]}), "must be three integers"),
        (training(personal={"greenParamsSpillByalpha": "0.5"}), "must be a number"),
        (training(personal={"removeGreenEdge": 1}), "must be a boolean"),
    ],
)
def test_what_the_tables_do_not_allow_is_refused_by_name(body, message):
    """A client learns which field is wrong."""
    with pytest.raises(RefusedError, match=message):
        read(Kind.TRAINING, body, strict=False)


def test_premium_and_action_editing_exclude_each_other():
    """The document says never to set both to true."""
    ranges = dict.fromkeys(
        ("staticRangeStart", "staticRangeEnd", "dynamicRangeStart", "dynamicRangeEnd"), 1.0
    )
    personal = {
        "actionChange": {"support": True, **ranges},
        "actionEdit": {
            "support": True,
            "videoPath": CLIP,
            "actionList": [{"name": "a", "clipRangeStart": 0, "clipRangeEnd": 1}],
        },
    }
    with pytest.raises(RefusedError, match="exclude each other"):
        read(Kind.TRAINING, training(personal=personal), strict=False)


def test_a_super_live_room_with_all_its_fields_passes():
    """The required set is the documented one and no more."""
    body = training({"avatarType": 4}, override=[SEGMENT | ASSET])
    assert read(Kind.TRAINING, body, strict=True).notes == ()


def test_undocumented_keys_are_ignored_and_told():
    """The vendor's own rebuild example carries some."""
    accepted = read(Kind.IMAGE_PREVIEW, preview(green_params_new=1), strict=True)
    assert "greenParamsNew is not documented" in accepted.notes[0]


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("greenParamsRefinethHBgr", 70, 220),
        ("greenParamsRefinethLBgr", 10, 80),
        ("greenParamsBlurKs", 1, 24),
        ("greenParamsColorbalance", 0, 100),
        ("greenParamsSpillByalpha", -1, 1),
    ],
)
@given(value=st.integers(-1000, 1000))
def test_numbers_are_moved_into_their_range_and_only_then_noted(name, low, high, value):
    """A value within its range is used as it is; one outside is moved and told, or refused under strict."""
    accepted = read(Kind.IMAGE_PREVIEW, preview(**{name: value}), strict=False)
    assert accepted.body["param"][name] == min(high, max(low, value))
    inside = low <= value <= high
    assert bool(accepted.notes) is not inside
    if not inside:
        with pytest.raises(RefusedError, match=name):
            read(Kind.IMAGE_PREVIEW, preview(**{name: value}), strict=True)


WHOLE = {
    "materialName": "m",
    "videoName": "m",
    "videoUrl": CLIP,
    "url": CLIP,
    "modelUrl": CLIP,
    "segmentStyle": 1,
}
PARAM_KEYS = ["persistent", "personal", "override", "digital_role", "resolution", "audios", "title"]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(
    kind=st.sampled_from(list(Kind)),
    values=st.dictionaries(st.sampled_from(sorted(WHOLE)), json_values, max_size=2),
    param=st.dictionaries(st.sampled_from(PARAM_KEYS), json_values),
)
def test_no_body_breaks_the_reading(kind, values, param):
    """Whatever arrives is accepted or refused, never an internal error."""
    with contextlib.suppress(RefusedError):
        assert read(kind, {**WHOLE, **values, "param": json.dumps(param)}, strict=False).name
