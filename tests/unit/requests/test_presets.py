"""The vendor's recipes, as changes that compose."""

import json
from typing import Any

import pytest

from avatar_async.requests import (
    UNSET,
    BaseVideo,
    GreenScreen,
    ImagePreviewRequest,
    Kind,
    Severity,
    TakeoverRequest,
    VideoPreviewRequest,
    presets,
)

VIDEO = {"video_url": "https://m.example/b.mp4"}


def test_presets_are_found_by_the_names_manifests_use():
    """The names are a contract."""
    assert list(presets.by_name) == [
        "general",
        "sharper",
        "black_edges",
        "green_tint",
        "grey_cheeks",
        "blue_screen",
    ]
    for name, make in presets.by_name.items():
        assert make().name == name
        assert make().recipe.startswith("Avatar Model Generation, ")
        assert make.__doc__


@pytest.mark.parametrize("name", ["recipe_black_edges", "recipe_green_tint"])
def test_a_recipe_gives_the_vendors_values(name, example, rebuild):
    """All values of the document, save its sampling colour of 275."""
    preset = presets.by_name[name.removeprefix("recipe_")]()
    body = rebuild(segment_style=UNSET).with_changes(preset).to_vendor()
    recipe = example(name)
    for other in ("materialName", "videoUrl", "assetScale"):
        recipe.pop(other, None)
        body.pop(other, None)
    body.pop("modelUrl")
    if "greenParamsSamplePointBgr" in recipe:
        recipe["greenParamsSamplePointBgr"] = [0, 255, 0]
    assert body == recipe


@pytest.mark.parametrize("preset", presets.by_name)
def test_a_preset_makes_no_problem_of_its_own(preset, training, rebuild):
    """A recipe applied to a sound request leaves it sound, for every kind."""
    name_and_url: dict[str, Any] = {"material_name": "a", "url": "https://m.example/a.png"}
    sound = [
        *(
            training(personal=BaseVideo(segment_style=style), override=[{**VIDEO, "segment_style": style}])
            for style in range(4)
        ),
        *(rebuild(segment_style=style) for style in range(4)),
        ImagePreviewRequest(**name_and_url),
        VideoPreviewRequest(**name_and_url),
    ]
    for request in sound:
        changed = request.with_changes(presets.by_name[preset]())
        assert changed.problems() == []
        assert changed.kind is request.kind
        assert (changed != request) <= presets.by_name[preset]().suits(request.kind)


def test_a_preset_reaches_base_and_auxiliary_videos(training):
    """All clips of a model are keyed alike."""
    request = training(override=[{**VIDEO, "segment_style": 1}, {**VIDEO, "segment_style": 2}])
    changed = request.with_changes(presets.black_edges())
    clips = [changed.personal, *changed.override]
    assert [clip.segment_style for clip in clips] == [1, 1, 1]
    assert {clip.green_params_refineth_h_bgr for clip in clips} == {90}
    assert changed.persistent.video_crf_quality == 21


@pytest.mark.parametrize("preset", presets.by_name)
def test_clips_without_segmentation_are_left_alone(preset, training):
    """A recipe for green screens says nothing about masks of one's own."""
    items = [
        {**VIDEO, "segment_style": 0},
        {**VIDEO, "segment_style": 4, "mask_video_url": VIDEO["video_url"]},
    ]
    request = training(override=items)
    assert request.with_changes(presets.by_name[preset]()).override == request.override


def test_presets_compose_in_either_order(rebuild):
    """Black edges and grey cheeks occur together."""
    one = rebuild().with_changes(presets.black_edges(), presets.grey_cheeks())
    other = rebuild().with_changes(presets.grey_cheeks(), presets.black_edges())
    assert one == other
    assert (one.segment_style, one.green_params_refineth_h_bgr) == (3, 90)


def test_a_blue_screen_stays_blue(rebuild):
    """The black-edges recipe is written for green; its remedy is not the colour."""
    request = rebuild().with_changes(presets.blue_screen(), presets.black_edges())
    assert request.green_params_sample_point_bgr == (255, 0, 0)
    assert rebuild().with_changes(presets.blue_screen()).green_params_spill_byalpha == 0.0


def test_a_preview_takes_only_what_it_has():
    """Segmentation style and encoding quality are unknown there."""
    request = ImagePreviewRequest(material_name="a", url="https://m.example/a.png")
    param = json.loads(request.with_changes(presets.black_edges()).to_vendor()["param"])
    assert set(param) == {
        f"green_params_{name}"
        for name in (
            "refineth_h_bgr",
            "refineth_l_bgr",
            "blur_ks",
            "colorbalance",
            "spill_byalpha",
            "sample_point_bgr",
        )
    }
    assert request.with_changes(presets.sharper(), presets.grey_cheeks()) == request


def test_takeover_has_nothing_a_preset_changes():
    """Its avatar was keyed when it was trained."""
    request = TakeoverRequest(video_name="a")
    for make in presets.by_name.values():
        assert not make().suits(Kind.TAKEOVER)
        assert make().apply(request) == request


def test_sharper_and_general_set_the_quality(rebuild, training):
    """14 is as clear as the footage, 23 the default."""
    assert rebuild().with_changes(presets.sharper()).video_crf_quality == 14
    assert training().with_changes(presets.sharper()).persistent.video_crf_quality == 14
    general = rebuild(green_params_blur_ks=9, video_crf_quality=14).with_changes(presets.general())
    assert (general.green_params_blur_ks, general.video_crf_quality) == (3, 23)


def test_a_green_screen_is_a_change_like_a_preset(training):
    """A tuned set is put over a whole request."""
    screen = GreenScreen(green_params_blur_ks=9)
    changed = training(override=[{**VIDEO, "segment_style": 1}]).with_changes(presets.black_edges(), screen)
    assert changed.personal.green_params_blur_ks == changed.override[0].green_params_blur_ks == 9
    assert changed.personal.green_params_refineth_h_bgr == 90


def test_a_preset_on_a_malformed_request_changes_what_it_can(training):
    """Problems are reported later, by validation."""
    request = training(personal="x", override=["y"], persistent=3)
    assert request.with_changes(presets.black_edges()) == request
    assert any(problem.severity is Severity.ERROR for problem in request.problems())
