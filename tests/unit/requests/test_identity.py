"""Two requests are the same if they ask for the same, whatever the signatures in their URLs."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_async.requests import (
    UNSET,
    BaseVideo,
    Difference,
    ImagePreviewRequest,
    RebuildRequest,
    Ref,
    VideoPreviewRequest,
    differences,
    fingerprint,
)


@given(st.text(st.characters(categories=["L", "N"]), max_size=8))
def test_a_new_signature_does_not_make_a_new_request(signature):
    """Signed URLs change by the hour; the video behind them does not."""
    old = RebuildRequest(
        video_url="https://m.example/a.mp4?sig=1#t", extra={"cover": "https://m.example/c?1"}
    )
    new = RebuildRequest(
        video_url=f"https://m.example/a.mp4?sig={signature}", extra={"cover": "https://m.example/c"}
    )
    assert fingerprint(old) == fingerprint(new)
    assert differences(old, new) == []


def test_a_fingerprint_is_stable_between_releases():
    """Ledgers on disk hold it, so a change of its rule would unmake the duplicate guard."""
    request = RebuildRequest(material_name="a", model_url=Ref("b"), asset_scale=1.0)
    canonical = (
        '{"kind":"rebuild","request":{"asset_scale":1,"material_name":"a",'
        '"model_url":{"index":0,"ref":"b","role":"model"}}}'
    )
    assert fingerprint(request) == hashlib.sha256(canonical.encode()).hexdigest()


@pytest.mark.parametrize(
    "other",
    [
        RebuildRequest(material_name="b", model_url=Ref("b")),
        RebuildRequest(material_name="a", model_url=Ref("c")),
        RebuildRequest(material_name="a", model_url=Ref("b", "model", 1)),
        RebuildRequest(material_name="a", model_url="https://m.example/b.zip"),
        RebuildRequest(material_name="a", model_url=Ref("b"), extra={"x": 1}),
        RebuildRequest(material_name="a", model_url=Ref("b"), avatar_type=0),
    ],
)
def test_anything_else_makes_a_new_request(other):
    """Whatever reaches the service counts."""
    assert fingerprint(other) != fingerprint(RebuildRequest(material_name="a", model_url=Ref("b")))


def test_the_kind_counts():
    """An image and a video preview may look alike."""
    image, video = ImagePreviewRequest(material_name="a"), VideoPreviewRequest(material_name="a")
    assert fingerprint(image) != fingerprint(video)
    assert differences(image, video) == [Difference(path="kind", old="image_preview", new="video_preview")]


def test_equal_numbers_are_equal():
    """TOML writes 1.0 where JSON writes 1."""
    assert fingerprint(RebuildRequest(asset_scale=1)) == fingerprint(RebuildRequest(asset_scale=1.0))
    assert differences(RebuildRequest(asset_scale=1), RebuildRequest(asset_scale=1.0)) == []


def test_text_that_only_looks_like_a_url_is_compared_whole():
    """Only URL fields carry signatures."""
    old = RebuildRequest(material_name="https://m.example/?a")
    assert fingerprint(old) != fingerprint(RebuildRequest(material_name="https://m.example/?b"))


def test_differences_name_the_fields_and_hide_queries(training):
    """This is the diff a person reads when a changed job is refused."""
    old = training(
        video_url="https://m.example/old.mp4?secret",
        personal=BaseVideo(segment_style=1, green_params_blur_ks=3),
    )
    new = training(
        video_url="https://m.example/new.mp4?secret",
        personal=BaseVideo(segment_style=3, green_params_sample_point_bgr=[1, 2, 3]),
        override=[{"video_url": "https://m.example/b.mp4"}],
    )
    assert differences(old, new) == [
        Difference(path="video_url", old="https://m.example/old.mp4", new="https://m.example/new.mp4"),
        Difference(path="personal.green_params_blur_ks", old=3, new=UNSET),
        Difference(path="personal.segment_style", old=1, new=3),
        Difference(path="personal.green_params_sample_point_bgr", old=UNSET, new=[1, 2, 3]),
        Difference(path="override", old=UNSET, new=[{"video_url": "https://m.example/b.mp4"}]),
    ]


def test_items_of_a_list_are_compared_one_by_one(training):
    """A changed auxiliary video is named by its place."""
    old = training(override=[{"name": "a"}, {"name": "b"}])
    new = training(override=[{"name": "a"}, {"name": "c"}, {"name": "d"}])
    assert [difference.path for difference in differences(old, new)] == ["override[1].name", "override[2]"]
