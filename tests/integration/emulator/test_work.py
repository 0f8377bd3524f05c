"""All five kinds over plain HTTP, and what their files hold."""

import hashlib
import io
import json
import zipfile

import av
import pytest
from PIL import Image

from avatar_async.media.frames import first_frame, probe
from avatar_async.requests import Kind


async def fetched(caller, task):
    """Return a finished task's files by type, checked against what the query says of them."""
    files = {}
    for file in task["files"]:
        status, _, content = await caller.get(file["url"])
        assert status == 200
        assert len(content) == file["size"]
        assert hashlib.md5(content).hexdigest() == file["md5"]
        files[file["type"]] = content
    return files


async def test_every_kind_is_made_and_brought_home(avatar_emulator, caller, bodies):
    """The five kinds leave the files the service documents, made of the actual sources."""
    async with avatar_emulator() as emulator, caller(emulator) as api:
        make = bodies(emulator)
        first = await api.create(Kind.TRAINING, make.training())
        (trained,) = await api.finished(first)
        model_url = next(file["url"] for file in trained["files"] if file["type"] == "model")
        ids = [
            first,
            await api.create(Kind.REBUILD, make.rebuild(model_url)),
            await api.create(Kind.IMAGE_PREVIEW, make.preview()),
            await api.create(Kind.VIDEO_PREVIEW, make.preview(url=make.clip)),
            await api.create(Kind.TAKEOVER, make.takeover()),
        ]
        tasks = await api.finished(*ids)
        assert [task["taskType"] for task in tasks] == [kind.value for kind in Kind]
        assert [task["status"] for task in tasks] == ["SUCCESS"] * 5, tasks
        files = [await fetched(api, task) for task in tasks]

    assert [sorted(each) for each in files] == [
        ["model", "thumbnail"],
        ["model", "thumbnail"],
        ["image"],
        ["video"],
        ["thumbnail", "video"],
    ]
    for each in (*files[:2], files[4]):
        assert Image.open(io.BytesIO(each["thumbnail"])).convert("RGB").width > 50
    for each in files[:2]:
        with zipfile.ZipFile(io.BytesIO(each["model"])) as archive:
            assert archive.testzip() is None
            assert Image.open(archive.open("frames/000.png")).mode == "RGBA"
    for each in files[3:]:
        assert probe(each["video"]).kind == "video"


async def test_a_model_names_its_parameters_variants_and_ancestors(avatar_emulator, caller, bodies):
    """The manifest says what was used, one variant per stage1Config entry, and where a rebuild comes from."""
    async with avatar_emulator() as emulator, caller(emulator) as api:
        make = bodies(emulator)
        first = await api.create(
            Kind.TRAINING,
            make.training(
                personal={"greenParamsRefinethHBgr": 300, "greenParamsBlurKs": 5, "assetStart": 0.5},
                override=[{"videoUrl": make.clip, "segmentStyle": 0}],
            ),
        )
        (trained,) = await api.finished(first)
        model = await fetched(api, trained)
        second = await api.create(Kind.REBUILD, make.rebuild(trained["files"][0]["url"], videoCrfQuality=30))
        (rebuilt,) = await api.finished(second)
        again = await fetched(api, rebuilt)

    with zipfile.ZipFile(io.BytesIO(model["model"])) as archive:
        manifest = json.loads(archive.read("model.json"))
        names = archive.namelist()
    assert manifest["variants"] == ["original_lip_sync", "universal_lip_sync"]
    assert {"stage1/original_lip_sync.json", "stage1/universal_lip_sync.json"} <= set(names)
    assert "override/00/000.jpg" in names
    assert manifest["videos"][0]["greenParams"]["greenParamsRefinethHBgr"] == 255
    assert manifest["videos"][0]["greenParams"]["greenParamsBlurKs"] == 5
    assert "300 is outside 0..255" in manifest["notes"][0]
    with zipfile.ZipFile(io.BytesIO(again["model"])) as archive:
        lineage = json.loads(archive.read("model.json"))["parent"]
    assert lineage["taskId"] == first
    assert lineage["sha256"] == hashlib.sha256(model["model"]).hexdigest()


