"""The batch of `demo`: all five kinds, a rebuild of a trained model, previews with different parameters."""

import warnings
from collections.abc import Iterator
from itertools import count, islice

from avatar_async._jobs.records import JobSpec
from avatar_async.cli.embedded import ORIGIN
from avatar_async.requests import (
    BaseVideo,
    DigitalRole,
    GreenScreen,
    ImagePreviewRequest,
    Persistent,
    RebuildRequest,
    Ref,
    Request,
    SampleBackground,
    SegmentStyle,
    Stage1Config,
    TakeoverParam,
    TakeoverRequest,
    Title,
    TrainingRequest,
    TtsConfig,
    TtsQuery,
    VideoPreviewRequest,
    presets,
)

_MEDIA = f"{ORIGIN}/media"
_GREEN, _DARK, _BLUE = (f"{_MEDIA}/presenter-{name}.mp4" for name in ("green", "dark", "blue"))
_STILL_GREEN, _STILL_BLUE = f"{_MEDIA}/still-green.png", f"{_MEDIA}/still-blue.png"
_BLUE_SCREEN = GreenScreen(green_params_sample_point_bgr=(255, 0, 0), green_params_spill_byalpha=0.0)


def demo_batch(jobs: int) -> list[JobSpec]:
    """Return that many jobs (`demo.FEWEST_JOBS` or more), always the same ones in the same order."""
    return list(islice(_jobs(), jobs))


def _jobs() -> Iterator[JobSpec]:
    trained = _training("anchor-green", _GREEN, BaseVideo(segment_style=1))
    yield trained
    yield _rebuild("anchor-green-update", trained.name)
    yield _still("still-defaults", _STILL_GREEN, GreenScreen())
    yield _still(
        "still-narrow-edges",
        _STILL_GREEN,
        GreenScreen(green_params_refineth_h_bgr=90, green_params_blur_ks=1),
    )
    yield _still(
        "still-soft-edges",
        _STILL_GREEN,
        GreenScreen(green_params_refineth_h_bgr=210, green_params_blur_ks=15),
    )
    yield _still("still-blue-screen", _STILL_BLUE, _BLUE_SCREEN)
    yield _clip("clip-defaults", _GREEN, GreenScreen())
    yield _clip("clip-blue-screen", _BLUE, _BLUE_SCREEN)
    yield _takeover("welcome", "Welcome! This speaker is made by a machine.")
    yield _training("anchor-dark", _DARK, BaseVideo(segment_style=SegmentStyle.GREEN_SCREEN_POST))
    yield _training("anchor-blue", _BLUE, BaseVideo(segment_style=1, green=_BLUE_SCREEN))
    yield _rebuild("anchor-dark-update", "anchor-dark")
    for number in count(1):
        screen = GreenScreen(
            green_params_refineth_h_bgr=100 + number % 100, green_params_blur_ks=1 + number % 24
        )
        yield _still(f"still-{number:03}", _STILL_GREEN, screen)


def _spec(name: str, request: Request, *needs: str) -> JobSpec:
    return JobSpec(name=name, kind=request.kind, request=request, needs=needs)


def _training(name: str, video: str, personal: BaseVideo) -> JobSpec:
    both = Persistent(stage1_config=(Stage1Config.ORIGINAL, Stage1Config.UNIVERSAL))
    request = TrainingRequest(material_name=name, video_url=video, persistent=both, personal=personal)
    return _spec(name, request)


def _rebuild(name: str, trained: str) -> JobSpec:
    request = RebuildRequest(
        material_name=name,
        video_url=_GREEN,
        model_url=Ref(trained, "model"),
        segment_style=SegmentStyle.GREEN_SCREEN,
    )
    return _spec(name, request.with_changes(presets.black_edges()), trained)


def _backed(screen: GreenScreen) -> GreenScreen:
    return GreenScreen(
        **dict(screen.given()), green_params_sample_background=SampleBackground(color=(32, 64, 160))
    )


def _still(name: str, image: str, screen: GreenScreen) -> JobSpec:
    return _spec(name, ImagePreviewRequest(material_name=name, url=image, green=_backed(screen)))


def _clip(name: str, video: str, screen: GreenScreen) -> JobSpec:
    return _spec(name, VideoPreviewRequest(material_name=name, url=video, green=_backed(screen)))


def _takeover(name: str, text: str) -> JobSpec:
    param = TakeoverParam(
        version="0.0.13",
        video_format="MP4",
        resolution=(540, 960),
        frame_rate=25,
        digital_role=DigitalRole(id=4051, name="Nina"),
        tts_config=TtsConfig(id="xiaoyue", language="en-GB", speed_ratio=1),
        tts_query=TtsQuery(content=text, ssml=False),
        title=Title(text=name.title(), font_size=40),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return _spec(name, TakeoverRequest(video_name=name, param=param))
