"""Draw a person with hair, clothes, a moving hand and things that are hard to key."""

from typing import Final

import numpy as np

from tests.keying.layers import Canvas, Rgb

CLOTHES: Final[dict[str, Rgb]] = {
    "white": (236, 236, 232),
    "dark": (36, 37, 46),
    "yellow": (240, 212, 70),
    "beige": (206, 186, 156),
    "red": (176, 38, 44),
    "navy": (32, 42, 84),
    "grey": (128, 128, 132),
    "pink": (232, 172, 186),
}
_SKINS: Final[tuple[Rgb, ...]] = ((224, 178, 146), (168, 116, 84), (240, 204, 180), (104, 70, 54))
_HAIRS: Final[tuple[Rgb, ...]] = ((34, 26, 22), (92, 58, 34), (20, 20, 24), (190, 150, 92), (168, 166, 164))
_THINGS: Final[tuple[Rgb, ...]] = (
    (250, 238, 84),
    (24, 120, 122),
    (122, 118, 48),
    (214, 92, 30),
    (186, 190, 196),
)


def draw_person(canvas: Canvas, clothes: str, *, glass: bool, moving: bool, gap: bool, screen: str) -> None:
    """Draw a person seen to the waist.

    Args:
        canvas: Where to.
        clothes: A colour of `CLOTHES`; a blue screen has no navy before it.
        glass: Also a half-transparent glass and spectacles.
        moving: Blur one hand by its motion.
        gap: One arm akimbo, so that the screen shows through.
        screen: "green" or "blue": what the person wears has not the screen's colour.
    """
    chance, unit = canvas.chance, canvas.unit_px
    x = canvas.width_px * chance.uniform(0.4, 0.6)
    y = canvas.height_px - unit * chance.uniform(0.52, 0.66)
    size = unit * chance.uniform(0.11, 0.15)
    cloth = CLOTHES["dark" if screen == "blue" and clothes == "navy" else clothes]
    skin, hair = _SKINS[chance.integers(len(_SKINS))], _HAIRS[chance.integers(len(_HAIRS))]
    long_hair = chance.random() < 0.5
    number, reach, curl = int(chance.integers(120, 420)), chance.uniform(0.35, 1.3), chance.uniform(0.2, 1.4)
    head = (x, y, size * 1.12, size * 1.35)
    if long_hair:
        canvas.put(canvas.blob(x, y + size * 0.9, size * 1.3, size * 2.1, rough=0.04), hair, texture=0.3)
    canvas.put(canvas.strands(*head, number=number, reach=reach, curl=curl), hair, texture=0.3)
    _draw_body(canvas, (x, y, size), cloth, skin)
    if gap:
        side = chance.choice([-1.0, 1.0])
        shoulder, elbow = (x + side * size * 1.9, y + size * 2.5), (x + side * size * 3.4, y + size * 4.4)
        canvas.put(
            canvas.limb([shoulder, elbow, (x + side * size * 1.9, y + size * 5.6)], size * 0.62), cloth
        )
    canvas.put(canvas.blob(x, y, size * 1.1, size * 1.32, rough=0.02), hair, texture=0.35)
    canvas.put(canvas.blob(x, y + size * 0.22, size * 0.92, size * 1.2, rough=0.01), skin, texture=0.1)
    _draw_face(canvas, (x, y, size), skin, spectacles=glass)
    canvas.put(canvas.strands(*head, number=60, reach=0.25, curl=1.0), hair, texture=0.3)
    _draw_hand(
        canvas, (x, y, size), skin, cloth, move_px=unit * chance.uniform(0.02, 0.06) if moving else 0.0
    )
    if glass:
        _draw_glass(canvas, (x, y, size))
    thing = _THINGS[chance.integers(len(_THINGS))]
    at = x + size * chance.choice([-3.6, 3.4]), canvas.height_px - size * chance.uniform(0.8, 1.6)
    if not (screen == "blue" and thing == _THINGS[1]):
        canvas.put(canvas.blob(*at, size * 0.7, size * 0.55, rough=0.05), thing, texture=0.15)


