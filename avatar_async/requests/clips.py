"""The base video and the auxiliary videos of a training."""

# ruff: noqa: RUF009 (option() makes an attrs field)

from collections.abc import Iterator
from typing import Any

import attrs

from avatar_async.requests.actions import ActionEdit, StaticDynamic
from avatar_async.requests.addresses import public_url
from avatar_async.requests.avatars import supports
from avatar_async.requests.fields import documented, option
from avatar_async.requests.green import KeyedObject
from avatar_async.requests.kinds import SegmentStyle
from avatar_async.requests.objects import ObjectOf, Place
from avatar_async.requests.problems import Problem, Rule
from avatar_async.requests.refs import Ref
from avatar_async.requests.shapes import Boolean, Choice, Number, Text, Url
from avatar_async.requests.spans import span_problems
from avatar_async.requests.unset import UNSET, Unset

_STYLES = (
    "background segmentation: 0 none, 1 green screen, 2 normal, 3 green-screen post-processing "
    "(on the GPU during video synthesis; supports video synthesis only)"
)
_PREMIUM = "invalid for premium digital humans (action_change)"
_LIVE_ROOM = "required for Super Live Room replication"
GREEN_STYLES = (SegmentStyle.GREEN_SCREEN, SegmentStyle.GREEN_SCREEN_POST)


@attrs.frozen(kw_only=True, repr=False)
class SegmentedObject(KeyedObject):
    """Be a clip whose background is separated."""

    segment_style: SegmentStyle | int | Unset = option(
        Choice(SegmentStyle, frozenset({SegmentStyle.CUSTOM_MASK})), _STYLES, required=True
    )
    remove_green_edge: bool | Unset = option(
        Boolean(), "removes green edges around the person; effective when segment_style is 2", default=False
    )
    asset_start: float | Unset = option(Number(), "start of the clip in its video, in seconds")
    asset_end: float | Unset = option(Number(), "end of the clip in its video, in seconds")
    asset_scale: float | Unset = option(Number(), "scale of the video material", default=1.0)

    def rules(self, at: Place) -> Iterator[Problem]:
        """Yield problems between fields of this object."""
        yield from super().rules(at)
        yield from self._ineffective(at)
        yield from span_problems(at, "asset_start", self.asset_start, "asset_end", self.asset_end)
        if isinstance(self.asset_scale, int | float) and self.asset_scale <= 0:
            yield at.warning("asset_scale", self.asset_scale, "a scale above 0 is expected", Rule.INFERRED)

    def _ineffective(self, at: Place) -> Iterator[Problem]:
        style: Any = self.segment_style
        if isinstance(style, bool) or style not in tuple(SegmentStyle):
            return
        if self.remove_green_edge is True and style != SegmentStyle.NORMAL:
            text = f"it has no effect with segment_style {int(style)}, only with 2"
            yield at.warning("remove_green_edge", True, text, Rule.EFFECT)
        if style in GREEN_STYLES:
            return
        tint_recipe = style == SegmentStyle.NORMAL and self.remove_green_edge is True
        for name in self.green_given():
            if tint_recipe and name == "green_params_spill_byalpha":
                continue
            text = f"it has no effect with segment_style {int(style)}, only with 1 or 3"
            yield at.warning(name, getattr(self, name), text, Rule.EFFECT)


@documented
@attrs.frozen(kw_only=True, repr=False)
class BaseVideo(SegmentedObject):
    """Say how the base video is processed (`personal`), and the others if they do not say it themselves.

    Green-screen parameters take effect only with `segment_style` 1 or 3.
    """

    asset_start: float | Unset = option(Number(), f"start of the clip in its video, in seconds; {_PREMIUM}")
    asset_end: float | Unset = option(Number(), f"end of the clip in its video, in seconds; {_PREMIUM}")
    action_change: StaticDynamic | Unset = option(
        ObjectOf(StaticDynamic), "premium digital human; excludes action_edit"
    )
    action_edit: ActionEdit | Unset = option(
        ObjectOf(ActionEdit), "action-editing digital human; excludes action_change"
    )

    def rules(self, at: Place) -> Iterator[Problem]:
        """Yield problems between fields of this object."""
        yield from super().rules(at)
        if not supports(self.action_change):
            return
        for name in ("asset_start", "asset_end"):
            value = getattr(self, name)
            if value is not UNSET:
                text = "it is invalid for premium digital humans (action_change)"
                yield at.warning(name, value, text, Rule.EFFECT)


@documented
@attrs.frozen(kw_only=True, repr=False)
class AuxiliaryVideo(SegmentedObject):
    """Add an auxiliary video to a training (an item of `override`).

    Green-screen parameters take effect only with `segment_style` 1 or 3.
    """

    video_url: str | Ref | Unset = option(Url(), "URL of the auxiliary video", required=True)
    mask_video_url: str | Ref | Unset = option(
        Url(),
        "URL of a mask video of one's own, required when segment_style is 4; its frames must align one by "
        "one with the auxiliary video's",
    )
    segment_style: SegmentStyle | int | Unset = option(
        Choice(SegmentStyle), f"{_STYLES}, 4 custom mask (mask_video_url)", required=True
    )
    asset_start: float | Unset = option(Number(), f"start of the clip in its video, in seconds; {_LIVE_ROOM}")
    asset_end: float | Unset = option(Number(), f"end of the clip in its video, in seconds; {_LIVE_ROOM}")
    asset_scale: float | Unset = option(Number(), f"scale of the video material; {_LIVE_ROOM}", default=1.0)
    name: str | Unset = option(Text(), f"name of this segment, for record-keeping; {_LIVE_ROOM}")
    description: str | Unset = option(
        Text(), f"description of this segment, for record-keeping; {_LIVE_ROOM}"
    )

    def rules(self, at: Place) -> Iterator[Problem]:
        """Yield problems between fields of this object."""
        yield from super().rules(at)
        mask = self.mask_video_url
        if self.segment_style == SegmentStyle.CUSTOM_MASK:
            if mask is UNSET:
                yield at.missing("mask_video_url", "segment_style 4 needs it")
        elif mask is not UNSET:
            given = public_url(mask) if isinstance(mask, str) else repr(mask)
            text = "it has no effect unless segment_style is 4"
            yield at.warning("mask_video_url", given, text, Rule.EFFECT)
