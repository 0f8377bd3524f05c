"""Make synthetic green- and blue-screen clips: a talking figure with hair before an uneven screen.

For demonstrations, the emulator and tests: no camera and no download is needed, and the same seed
always makes the same clip.
"""

import math
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from attrs import frozen
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from avatar_async.media.video import encode, tone

Rgb = tuple[int, int, int]

_SCREENS: dict[str, Rgb] = {"green": (46, 168, 66), "blue": (38, 74, 178)}
_CLOTHES: tuple[tuple[str, Rgb], ...] = (
    ("white", (238, 238, 234)),
    ("dark", (34, 36, 46)),
    ("yellow", (244, 214, 62)),
)
_SKINS: tuple[Rgb, ...] = ((224, 178, 146), (168, 116, 84), (240, 202, 176))
_HAIRS: tuple[Rgb, ...] = ((42, 28, 22), (96, 60, 34), (20, 20, 24))


@frozen(kw_only=True)
class ClipStyle:
    """Choose what a clip shows.

    Attributes:
        screen: The screen's colour.
        clothes: The clothes' colour by name: white, dark or yellow.
        seed: Chooses skin, hair, folds and gestures.
        width_px: Width.
        height_px: Height.
    """

    screen: Literal["green", "blue"] = "green"
    clothes: Literal["white", "dark", "yellow"] = "white"
    seed: int = 1
    width_px: int = 540
    height_px: int = 960


