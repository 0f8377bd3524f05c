"""The rules of the documents about files, on files that are told of rather than made."""

import attrs
import pytest

from avatar_async.errors import (
    ArtifactRefusedError,
    MediaError,
    MediaOutOfReachError,
    NotSentError,
    TransportError,
)
from avatar_async.media.footage import Footage
from avatar_async.media.preflight import Gravity, Seen, verdict
from avatar_async.media.preflight.rules import alone_findings, request_findings
from avatar_async.requests import (
    Action,
    ActionEdit,
    AuxiliaryVideo,
    BaseVideo,
    ImagePreviewRequest,
    Persistent,
    RebuildRequest,
    StaticDynamic,
    TrainingRequest,
    VideoPreviewRequest,
)

GOOD = Footage(
    sort="video",
    container="mp4",
    size_bytes=1 << 30,
    codec="h264",
    width_px=1920,
    height_px=1080,
    rotation_deg=0,
    duration_s=400.0,
    fps=25.0,
    constant_rate=True,
    frames=10_000,
    has_audio=True,
    audio_codec="aac",
)
VIDEO, OTHER = "https://media.test/base.mp4?signature=secret", "https://media.test/other.mp4"


def film(**changes):
    """Return a good film with something else about it."""
    return Seen(footage=attrs.evolve(GOOD, **changes))


def told(request, seen, *, lenient=False):
    """Return gravity and check of each finding."""
    found = request_findings("job", request, seen, lenient=lenient)
    return [(finding.gravity.value, finding.check) for finding in found]


def training(**personal):
    """Return a training that is not keyed."""
    fields = {"segment_style": 0, **personal}
    return TrainingRequest(material_name="a", video_url=VIDEO, personal=BaseVideo(**fields))


def test_good_footage_has_no_finding():
    """A tool that always warns is switched off."""
    assert told(training(asset_start=1.0, asset_end=400.0), {VIDEO: film()}) == []
    assert verdict([]) == "passed"


@pytest.mark.parametrize(
    ("duration_s", "lenient", "expected"),
    [
        (359.99, False, [("error", "duration")]),
        (360.0, False, []),
        (359.99, True, [("warning", "duration")]),
        (None, False, [("unknown", "duration")]),
        (None, True, [("unknown", "duration")]),
    ],
)
def test_a_training_needs_six_minutes(duration_s, lenient, expected):
    """The documents say so; an endpoint on this machine takes less, and what is unknown is not enough."""
    assert told(training(), {VIDEO: film(duration_s=duration_s)}, lenient=lenient) == expected


def test_a_finding_says_what_was_measured_wanted_and_helps():
    """A person has to act on it without reading the documents."""
    [finding] = request_findings("job", training(), {VIDEO: film(duration_s=312.4)}, lenient=False)
    assert finding.measured == "5:12 (312.40 s)"
    assert "360 s" in finding.limit
    assert finding.remedy
    assert finding.path == "video_url"
    assert (
        finding.source == "Avatar Model Generation, Create Avatar Model Generation Task, Request Parameters"
    )
    assert "secret" not in str(finding) + str(finding.to_json())


def test_a_short_clip_is_enough_for_a_preview_though_the_documents_copied_the_rule():
    """The documents say six minutes of it too."""
    request = VideoPreviewRequest(material_name="a", url=VIDEO)
    assert ("warning", "duration") in told(request, {VIDEO: film(duration_s=9.0)})


@pytest.mark.parametrize(
    ("has_audio", "mode", "expected"),
    [
        (False, 1, [("error", "audio")]),
        (False, None, [("error", "audio")]),
        (False, 0, []),
        (None, 1, [("unknown", "audio")]),
        (True, 1, []),
    ],
)
def test_own_lip_sync_needs_sound(has_audio, mode, expected):
    """It is the default mode."""
    persistent = Persistent() if mode is None else Persistent(stage01_gen_mode=mode)
    request = attrs.evolve(training(), persistent=persistent)
    assert told(request, {VIDEO: film(has_audio=has_audio)}) == expected


