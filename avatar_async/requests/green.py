"""Green-screen parameters, shared by everything that is keyed."""

# ruff: noqa: RUF009 (option() makes an attrs field)

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

import attrs

from avatar_async.requests.fields import documented, option, specs
from avatar_async.requests.objects import ObjectOf, Place, VendorObject
from avatar_async.requests.problems import Problem, Rule
from avatar_async.requests.shapes import Integer, ListOf, Number
from avatar_async.requests.unset import UNSET, Unset

if TYPE_CHECKING:
    from avatar_async.requests.base import AnyRequest

Keyed = TypeVar("Keyed", bound="KeyedObject")

REFINETH_H = (
    "refine alpha high threshold (for red/green/blue backgrounds): controls background retention; "
    "higher values retain more background"
)
REFINETH_L = (
    "refine alpha low threshold (for red/green/blue backgrounds): controls body/object edge retention "
    "width; higher values retain more"
)
BLUR = (
    "smoothness, a denoising blur coefficient: raise it if black edges or colour artifacts appear at "
    "edges, lower it if edges erode"
)
_COLORBALANCE = "green removal intensity; higher values mean stronger green removal"
_SPILL = (
    "green removal colour balance: 0 to 1 reduces colour cast, -1 to 0 enhances colour; below 0.5 casts "
    "yellow, above 0.5 cyan/blue; use 0.0 for a blue screen"
)
_SAMPLE = "sampling colour as blue, green, red; use [255, 0, 0] for a blue screen"
COLOUR = ListOf(Integer(low=0, high=255), length=3)


@documented
@attrs.frozen(kw_only=True, repr=False)
class SampleBackground(VendorObject):
    """Set what a preview puts behind the person (`greenParamsSampleBackground`)."""

    color: Sequence[int] | Unset = option(COLOUR, "colour as red, green, blue", default=(0, 255, 0))


@attrs.frozen(kw_only=True, repr=False)
class GreenValues(VendorObject):
    """Hold the green-screen parameters that every call has."""

    green_params_refineth_h_bgr: int | Unset = option(Integer(low=0, high=255), REFINETH_H, default=160)
    green_params_refineth_l_bgr: int | Unset = option(Integer(low=0, high=255), REFINETH_L, default=40)
    green_params_blur_ks: int | Unset = option(Integer(low=0), BLUR, default=3)
    green_params_colorbalance: int | Unset = option(Integer(low=0, high=100), _COLORBALANCE, default=100)
    green_params_spill_byalpha: float | Unset = option(Number(low=-1.0, high=1.0), _SPILL, default=0.5)
    green_params_sample_point_bgr: Sequence[int] | Unset = option(COLOUR, _SAMPLE, default=(0, 255, 0))

    def green_given(self) -> list[str]:
        """Return the names of the green-screen parameters that are set."""
        return [name for name in GREEN_FIELDS if getattr(self, name) is not UNSET]

    @property
    def has_blue_sample(self) -> bool:
        """Whether the sampling colour is more blue than anything else."""
        sample = self.green_params_sample_point_bgr
        if not isinstance(sample, tuple) or [type(part) for part in sample] != [int, int, int]:
            return False
        blue, green, red = sample
        return bool(blue > max(green, red))


#: The parameters that training, update and previews share.
GREEN_FIELDS = tuple(specs(GreenValues))


@documented
@attrs.frozen(kw_only=True, repr=False)
class GreenScreen(GreenValues):
    """Be a set of green-screen parameters to use again and again.

    Hand it to anything that has such parameters, `BaseVideo(segment_style=1, green=screen)`, where
    parameters given one by one win over the set; or put it over a whole request with
    `request.with_changes(screen)`, where the set wins. The previews' background is left out where
    there is no preview. The objects themselves keep the parameters flat, as the vendor does:
    `request.personal.green_params_blur_ks`.
    """

    green_params_sample_background: SampleBackground | Unset = option(
        ObjectOf(SampleBackground), "background of a preview; previews only"
    )

    def over(self, item: "Keyed") -> "Keyed":
        """Return an object with the parameters of this set in place of its own."""
        changed = {name: value for name, value in self.given() if name in specs(type(item))}
        return attrs.evolve(item, **changed)

    def given(self) -> list[tuple[str, Any]]:
        """Return name and value of the parameters that are set."""
        named = ((name, getattr(self, name)) for name in specs(GreenScreen))
        return [(name, value) for name, value in named if value is not UNSET]

    def apply(self, request: "AnyRequest") -> "AnyRequest":
        """Return a request with the parameters of this set wherever it has such parameters."""
        return request.map_keyed(self.over)


@attrs.frozen(kw_only=True, repr=False)
class KeyedObject(GreenValues):
    """Be an object that has green-screen parameters; `green` fills in those not given one by one."""

    _green: GreenScreen | Unset = attrs.field(default=UNSET, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        if isinstance(self._green, GreenScreen):
            for name, value in self._green.given():
                if getattr(self, name, None) is UNSET:
                    object.__setattr__(self, name, value)
            object.__setattr__(self, "_green", UNSET)

    @property
    def green(self) -> GreenScreen:
        """The green-screen parameters that are set, as a set of their own."""
        given = {name: getattr(self, name, UNSET) for name in specs(GreenScreen)}
        return GreenScreen(**given)

    def with_green(self, screen: GreenScreen) -> Self:
        """Return this object with the parameters of a set in place of its own."""
        return screen.over(self)

    def rules(self, at: Place) -> Iterator[Problem]:
        """Yield problems between fields of this object."""
        if self._green is not UNSET:
            yield at.error("green", repr(self._green), "a GreenScreen is needed", Rule.TYPE)
        high, low = self.green_params_refineth_h_bgr, self.green_params_refineth_l_bgr
        if type(high) is int and type(low) is int and low >= high:
            text = f"it should be below green_params_refineth_h_bgr, which is {high}"
            yield at.warning("green_params_refineth_l_bgr", low, text, Rule.INFERRED)
        spill = self.green_params_spill_byalpha
        if self.has_blue_sample and spill in (UNSET, 0.5):
            text = "for a blue screen the documents advise 0.0 instead of the default 0.5"
            yield at.warning("green_params_spill_byalpha", spill, text, Rule.INFERRED)


class KeyedChange(Protocol):
    """Be a change to any object that has green-screen parameters, whatever its class."""

    def __call__(self, item: Keyed, /) -> Keyed:
        """Return the object with the change made."""
        ...