def style_for(seed: int, *, width_px: int = 540, height_px: int = 960) -> ClipStyle:
    """Return the style number `seed` of an endless row of different ones; every third is blue."""
    names: tuple[Literal["white", "dark", "yellow"], ...] = ("white", "dark", "yellow")
    return ClipStyle(
        screen="blue" if seed % 3 == 2 else "green",
        clothes=names[seed % 3 if seed % 3 != 2 else (seed // 3) % 2],
        seed=seed,
        width_px=width_px,
        height_px=height_px,
    )


def make_clip(
    target: Path,
    style: ClipStyle | None = None,
    *,
    duration_s: float = 6.0,
    fps: int = 25,
    sound: Literal["tone", "silence", "none"] = "tone",
) -> None:
    """Write a clip as MP4 (H.264 and, unless `sound` is none, AAC).

    Raises:
        MediaError: The clip cannot be encoded.
    """
    chosen = style or ClipStyle()
    frames = max(1, round(duration_s * fps))
    track = () if sound == "none" else tone(frames / fps, level=0.05 if sound == "tone" else 0.0)
    encode(_frames(chosen, frames, fps), target, fps=fps, crf=24, sound=track)


def make_still(style: ClipStyle | None = None) -> Image.Image:
    """Return one frame of the clip of this style, as RGB."""
    return next(_frames(style or ClipStyle(), 1, 25))


def figure(width_px: int, height_px: int, *, seed: int = 1, clothes: str = "dark") -> Image.Image:
    """Return a head-and-shoulders figure on a transparent ground, as RGBA."""
    chance = random.Random(seed)  # noqa: S311 - pictures, not secrets
    skin, hair = chance.choice(_SKINS), chance.choice(_HAIRS)
    cloth = dict(_CLOTHES).get(clothes, _CLOTHES[1][1])
    over = 2
    size = (width_px * over, height_px * over)
    canvas = Image.new("RGBA", size, (*cloth, 0))
    draw = ImageDraw.Draw(canvas)
    x, y = _scaler(size)
    draw.rounded_rectangle((x(0.14), y(0.62), x(0.86), y(1.3)), radius=x(0.2), fill=cloth)
    draw.polygon([(x(0.38), y(0.6)), (x(0.62), y(0.6)), (x(0.5), y(0.78))], fill=_shade(skin, 0.85))
    draw.rectangle((x(0.43), y(0.48), x(0.57), y(0.66)), fill=_shade(skin, 0.8))
    for fold in (0.3, 0.7):
        draw.line((x(fold), y(0.74), x(fold + 0.02), y(1.0)), fill=_shade(cloth, 0.8), width=int(x(0.012)))
    draw.ellipse((x(0.3), y(0.17), x(0.7), y(0.56)), fill=hair)
    draw.ellipse((x(0.34), y(0.22), x(0.66), y(0.57)), fill=skin)
    for _ in range(110):
        angle = chance.uniform(math.pi * 0.95, math.pi * 2.05)
        reach = chance.uniform(1.0, 1.22)
        start = (x(0.5) + x(0.19) * math.cos(angle), y(0.36) + y(0.18) * math.sin(angle))
        end = (
            x(0.5) + x(0.2) * reach * math.cos(angle + 0.1),
            y(0.36) + y(0.19) * reach * math.sin(angle + 0.1),
        )
        draw.line((*start, *end), fill=(*hair, chance.randint(120, 255)), width=over)
    draw.pieslice((x(0.31), y(0.16), x(0.69), y(0.5)), 190, 350, fill=hair)
    for eye in (0.43, 0.57):
        draw.ellipse((x(eye - 0.025), y(0.36), x(eye + 0.025), y(0.385)), fill=(250, 250, 250))
        draw.ellipse((x(eye - 0.012), y(0.362), x(eye + 0.012), y(0.384)), fill=(40, 30, 26))
    draw.line((x(0.5), y(0.39), x(0.49), y(0.45)), fill=_shade(skin, 0.75), width=int(x(0.01)))
    return canvas.resize((width_px, height_px), Image.Resampling.BOX)


def draw_mouth(image: Image.Image, openness: float, *, offset: tuple[int, int] = (0, 0)) -> None:
    """Draw the figure's mouth, 0 closed to 1 open, where `figure` of this size leaves room for it."""
    draw = ImageDraw.Draw(image)
    width, height = image.size
    middle_x, middle_y = width * 0.5 + offset[0], height * 0.495 + offset[1]
    half_width, half_height = width * 0.05, height * (0.003 + 0.013 * openness)
    draw.ellipse(
        (middle_x - half_width, middle_y - half_height, middle_x + half_width, middle_y + half_height),
        fill=(120, 36, 40),
    )


def _frames(style: ClipStyle, count: int, fps: int) -> Iterator[Image.Image]:
    chance = random.Random(style.seed * 7919)  # noqa: S311 - pictures, not secrets
    screen = _screen(style, chance)
    subject = _with_spill(
        figure(style.width_px, style.height_px, seed=style.seed, clothes=style.clothes),
        _SCREENS[style.screen],
    )
    hand = _hand(style)
    phase, pace = chance.uniform(0, math.tau), chance.uniform(0.25, 0.5)
    for number in range(count):
        at_s = number / fps
        sway = math.sin(math.tau * pace * at_s + phase)
        offset = (
            round(style.width_px * 0.02 * sway),
            round(style.height_px * 0.006 * (1 + math.cos(4 * at_s))),
        )
        frame = screen.copy()
        frame.paste(subject, offset, subject)
        draw_mouth(frame, abs(math.sin(7.3 * at_s + phase)), offset=offset)
        lift = max(0.0, math.sin(math.tau * pace * 0.7 * at_s))
        frame.paste(hand, (round(style.width_px * 0.02), round(style.height_px * (1.02 - 0.34 * lift))), hand)
        yield frame


def _screen(style: ClipStyle, chance: random.Random) -> Image.Image:
    """Return the screen: brighter in the middle, darker at the edges, with soft folds."""
    small = (96, 160)
    falloff = Image.radial_gradient("L").resize(small).point([round(255 - v * 0.32) for v in range(256)])
    folds = Image.new("L", small, 255)
    draw = ImageDraw.Draw(folds)
    for _ in range(7):
        left = chance.randint(0, small[0])
        draw.line((left, 0, left + chance.randint(-14, 14), small[1]), fill=chance.randint(216, 240), width=2)
    light = ImageChops.multiply(falloff, folds.filter(ImageFilter.GaussianBlur(2)))
    light = light.resize((style.width_px, style.height_px), Image.Resampling.BICUBIC)
    flat = Image.new("RGB", light.size, _SCREENS[style.screen])
    return ImageChops.multiply(flat, Image.merge("RGB", (light, light, light)))


def _with_spill(subject: Image.Image, screen: Rgb) -> Image.Image:
    """Return the subject with the screen's light on its rim, as a real screen leaves it."""
    alpha = subject.getchannel("A")
    inner = alpha.filter(ImageFilter.GaussianBlur(max(2, subject.width // 40)))
    rim = ImageChops.multiply(ImageChops.invert(inner), alpha).point([round(v * 0.35) for v in range(256)])
    tinted = Image.composite(Image.new("RGB", subject.size, screen), subject.convert("RGB"), rim)
    tinted.putalpha(alpha)
    return tinted


def _hand(style: ClipStyle) -> Image.Image:
    skin = random.Random(style.seed).choice(_SKINS)  # noqa: S311 - pictures, not secrets
    side = round(style.width_px * 0.2)
    canvas = Image.new("RGBA", (side * 2, side * 6), (*skin, 0))
    draw = ImageDraw.Draw(canvas)
    cloth = dict(_CLOTHES)[style.clothes]
    draw.rounded_rectangle(
        (side * 0.7, side * 2, side * 1.5, side * 6), radius=side * 0.4, fill=_shade(cloth, 0.9)
    )
    draw.ellipse((side * 0.55, side * 0.9, side * 1.5, side * 2.2), fill=skin)
    for finger in range(4):
        left = side * (0.58 + 0.23 * finger)
        draw.rounded_rectangle(
            (left, side * 0.3, left + side * 0.18, side * 1.5), radius=side * 0.09, fill=skin
        )
    return canvas.resize((side, side * 3), Image.Resampling.BOX)


def _scaler(size: tuple[int, int]) -> tuple[Callable[[float], float], Callable[[float], float]]:
    return (lambda share: size[0] * share), (lambda share: size[1] * share)


def _shade(color: Rgb, factor: float) -> Rgb:
    return (round(color[0] * factor), round(color[1] * factor), round(color[2] * factor))