def test_sound_that_ends_early_is_told():
    """A microphone's battery ran out."""
    assert told(training(), {VIDEO: film(audio_s=399.0)}) == []
    assert told(training(), {VIDEO: film(audio_s=90.0)}) == [("warning", "audio")]


@pytest.mark.parametrize(
    ("mask", "video", "expected"),
    [
        (10_000, 10_000, []),
        (9_999, 10_000, [("error", "mask_frames")]),
        (None, 10_000, [("unknown", "mask_frames")]),
        (10_000, None, [("unknown", "mask_frames")]),
        (None, None, [("unknown", "mask_frames")]),
    ],
)
def test_a_mask_has_as_many_frames_as_its_video(mask, video, expected):
    """They are laid over each other one by one; two unknown numbers are not equal."""
    auxiliary = AuxiliaryVideo(video_url=OTHER, segment_style=4, mask_video_url="https://media.test/mask.mp4")
    request = attrs.evolve(training(), override=(auxiliary,))
    seen = {
        VIDEO: film(),
        OTHER: film(frames=video),
        "https://media.test/mask.mp4": film(frames=mask, has_audio=False),
    }
    assert told(request, seen) == expected


def test_a_mask_whose_video_could_not_be_read_is_not_passed():
    """Nothing to compare it with."""
    auxiliary = AuxiliaryVideo(video_url=OTHER, segment_style=4, mask_video_url="https://media.test/mask.mp4")
    request = attrs.evolve(training(), override=(auxiliary,))
    seen = {VIDEO: film(), OTHER: Seen(failure=TransportError("x")), "https://media.test/mask.mp4": film()}
    assert told(request, seen) == [("unknown", "reachable"), ("unknown", "mask_frames")]


RANGES = [
    (10.0, 20.0, []),
    (10.0, 400.05, []),
    (10.0, 401.0, ["error"]),
    (401.0, None, ["error"]),
    (20.0, 10.0, ["error"]),
    (-1.0, 10.0, ["error"]),
    (0.0, 0.0, ["error"]),
]


@pytest.mark.parametrize(("start", "end", "expected"), RANGES)
@pytest.mark.parametrize("part", ["clip", "static", "dynamic", "action", "auxiliary", "rebuild"])
def test_ranges_lie_inside_the_video_and_in_order(part, start, end, expected):
    """The documents cut by seconds in five places."""
    given = {"start": start} | ({} if end is None else {"end": end})

    def named(prefix):
        return {f"{prefix}_{name}": value for name, value in given.items()}

    seen = {VIDEO: film(), OTHER: film()}
    request = training()
    if part == "clip":
        request = training(**named("asset"))
    elif part in ("static", "dynamic"):
        request = training(action_change=StaticDynamic(support=True, **named(f"{part}_range")))
    elif part == "action":
        action = Action(name="wave", **named("clip_range"))
        request = training(action_edit=ActionEdit(support=True, video_path=OTHER, action_list=(action,)))
    elif part == "auxiliary":
        auxiliary = AuxiliaryVideo(video_url=OTHER, segment_style=0, **named("asset"))
        request = attrs.evolve(request, override=(auxiliary,))
    else:
        request = RebuildRequest(material_name="a", video_url=VIDEO, segment_style=0, **named("asset"))
    assert told(request, seen) == [(gravity, "range") for gravity in expected]


def test_ranges_of_a_video_of_unknown_length_are_unknown_and_beyond_it_on_this_machine_a_warning():
    """Unknown is never a pass."""
    request = training(asset_start=1.0, asset_end=2.0)
    assert told(request, {VIDEO: film(duration_s=None)}) == [("unknown", "duration"), ("unknown", "range")]
    request = training(asset_start=1.0, asset_end=401.0)
    assert told(request, {VIDEO: film()}, lenient=True) == [("warning", "range")]


