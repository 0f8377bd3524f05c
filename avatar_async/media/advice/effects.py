"""What a change of parameters does to what is measured."""

from collections.abc import Mapping, Sequence
from typing import Final

from attrs import frozen

from avatar_async.media.advice.measures import Measure, measured
from avatar_async.media.advice.regions import Regions
from avatar_async.media.keyer import KeyParameters

#: What each measure may be at most, in percent. Found on synthetic scenes whose matte is
#: known: the documented defaults stay below on good footage, parameters turned the wrong way do not.
LIMITS: Final[Mapping[Measure, float]] = {
    Measure.LEFTOVER: 0.2,
    Measure.HOLES: 1.0,
    Measure.DARK_FRINGE: 6.0,
    Measure.GREEN_EDGE: 2.0,
    Measure.GREEN_TINT: 7.0,
    Measure.EROSION: 35.0,
    Measure.FAT_EDGE: 14.0,
    Measure.COLOUR_SHIFT: 3.0,
    Measure.VEIL: 8.0,
}


@frozen(kw_only=True)
class Effect:
    """Say what became of one measure.

    Attributes:
        measure: What was measured, in percent.
        before: With the parameters that were used.
        after: With those proposed.
    """

    measure: Measure
    before: float
    after: float

    @property
    def limit(self) -> float:
        """What it may be at most."""
        return LIMITS[self.measure]

    @property
    def harms(self) -> bool:
        """Whether it was within its limit, and is no longer."""
        return self.before <= self.limit < self.after

    @property
    def mends(self) -> bool:
        """Whether it was above its limit, and is within it now."""
        return self.after <= self.limit < self.before

    def __str__(self) -> str:
        return f"{self.measure.value} {self.before:.2g}% -> {self.after:.2g}% (at most {self.limit:g}%)"


def effects(clip: Sequence[Regions], before: KeyParameters, after: KeyParameters) -> tuple[Effect, ...]:
    """Return what becomes of every measure on some pictures of one clip."""
    return compared(measured(clip, before), measured(clip, after))


def compared(before: Mapping[Measure, float], after: Mapping[Measure, float]) -> tuple[Effect, ...]:
    """Return the effects between two measurements."""
    return tuple(Effect(measure=each, before=before[each], after=after[each]) for each in Measure)
