"""Another generator of scenes, with other statistics than `scenes`: nothing was tuned on what it makes.

Persons are made of distance fields under noise and of hair as streaks in it, cloth is woven, screens are lit
by lamps and hang in pleats, light is mixed as sRGB has it, and cameras are noisy in the dark and save JPEG.
"""

import math
from io import BytesIO
from typing import Any, Final

import cv2
import numpy as np
from attrs import frozen
from numpy.typing import NDArray
from PIL import Image

from tests.keying.layers import Floats
from tests.keying.scenes import Scene

CLOTHES: Final = ("black", "navy or brown", "white", "checked", "yellow", "striped")
_BACKGROUNDS: Final = ((128, 128, 128), (0, 255, 0), (255, 255, 255), (20, 40, 90))
#: Hue, saturation and value of screens, in turns and shares: from paint in daylight to lit cloth.
_HUES: Final = {"green": (0.30, 0.40), "blue": (0.58, 0.66)}


@frozen(kw_only=True, eq=False)
class Light:
    """Say how a screen is lit and filmed.

    Attributes:
        screen: "green" or "blue".
        unevenness: How far the lamps leave its corners in the dark, as a share.
        spill: How much of its light reaches the person's edge, as a share.
        noise: Deviation of the noise in the dark, 0-255; it is less in the light.
        jpeg: Quality the picture is saved with, colours at half the resolution.
    """

    screen: str
    unevenness: float
    spill: float
    noise: float
    jpeg: int


def light_for(seed: int) -> Light:
    """Return the light of a seed; every third screen is blue."""
    chance = np.random.default_rng([seed, 1])
    return Light(
        screen="blue" if seed % 3 == 2 else "green",
        unevenness=chance.uniform(0.05, 0.45),
        spill=chance.uniform(0.02, 0.18),
        noise=chance.uniform(1, 7),
        jpeg=int(chance.integers(78, 96)),
    )


def make_portrait(
    seed: int, width_px: int = 1920, height_px: int = 1080, light: Light | None = None
) -> Scene:
    """Return the portrait of this seed and size; the same one each time."""
    chance = np.random.default_rng([seed, 2])
    chosen = light or light_for(seed)
    clothes = CLOTHES[seed % len(CLOTHES)]
    alpha, colour = _person(chance, (width_px, height_px), clothes, chosen.screen)
    return filmed(seed, alpha, colour, chosen, clothes)


def filmed(seed: int, alpha: Floats, colour: Floats, light: Light, clothes: str) -> Scene:
    """Return a person (matte 0-1, colours 0-255) as filmed before a screen."""
    chance = np.random.default_rng([seed, 3])
    screen = _screen(chance, alpha.shape, light)
    lit = _with_light_of_screen(colour, alpha, screen, light.spill)
    seen = _encoded(_linear(lit) * alpha[..., None] + _linear(screen) * (1 - alpha[..., None]))
    return Scene(
        seed=seed,
        screen=light.screen,
        clothes=clothes,
        pixels=_saved(seen, chance, light),
        alpha=alpha,
        foreground=colour,
        background_rgb=_BACKGROUNDS[seed % len(_BACKGROUNDS)],
    )


def _person(
    chance: np.random.Generator, size: tuple[int, int], clothes: str, screen: str
) -> tuple[Floats, Floats]:
    """Return the matte and the colours, those also where nobody is."""
    wide, high = size
    unit = min(high, 1.3 * wide)
    down, across = np.mgrid[0:high, 0:wide].astype(np.float32)
    middle, top = wide * chance.uniform(0.4, 0.6), high - unit * chance.uniform(0.75, 0.9)
    x, y = (across - middle) / unit, (down - top) / unit
    warp = _cloud(chance, size, 6, 4) * 0.02
    head = np.hypot(x / 0.8, y - 0.2) - 0.125 + warp * 0.2
    neck = _capsule(x, y, (0, 0.3), (0, 0.42), 0.065)
    slope = chance.uniform(0.05, 0.12)
    trunk = np.maximum(np.abs(x) - 0.21 - 0.15 * y, 0.42 + slope * (np.abs(x) / 0.2) ** 2 - y) + warp * 0.4
    side = chance.choice([-1.0, 1.0])
    elbow = (side * 0.42, 0.72)
    hand = (side * chance.uniform(0.22, 0.45), chance.uniform(0.25, 0.5))
    sleeve = np.minimum(_capsule(x, y, (side * 0.22, 0.5), elbow, 0.06), _capsule(x, y, elbow, hand, 0.045))
    palm = np.hypot(x - hand[0], (y - hand[1] + 0.03) / 1.3) - 0.045 + _cloud(chance, size, 30, 2) * 0.008
    sharp, soft = 0.7 / unit, chance.uniform(1.2, 7) / unit
    hair, strands = _hair(chance, x, y, size, unit)
    skin = np.asarray(_skin(chance), np.float32)
    tone = 1 + 0.18 * _cloud(chance, size, 8, 3)[..., None] - 0.5 * np.clip(x, -0.3, 0.3)[..., None]
    cloth = _cloth(chance, x, y, clothes, screen)
    locks = np.asarray(_lock(chance), np.float32) * (1 + 0.5 * strands[..., None])
    layers = [
        (hair, locks),
        (_covered(neck, sharp), skin * tone * np.float32(0.8)),
        (_covered(trunk, sharp * 1.5), cloth),
        (_covered(head, sharp), skin * tone),
        (hair * _covered(y - 0.14 - 0.25 * np.abs(x), 0.01), locks),
        (_covered(sleeve, soft), cloth * np.float32(0.92)),
        (_covered(palm, soft), skin * tone),
    ]
    alpha = np.zeros((high, wide), np.float32)
    painted = np.zeros((high, wide, 3), np.float32)
    for coverage, colour in layers:
        share = coverage.astype(np.float32)
        painted = painted * (1 - share[..., None]) + np.clip(colour, 0, 255) * share[..., None]
        alpha = alpha * (1 - share) + share
    alpha[alpha < 1 / 400] = 0
    clean: Floats = np.clip(painted / np.maximum(alpha, 1 / 400)[..., None], 0, 255)
    return alpha, clean.astype(np.float32)


