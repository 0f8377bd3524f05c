"""The emulator says what it does not do as the service does, in every place a person may look."""

import json
import zipfile
from datetime import UTC, datetime
from io import BytesIO

import pytest
from PIL import Image, ImageChops

from avatar_async.emulator import creates
from avatar_async.emulator.limits import NOT_KEYED_NOTE, POSTPONED_NOTE, PREVIEW_NOTE
from avatar_async.emulator.makers import MAKERS, SampleCache, Work
from avatar_async.emulator.records import EmulatedTask
from avatar_async.media.clips import ClipStyle, make_clip, make_still
from avatar_async.media.keyer import LABEL
from avatar_async.media.notes import said_by
from avatar_async.requests import Kind

NOW = datetime(2026, 1, 1, tzinfo=UTC)
URL = "http://127.0.0.1/source"


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """A photo, a short small clip, a longer and a larger one."""
    folder = tmp_path_factory.mktemp("clips")
    style = ClipStyle(width_px=90, height_px=160)
    make_still(ClipStyle(width_px=180, height_px=320, seed=4)).save(folder / "photo", "PNG")
    make_clip(folder / "short", style, duration_s=0.4)
    make_clip(folder / "blue", ClipStyle(width_px=90, height_px=160, screen="blue"), duration_s=0.2)
    make_clip(folder / "long", style, duration_s=11, fps=5, sound="none")
    make_clip(folder / "large", ClipStyle(width_px=640, height_px=600), duration_s=0.2, sound="none")
    return folder


@pytest.fixture
def made(clips, tmp_path):
    """A function that accepts a request as the service does, does its work and returns the files."""
    count = iter(range(100))

    def make(kind, source, body):
        accepted = creates.read(kind, {"materialName": "a", **body}, strict=False)
        task = EmulatedTask(
            id=7,
            kind=kind,
            name=accepted.name,
            body=accepted.body,
            notes=accepted.notes,
            created_at=NOW,
            starts_at=NOW,
            ready_at=NOW,
        )
        folder = tmp_path / str(next(count))
        folder.mkdir()
        work = Work(
            task=task,
            sources={URL: clips / source},
            folder=folder,
            samples=SampleCache(),
            stopped=lambda: False,
        )
        return {each.type: folder / each.name for each in MAKERS[kind].make(work)}

    return make


def preview(**param):
    """Return the body of a preview."""
    return {"url": URL, "param": json.dumps(param)}


def training(style, **personal):
    """Return the body of a training with one style for its base video."""
    param = {
        "persistent": {"videoCrfQuality": 23, "stage1Config": [0]},
        "personal": {"segmentStyle": style, **personal},
    }
    return {"videoUrl": URL, "param": json.dumps(param)}


def frames_of(model):
    """Return the frames of a model by name, and its manifest."""
    with zipfile.ZipFile(model) as archive:
        pictures = {
            name: Image.open(BytesIO(archive.read(name)))
            for name in archive.namelist()
            if name.startswith("frames/")
        }
        return pictures, json.loads(archive.read("model.json"))


@pytest.mark.parametrize(
    "change",
    [
        {"greenParamsRefinethHBgr": 120},
        {"greenParamsRefinethLBgr": 20},
        {"greenParamsBlurKs": 9},
        {"greenParamsColorbalance": 40},
        {"greenParamsSpillByalpha": -0.3},
        {"greenParamsSamplePointBgr": [255, 0, 0]},
        {"greenParamsSampleBackground": {"color": [0, 100, 255]}},
    ],
    ids=lambda change: next(iter(change)),
)
@pytest.mark.parametrize(("kind", "source"), [(Kind.IMAGE_PREVIEW, "photo"), (Kind.VIDEO_PREVIEW, "short")])
def test_every_parameter_changes_the_pixels_of_a_preview(kind, source, change, made):
    """A preview that ignores a parameter would mislead whoever tunes it."""
    from avatar_async.media.frames import first_frame

    role = "image" if kind is Kind.IMAGE_PREVIEW else "video"
    default, changed = (
        first_frame(made(kind, source, body)[role]) for body in (preview(), preview(**change))
    )
    assert ImageChops.difference(default.convert("RGB"), changed.convert("RGB")).getbbox() is not None


