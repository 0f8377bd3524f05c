"""One number for how well parameters key a clip, made without knowing the truth.

What is compared is the parameters' result with that of the keyer's quality mode, which knows the screen as it
is lit at each place. Lower is better; 0 is as good as the quality mode. The parts, each in percent:

- leftover: mean of the matte where there is only screen, times `WEIGHTS.leftover`;
- holes: what the matte lacks where there is only subject, times `WEIGHTS.holes`;
- edge: mean difference of the matte along the edge, too much of it counting `TOO_MUCH` times, since the
  quality mode errs to that side and since leftover screen is seen sooner than a lost hair;
- colour: root mean square difference of the composite over a mid grey wherever the subject or its edge is:
  dark and coloured fringes, and colours that the removal of spill shifted; times `WEIGHTS.colour`;
- spill: what is left of the screen's colour along the edge, as share of the screen's own strength, times
  `WEIGHTS.spill`. It would count as light that a dark fringe lacks, if it did not count by itself.
"""

from collections.abc import Sequence
from typing import Final

from attrs import evolve, frozen
from PIL import Image, ImageChops, ImageStat

from avatar_async.media.advice.measures import excess
from avatar_async.media.advice.regions import Regions
from avatar_async.media.keyer import Keyed, KeyParameters, key
from avatar_async.media.keying.bands import count

#: How the score is to be read, for a sheet.
SCORE_NAME: Final = "distance from quality mode, lower is better"
#: How much more an edge that keeps too much counts than one that keeps too little.
TOO_MUCH: Final = 2.0


@frozen(kw_only=True)
class Score:
    """Hold the parts of a score, each in percent and 0 at best.

    Attributes:
        leftover: Background left where there is only screen.
        holes: Transparency where there is only subject.
        edge: Difference of the matte along the edge.
        colour: Difference of the composite where the subject is.
        spill: Screen colour left along the edge.
    """

    leftover: float
    holes: float
    edge: float
    colour: float
    spill: float

    @property
    def total(self) -> float:
        """The parts, each times its weight."""
        return (
            WEIGHTS.leftover * self.leftover
            + WEIGHTS.holes * self.holes
            + WEIGHTS.edge * self.edge
            + WEIGHTS.colour * self.colour
            + WEIGHTS.spill * self.spill
        )


#: What each part counts.
WEIGHTS: Final = Score(leftover=30.0, holes=30.0, edge=1.0, colour=4.0, spill=2.0)


def score(clip: Sequence[Regions], parameters: KeyParameters) -> Score:
    """Return how far a set of parameters is from the best that can be had, as the mean over pictures."""
    over_grey = evolve(parameters, background_rgb=(128, 128, 128))
    every = [_one(regions, key(regions.picture, over_grey, screen=regions.screen)) for regions in clip]
    return Score(
        leftover=sum(each.leftover for each in every) / len(every),
        holes=sum(each.holes for each in every) / len(every),
        edge=sum(each.edge for each in every) / len(every),
        colour=sum(each.colour for each in every) / len(every),
        spill=sum(each.spill for each in every) / len(every),
    )


def _one(regions: Regions, keyed: Keyed) -> Score:
    wanted = regions.reference.alpha
    more, less = ImageChops.subtract(keyed.alpha, wanted), ImageChops.subtract(wanted, keyed.alpha)
    away = ImageChops.invert(regions.backdrop)
    apart = ImageChops.difference(keyed.image, regions.reference.image)
    return Score(
        leftover=_percent(keyed.alpha, regions.backdrop),
        holes=_percent(ImageChops.invert(keyed.alpha), regions.subject),
        edge=TOO_MUCH * _percent(more, regions.edge) + _percent(less, regions.edge),
        colour=100 * _root_mean_square(apart, away) / 255,
        spill=excess(regions, keyed.foreground, ImageChops.darker(regions.edge, keyed.alpha)),
    )


def _percent(band: Image.Image, mask: Image.Image) -> float:
    """Return the mean of a band where a mask is set, in percent of 255; 0 where it is nowhere."""
    return 100 * ImageStat.Stat(band, mask).mean[0] / 255 if count(mask) else 0.0


def _root_mean_square(picture: Image.Image, mask: Image.Image) -> float:
    if not count(mask):
        return 0.0
    bands = ImageStat.Stat(picture, mask).rms
    return float((sum(each**2 for each in bands) / len(bands)) ** 0.5)