def _hair(
    chance: np.random.Generator, x: Floats, y: Floats, size: tuple[int, int], unit: float
) -> tuple[Floats, Floats]:
    """Return the coverage of hair, which thins out in streaks away from the head, and its sheen."""
    angle, radius = np.arctan2(x, 0.2 - y), np.hypot(x / 0.85, y - 0.19)
    columns = round(chance.uniform(160, 420) * min(1.0, unit / 700))
    grain = chance.random((48, columns)).astype(np.float32)
    grain = np.asarray(cv2.GaussianBlur(grain, (0, 0), sigmaX=0.7, sigmaY=6), np.float32)
    grain = np.asarray((grain - grain.mean()) / grain.std(), np.float32)
    at = ((angle / math.tau + 0.5) * (columns - 1)).astype(np.float32)
    along = np.clip(radius * 140, 0, 47).astype(np.float32)
    sheen = cv2.remap(grain, at, along, cv2.INTER_LINEAR)
    length = chance.uniform(0.02, 0.09) * (1 + 0.8 * np.clip(np.abs(angle) - 0.5, 0, 2) * chance.random())
    inner = 0.132 + 0.02 * chance.random()
    thin = (radius - inner) / length
    coverage = np.clip((0.9 + 0.75 * sheen - 2.1 * thin) * 0.9, 0, 1) * _covered(thin - 1.2, 0.12)
    whole: Floats = np.where(radius < inner, 1.0, coverage) * _covered(np.abs(angle) - 2.4, 0.25)
    return cv2.GaussianBlur(whole.astype(np.float32), (0, 0), 0.6), sheen * 0.4


def _cloth(chance: np.random.Generator, x: Floats, y: Floats, name: str, screen: str) -> Floats:
    fold = np.sin(x * 26 + 5 * np.sin(y * 7 + chance.uniform(0, 6))) * 0.1 + np.sin(y * 31 + x * 12) * 0.05
    weave = 0.04 * np.sin(x * 900) * np.sin(y * 900)
    colours: dict[str, tuple[float, float, float]] = {
        "black": (22, 21, 24),
        "navy or brown": (30, 38, 74) if screen == "green" else (74, 50, 34),
        "white": (240, 240, 238),
        "checked": (190, 60, 52),
        "yellow": (238, 206, 60),
        "striped": (120, 116, 124),
    }
    base = np.broadcast_to(np.asarray(colours[name], np.float32), (*x.shape, 3))
    if name == "checked":
        check = (np.sin(x * 80) > 0) ^ (np.sin(y * 80) > 0)
        base = np.where(check[..., None], base, np.float32(225))
    if name == "striped":
        base = np.where((np.sin(x * 130) > 0.2)[..., None], base, np.asarray((224, 220, 226), np.float32))
    shaded: Floats = base * (1 + fold + weave)[..., None]
    return shaded.astype(np.float32)


