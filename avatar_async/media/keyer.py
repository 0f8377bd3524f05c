"""Key a green or blue screen with the vendor's documented parameters.

The vendor's pixels are not public. What is reproduced are the documented directions: what each
parameter does when it is raised or lowered. Everything a caller shows carries `Keyed.label`.
"""

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Literal

from attrs import field, frozen
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from avatar_async.media.keying.bands import Bands, smoothing_reach
from avatar_async.media.keying.matte import local_matte, matte, sigma_px
from avatar_async.media.keying.parameters import LABEL, QUALITY_LABEL, Bgr, KeyParameters, Rgb
from avatar_async.media.keying.plate import Plate, clean_plate
from avatar_async.media.keying.screen import Screen, find_screen, key_channel, look, looks_swapped
from avatar_async.media.keying.spill import added_to, laid_over, unmixed, without_spill
from avatar_async.media.keying.strips import Box, strips, within

__all__ = [
    "LABEL",
    "QUALITY_LABEL",
    "Bgr",
    "KeyParameters",
    "Keyed",
    "Rgb",
    "Screen",
    "estimate_screen",
    "key",
    "remove_spill",
]


@frozen(kw_only=True)
class Keyed:
    """Hold the result of keying one picture.

    Attributes:
        image: The subject over the background colour, RGB.
        alpha: The matte, L: 255 is opaque.
        screen: What was keyed; None if no screen was found and the picture is opaque.
        quality: Whether the quality mode made it, which the vendor does not have.
        warnings: What a person should know about this result.
    """

    image: Image.Image
    alpha: Image.Image
    screen: Screen | None
    _own_colours: Callable[[], Image.Image] = field(repr=False, eq=False)
    quality: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def foreground(self) -> Image.Image:
        """The whole picture with the spill removed, RGB; in quality mode with its edges unmixed.

        It is made from the picture that was keyed, when it is asked for.
        """
        return self._own_colours()

    @property
    def label(self) -> str:
        """What to say beside this result, wherever it is shown or saved."""
        return QUALITY_LABEL if self.quality else LABEL

    def save(self, target: Path | BinaryIO, facts: Mapping[str, Any]) -> None:
        """Write the composite as PNG that carries the label and, as JSON, what else is to be known of it.

        Raises:
            OSError: It cannot be written.
        """
        texts = PngInfo()
        texts.add_itxt("Comment", self.label)
        texts.add_itxt("Parameters", json.dumps(dict(facts), ensure_ascii=False))
        self.image.save(target, format="PNG", pnginfo=texts, compress_level=1)


def estimate_screen(image: Image.Image, sample_bgr: Bgr) -> Screen | None:
    """Find the screen of the sample colour's family; None if it fills less than 2 % of the picture."""
    return find_screen(look(_as_rgb(image)), sample_bgr)


def key(
    image: Image.Image,
    parameters: KeyParameters,
    *,
    screen: Screen | Literal["estimate"] | None = "estimate",
    quality: bool = False,
) -> Keyed:
    """Key one picture and lay it over the background colour.

    Args:
        image: The picture.
        parameters: How to key it.
        screen: The screen found in another frame of the same clip; None means there is none.
        quality: Key better than the parameters alone can, against the screen as it is lit at each place and
            with the screen taken out of half-covered edges. The vendor has no such mode.
    """
    rgb = _as_rgb(image)
    small = look(rgb) if screen == "estimate" or quality else None
    warnings: list[str] = []
    if screen == "estimate":
        assert small is not None
        found = find_screen(small, parameters.sample_bgr)
        if looks_swapped(small, parameters.sample_bgr, found):
            warnings.append("the reversed sample colour fits the screen better: the sample is BGR, not RGB")
    else:
        found = screen
    if found is None:
        warnings.append("no screen of the sample colour was found: nothing is transparent")
        despilled = remove_spill(rgb, parameters)
        return Keyed(
            image=despilled,
            alpha=Image.new("L", rgb.size, 255),
            screen=None,
            own_colours=despilled.copy,
            warnings=tuple(warnings),
        )
    if parameters.refineth_h <= parameters.refineth_l:
        warnings.append("the high threshold is not above the low one: the matte is hard")
    if quality:
        warnings.append("quality mode: the vendor's own result will be less clean than this")
    blur_px = sigma_px(parameters, rgb.size, local=quality)
    local = clean_plate(small, found) if quality and small is not None else None
    composite, alpha = Image.new("RGB", rgb.size, parameters.background_rgb), Image.new("L", rgb.size)
    for seen, kept in strips(rgb.size, smoothing_reach(blur_px)):
        bands = rgb.crop(seen).split()
        if local is None:
            share = matte(bands, found, parameters, blur_px).crop(kept)
        else:
            floor, gain = local.floor_of(rgb.size, seen), local.gain(rgb.size, seen)
            share = local_matte(bands, floor, gain, local, parameters, blur_px).crop(kept)
        box = share.getbbox()
        if box is None:
            continue
        part = within(kept, box)
        share = share.crop(box)
        there = within(seen, part)
        own = _own([band.crop(part) for band in bands], share, found, parameters, _behind(local, rgb, there))
        lay = laid_over if local is None else added_to
        composite.paste(lay(own, share, parameters.background_rgb), there)
        alpha.paste(share, there)
    return Keyed(
        image=composite,
        alpha=alpha,
        screen=found,
        own_colours=partial(_foreground, rgb, alpha, found, local, parameters),
        quality=quality,
        warnings=tuple(warnings),
    )


def _as_rgb(image: Image.Image) -> Image.Image:
    """Return the picture as RGB; Pillow would copy what is RGB already."""
    return image if image.mode == "RGB" else image.convert("RGB")


def _behind(plate: Plate | None, rgb: Image.Image, box: Box) -> Bands | None:
    return None if plate is None else plate.bands(rgb.size, box)


def _own(
    bands: Bands, alpha: Image.Image, screen: Screen, parameters: KeyParameters, behind: Bands | None
) -> list[Image.Image]:
    """Return the subject's own colours, premultiplied if what is behind is known and taken out of them."""
    mixed = bands if behind is None else unmixed(bands, alpha, behind)
    return without_spill(mixed, screen.channel, parameters)


def _foreground(
    rgb: Image.Image, alpha: Image.Image, screen: Screen, plate: Plate | None, parameters: KeyParameters
) -> Image.Image:
    whole = Image.new("RGB", rgb.size)
    for box, _ in strips(rgb.size, 0):
        share = alpha.crop(box)
        own = _own(rgb.crop(box).split(), share, screen, parameters, _behind(plate, rgb, box))
        if plate is None:
            part = Image.merge("RGB", own)
        else:
            part = Image.merge("RGBa", [*own, share]).convert("RGBA").convert("RGB")
        whole.paste(part, box)
    return whole


def remove_spill(image: Image.Image, parameters: KeyParameters) -> Image.Image:
    """Return the picture with the screen colour's spill removed, and no matte made."""
    bands = _as_rgb(image).split()
    return Image.merge("RGB", without_spill(bands, key_channel(parameters.sample_bgr), parameters))
