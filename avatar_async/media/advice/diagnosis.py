"""Advice without a complaint: every measure against its limit, with what the documents advise against it."""

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

from attrs import field, frozen
from PIL import Image

from avatar_async.media.advice.effects import LIMITS, Effect, compared
from avatar_async.media.advice.measures import Measure, measured
from avatar_async.media.advice.recipes import (
    BLUR_KS,
    COLORBALANCE,
    REFINETH_H,
    REFINETH_L,
    SPILL_BYALPHA,
    Recipe,
    composed,
    of_parameters,
    of_preset,
)
from avatar_async.media.advice.regions import Regions, neutral_balance, regions_of
from avatar_async.media.keyer import estimate_screen
from avatar_async.media.parameter_sets import SAMPLE, ParameterSet


@frozen(kw_only=True)
class Observation:
    """Say what one measure is, and what helps against it.

    Attributes:
        measure: What was measured, in percent.
        value: How much of it there is.
        recipe: What the documents advise against it; None if nothing is wrong, or nothing is advised.
        effects: What the recipe does to every measure of this clip.
    """

    measure: Measure
    value: float
    recipe: Recipe | None = None
    effects: tuple[Effect, ...] = ()

    @property
    def limit(self) -> float:
        """What it may be at most."""
        return LIMITS[self.measure]

    @property
    def is_fine(self) -> bool:
        """Whether it is within its limit."""
        return self.value <= self.limit

    @property
    def harms(self) -> tuple[Effect, ...]:
        """What the recipe would spoil."""
        return tuple(effect for effect in self.effects if effect.harms)

    @property
    def is_advised(self) -> bool:
        """Whether the recipe helps without spoiling anything else."""
        return any(_helps(effect, self.measure) for effect in self.effects) and not self.harms


@frozen(kw_only=True)
class Diagnosis:
    """Hold what was measured of a clip keyed with one set of parameters.

    Attributes:
        verdict: "fine" if there is nothing to do, "advice" if a recipe helps, "no recipe" if something is
            wrong that none helps against without spoiling more, "unknown" if nothing can be told.
        reason: Why, in a sentence.
        base: The parameters that were used.
        observations: Every measure; none if nothing can be told.
        advised: The parameters with every recipe that is advised; None if there is none.
        effects: What they do together.
    """

    verdict: Literal["fine", "advice", "no recipe", "unknown"]
    reason: str
    base: ParameterSet
    observations: tuple[Observation, ...] = ()
    advised: ParameterSet | None = None
    effects: tuple[Effect, ...] = field(default=())


def diagnose(pictures: Sequence[Image.Image], base: ParameterSet) -> Diagnosis:
    """Measure pictures of one clip, keyed with some parameters, and look for what helps.

    Args:
        pictures: As filmed, before any keying; at least one.
        base: The parameters that were used.
    """
    sample = base.key_parameters.sample_bgr
    clip = [regions for picture in pictures if (regions := regions_of(picture, sample)) is not None]
    if not clip:
        return Diagnosis(verdict="unknown", reason=no_screen(pictures, base), base=base)
    clip = [regions for regions in clip if regions.has_subject]
    if not clip:
        reason = "no subject was found before the screen: there is nothing to judge"
        return Diagnosis(verdict="unknown", reason=reason, base=base)
    found = measured(clip, base.key_parameters)
    observations = tuple(_observed(clip, base, measure, found) for measure in Measure)
    poor = [each for each in observations if not each.is_fine]
    if not poor:
        return Diagnosis(
            verdict="fine",
            reason="nothing to do: every measure is within its limit",
            base=base,
            observations=observations,
        )
    recipes = [each.recipe for each in poor if each.recipe is not None and each.is_advised]
    advised = composed(base, recipes, "advised")
    together = compared(found, measured(clip, advised.key_parameters))
    if any(effect.harms for effect in together):
        # What helps each alone may spoil something together: the worst one is mended alone.
        worst = max((each for each in poor if each.is_advised), key=lambda each: each.value / each.limit)
        assert worst.recipe is not None
        advised, together = composed(base, [worst.recipe], "advised"), worst.effects
    names = ", ".join(each.measure.value for each in poor)
    return Diagnosis(
        verdict="advice" if recipes else "no recipe",
        reason=f"above the limit: {names}",
        base=base,
        observations=observations,
        advised=advised if recipes else None,
        effects=together if recipes else (),
    )


def no_screen(pictures: Sequence[Image.Image], base: ParameterSet) -> str:
    """Return why nothing can be told where no screen of the sample's family is found."""
    given = base.values[SAMPLE]
    for name, likely in (("green", (0, 255, 0)), ("blue", (255, 0, 0))):
        screen = estimate_screen(pictures[0], likely)
        if screen is not None and screen.coverage >= _PLAIN_SCREEN and likely != tuple(given):
            return (
                f"no screen of the sample colour {list(given)} (BGR) was found, but a {name} one is there: "
                f"set green_params_sample_point_bgr to {list(likely)}"
            )
    return f"no screen of the sample colour {list(given)} (BGR) was found: there is nothing to judge"


