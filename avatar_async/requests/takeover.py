"""Takeover synthesis for video live streaming, which the vendor deprecated."""

# ruff: noqa: RUF009 (option() makes an attrs field)

import warnings
from collections.abc import Sequence
from typing import ClassVar

import attrs

from avatar_async.requests.base import Request
from avatar_async.requests.beautify import Effects
from avatar_async.requests.fields import documented, option
from avatar_async.requests.kinds import Kind
from avatar_async.requests.objects import ObjectOf, VendorObject
from avatar_async.requests.refs import Ref
from avatar_async.requests.scene import Background, DigitalRole, Foreground, ForegroundText, Title, Watermark
from avatar_async.requests.shapes import Boolean, Identifier, Integer, ListOf, Number, Text, Url
from avatar_async.requests.unset import Unset


@documented
@attrs.frozen(kw_only=True, repr=False)
class TtsConfig(VendorObject):
    """Choose the voice (`tts_config`)."""

    id: str | int | Unset = option(Identifier(), "id of the voice")
    name: str | Unset = option(Text(), "name of the voice")
    vendor_id: int | Unset = option(Integer(), "id of the voice's maker", wire="vendor_id")
    language: str | Unset = option(Text(), "language, such as zh-CN")
    pitch_offset: float | Unset = option(Number(), "offset of the pitch", wire="pitch_offset")
    speed_ratio: float | Unset = option(Number(), "ratio of the speed", wire="speed_ratio")
    volume: float | Unset = option(Number(), "volume")


@documented
@attrs.frozen(kw_only=True, repr=False)
class TtsQuery(VendorObject):
    """Say what is spoken (`tts_query`)."""

    content: str | Unset = option(Text(), "text that is spoken")
    ssml: bool | Unset = option(Boolean(), "whether the text is SSML")


@documented
@attrs.frozen(kw_only=True, repr=False)
class Audio(VendorObject):
    """Play recorded speech (an item of `audios`)."""

    url: str | Ref | Unset = option(Url(), "URL of the audio")


@documented
@attrs.frozen(kw_only=True, repr=False)
class TakeoverParam(VendorObject):
    """Describe the video to make (`param`).

    The document shows these fields by example and refers to another one for their meaning, so keys
    it does not show are welcome in `extra` at every level.
    """

    version: str | Unset = option(Text(), "version of the definition")
    video_format: str | Unset = option(Text(), "MP4 or WebM", wire="video_format")
    resolution: Sequence[int] | Unset = option(ListOf(Integer(), length=2), "width and height, in pixels")
    bit_rate: float | Unset = option(Number(), "bit rate of the video", wire="bit_rate")
    frame_rate: float | Unset = option(Number(), "frames a second", wire="frame_rate")
    watermark: Watermark | Unset = option(ObjectOf(Watermark), "mark on the video")
    digital_role: DigitalRole | Unset = option(ObjectOf(DigitalRole), "the avatar", wire="digital_role")
    tts_config: TtsConfig | Unset = option(ObjectOf(TtsConfig), "the voice", wire="tts_config")
    tts_query: TtsQuery | Unset = option(ObjectOf(TtsQuery), "what is spoken", wire="tts_query")
    audios: Sequence[Audio] | Unset = option(ListOf(ObjectOf(Audio)), "recorded speech")
    backgrounds: Sequence[Background] | Unset = option(ListOf(ObjectOf(Background)), "behind the avatar")
    foregrounds: Sequence[Foreground] | Unset = option(ListOf(ObjectOf(Foreground)), "before the avatar")
    foreground_texts: Sequence[ForegroundText] | Unset = option(
        ListOf(ObjectOf(ForegroundText)), "text before the avatar", wire="foreground-texts"
    )
    title: Title | Unset = option(ObjectOf(Title), "title of the video")
    effects: Effects | Unset = option(ObjectOf(Effects), "effects on the avatar")


@documented
@attrs.frozen(kw_only=True, repr=False)
class TakeoverRequest(Request):
    """Synthesise a takeover video (the vendor's "Create Takeover Synthesis Task for Video Live Streaming").

    The vendor deprecated this call and no longer maintains it: the first request of a process emits a
    DeprecationWarning. Results stay online for 7 days.
    """

    kind: ClassVar[Kind] = Kind.TAKEOVER
    body_source: ClassVar[str] = "Video Live Streaming (Deprecated), Request Parameters"
    param_source: ClassVar[str] = "Video Live Streaming (Deprecated), JSON Example"
    name_field: ClassVar[str] = "video_name"

    video_name: str | Unset = option(Text(filled=True), "name of the video", required=True)
    param: TakeoverParam | Unset = option(
        ObjectOf(TakeoverParam),
        "video synthesis parameters; avatar, foreground and background by id only",
        required=True,
    )
    thumbnail_url: str | Ref | Unset = option(Url(), "URL of a thumbnail")

    def __attrs_post_init__(self) -> None:
        _deprecation.warn_once()


class _Deprecation:
    """Warn about the deprecated call once per process."""

    def __init__(self) -> None:
        self.warned = False

    def warn_once(self) -> None:
        """Emit the warning unless it was emitted before."""
        if self.warned:
            return
        self.warned = True
        text = "the vendor deprecated takeover synthesis: it is no longer updated or maintained"
        warnings.warn(text, DeprecationWarning, stacklevel=4)


_deprecation = _Deprecation()