@pytest.mark.parametrize(
    "param",
    [
        {"greenParamsRefinethHBgr": 90},
        {"greenParamsRefinethLBgr": 80},
        {"greenParamsBlurKs": 20},
        {"greenParamsColorbalance": 10},
        {"greenParamsSpillByalpha": -0.3},
        {"greenParamsSampleBackground": {"color": [0, 100, 255]}},
        {"green_params_sample_background": {"color": [0, 100, 255]}},
    ],
    ids=lambda param: next(iter(param)),
)
async def test_each_preview_parameter_gives_other_pixels(avatar_emulator, caller, bodies, param):
    """Both spellings of a parameter reach the keyer."""
    async with avatar_emulator() as emulator, caller(emulator) as api:
        make = bodies(emulator)
        ids = [
            await api.create(Kind.IMAGE_PREVIEW, make.preview()),
            await api.create(Kind.IMAGE_PREVIEW, make.preview(**param)),
        ]
        pictures = [(await fetched(api, task))["image"] for task in await api.finished(*ids)]
    assert first_frame(pictures[0]).tobytes() != first_frame(pictures[1]).tobytes()


async def test_previews_say_that_they_are_emulated(avatar_emulator, caller, bodies):
    """Nobody should take these pixels for the vendor's."""
    async with avatar_emulator() as emulator, caller(emulator) as api:
        make = bodies(emulator)
        ids = [
            await api.create(Kind.IMAGE_PREVIEW, make.preview(greenParamsRefinethHBgr=230)),
            await api.create(Kind.VIDEO_PREVIEW, make.preview(url=make.clip)),
        ]
        image, video = [await fetched(api, task) for task in await api.finished(*ids)]
    picture = Image.open(io.BytesIO(image["image"]))
    assert "not the vendor's" in picture.info["Comment"]
    assert "230 is outside 70..220: 220 is used" in picture.info["Parameters"]
    with av.open(io.BytesIO(video["video"])) as container:
        assert "not the vendor's" in container.metadata["comment"]


async def test_a_takeover_is_as_long_as_its_sound_and_as_large_as_asked(avatar_emulator, caller, bodies):
    """Sound decides the length; WebM is made when asked for."""
    async with avatar_emulator() as emulator, caller(emulator) as api:
        make = bodies(emulator)
        body = make.takeover(
            audios=[{"url": make.clip}],
            video_format="WebM",
            title={"text": "标题 title", "position": {"x": 10, "y": 10}, "font_size": 12, "opacity": 0.5},
            watermark={"show": True, "content": "test"},
            foregrounds=[{"fileId": "9", "rect": [0, 0, 108, 192]}],
        )
        (task,) = await api.finished(await api.create(Kind.TAKEOVER, body))
        files = await fetched(api, task)
    info = probe(files["video"])
    assert task["files"][0]["name"] == "video.webm"
    assert (info.width_px, info.height_px, info.has_audio) == (108, 192, True)
    assert info.duration_s == pytest.approx(2.0, abs=0.2)


async def test_the_vendor_examples_are_accepted_and_done(avatar_emulator, caller, vendor):
    """The documents' own examples pass, though two of them break the documents' own ranges."""
    async with avatar_emulator() as emulator, caller(emulator) as api:
        clip = emulator.media_url("clip.mp4")
        training = vendor("training")
        param = json.loads(training["param"])
        for item in param["override"]:
            item["videoUrl"] = clip
        training |= {"videoUrl": clip, "param": json.dumps(param)}
        (trained,) = await api.finished(await api.create(Kind.TRAINING, training))
        model_url = trained["files"][0]["url"]
        takeover = vendor("takeover")
        param = json.loads(takeover["param"])
        param["audios"] = [{"url": clip}, {"url": clip}]
        takeover["param"] = json.dumps(param)
        ids = [
            await api.create(Kind.REBUILD, vendor("rebuild") | {"videoUrl": clip, "modelUrl": model_url}),
            await api.create(Kind.IMAGE_PREVIEW, vendor("image_preview") | {"url": clip}),
            await api.create(Kind.VIDEO_PREVIEW, vendor("video_preview") | {"url": clip}),
            await api.create(Kind.TAKEOVER, takeover),
        ]
        tasks = [trained, *await api.finished(*ids)]
    assert [task["status"] for task in tasks] == ["SUCCESS"] * 5, tasks


