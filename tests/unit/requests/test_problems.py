"""Each field is judged by its own table."""

from typing import Any, cast

import pytest

from avatar_async.requests import (
    UNSET,
    AuxiliaryVideo,
    BaseVideo,
    Dev,
    GreenScreen,
    ImagePreviewRequest,
    Persistent,
    Ref,
    Rule,
    SampleBackground,
    SegmentStyle,
    Severity,
    Stage2,
    TrainingRequest,
    VideoPreviewRequest,
)
from avatar_async.requests.fields import specs
from avatar_async.requests.previews import PreviewRequest

GREEN_LIMITS = [
    ("green_params_refineth_h_bgr", 0, 255),
    ("green_params_refineth_l_bgr", 0, 255),
    ("green_params_colorbalance", 0, 100),
    ("green_params_spill_byalpha", -1.0, 1.0),
]
PREVIEW_LIMITS = [
    ("green_params_refineth_h_bgr", 70, 220),
    ("green_params_refineth_l_bgr", 10, 80),
    ("green_params_blur_ks", 1, 24),
    ("green_params_colorbalance", 0, 100),
    ("green_params_spill_byalpha", -1.0, 1.0),
]


def errors(request, path):
    """Return the rules of the errors at a path."""
    return [p.rule for p in request.problems() if p.path == path and p.severity is Severity.ERROR]


@pytest.mark.parametrize(("name", "low", "high"), GREEN_LIMITS)
def test_green_parameters_of_a_training_have_the_wide_ranges(name, low, high, training, rebuild):
    """Create and update tables allow 0 to 255, and blur has no upper end."""
    for value, found in ((low, []), (high, []), (low - 1, [Rule.RANGE]), (high + 1, [Rule.RANGE])):
        personal = BaseVideo(segment_style=1, **{name: value})
        assert errors(training(personal=personal), f"personal.{name}") == found
        assert errors(rebuild(**{name: value}), name) == found


def test_blur_has_no_upper_end_in_a_training(rebuild):
    """The table only says it must be at least 0."""
    assert errors(rebuild(green_params_blur_ks=5000), "green_params_blur_ks") == []
    assert errors(rebuild(green_params_blur_ks=-1), "green_params_blur_ks") == [Rule.RANGE]


@pytest.mark.parametrize("of", [ImagePreviewRequest, VideoPreviewRequest])
@pytest.mark.parametrize(("name", "low", "high"), PREVIEW_LIMITS)
def test_green_parameters_of_a_preview_have_the_narrow_ranges(of, name, low, high):
    """The preview tables are narrower than the training's."""
    for value, found in ((low, []), (high, []), (low - 1, [Rule.RANGE]), (high + 1, [Rule.RANGE])):
        assert errors(of(**{name: value}), name) == found


@pytest.mark.parametrize(
    ("colour", "path", "rule"),
    [
        ([0, 256, 0], "green_params_sample_point_bgr[1]", Rule.RANGE),
        ([0, -1, 0], "green_params_sample_point_bgr[1]", Rule.RANGE),
        ([0, 1.5, 0], "green_params_sample_point_bgr[1]", Rule.TYPE),
        ([0, 255], "green_params_sample_point_bgr", Rule.TYPE),
        ("green", "green_params_sample_point_bgr", Rule.TYPE),
    ],
)
def test_a_sample_colour_is_three_integers_from_0_to_255(colour, path, rule, rebuild):
    """A wrong channel is named by its place."""
    assert errors(rebuild(green_params_sample_point_bgr=colour), path) == [rule]


def test_a_preview_background_is_checked_channel_by_channel():
    """The background colour has a table of its own."""
    background = SampleBackground(color=[0, 300, 0])
    request = ImagePreviewRequest(green_params_sample_background=background)
    assert errors(request, "green_params_sample_background.color[1]") == [Rule.RANGE]