def test_parameters_without_effect_are_not_judged():
    """A group that is switched off, and a clip of a premium digital human."""
    change = StaticDynamic(support=True, static_range_start=0.0, static_range_end=9.0)
    request = training(asset_start=1.0, asset_end=999.0, action_change=change)
    assert told(request, {VIDEO: film()}) == []
    off = ActionEdit(support=False, video_path=OTHER)
    assert told(training(action_edit=off), {VIDEO: film(), OTHER: Seen(failure=MediaError("x"))}) == []


def test_each_field_needs_its_sort_of_file():
    """The wrong address is pasted sooner or later."""
    request = RebuildRequest(material_name="a", video_url=VIDEO, model_url=OTHER, segment_style=0)
    zipped = Seen(footage=Footage(sort="zip", container="zip"))
    assert told(request, {VIDEO: film(), OTHER: zipped}) == []
    assert told(request, {VIDEO: zipped, OTHER: film()}) == [("error", "sort"), ("error", "sort")]
    face = Persistent(multi_faces=True, template_face_pic=OTHER)
    request = attrs.evolve(training(), persistent=face)
    picture = Footage(sort="image", container="png", width_px=9, height_px=9)
    assert told(request, {VIDEO: film(), OTHER: Seen(footage=picture)}) == []
    assert told(request, {VIDEO: film(), OTHER: film()}) == [("error", "sort")]
    torn = Seen(footage=picture, failure=MediaError("torn"))
    assert told(request, {VIDEO: film(), OTHER: torn}) == [("error", "decodes")]
    far = Seen(footage=picture, failure=MediaOutOfReachError("far"))
    assert told(request, {VIDEO: film(), OTHER: far}) == [("unknown", "decodes")]
    preview = ImagePreviewRequest(material_name="a", url=VIDEO)
    assert ("warning", "sort") in told(preview, {VIDEO: film()})


@pytest.mark.parametrize(
    ("failure", "lenient", "expected"),
    [
        (MediaError("empty"), False, ("error", "readable")),
        (MediaError("empty"), True, ("error", "readable")),
        (MediaOutOfReachError("no ranges"), False, ("unknown", "reachable")),
        (NotSentError("refused"), False, ("unknown", "reachable")),
        (TransportError("HTTP 500"), False, ("unknown", "reachable")),
        (ArtifactRefusedError("403", http_status=403), False, ("unknown", "reachable")),
        (ArtifactRefusedError("404", http_status=404), False, ("error", "reachable")),
        (ArtifactRefusedError("404", http_status=404), True, ("unknown", "reachable")),
    ],
)
def test_files_that_cannot_be_read_are_broken_gone_or_unknown(failure, lenient, expected):
    """The service may see more than this machine; what is broken is so for everyone."""
    assert told(training(), {VIDEO: Seen(failure=failure)}, lenient=lenient) == [expected]


def test_what_is_odd_about_a_file_is_a_warning():
    """Variable rates and edit lists make seconds and frames disagree."""
    seen = {VIDEO: film(constant_rate=False, notes=("an edit list shows a part only",))}
    assert told(training(), seen) == [("warning", "rate"), ("warning", "oddity")]


def test_a_file_by_itself_is_only_warned_of_what_a_training_alone_needs():
    """Nobody said what it is for."""
    found = list(alone_findings("base.mp4", film(duration_s=10.0, has_audio=False)))
    assert [(each.gravity, each.check) for each in found] == [
        (Gravity.WARNING, "duration"),
        (Gravity.WARNING, "audio"),
    ]
    assert verdict(found) == "warnings"
    assert verdict(alone_findings("base.mp4", film(duration_s=None))) == "unknown"
    assert verdict(alone_findings("base.mp4", Seen(failure=MediaError("torn")))) == "failed"


def test_references_and_files_that_were_not_looked_at_are_left_alone():
    """They have no address yet."""
    assert told(training(), {}) == []