async def test_strict_refuses_what_the_tables_do_not_allow(avatar_emulator, caller, vendor):
    """Under strict the examples' 275 and 230 are refused by name."""
    async with avatar_emulator(strict=True) as emulator, caller(emulator) as api:
        assert "greenParamsSamplePointBgr[1] 275" in await api.refused(
            Kind.REBUILD, _on_hosts(vendor("rebuild"))
        )
        message = await api.refused(Kind.IMAGE_PREVIEW, _on_hosts(vendor("image_preview")))
        assert "param.greenParamsRefinethHBgr 230 is outside 70..220" in message


@pytest.mark.parametrize("source", ["nothing.mp4", "garbage.bin", "half.mp4"])
async def test_a_source_that_cannot_be_had_fails_the_task(
    avatar_emulator, avatar_media, caller, bodies, tmp_path, source
):
    """404, garbage and a cut-off video each end as FAILED with a reason, and others go on."""
    folder = tmp_path / "media"
    folder.mkdir()
    for name in ("clip.mp4", "still.png"):
        (folder / name).write_bytes((avatar_media / name).read_bytes())
    (folder / "garbage.bin").write_bytes(b"no media" * 500)
    (folder / "half.mp4").write_bytes((folder / "clip.mp4").read_bytes()[:500])
    async with avatar_emulator(media_dir=folder) as emulator, caller(emulator) as api:
        make = bodies(emulator)
        url = emulator.media_url(source)
        bad = [
            await api.create(Kind.TRAINING, make.training(url=url)),
            await api.create(Kind.REBUILD, make.rebuild(url)),
            await api.create(Kind.IMAGE_PREVIEW, make.preview(url=url)),
            await api.create(Kind.VIDEO_PREVIEW, make.preview(url=url)),
        ]
        good = await api.create(Kind.IMAGE_PREVIEW, make.preview())
        *failed, done = await api.finished(*bad, good)
    assert [task["status"] for task in failed] == ["FAILED"] * 4
    assert all(task["failReason"] and not task["files"] for task in failed)
    assert done["status"] == "SUCCESS"


@pytest.mark.parametrize("url", ["http://192.0.2.1/a.mp4", "http://example.invalid/a.mp4"])
async def test_other_machines_are_not_asked(avatar_emulator, caller, bodies, url):
    """An emulator on loopback must not become a way out."""
    async with avatar_emulator() as emulator, caller(emulator) as api:
        make = bodies(emulator)
        (task,) = await api.finished(await api.create(Kind.IMAGE_PREVIEW, make.preview(url=url)))
    assert task["status"] == "FAILED"


async def test_many_jobs_on_one_clip_share_its_bytes(avatar_emulator, caller, bodies):
    """Two hundred jobs on one clip must not fetch and decode it two hundred times."""
    async with avatar_emulator() as emulator, caller(emulator) as api:
        make = bodies(emulator)
        ids = [await api.create(Kind.TRAINING, make.training(name=f"a-{index}")) for index in range(20)]
        tasks = await api.finished(*ids)
        assert {task["status"] for task in tasks} == {"SUCCESS"}
        assert emulator.received.creates == {f"a-{index}": 1 for index in range(20)}


def _on_hosts(body):
    """Return an example with addresses that are complete."""
    return {
        name: "http://127.0.0.1/x" if name.endswith(("url", "Url")) else value for name, value in body.items()
    }


async def test_what_is_not_emulated_is_told_once_when_it_is_first_asked_for(avatar_emulator, caller, bodies):
    """Whoever runs the service reads it before they look into any result, and not a thousand times."""
    told: list[str] = []
    async with avatar_emulator(tell=told.append) as emulator, caller(emulator) as api:
        make = bodies(emulator)
        await api.create(Kind.IMAGE_PREVIEW, make.preview())
        assert told == []
        for _ in range(3):
            await api.create(Kind.VIDEO_PREVIEW, make.preview(url=make.clip))
    assert len(told) == 1
    assert "up to 10 s and 540p" in told[0]
