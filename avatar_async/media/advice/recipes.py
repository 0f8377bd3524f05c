"""Recipes: the vendor's presets, and single parameters turned the way the vendor documents."""

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import field, frozen

from avatar_async.media.parameter_sets import DEFAULTS, PREFIX, ParameterSet, from_screen
from avatar_async.requests import GreenScreen, ImagePreviewRequest, RebuildRequest, SegmentStyle, presets
from avatar_async.requests.fields import specs
from avatar_async.requests.unset import UNSET

REFINETH_H, REFINETH_L = f"{PREFIX}refineth_h_bgr", f"{PREFIX}refineth_l_bgr"
BLUR_KS, COLORBALANCE = f"{PREFIX}blur_ks", f"{PREFIX}colorbalance"
SPILL_BYALPHA = f"{PREFIX}spill_byalpha"


@frozen(kw_only=True)
class Recipe:
    """Be a change to green-screen parameters that the vendor's documents advise.

    Attributes:
        name: What to call the set that it makes.
        source: The vendor's document and section that gives it.
        changes: Parameters of a preview it sets, by the vendor's names in snake_case.
        beyond: Fields of a training or an update it also sets, which no preview has.
        caveats: What the documents warn of, and what they leave open.
    """

    name: str
    source: str
    changes: Mapping[str, Any]
    beyond: Mapping[str, Any] = field(factory=dict)
    caveats: tuple[str, ...] = ()

    def over(self, base: ParameterSet) -> ParameterSet:
        """Return a set with the recipe's parameters in it, titled by its name."""
        return base.changed(self.changes, self.name)


def of_preset(name: str, base: ParameterSet, *, caveats: tuple[str, ...] = ()) -> Recipe:
    """Return a preset of `requests.presets` as a recipe over a set, for a green-screen segmentation.

    Args:
        name: A key of `presets.by_name`.
        base: What the preset is applied to; a blue sample stays blue.
        caveats: What else to tell.
    """
    preset = presets.by_name[name]()
    green = {key: base.values[key] for key in specs(RebuildRequest) if key in base.values}
    before = RebuildRequest(segment_style=SegmentStyle.GREEN_SCREEN, **green)
    after = before.with_changes(preset)
    changed = {key: getattr(after, key) for key in specs(RebuildRequest)}
    changed = {
        key: each for key, each in changed.items() if each is not UNSET and each != getattr(before, key)
    }
    laid = from_screen(GreenScreen(**{key: each for key, each in changed.items() if key in green}), base)
    return Recipe(
        name=name,
        source=preset.recipe,
        changes={key: laid.values[key] for key in changed if key in green},
        beyond={key: _json(each) for key, each in changed.items() if key not in green},
        caveats=caveats,
    )


def of_parameters(values: Mapping[str, Any]) -> Recipe:
    """Return some parameters turned the way their descriptions say, as a recipe."""
    names = ", ".join(_vendors(key) for key in values)
    return Recipe(
        name="-".join(f"{key.removeprefix(PREFIX)}={each:g}" for key, each in values.items()),
        source=f"{ImagePreviewRequest.param_source}, {names}",
        changes=dict(values),
    )


def composed(base: ParameterSet, recipes: Iterable[Recipe], *titles: str) -> ParameterSet:
    """Return a set with recipes laid over it, in order."""
    changes: dict[str, Any] = {}
    for recipe in recipes:
        changes |= recipe.changes
    return base.changed(changes, *titles)


def defaults_over(base: ParameterSet) -> ParameterSet:
    """Return the documented defaults for the sample colour and the background of a set.

    On a blue screen the documents change the default of the colour balance to 0.0.
    """
    kept = {key: base.values[key] for key in base.values if key not in _TUNED}
    plain = ParameterSet(values={**DEFAULTS, **kept})
    blue, green, red = plain.values[f"{PREFIX}sample_point_bgr"]
    return plain.changed({SPILL_BYALPHA: 0.0}) if blue > max(green, red) else plain


_TUNED = (REFINETH_H, REFINETH_L, BLUR_KS, COLORBALANCE, SPILL_BYALPHA)


def _json(value: Any) -> Any:
    return value.value if isinstance(value, SegmentStyle) else value


def _vendors(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