_PLAIN_SCREEN = 0.2


def _observed(
    clip: Sequence[Regions], base: ParameterSet, measure: Measure, found: dict[Measure, float]
) -> Observation:
    value = found[measure]
    if value <= LIMITS[measure]:
        return Observation(measure=measure, value=value)
    tried: list[Observation] = []
    for recipe in _RECIPES[measure](base):
        after = measured(clip, recipe.over(base).key_parameters)
        one = Observation(measure=measure, value=value, recipe=recipe, effects=compared(found, after))
        tried.append(one)
        if one.is_advised and after[measure] <= LIMITS[measure]:
            return one
    better = [one for one in tried if one.is_advised]
    if better:
        return min(better, key=lambda one: next(e.after for e in one.effects if e.measure is measure))
    # The first one is what the documents name for it: it is shown with what it would spoil.
    return tried[0] if tried else Observation(measure=measure, value=value)


def _helps(effect: Effect, measure: Measure) -> bool:
    return effect.measure is measure and effect.after < _CLEARLY * effect.before


#: A recipe helps if it takes away more than a tenth.
_CLEARLY = 0.9


Steps = list[dict[str, float]]


def _turned(base: ParameterSet, steps: Steps) -> Iterator[Recipe]:
    """Yield what differs from the base of each step, that is within the ranges of a preview by itself."""
    for step in steps:
        changed = {key: value for key, value in step.items() if value != base.values[key]}
        if changed:
            yield of_parameters(changed)


def _leftover(base: ParameterSet) -> Iterator[Recipe]:
    high = base.values[REFINETH_H]
    return _turned(base, [{REFINETH_H: h} for h in (200, 180, 160, 140, 120, 100, 85, 70) if h < high])


def _holes(base: ParameterSet) -> Iterator[Recipe]:
    high, low = base.values[REFINETH_H], base.values[REFINETH_L]
    raised: Steps = [{REFINETH_L: value} for value in (40, 60, 80) if value > low]
    raised += [{REFINETH_H: value} for value in (120, 160, 180, 200, 220) if value > high]
    return _turned(base, raised)


def _dark_fringe(base: ParameterSet) -> Iterator[Recipe]:
    yield of_preset("black_edges", base)
    high, low = base.values[REFINETH_H], base.values[REFINETH_L]
    steps: Steps = [
        {REFINETH_H: h, REFINETH_L: min(low, value)}
        for h, value in ((140, 40), (120, 30), (105, 20), (90, 10))
    ]
    yield from _turned(base, [step for step in steps if step[REFINETH_H] < high])


def _green(base: ParameterSet) -> Iterator[Recipe]:
    if base.values[COLORBALANCE] < _ALL_OF_IT:
        yield of_parameters({COLORBALANCE: _ALL_OF_IT})
    neutral = neutral_balance(base.values[SAMPLE])
    if base.values[SPILL_BYALPHA] > neutral:
        yield of_parameters({SPILL_BYALPHA: neutral})
    if base.values[SPILL_BYALPHA] > _LOWEST_BALANCE:
        yield of_preset("green_tint", base)
    milder = [neutral - step for step in (0.2, 0.4)]
    yield from _turned(base, [{SPILL_BYALPHA: each} for each in milder if each < base.values[SPILL_BYALPHA]])


_ALL_OF_IT, _LOWEST_BALANCE = 100, -0.3


def _erosion(base: ParameterSet) -> Iterator[Recipe]:
    blur, high, low = (base.values[key] for key in (BLUR_KS, REFINETH_H, REFINETH_L))
    less: Steps = [{BLUR_KS: value} for value in (12, 6, 3, 2, 1) if value < blur]
    more: Steps = [{REFINETH_L: value} for value in (40, 60, 80) if value > low]
    more += [{REFINETH_H: value} for value in (120, 160, 180, 200) if value > high]
    return _turned(base, less + more)


def _fat_edge(base: ParameterSet) -> Iterator[Recipe]:
    high, low = base.values[REFINETH_H], base.values[REFINETH_L]
    less: Steps = [{REFINETH_L: value} for value in (60, 40, 20, 10) if value < low]
    less += [{REFINETH_H: value} for value in (180, 160, 140, 120) if value < high]
    return _turned(base, less)


def _colour_shift(base: ParameterSet) -> Iterator[Recipe]:
    neutral = neutral_balance(base.values[SAMPLE])
    return _turned(base, [{SPILL_BYALPHA: neutral}])


def _nothing(_base: ParameterSet) -> Iterator[Recipe]:
    return iter(())


_RECIPES: dict[Measure, Callable[[ParameterSet], Iterator[Recipe]]] = {
    Measure.LEFTOVER: _leftover,
    Measure.HOLES: _holes,
    Measure.DARK_FRINGE: _dark_fringe,
    Measure.GREEN_EDGE: _green,
    Measure.GREEN_TINT: _green,
    Measure.EROSION: _erosion,
    Measure.FAT_EDGE: _fat_edge,
    Measure.COLOUR_SHIFT: _colour_shift,
    Measure.VEIL: _nothing,
}
