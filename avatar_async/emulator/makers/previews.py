"""Make green-screen previews: the actual image or video, keyed with the request's parameters."""

import json
from collections.abc import Mapping
from typing import Any

from avatar_async.emulator.makers.screens import parameters_of, used
from avatar_async.emulator.makers.work import Made, Work
from avatar_async.media.frames import first_frame, shrink
from avatar_async.media.keyer import key
from avatar_async.media.video import key_video

_MAX_SHORT_SIDE_PX = 2160


def preview_urls(body: Mapping[str, Any]) -> list[str]:
    """Return the address a preview reads."""
    return [body["url"]]


def make_image_preview(work: Work) -> list[Made]:
    """Key an image, or a video's first frame, to a PNG.

    Raises:
        MediaError: The source cannot be decoded.
    """
    image = shrink(first_frame(work.sources[work.task.body["url"]]), _MAX_SHORT_SIDE_PX)
    parameters = parameters_of(work.task.body["param"])
    keyed = key(image, parameters)
    keyed.save(work.folder / "preview.png", _facts(work, keyed.warnings))
    return [Made("image", "preview.png")]


def make_video_preview(work: Work) -> list[Made]:
    """Key a video's first 10 s at 540p at most to an MP4.

    Raises:
        MediaError: The source is no video or cannot be decoded.
        StoppedError: The emulator is closing.
    """
    parameters = parameters_of(work.task.body["param"])
    comment = json.dumps(_facts(work, ()), ensure_ascii=False)
    work.check_stopped()
    try:
        key_video(
            work.sources[work.task.body["url"]],
            work.folder / "preview.mp4",
            parameters,
            comment=comment,
            stopped=work.stopped,
        )
    finally:
        work.check_stopped()
    return [Made("video", "preview.mp4")]


def _facts(work: Work, warnings: tuple[str, ...]) -> dict[str, Any]:
    parameters = parameters_of(work.task.body["param"])
    return {
        **used(parameters),
        "greenParamsSampleBackground": {"color": list(parameters.background_rgb)},
        "notes": [*work.task.notes, *warnings],
    }
