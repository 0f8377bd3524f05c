"""Which files a request names, what for, and what is to be learnt of them."""

from collections.abc import Iterator
from typing import Any, Literal

from attrs import frozen

from avatar_async.media.preflight.looking import Asked
from avatar_async.requests import (
    AuxiliaryVideo,
    ImagePreviewRequest,
    RebuildRequest,
    Request,
    SegmentStyle,
    TakeoverRequest,
    TrainingRequest,
    VideoPreviewRequest,
)

Bgr = tuple[int, int, int]
#: What a file is for; `footage` is a video looked at by itself, which may be for anything.
Role = Literal[
    "base", "auxiliary", "mask", "material", "actions", "model", "face", "image", "clip", "speech", "footage"
]

_DEFAULT_H, _DEFAULT_SAMPLE = 160, (0, 255, 0)
_KEYED_STYLES = (SegmentStyle.GREEN_SCREEN, SegmentStyle.GREEN_SCREEN_POST)


@frozen(kw_only=True)
class Keying:
    """How a file is to be keyed.

    Attributes:
        sample_bgr: The sample colour, in BGR order.
        refineth_h: The high threshold.
    """

    sample_bgr: Bgr = _DEFAULT_SAMPLE
    refineth_h: int = _DEFAULT_H


@frozen(kw_only=True)
class Use:
    """One file in one request.

    Attributes:
        path: The field that names it.
        address: Where it is.
        role: What it is for.
        keying: How it is to be keyed; None if it is not.
        item: The object whose field it is, or whose fields speak of it.
    """

    path: str
    address: str
    role: Role
    keying: Keying | None = None
    item: Any = None

    @property
    def asked(self) -> Asked:
        """What is to be learnt of the file."""
        samples = frozenset({self.keying.sample_bgr}) if self.keying else frozenset()
        return Asked(decoded=self.role in ("face", "image"), samples=samples)


def uses_of(request: Request) -> Iterator[Use]:
    """Yield the files of a request that have an address already; references have none yet."""
    for path, address, role, item in _named(request):
        if isinstance(address, str) and address:
            yield Use(path=path, address=address, role=role, keying=_keying_of(role, item), item=item)


_Named = tuple[str, Any, Role, Any]


def _named(request: Request) -> Iterator[_Named]:
    if isinstance(request, TrainingRequest):
        yield from _of_training(request)
    elif isinstance(request, RebuildRequest):
        yield "video_url", request.video_url, "material", request
        yield "model_url", request.model_url, "model", None
        yield from _of_actions("action_edit", request.action_edit)
    elif isinstance(request, ImagePreviewRequest):
        yield "url", request.url, "image", request
    elif isinstance(request, VideoPreviewRequest):
        yield "url", request.url, "clip", request
    elif isinstance(request, TakeoverRequest):
        audios = getattr(request.param, "audios", None)
        for index, audio in enumerate(audios if isinstance(audios, tuple) else ()):
            yield f"param.audios[{index}].url", getattr(audio, "url", None), "speech", None


def _of_training(request: TrainingRequest) -> Iterator[_Named]:
    yield "video_url", request.video_url, "base", request.personal
    yield from _of_actions("personal.action_edit", getattr(request.personal, "action_edit", None))
    face = getattr(request.persistent, "template_face_pic", None)
    yield "persistent.template_face_pic", face, "face", None
    for index, item in enumerate(request.override if isinstance(request.override, tuple) else ()):
        if isinstance(item, AuxiliaryVideo):
            yield f"override[{index}].video_url", item.video_url, "auxiliary", item
            if item.segment_style == SegmentStyle.CUSTOM_MASK:
                yield f"override[{index}].mask_video_url", item.mask_video_url, "mask", item.video_url


def _of_actions(at: str, edit: Any) -> Iterator[_Named]:
    if getattr(edit, "support", False) is True:
        yield f"{at}.video_path", edit.video_path, "actions", edit


def _keying_of(role: Role, item: Any) -> Keying | None:
    if role in ("base", "auxiliary", "material"):
        return _keying(item) if getattr(item, "segment_style", None) in _KEYED_STYLES else None
    return _keying(item) if role in ("image", "clip") else None


def _keying(item: Any) -> Keying:
    sample: Any = item.green_params_sample_point_bgr
    high: Any = item.green_params_refineth_h_bgr
    if not (isinstance(sample, tuple) and [type(part) for part in sample] == [int, int, int]):
        sample = _DEFAULT_SAMPLE
    blue, green, red = (min(255, max(0, part)) for part in sample)
    return Keying(sample_bgr=(blue, green, red), refineth_h=high if type(high) is int else _DEFAULT_H)
