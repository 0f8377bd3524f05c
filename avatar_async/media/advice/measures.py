"""Measure what people complain of in a keyed picture: fringes, tints, holes, leftover background."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from attrs import evolve
from PIL import Image, ImageChops, ImageFilter, ImageStat

from avatar_async.media.advice.regions import Regions
from avatar_async.media.keyer import KeyParameters, key
from avatar_async.media.keying.bands import Bands, count, key_strength, other_channels

#: How far colours of the subject are carried outward to compare an edge with, in pixels.
_INWARD_PX: Final = 4
#: Saturation up to which a pixel of the subject counts as grey or skin, 0-255.
_PALE: Final = 90


class Measure(StrEnum):
    """Name what is measured; every measure is in percent, and less is better."""

    #: Mean of the matte where there is only screen.
    LEFTOVER = "leftover"
    #: What the matte lacks where there is only subject.
    HOLES = "holes"
    #: How much darker the kept edge is than the subject beside it, weighed by how far it is kept.
    DARK_FRINGE = "dark fringe"
    #: Screen colour left in the half-transparent edge, as share of the screen's own strength.
    GREEN_EDGE = "green edge"
    #: Screen colour left on the subject's pale parts, skin and greys, as share of the screen's own strength.
    GREEN_TINT = "green tint"
    #: How much of the edge's matte is lost beside the quality mode's.
    EROSION = "erosion"
    #: How much more of it is kept than the quality mode keeps.
    FAT_EDGE = "fat edge"
    #: How far colours of the subject that hold no screen colour were moved.
    COLOUR_SHIFT = "colour shift"
    #: Share of the picture that is half transparent too widely to be an edge.
    VEIL = "veil"


def measured(clip: Sequence[Regions], parameters: KeyParameters) -> dict[Measure, float]:
    """Return every measure of what some parameters make of a clip, as the mean over its pictures."""
    every = [_measured(regions, parameters) for regions in clip]
    return {measure: sum(each[measure] for each in every) / len(every) for measure in Measure}


def _measured(regions: Regions, parameters: KeyParameters) -> dict[Measure, float]:
    # Over white, a fringe that is darker than the subject is dark on every background.
    keyed = key(regions.picture, evolve(parameters, background_rgb=(255, 255, 255)), screen=regions.screen)
    alpha, own = keyed.alpha, keyed.foreground
    wanted = regions.reference.alpha
    kept, lost = ImageChops.subtract(alpha, wanted), ImageChops.subtract(wanted, alpha)
    edge_matte = max(1.0, _total(wanted, regions.edge))
    band = ImageChops.darker(regions.edge, alpha)
    return {
        Measure.LEFTOVER: _percent(alpha, regions.backdrop),
        Measure.HOLES: _percent(ImageChops.invert(alpha), regions.subject),
        Measure.DARK_FRINGE: max(
            0.0,
            _dark_fringe(regions, own, band)
            - _dark_fringe(regions, regions.reference.foreground, ImageChops.darker(regions.edge, wanted)),
        ),
        Measure.GREEN_EDGE: excess(regions, own, band),
        Measure.GREEN_TINT: _cast(regions, own.split(), ImageChops.darker(regions.rim, _pale(own))),
        Measure.EROSION: 100 * _total(lost, regions.edge) / edge_matte,
        Measure.FAT_EDGE: 100 * _total(kept, regions.edge) / edge_matte,
        Measure.COLOUR_SHIFT: _colour_shift(regions, own),
        Measure.VEIL: 100 * count(regions.veil) / (alpha.width * alpha.height),
    }


def _dark_fringe(regions: Regions, own: Image.Image, band: Image.Image) -> float:
    """Return the light that the edge lacks beside the subject near it, as share of that light."""
    beside, known = _carried_out(regions, own)
    weight = ImageChops.darker(band, known)
    lacking = ImageChops.subtract(beside, own.convert("L"))
    light = _weighed(beside, weight)
    return 100 * _weighed(lacking, weight) / light if light else 0.0


def _carried_out(regions: Regions, own: Image.Image) -> tuple[Image.Image, Image.Image]:
    """Return the subject's brightness carried out over its edge, and 255 where there is any to carry."""
    light = own.convert("L")
    with_matte = Image.merge("LA", (light, regions.subject))
    spread = with_matte.convert("RGBA").convert("RGBa").filter(ImageFilter.GaussianBlur(_INWARD_PX))
    known = spread.getchannel("a").point([255 if value >= 8 else 0 for value in range(256)])
    return spread.convert("RGBA").convert("RGB").convert("L"), known


def excess(regions: Regions, own: Image.Image, weight: Image.Image) -> float:
    """Return by how much the screen's channel exceeds both others, in percent of the screen's own strength.

    Args:
        regions: Of the picture.
        own: Its colours with the spill removed, RGB.
        weight: How much each pixel counts, L.
    """
    strength = key_strength(own.split(), regions.screen.channel)
    return 100 * _mean(strength, weight) / regions.screen.strength


def _cast(regions: Regions, own: Bands, weight: Image.Image) -> float:
    first, second = other_channels(regions.screen.channel)
    mean = ImageChops.add(own[first], own[second], scale=2.0)
    return (
        100 * _mean(ImageChops.subtract(own[regions.screen.channel], mean), weight) / regions.screen.strength
    )


def _pale(own: Image.Image) -> Image.Image:
    saturation = own.convert("HSV").getchannel(1)
    return saturation.point([255 if value <= _PALE else 0 for value in range(256)])


def _colour_shift(regions: Regions, own: Image.Image) -> float:
    """Return how far colours without an excess of the screen's were moved, 0-100."""
    channel = regions.screen.channel
    bands = regions.picture.split()
    first, second = other_channels(channel)
    clean = ImageChops.subtract(ImageChops.lighter(bands[first], bands[second]), bands[channel])
    clean = ImageChops.darker(
        regions.subject, clean.point([255 if value >= 1 else 0 for value in range(256)])
    )
    moved = ImageChops.difference(own, regions.picture)
    return 100 * max(_mean(band, clean) for band in moved.split()) / 255


def _percent(band: Image.Image, mask: Image.Image) -> float:
    return 100 * _mean(band, mask) / 255


def _mean(band: Image.Image, weight: Image.Image) -> float:
    """Return the mean of a band weighed by another one; 0 where there is no weight."""
    total = _sum(weight) / 255
    return _weighed(band, weight) / total if total else 0.0


def _weighed(band: Image.Image, weight: Image.Image) -> float:
    return _sum(ImageChops.multiply(band, weight))


def _total(band: Image.Image, mask: Image.Image) -> float:
    return _sum(ImageChops.darker(band, mask))


def _sum(band: Image.Image) -> float:
    return float(ImageStat.Stat(band).sum[0])