def _screen(chance: np.random.Generator, shape: tuple[int, ...], light: Light) -> Floats:
    high, wide = shape
    down, across = np.mgrid[0:high, 0:wide].astype(np.float32)
    hue = chance.uniform(*_HUES[light.screen])
    paint = _rgb_of(hue, chance.uniform(0.55, 0.9), chance.uniform(0.5, 0.85))
    glow = np.zeros((high, wide), np.float32)
    for _ in range(int(chance.integers(1, 4))):
        lamp = wide * chance.uniform(-0.1, 1.1), high * chance.uniform(-0.2, 0.8)
        reach = max(wide, high) * chance.uniform(0.4, 1.0)
        glow += np.exp(-((across - lamp[0]) ** 2 + (down - lamp[1]) ** 2) / (2 * reach**2))
    glow = (glow - glow.min()) / max(1e-6, float(glow.max() - glow.min()))
    pleats = np.abs(np.sin(across * (math.pi * chance.uniform(4, 14) / wide) + chance.uniform(0, 3))) ** 0.5
    shade = (1 - light.unevenness * (1 - glow)) * (1 - chance.uniform(0, 0.08) * (1 - pleats))
    shade *= 1 + 0.02 * _cloud(chance, (wide, high), 40, 2)
    picture: Floats = np.clip(shade[..., None] * paint + chance.uniform(0, 8), 0, 255).astype(np.float32)
    return picture


def _with_light_of_screen(colour: Floats, alpha: Floats, screen: Floats, spill: float) -> Floats:
    """Return the colours with light of the screen that wraps around the edge, from one side more."""
    high, wide = alpha.shape
    reach = max(2.0, min(high, wide) * 0.02)
    small = cv2.resize(alpha, (wide // 4 + 1, high // 4 + 1), interpolation=cv2.INTER_AREA)
    around = 1 - cv2.resize(cv2.GaussianBlur(small, (0, 0), reach / 4), (wide, high))
    side = np.linspace(0.5, 1.0, wide, dtype=np.float32)
    weight = np.float32(spill) * (0.15 + 1.4 * around * side)
    lit: Floats = np.clip(colour + weight[..., None] * screen.mean(axis=(0, 1)), 0, 255)
    return lit


def _saved(seen: Floats, chance: np.random.Generator, light: Light) -> NDArray[Any]:
    """Add noise that is stronger in the dark, and save with halved colour resolution."""
    grain = chance.standard_normal(seen.shape, np.float32)
    grain = 0.6 * grain + 0.7 * cv2.GaussianBlur(grain, (0, 0), 0.9) * 2
    noisy = seen + grain * np.float32(light.noise) / (1 + seen / 90)
    stream = BytesIO()
    Image.fromarray(np.clip(np.rint(noisy), 0, 255).astype(np.uint8)).save(
        stream, "JPEG", quality=light.jpeg, subsampling=2
    )
    return np.asarray(Image.open(stream).convert("RGB"))


def _cloud(chance: np.random.Generator, size: tuple[int, int], cells: int, octaves: int) -> Floats:
    """Return noise of several sizes, about -1 to 1."""
    total = np.zeros((size[1], size[0]), np.float32)
    for octave in range(octaves):
        count = cells * 2**octave
        rows = max(2, count * size[1] // size[0])
        coarse = chance.uniform(-1, 1, (rows, count)).astype(np.float32)
        total += cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC) / 2**octave
    return total


def _capsule(
    x: Floats, y: Floats, start: tuple[float, float], end: tuple[float, float], thick: float
) -> Floats:
    way = end[0] - start[0], end[1] - start[1]
    along = ((x - start[0]) * way[0] + (y - start[1]) * way[1]) / (way[0] ** 2 + way[1] ** 2)
    part = np.clip(along, 0, 1)
    distance: Floats = np.hypot(x - start[0] - part * way[0], y - start[1] - part * way[1]) - thick
    return distance


def _covered(distance: Floats, soft: float) -> Floats:
    part = np.clip(0.5 - distance / (2 * soft), 0, 1)
    share: Floats = part * part * (3 - 2 * part)
    return share


def _skin(chance: np.random.Generator) -> tuple[float, float, float]:
    dark = chance.uniform(0.35, 1.0)
    return 244 * dark, 196 * dark**1.15, 168 * dark**1.3


def _lock(chance: np.random.Generator) -> tuple[float, float, float]:
    choices = ((24, 20, 20), (70, 44, 26), (136, 92, 52), (206, 176, 122), (120, 118, 118))
    return choices[int(chance.integers(len(choices)))]


def _rgb_of(hue: float, saturation: float, value: float) -> Floats:
    hsv = np.array([[[hue * 360, saturation, value]]], np.float32)
    found: Floats = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0] * 255
    return found


def _linear(picture: Floats) -> Floats:
    part = picture / 255
    light: Floats = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    return light.astype(np.float32)


def _encoded(light: Floats) -> Floats:
    part = np.clip(light, 0, 1)
    picture: Floats = 255 * np.where(part <= 0.0031308, part * 12.92, 1.055 * part ** (1 / 2.4) - 0.055)
    return picture.astype(np.float32)
