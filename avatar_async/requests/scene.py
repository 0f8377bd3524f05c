"""What stands in the picture of a takeover synthesis."""

# ruff: noqa: RUF009 (option() makes an attrs field)

from collections.abc import Iterator, Sequence

import attrs

from avatar_async.requests.addresses import public_url
from avatar_async.requests.fields import documented, option
from avatar_async.requests.objects import ObjectOf, Place, VendorObject
from avatar_async.requests.problems import Problem, Rule
from avatar_async.requests.shapes import Boolean, Identifier, Integer, ListOf, Number, Text
from avatar_async.requests.unset import UNSET, Unset

_TABLE = "Video Live Streaming (Deprecated), Request Parameters"
_RGBA = ListOf(Integer(low=0, high=255, inferred=True), length=4)
_SHARE = Number(low=0, high=1, inferred=True)
_COLOUR = "red, green, blue, alpha"
_RECT = ListOf(Number(), length=4)


@attrs.frozen(kw_only=True, repr=False)
class ByIdOnly(VendorObject):
    """Be an asset that the takeover call takes by its id only."""

    name: str | Unset = option(Text(), "name of the asset")
    url: str | Unset = option(Text(), "must stay empty: the call supports ids only")
    file_id: str | int | Unset = option(Identifier(), "id of the file", wire="fileId")

    def rules(self, at: Place) -> Iterator[Problem]:
        """Yield problems between fields of this object."""
        if isinstance(self.url, str) and self.url:
            text = "avatar, foreground and background support ids only; leave url empty and give the id"
            yield Place(at.path, _TABLE).error("url", public_url(self.url), text, Rule.EXCLUSIVE)


@documented
@attrs.frozen(kw_only=True, repr=False)
class Position(VendorObject):
    """Place something, in pixels (`position`)."""

    x: float | Unset = option(Number(), "from the left, in pixels")
    y: float | Unset = option(Number(), "from the top, in pixels")


@documented
@attrs.frozen(kw_only=True, repr=False)
class DigitalRole(ByIdOnly):
    """Choose and place the avatar (`digital_role`)."""

    id: int | str | Unset = option(Identifier(), "id of the avatar")
    face_feature_id: str | int | Unset = option(
        Identifier(), "id of the face features", wire="face_feature_id"
    )
    position: Position | Unset = option(ObjectOf(Position), "where the avatar stands")
    scale: float | Unset = option(Number(), "scale of the avatar")
    z_position: int | Unset = option(Integer(), "order of the layers", wire="z_position")
    rotation: float | Unset = option(Number(), "rotation of the avatar")
    start_frame_index: int | Unset = option(Integer(), "first frame of the avatar", wire="start_frame_index")

    def rules(self, at: Place) -> Iterator[Problem]:
        """Yield problems between fields of this object."""
        yield from super().rules(at)
        if self.id is UNSET and self.file_id is UNSET:
            text = "the avatar is named by its id"
            yield at.warning("id", UNSET, text, Rule.INFERRED)


@documented
@attrs.frozen(kw_only=True, repr=False)
class Background(ByIdOnly):
    """Put something behind the avatar (an item of `backgrounds`)."""

    type: int | Unset = option(Integer(), "type of the asset")
    rect: Sequence[float] | Unset = option(_RECT, "x, y, width and height, in pixels")
    cycle: bool | Unset = option(Boolean(), "whether it repeats")
    start: float | Unset = option(Number(), "when it appears")
    play_offset: float | Unset = option(Number(), "where in the asset it begins", wire="play_offset")
    duration: float | Unset = option(Number(), "how long it is shown; -1 in the document's example")


@documented
@attrs.frozen(kw_only=True, repr=False)
class Foreground(Background):
    """Put something before the avatar (an item of `foregrounds`)."""

    rotation: float | Unset = option(Number(), "rotation of the asset")
    z_position: int | Unset = option(Integer(), "order of the layers", wire="z_position")


@attrs.frozen(kw_only=True, repr=False)
class Lettering(VendorObject):
    """Be text in the picture."""

    text: str | Unset = option(Text(), "what is written")
    font_size: float | Unset = option(Number(), "size of the font", wire="font_size")
    font_family: str | Unset = option(Text(), "any font the service knows", wire="font_family")
    stroke_width: float | Unset = option(Number(), "width of the outline", wire="stroke_width")
    stroke_rgba: Sequence[int] | Unset = option(
        _RGBA, f"colour of the outline: {_COLOUR}", wire="stroke_rgba"
    )
    opacity: float | Unset = option(_SHARE, "opacity of the text, 0 to 1")
    position: Position | Unset = option(ObjectOf(Position), "where the text stands")
    background_rgba: Sequence[int] | Unset = option(
        _RGBA, f"colour behind the text: {_COLOUR}", wire="background_rgba"
    )
    rgba: Sequence[int] | Unset = option(_RGBA, f"colour of the text: {_COLOUR}")


@documented
@attrs.frozen(kw_only=True, repr=False)
class ForegroundText(Lettering):
    """Write text before the avatar (an item of `foreground-texts`)."""

    z_position: int | Unset = option(Integer(), "order of the layers", wire="z_position")


@documented
@attrs.frozen(kw_only=True, repr=False)
class Title(Lettering):
    """Write a title (`title`)."""

    scale: float | Unset = option(Number(), "scale of the title")


@documented
@attrs.frozen(kw_only=True, repr=False)
class Watermark(VendorObject):
    """Mark the video (`watermark`)."""

    show: bool | Unset = option(Boolean(), "whether the mark is shown")
    content: str | Unset = option(Text(), "text of the mark")
