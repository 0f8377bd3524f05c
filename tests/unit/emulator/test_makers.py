"""What the makers do with the rarer fields."""

import json
import threading
import zipfile
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from avatar_async.emulator.makers import MAKERS, SampleCache, StoppedError, Work
from avatar_async.emulator.makers.takeover import Scene
from avatar_async.emulator.records import EmulatedTask, from_plain, to_plain
from avatar_async.errors import MediaError
from avatar_async.media.clips import ClipStyle, make_clip, make_still
from avatar_async.media.video import encode
from avatar_async.requests import Kind

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """A clip, a mask of as many frames, a shorter mask and a photo, by address."""
    folder = tmp_path_factory.mktemp("sources")
    style = ClipStyle(width_px=90, height_px=160)
    make_clip(folder / "clip", style, duration_s=0.8)
    mask = Image.new("RGB", (90, 160))
    mask.paste((255, 255, 255), (0, 0, 90, 80))
    encode([mask] * 20, folder / "mask", fps=25)
    encode([mask] * 19, folder / "short", fps=25)
    make_still(style).save(folder / "photo", "PNG")
    return {f"http://127.0.0.1/{path.name}": path for path in folder.iterdir()}


@pytest.fixture
def build(sources, tmp_path):
    """A function that makes one task's files and returns them."""

    def make(kind, body, *, stopped=lambda: False):
        task = EmulatedTask(
            id=7,
            kind=kind,
            name="anchor",
            body=body,
            notes=("told",),
            created_at=NOW,
            starts_at=NOW,
            ready_at=NOW,
        )
        assert from_plain(json.loads(json.dumps(to_plain(task)))) == task
        folder = tmp_path / "work"
        folder.mkdir()
        wanted = {url: sources[url] for url in MAKERS[kind].urls(body)}
        work = Work(task=task, sources=wanted, folder=folder, samples=SampleCache(), stopped=stopped)
        made = MAKERS[kind].make(work)
        return {each.type: folder / each.name for each in made}

    return make


def training(persistent=None, personal=None, **param):
    """Return a checked training body."""
    return {
        "materialName": "anchor",
        "videoUrl": "http://127.0.0.1/clip",
        "param": {
            "persistent": {"videoCrfQuality": 23, "stage1Config": [1], **(persistent or {})},
            "personal": {"segmentStyle": 0, **(personal or {})},
            **param,
        },
    }


def opened(files):
    """Return the member names and the manifest of a model."""
    with zipfile.ZipFile(files["model"]) as archive:
        assert archive.testzip() is None
        return archive.namelist(), json.loads(archive.read("model.json"))


def test_a_mask_video_becomes_the_matte(build):
    """SegmentStyle 4 takes the caller's own mask."""
    item = {
        "videoUrl": "http://127.0.0.1/clip",
        "maskVideoUrl": "http://127.0.0.1/mask",
        "segmentStyle": 4,
    }
    files = build(Kind.TRAINING, training(override=[item]))
    with zipfile.ZipFile(files["model"]) as archive, archive.open("override/00/000.png") as member:
        matte = Image.open(member).getchannel("A")
    assert matte.getpixel((45, 20)) == 255
    assert matte.getpixel((45, 140)) == 0


def test_a_mask_of_another_length_fails(build):
    """Its frames must align with the video's."""
    item = {
        "videoUrl": "http://127.0.0.1/clip",
        "maskVideoUrl": "http://127.0.0.1/short",
        "segmentStyle": 4,
    }
    with pytest.raises(MediaError, match="19 frames, its video 20"):
        build(Kind.TRAINING, training(override=[item]))


def test_premium_and_edited_actions_and_faces_are_in_the_model(build):
    """Each documented input leaves something of itself."""
    change = {
        "support": True,
        "staticRangeStart": 0.0,
        "staticRangeEnd": 0.3,
        "dynamicRangeStart": 0.4,
        "dynamicRangeEnd": 0.7,
    }
    body = training(
        {"multiFaces": True, "templateFacePic": "http://127.0.0.1/photo"}, {"actionChange": change}
    )
    names, manifest = opened(build(Kind.TRAINING, body))
    assert {"actions/static/000.jpg", "actions/dynamic/001.jpg", "face/template.jpg"} <= set(names)
    assert [action["gap"] for action in manifest["actions"]] == [75, 75]


def test_own_lips_are_a_choice(build):
    """stage01GenMode 0 uses the algorithm's lips, whatever stage1Config says."""
    names, manifest = opened(build(Kind.TRAINING, training({"stage01GenMode": 0, "stage1Config": [0, 1]})))
    assert manifest["variants"] == ["algorithm_lip_sync"]
    assert "stage1/algorithm_lip_sync.json" in names
    assert manifest["notes"] == ["told"]


def test_the_manifest_holds_no_signed_queries(build, sources):
    """A model is handed around; addresses in it must not open anything."""
    sources["http://127.0.0.1/clip?signature=secret"] = sources["http://127.0.0.1/clip"]
    body = training() | {"videoUrl": "http://127.0.0.1/clip?signature=secret"}
    _, manifest = opened(build(Kind.TRAINING, body))
    assert "secret" not in json.dumps(manifest)


def test_a_rebuild_of_what_is_no_model_fails(build):
    """A rebuild starts from a zip."""
    body = {
        "materialName": "again",
        "videoUrl": "http://127.0.0.1/clip",
        "modelUrl": "http://127.0.0.1/photo",
        "segmentStyle": 1,
    }
    with pytest.raises(MediaError, match="damaged or is none"):
        build(Kind.REBUILD, body)


odd_values = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.lists(st.floats())
)
odd_objects = st.dictionaries(
    st.sampled_from(
        ["id", "text", "position", "scale", "rgba", "rect", "font_size", "stroke_width", "z_position"]
    ),
    odd_values | st.fixed_dictionaries({"x": odd_values, "y": odd_values}),
)


@given(role=odd_objects, texts=st.lists(odd_objects, max_size=2), title=odd_objects, layer=odd_objects)
@settings(max_examples=40)
def test_no_scene_breaks_the_drawing(role, texts, title, layer):
    """The takeover's objects are open, so that any value may arrive."""
    param = {
        "resolution": [64, 48],
        "digital_role": role,
        "foreground-texts": texts,
        "title": title,
        "backgrounds": [layer],
        "foregrounds": [layer],
    }
    assert Scene(param).at(0.5).size == (64, 48)


@pytest.mark.parametrize("kind", [Kind.TRAINING, Kind.VIDEO_PREVIEW, Kind.TAKEOVER])
def test_a_closing_emulator_ends_the_work(build, kind):
    """Work is left at its next step, to be done anew."""
    body = {
        Kind.TRAINING: training(),
        Kind.VIDEO_PREVIEW: {"url": "http://127.0.0.1/clip", "param": {}},
        Kind.TAKEOVER: {"param": {"digital_role": {"id": 1}, "resolution": [64, 64]}},
    }[kind]
    stop = threading.Event()
    stop.set()
    with pytest.raises(StoppedError):
        build(kind, body, stopped=stop.is_set)
