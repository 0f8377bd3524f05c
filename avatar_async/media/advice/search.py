"""Search the parameters that key a clip best, by the score of `advice.score`.

Coordinate descent from the documented defaults, over the ranges of a preview, with steps that get smaller.
It is deterministic, measures no set twice and stops after `MOST_EVALUATIONS`. It stays at the defaults unless
what it found is clearly better on most of the pictures: a score without the truth knows no small differences.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from attrs import field, frozen
from PIL import Image

from avatar_async.media.advice.diagnosis import no_screen
from avatar_async.media.advice.recipes import (
    BLUR_KS,
    COLORBALANCE,
    REFINETH_H,
    REFINETH_L,
    SPILL_BYALPHA,
    defaults_over,
)
from avatar_async.media.advice.regions import Regions, regions_of
from avatar_async.media.advice.score import Score, score
from avatar_async.media.parameter_sets import ParameterSet, faults

#: What the set that was found is called.
TITLE: Final = "auto"
MOST_EVALUATIONS: Final = 60
#: Share of the score at the defaults that must be gained to leave them.
LEAST_GAIN: Final = 0.1
#: The parameters in the order they are varied, each with its steps from coarse to fine.
_STEPS: Final[Mapping[str, tuple[float, ...]]] = {
    REFINETH_H: (30, 15, 8),
    REFINETH_L: (20, 10, 5),
    BLUR_KS: (2, 1, 1),
    SPILL_BYALPHA: (0.4, 0.2, 0.1),
    COLORBALANCE: (20, 10, 5),
}
_ROUNDS: Final = 3
#: "A minimum setting of -0.3 is recommended" (Parameter Notes, Green Edges on Person or Overall Green Tint).
LOWEST_BALANCE: Final = -0.3


@frozen(kw_only=True)
class Step:
    """Be one evaluation of the search.

    Attributes:
        parameters: The set that was measured.
        score: What it got.
        best: Whether it was better than everything before it.
    """

    parameters: ParameterSet
    score: Score
    best: bool


@frozen(kw_only=True)
class Search:
    """Hold what a search found.

    Attributes:
        defaults: The documented defaults for the clip's sample colour.
        found: The best parameters, titled `auto`; the defaults' own if nothing is clearly better.
        at_defaults: The score at the defaults; None if nothing could be measured.
        at_found: The score of what was found; None as above.
        at_base: The score of the parameters that were used before; None as above.
        pictures: How many pictures were measured.
        trace: Every evaluation, in order.
        reason: What came of it, in a sentence.
    """

    defaults: ParameterSet
    found: ParameterSet
    at_defaults: Score | None
    at_found: Score | None
    at_base: Score | None
    pictures: int
    trace: tuple[Step, ...] = field(repr=False)
    reason: str

    @property
    def is_known(self) -> bool:
        """Whether anything could be measured."""
        return self.at_defaults is not None

    @property
    def stayed(self) -> bool:
        """Whether the defaults are as good as anything that was found."""
        return self.found.values == self.defaults.values


def find_best(pictures: Sequence[Image.Image], base: ParameterSet) -> Search:
    """Search the parameters for a clip from some of its pictures.

    Args:
        pictures: As filmed, at least one; a few from different parts of the clip.
        base: Gives the sample colour and the background, which are kept.
    """
    defaults = defaults_over(base)
    sample = base.key_parameters.sample_bgr
    every = [regions for picture in pictures if (regions := regions_of(picture, sample)) is not None]
    clip = [regions for regions in every if regions.has_subject]
    if not clip:
        subject = "no subject was found before the screen: there is nothing to judge"
        return Search(
            defaults=defaults,
            found=defaults.changed({}, TITLE),
            at_defaults=None,
            at_found=None,
            at_base=None,
            pictures=0,
            trace=(),
            reason=subject if every else no_screen(pictures, base),
        )
    descent = _Descent(clip)
    start = descent.measure(defaults)
    best = descent.run(defaults)
    gained = _gained(clip, defaults, best)
    found = best if gained else defaults
    reached = descent.measure(found)
    return Search(
        defaults=defaults,
        found=found.changed({}, TITLE),
        at_defaults=start,
        at_found=reached,
        at_base=start if base.values == defaults.values else score(clip, base.key_parameters),
        pictures=len(clip),
        trace=tuple(descent.trace),
        reason=(
            f"{1 - reached.total / start.total:.0%} nearer to the quality mode than the defaults"
            if gained
            else "the defaults stay: nothing was found that is clearly better"
        ),
    )


class _Descent:
    """Coordinate descent; every set is measured once."""

    def __init__(self, clip: Sequence[Regions]) -> None:
        self._clip = clip
        self._known: dict[str, Score] = {}
        self._best = float("inf")
        self.trace: list[Step] = []

    def measure(self, parameters: ParameterSet) -> Score:
        """Return the score of a set."""
        if parameters.name not in self._known:
            found = score(self._clip, parameters.key_parameters)
            self._known[parameters.name] = found
            self.trace.append(Step(parameters=parameters, score=found, best=found.total < self._best))
            self._best = min(self._best, found.total)
        return self._known[parameters.name]

    def run(self, start: ParameterSet) -> ParameterSet:
        """Return the best set that is reached from another one."""
        best = start
        for round_number in range(_ROUNDS):
            for name, steps in _STEPS.items():
                best = self._along(best, name, steps[round_number])
        return best

    def _along(self, best: ParameterSet, name: str, step: float) -> ParameterSet:
        """Return the best set along one parameter: on in a direction for as long as that helps."""
        for direction in (1, -1):
            moved = False
            while len(self.trace) < MOST_EVALUATIONS:
                value: Any = best.values[name] + direction * step
                value = round(value, 3) if name == SPILL_BYALPHA else round(value)
                if faults({name: value}) or (name == SPILL_BYALPHA and value < LOWEST_BALANCE):
                    break
                tried = best.changed({name: value})
                if self.measure(tried).total >= self.measure(best).total:
                    break
                best, moved = tried, True
            if moved:
                break
        return best


def _gained(clip: Sequence[Regions], defaults: ParameterSet, best: ParameterSet) -> bool:
    """Tell whether a set is clearly better than the defaults, in the mean and on most pictures."""
    pairs = [
        (score([regions], defaults.key_parameters).total, score([regions], best.key_parameters).total)
        for regions in clip
    ]
    before, after = (sum(values) for values in zip(*pairs, strict=True))
    better = sum(now < then for then, now in pairs)
    return after < (1 - LEAST_GAIN) * before and 2 * better > len(pairs)