def _draw_body(canvas: Canvas, at: tuple[float, float, float], cloth: Rgb, skin: Rgb) -> None:
    x, y, size = at
    broad = size * canvas.chance.uniform(1.9, 2.5)
    bottom = canvas.height_px + 20.0
    outline = [
        (x - size * 0.5, y + size * 1.7),
        (x - broad * 0.8, y + size * 2.15),
        (x - broad, y + size * 3.0),
        (x - broad * 1.05, bottom),
        (x + broad * 1.05, bottom),
        (x + broad, y + size * 3.0),
        (x + broad * 0.8, y + size * 2.15),
        (x + size * 0.5, y + size * 1.7),
    ]
    canvas.put(canvas.polygon(np.array(outline)), cloth, texture=0.12)
    canvas.put(canvas.blob(x, y + size * 1.6, size * 0.5, size * 0.75), _shade(skin, 0.82))


def _draw_face(canvas: Canvas, at: tuple[float, float, float], skin: Rgb, *, spectacles: bool) -> None:
    x, y, size = at
    for side in (-0.36, 0.36):
        canvas.put(canvas.blob(x + side * size, y + size * 0.1, size * 0.16, size * 0.08), (246, 246, 246))
        canvas.put(canvas.blob(x + side * size, y + size * 0.1, size * 0.075, size * 0.075), (52, 40, 30))
    canvas.put(canvas.blob(x, y + size * 0.82, size * 0.26, size * 0.08), (168, 74, 76))
    canvas.put(canvas.blob(x, y + size * 0.46, size * 0.1, size * 0.2), _shade(skin, 0.88))
    if spectacles:
        for side in (-0.4, 0.4):
            lens = canvas.blob(x + side * size, y + size * 0.12, size * 0.3, size * 0.24)
            canvas.put(lens, (214, 222, 228), opacity=0.12)
        canvas.put(canvas.limb([(x - size * 1.05, y), (x + size * 1.05, y)], size * 0.05), (30, 30, 34))


def _draw_hand(
    canvas: Canvas, at: tuple[float, float, float], skin: Rgb, cloth: Rgb, *, move_px: float
) -> None:
    x, y, size = at
    side = canvas.chance.choice([-1.0, 1.0])
    hand = x + side * size * canvas.chance.uniform(2.6, 3.6), y + size * canvas.chance.uniform(0.4, 2.2)
    arm = canvas.limb([(x + side * size * 2.2, y + size * 5.2), (hand[0], hand[1] + size * 0.9)], size * 0.7)
    palm = canvas.blob(hand[0], hand[1] + size * 0.3, size * 0.4, size * 0.5)
    for finger in range(4):
        root = hand[0] + size * (finger - 1.5) * 0.22, hand[1] + size * 0.1
        tip = root[0] + (finger - 1.5) * size * 0.16, root[1] - size * canvas.chance.uniform(0.5, 0.8)
        palm = np.maximum(palm, canvas.limb([root, tip], size * 0.17))
    canvas.put(arm, cloth, move_px=move_px / 2)
    canvas.put(palm, skin, move_px=move_px)


def _draw_glass(canvas: Canvas, at: tuple[float, float, float]) -> None:
    x, y, size = at
    side, opacity = canvas.chance.choice([-1.0, 1.0]), canvas.chance.uniform(0.12, 0.5)
    left, top = x + side * size * 3.0, y + size * 3.2
    walls = [
        (left, top),
        (left + size, top),
        (left + size * 0.85, top + size * 2),
        (left + size * 0.15, top + size * 2),
    ]
    canvas.put(canvas.polygon(np.array(walls)), (206, 216, 222), opacity=opacity)
    canvas.put(
        canvas.limb([walls[0], walls[3], walls[2], walls[1]], size * 0.05), (236, 240, 244), opacity=0.7
    )


def _shade(colour: Rgb, factor: float) -> Rgb:
    return (colour[0] * factor, colour[1] * factor, colour[2] * factor)
