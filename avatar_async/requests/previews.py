"""Previews of a green-screen segmentation."""

# ruff: noqa: RUF009 (option() makes an attrs field)

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import attrs

from avatar_async.requests.base import Request
from avatar_async.requests.fields import documented, option, specs
from avatar_async.requests.green import (
    BLUR,
    REFINETH_H,
    REFINETH_L,
    GreenScreen,
    KeyedChange,
    KeyedObject,
    SampleBackground,
)
from avatar_async.requests.kinds import Kind
from avatar_async.requests.objects import ObjectOf, own_copy
from avatar_async.requests.refs import Ref
from avatar_async.requests.shapes import Integer, Text, Url
from avatar_async.requests.unset import Unset


@attrs.frozen(kw_only=True, repr=False)
class PreviewRequest(Request, KeyedObject):
    """Be a preview: three parameters have narrower ranges than in a training."""

    param_fields: ClassVar[frozenset[str]] = frozenset(specs(GreenScreen))
    snake_param: ClassVar[bool] = True

    green_params_refineth_h_bgr: int | Unset = option(Integer(low=70, high=220), REFINETH_H, default=160)
    green_params_refineth_l_bgr: int | Unset = option(Integer(low=10, high=80), REFINETH_L, default=40)
    green_params_blur_ks: int | Unset = option(Integer(low=1, high=24), BLUR, default=3)
    green_params_sample_background: SampleBackground | Unset = option(
        ObjectOf(SampleBackground), "what stands behind the person"
    )
    #: Undocumented keys of `param`.
    param_extra: Mapping[str, Any] = attrs.field(factory=dict, converter=own_copy, hash=False)

    def map_keyed(self, change: KeyedChange) -> Self:
        """Return the request with every object that has green-screen parameters changed."""
        return change(self)


@documented
@attrs.frozen(kw_only=True, repr=False)
class ImagePreviewRequest(PreviewRequest):
    """Preview the keying of an image (the vendor's image "Green Screen Segmentation Effect Preview")."""

    kind: ClassVar[Kind] = Kind.IMAGE_PREVIEW
    body_source: ClassVar[str] = (
        "Avatar Model Generation, Create Image Green Screen Segmentation Effect Preview Task, "
        "Request Parameters"
    )
    param_source: ClassVar[str] = (
        "Avatar Model Generation, Create Image Green Screen Segmentation Effect Preview Task, "
        "param Parameter Description"
    )

    material_name: str | Unset = option(Text(filled=True), "name of the preview task", required=True)
    url: str | Ref | Unset = option(Url(), "URL of the image", required=True)


@documented
@attrs.frozen(kw_only=True, repr=False)
class VideoPreviewRequest(PreviewRequest):
    """Preview the keying of a video (the vendor's "Video Green Screen Segmentation Effect Preview")."""

    kind: ClassVar[Kind] = Kind.VIDEO_PREVIEW
    body_source: ClassVar[str] = (
        "Avatar Model Generation, Video Green Screen Segmentation Effect Preview, Request Parameters"
    )
    param_source: ClassVar[str] = (
        "Avatar Model Generation, Video Green Screen Segmentation Effect Preview, param Parameter Description"
    )

    material_name: str | Unset = option(Text(filled=True), "name of the preview task", required=True)
    url: str | Ref | Unset = option(
        Url(), "URL of the video; the documents say it must be at least 6 minutes long", required=True
    )