def test_encoding_quality_is_refused_outside_its_range_and_warned_about_outside_the_advice(training):
    """0 to 51 is allowed, 14 to 28 recommended."""
    found = {}
    for crf in (-1, 0, 13, 14, 28, 29, 51, 52):
        problems = training(persistent=Persistent(video_crf_quality=crf)).problems()
        found[crf] = [(p.path, p.severity.value) for p in problems]
    path = "persistent.video_crf_quality"
    for crf in (-1, 52):
        assert found[crf] == [(path, "error")]
    for crf in (0, 13, 29, 51):
        assert found[crf] == [(path, "warning")]
    assert found[14] == found[28] == []


@pytest.mark.parametrize("value", ["1", 1.0, True, None, [1]])
def test_a_value_of_the_wrong_type_is_reported_not_raised(value, training):
    """Construction takes anything; the report says what is needed."""
    request = training(personal=BaseVideo(segment_style=value, green_params_blur_ks=value))
    assert errors(request, "personal.segment_style") == [Rule.TYPE]
    assert errors(request, "personal.green_params_blur_ks") == [Rule.TYPE]


@pytest.mark.parametrize(("value", "told"), [("x", '"x"'), (5, "5"), ([1], "[1]")])
def test_what_stands_for_an_object_is_told_as_it_was_given(value, told, training):
    """Quotes of Python around those of JSON look like part of the value."""
    [problem] = [each for each in training(personal=value).problems() if each.rule is Rule.TYPE]
    assert problem.message == f"personal is {told}; an object is needed"
    assert problem.value == value


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "0.5", True])
def test_a_number_is_finite_and_no_truth_value(value, rebuild):
    """JSON has no NaN, and true is not 1 in a manifest."""
    assert errors(rebuild(green_params_spill_byalpha=value), "green_params_spill_byalpha") == [Rule.TYPE]


def test_integers_pass_as_numbers(rebuild):
    """`assetScale: 1` stands in the vendor's own example."""
    assert rebuild(asset_scale=1, green_params_spill_byalpha=0).problems() == []


@pytest.mark.parametrize("value", ["", " ", 5])
def test_a_name_is_filled_text(value, training):
    """A blank name is as good as none."""
    assert errors(training(material_name=value), "material_name") in ([Rule.MISSING], [Rule.TYPE])


@pytest.mark.parametrize(
    "url", ["ftp://media.example/a.mp4", "base.mp4", "https://", "http://a b/c", "http://h:99999/", 3, None]
)
def test_a_url_is_http_or_https(url, training):
    """The service fetches sources itself, over HTTP(S) only."""
    assert errors(training(video_url=url), "video_url") == [Rule.TYPE]


def test_a_bad_url_is_shown_without_its_query(training):
    """Problems are printed and logged; a signature must not be."""
    (problem,) = training(video_url="ftp://media.example/a.mp4?signature=secret").problems()
    assert "secret" not in f"{problem}{problem.value}{problem!r}"
    assert "secret" not in repr(training(video_url="https://media.example/a.mp4?signature=secret"))


@pytest.mark.parametrize(
    "value",
    [
        "https://me:secret@media.example/a",
        ["https://media.example/a?signature=secret"],
        ("https://media.example/a?signature=secret",),
        {"cover": {"at": "see https://media.example/a?signature=secret"}},
    ],
)
def test_an_address_among_undocumented_keys_is_shown_without_its_secrets(value, rebuild):
    """Whatever is pasted is printed, logged and kept in receipts."""
    request = rebuild(extra={"cover": value})
    (problem,) = request.problems()
    assert "secret" not in f"{problem}{problem.value}{problem!r}{request!r}"
    assert "secret" in repr(request.to_vendor())


@pytest.mark.parametrize("ref", [Ref(""), Ref("a", "zip"), Ref("a", "model", -1), Ref("a", "model", True)])
def test_a_reference_is_checked_for_itself(ref, rebuild):
    """A role that no artifact has would never resolve."""
    assert errors(rebuild(model_url=ref), "model_url") == [Rule.TYPE]
    assert rebuild(model_url=Ref("anchor-01")).problems() == []


