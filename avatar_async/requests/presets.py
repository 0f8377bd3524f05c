"""The vendor's recipes ("Parameter Notes" of the avatar model update) as changes to a request.

Presets compose: `request.with_changes(presets.black_edges(), presets.grey_cheeks())` applies them in
order. Each takes only fields that the kind of request has, and leaves clips without segmentation
(style 0) or with a mask of their own (style 4) alone.
"""

from collections.abc import Callable
from typing import Any

import attrs

from avatar_async.requests.base import AnyRequest
from avatar_async.requests.clips import GREEN_STYLES, SegmentedObject
from avatar_async.requests.fields import specs
from avatar_async.requests.green import Keyed, KeyedObject
from avatar_async.requests.kinds import Kind, SegmentStyle
from avatar_async.requests.unset import UNSET

_NOTES = "Avatar Model Generation, Create Avatar Model Update Task, Parameter Notes"
_SEGMENTED = (UNSET, SegmentStyle.GREEN_SCREEN, SegmentStyle.NORMAL, SegmentStyle.GREEN_SCREEN_POST)
_RECIPE_CRF = 21

Fields = dict[str, Any]


@attrs.frozen(kw_only=True)
class Preset:
    """Be a recipe that can be applied to a request.

    Attributes:
        name: How manifests call it.
        recipe: Where the vendor's documents give it.
        crf: Encoding quality the recipe sets, None to leave it as it is.
    """

    name: str
    recipe: str
    crf: int | None = None
    _fields: Callable[[KeyedObject], Fields] = attrs.field(eq=False, repr=False)

    def apply(self, request: AnyRequest) -> AnyRequest:
        """Return the request with the recipe applied to everything it fits."""
        changed = request.map_keyed(self._over)
        return changed if self.crf is None else changed.with_crf(self.crf)

    def suits(self, kind: Kind) -> bool:
        """Tell whether requests of a kind have anything this recipe changes."""
        if kind is Kind.TAKEOVER:
            return False
        previews = (Kind.IMAGE_PREVIEW, Kind.VIDEO_PREVIEW)
        return kind not in previews or self.name not in ("sharper", "grey_cheeks")

    def _over(self, item: Keyed) -> Keyed:
        if getattr(item, "segment_style", UNSET) not in _SEGMENTED:
            return item
        fields = {name: value for name, value in self._fields(item).items() if name in specs(type(item))}
        return attrs.evolve(item, **fields)


def _green_styled(item: KeyedObject) -> bool:
    return not isinstance(item, SegmentedObject) or item.segment_style in (UNSET, *GREEN_STYLES)


def _general(item: KeyedObject) -> Fields:
    if not _green_styled(item):
        return {}
    return {
        "green_params_refineth_h_bgr": 160,
        "green_params_refineth_l_bgr": 40,
        "green_params_blur_ks": 3,
        "green_params_colorbalance": 100,
        "green_params_spill_byalpha": 0.5,
        "green_params_sample_point_bgr": (0, 255, 0),
    }


def _black_edges(item: KeyedObject) -> Fields:
    style = getattr(item, "segment_style", UNSET)
    post = SegmentStyle.GREEN_SCREEN_POST
    fields: Fields = {
        "segment_style": post if style == post else SegmentStyle.GREEN_SCREEN,
        "remove_green_edge": False,
        "green_params_refineth_h_bgr": 90,
        "green_params_refineth_l_bgr": 10,
        "green_params_blur_ks": 3,
        "green_params_colorbalance": 100,
        "green_params_spill_byalpha": -0.3,
    }
    if not item.has_blue_sample:
        fields["green_params_sample_point_bgr"] = (0, 255, 0)
    return fields


def _green_tint(item: KeyedObject) -> Fields:
    spill = {"green_params_spill_byalpha": -0.3}
    if getattr(item, "segment_style", UNSET) in GREEN_STYLES:
        return spill
    return {"segment_style": SegmentStyle.NORMAL, "remove_green_edge": True, **spill}


def _grey_cheeks(_item: KeyedObject) -> Fields:
    return {"segment_style": SegmentStyle.GREEN_SCREEN_POST, "remove_green_edge": False}


def _blue_screen(item: KeyedObject) -> Fields:
    if not _green_styled(item):
        return {}
    return {"green_params_sample_point_bgr": (255, 0, 0), "green_params_spill_byalpha": 0.0}


def _nothing(_item: KeyedObject) -> Fields:
    return {}


def general() -> Preset:
    """Set every green-screen parameter and the encoding quality to its documented default.

    Recipe: "General Scenario Parameters (Default)".
    """
    return Preset(name="general", recipe=f"{_NOTES}: General Scenario", crf=23, fields=_general)


def sharper() -> Preset:
    """Set the encoding quality to 14, where the material is as clear as the footage.

    Recipe: "Unclear Digital Human Video Quality", method 1. The files grow a little.
    """
    recipe = f"{_NOTES}: Unclear Digital Human Video Quality"
    return Preset(name="sharper", recipe=recipe, crf=14, fields=_nothing)


def black_edges() -> Preset:
    """Retain less background and narrower edges, against black edges with a green reflection.

    Recipe: "Black Edges with Slight Green Reflection on Person Edges", for green screens. Its sampling
    colour of 275 is out of range, 255 is used; a blue one is kept. Post-processing (style 3) stays.
    """
    recipe = f"{_NOTES}: Black Edges with Slight Green Reflection"
    return Preset(name="black_edges", recipe=recipe, crf=_RECIPE_CRF, fields=_black_edges)


def green_tint() -> Preset:
    """Lower the colour balance, against green edges or an overall green tint.

    Recipe: "Green Edges on Person or Overall Green Tint"; suitable where there is no yellow. It holds for
    normal and green-screen segmentation: a green-screen style stays, otherwise style 2 removes green edges.
    """
    recipe = f"{_NOTES}: Green Edges on Person or Overall Green Tint"
    return Preset(name="green_tint", recipe=recipe, crf=_RECIPE_CRF, fields=_green_tint)


def grey_cheeks() -> Preset:
    """Use green-screen post-processing (style 3), against grey edges at cheeks or neck.

    Recipe: "Large Cheek Movement Amplitude with Gray Edges at Cheek or Neck Positions".
    """
    recipe = f"{_NOTES}: Large Cheek Movement Amplitude with Gray Edges"
    return Preset(name="grey_cheeks", recipe=recipe, fields=_grey_cheeks)


def blue_screen() -> Preset:
    """Sample blue [255, 0, 0] and take the colour balance 0.0, as the tables advise for a blue screen."""
    recipe = "Avatar Model Generation, greenParamsSamplePointBgr and greenParamsSpillByalpha"
    return Preset(name="blue_screen", recipe=recipe, fields=_blue_screen)


#: Presets by the name that manifests use.
by_name: dict[str, Callable[[], Preset]] = {
    make.__name__: make for make in (general, sharper, black_edges, green_tint, grey_cheeks, blue_screen)
}