def test_a_long_video_preview_says_that_it_is_cut(made):
    """Ten seconds of eleven are no whole preview."""
    said = said_by(made(Kind.VIDEO_PREVIEW, "long", preview())["video"])
    assert said.label == LABEL
    assert "only the first 10 s of 11.0 s are keyed" in said.notes
    assert PREVIEW_NOTE in said.notes


def test_a_large_video_preview_says_that_it_is_made_smaller(made):
    """Edges look other at half the size."""
    said = said_by(made(Kind.VIDEO_PREVIEW, "large", preview())["video"])
    assert "made smaller, to 576 x 540 of 640 x 600" in said.notes


def test_a_short_small_video_preview_says_of_no_cut(made):
    """What is always said is never read."""
    said = said_by(made(Kind.VIDEO_PREVIEW, "short", preview())["video"])
    assert said.notes == (PREVIEW_NOTE,)


@pytest.mark.parametrize("kind", [Kind.IMAGE_PREVIEW, Kind.VIDEO_PREVIEW])
def test_a_preview_of_a_swapped_sample_colour_says_so(kind, made):
    """RGB given where BGR is wanted is the likeliest mistake; a video tells it from its first frame."""
    swapped = {"greenParamsSamplePointBgr": [0, 0, 255]}
    said = said_by(next(iter(made(kind, "blue", preview(**swapped)).values())))
    assert any("the sample is BGR, not RGB" in note for note in said.notes)


def test_a_learned_segmentation_is_labelled_and_not_faked(made):
    """A keyer cannot know what a network would cut out: the frames stay whole and say so."""
    pictures, manifest = frames_of(made(Kind.TRAINING, "short", training(2))["model"])
    assert {picture.mode for picture in pictures.values()} == {"RGB"}
    assert {picture.info["comment"].decode() for picture in pictures.values()} == {NOT_KEYED_NOTE}
    assert manifest["videos"][0]["segmentation"] == NOT_KEYED_NOTE
    assert any(NOT_KEYED_NOTE in note for note in manifest["notes"])


@pytest.mark.parametrize(
    ("style", "mode", "note"), [(0, "RGB", None), (1, "RGBA", None), (3, "RGBA", POSTPONED_NOTE)]
)
def test_each_style_leaves_what_it_can(style, mode, note, made):
    """Keyed frames carry the label of the keyer, others that they are as filmed."""
    pictures, manifest = frames_of(made(Kind.TRAINING, "short", training(style))["model"])
    for picture in pictures.values():
        assert picture.mode == mode
        said = picture.info["Comment"] if mode == "RGBA" else picture.info["comment"].decode()
        assert said == (LABEL if mode == "RGBA" else "emulated: a frame as it was filmed")
    assert note is None or any(note in each for each in manifest["notes"])


def test_models_hold_frames_and_thumbnails_of_the_video_itself(made, clips):
    """A stand-in would hide what the service will get to see."""
    from avatar_async.media.frames import sample_frames

    files = made(Kind.TRAINING, "short", training(0))
    filmed = sample_frames(clips / "short", 1, start_s=0, end_s=None, short_side_px=270)[0]
    pictures, _ = frames_of(files["model"])
    for picture in (next(iter(pictures.values())), Image.open(files["thumbnail"])):
        assert picture.size == filmed.size
        apart = ImageChops.difference(picture.convert("RGB"), filmed).convert("L").histogram()
        assert sum(apart[40:]) < 0.02 * sum(apart)


@pytest.mark.parametrize(
    ("kind", "body", "note"),
    [
        (Kind.VIDEO_PREVIEW, preview(), PREVIEW_NOTE),
        (Kind.TRAINING, training(2), NOT_KEYED_NOTE),
        (Kind.REBUILD, {"videoUrl": URL, "modelUrl": URL, "segmentStyle": 2}, NOT_KEYED_NOTE),
        (Kind.TRAINING, training(3), POSTPONED_NOTE),
    ],
)
def test_a_task_notes_what_is_not_emulated_when_it_is_accepted(kind, body, note):
    """Long before there is a result, and even under strict rules."""
    accepted = creates.read(kind, {"materialName": "a", **body}, strict=True)
    assert accepted.limits == (note,)
    assert note in accepted.notes