def test_everything_missing_is_reported_at_once():
    """A person wants the whole list, not one at a time."""
    paths = [p.path for p in TrainingRequest().problems() if p.rule is Rule.MISSING]
    assert paths == ["material_name", "video_url", "personal"]
    nested = TrainingRequest(personal=BaseVideo(), override=[AuxiliaryVideo()])
    paths = [p.path for p in nested.problems() if p.rule is Rule.MISSING]
    assert {"personal.segment_style", "override[0].video_url", "override[0].segment_style"} <= set(paths)


def test_required_fields_with_a_documented_default_are_always_sent():
    """Even if somebody unsets them: the table requires them."""
    persistent = Persistent(video_crf_quality=UNSET, stage1_config=UNSET, dev=UNSET)
    assert persistent == Persistent()
    plain = TrainingRequest(persistent=UNSET).to_plain()
    assert plain == {
        "persistent": {"video_crf_quality": 23, "stage1_config": [0], "dev": {"stage2": {"config": 0}}}
    }


def test_integers_outside_a_closed_set_survive_and_are_reported(training):
    """A new avatar type must be usable under warn."""
    request = training(persistent=Persistent(avatar_type=9, dev=Dev(stage2=Stage2(config=3))))
    assert errors(request, "persistent.avatar_type") == [Rule.CHOICE]
    assert errors(request, "persistent.dev.stage2.config") == [Rule.CHOICE]
    assert '"avatarType":9' in request.to_vendor()["param"]


def test_a_known_integer_becomes_its_enum_member():
    """Reading code compares with names."""
    assert BaseVideo(segment_style=3).segment_style is SegmentStyle.GREEN_SCREEN_POST


def test_a_green_screen_fills_in_what_is_not_given_one_by_one():
    """One tuned set serves many videos."""
    screen = GreenScreen(green_params_refineth_h_bgr=90, green_params_blur_ks=5)
    video = BaseVideo(segment_style=1, green_params_blur_ks=7, green=screen)
    assert (video.green_params_refineth_h_bgr, video.green_params_blur_ks) == (90, 7)
    assert video == BaseVideo(segment_style=1, green_params_refineth_h_bgr=90, green_params_blur_ks=7)
    assert video.green == GreenScreen(green_params_refineth_h_bgr=90, green_params_blur_ks=7)
    assert video.with_green(screen).green_params_blur_ks == 5


def test_a_previews_background_is_left_out_where_there_is_no_preview():
    """The set tuned in a preview is handed to the training as it is."""
    screen = GreenScreen(
        green_params_blur_ks=5, green_params_sample_background=SampleBackground(color=[1, 2, 3])
    )
    preview = ImagePreviewRequest(green=screen)
    assert preview.green == screen
    assert BaseVideo(segment_style=1, green=screen).green == GreenScreen(green_params_blur_ks=5)


def test_something_else_as_green_is_reported(training):
    """Construction takes anything."""
    request = training(personal=BaseVideo(segment_style=1, green=cast("Any", {"blur": 3})))
    assert errors(request, "personal.green") == [Rule.TYPE]


def test_every_green_parameter_is_offered_wherever_it_is_documented():
    """One shared definition, three places."""
    names = {name for name in specs(GreenScreen) if not name.endswith("background")}
    for of in (BaseVideo, AuxiliaryVideo, PreviewRequest):
        assert names <= set(specs(of))


def test_docstrings_tell_default_and_range():
    """`help(BaseVideo)` replaces a look into the vendor's tables."""
    assert "default 160; allowed 0 to 255" in (BaseVideo.__doc__ or "")
    assert "default 160; allowed 70 to 220" in (ImagePreviewRequest.__doc__ or "")
    assert "\nGreen-screen parameters take effect" in (BaseVideo.__doc__ or "")


def test_requests_can_be_hashed():
    """Frozen records belong into sets."""
    assert len({TrainingRequest(extra={"a": []}), TrainingRequest(extra={"a": []})}) == 1
