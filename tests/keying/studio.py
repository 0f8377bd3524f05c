"""Light a screen unevenly and let its light fall on the person."""

from typing import Final

import cv2
import numpy as np

from tests.keying.layers import Canvas, Floats, Rgb

SCREENS: Final[dict[str, tuple[Rgb, ...]]] = {
    "green": ((46, 168, 66), (55, 162, 63), (72, 190, 84), (28, 138, 52), (92, 202, 104), (18, 178, 20)),
    "blue": ((38, 74, 178), (44, 64, 150), (24, 92, 204), (58, 108, 218)),
}


def screen_picture(canvas: Canvas, colour: Rgb, *, falloff: float, wrinkles: float, shadow: float) -> Floats:
    """Return the screen as the camera would see it without the person, height x width x 3, 0-255.

    Args:
        canvas: Holds the person, who throws the shadow.
        colour: The screen's colour where it is lit best.
        falloff: How much darker it gets to the farthest corner, as a share.
        wrinkles: Depth of folds in the cloth, as a share.
        shadow: How dark the person's shadow is, as a share.
    """
    chance, high, wide = canvas.chance, canvas.height_px, canvas.width_px
    down, across = np.mgrid[0:high, 0:wide].astype(np.float32)
    middle = wide * chance.uniform(0.2, 0.8), high * chance.uniform(0.1, 0.7)
    squared = ((across - middle[0]) / wide) ** 2 + ((down - middle[1]) / high) ** 2
    light = 1 - falloff * squared / squared.max()
    turn = chance.uniform(0.6, 2.5)
    wave = across * np.float32(np.sin(turn)) + down * np.float32(np.cos(turn)) + canvas.folds(5) * wide * 0.06
    creases = np.sin(wave * np.float32(chance.uniform(12, 40) / wide)) ** 3 + canvas.folds(24) * 0.5
    light = light * (1 + wrinkles * creases.astype(np.float32))
    if shadow:
        reach = canvas.unit_px * chance.uniform(0.03, 0.12) * chance.choice([-1.0, 1.0])
        moved = cv2.warpAffine(canvas.alpha, np.array([[1, 0, reach], [0, 1, abs(reach) / 2]]), (wide, high))
        light *= 1 - np.float32(shadow) * cv2.GaussianBlur(
            moved, (0, 0), canvas.unit_px * chance.uniform(0.008, 0.04)
        )
    flare = np.float32(chance.uniform(0, 10)) * (1 + 0.5 * canvas.folds(4))
    picture: Floats = np.clip(light[..., None] * np.asarray(colour, np.float32) + flare[..., None], 0, 255)
    return picture


def spilled(canvas: Canvas, colour: Rgb, spill: float) -> Floats:
    """Return the person's colours with the screen's light on them, most at the rim.

    Args:
        canvas: Holds the person.
        colour: The screen's colour.
        spill: How much of that colour reaches the rim, as a share.
    """
    near = cv2.resize(canvas.alpha, (256, 256), interpolation=cv2.INTER_AREA)
    inner = cv2.resize(cv2.GaussianBlur(near, (0, 0), 7), (canvas.width_px, canvas.height_px))
    weight = np.float32(spill) * (0.25 + 0.75 * np.clip(2 - 2 * inner, 0, 1))
    lit: Floats = np.clip(canvas.clean() + weight[..., None] * np.asarray(colour, np.float32), 0, 255)
    return lit


def mixed(front: Floats, back: Floats, alpha: Floats, *, linear: bool) -> Floats:
    """Return front over back, 0-255, mixed in linear light or in the values of the file."""
    share = alpha[..., None]
    power = np.float32(2.2 if linear else 1)
    light = (front / 255) ** power * share + (back / 255) ** power * (1 - share)
    picture: Floats = 255 * light ** (1 / power)
    return picture
