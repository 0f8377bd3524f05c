"""Layers with exact coverage: shapes drawn at twice the size, hair strands, and putting one over another."""

import math
from typing import Any

import cv2
import numpy as np
from attrs import define, field
from numpy.typing import NDArray

Floats = NDArray[Any]
Rgb = tuple[float, float, float]

_OVER = 2
_SHIFT = 4


@define
class Canvas:
    """Collect layers from back to front, premultiplied.

    Attributes:
        width_px: Width.
        height_px: Height.
        chance: Where all randomness comes from.
        colour: Premultiplied colour, height x width x 3, 0-255.
        alpha: Coverage, height x width, 0-1.
    """

    width_px: int
    height_px: int
    chance: np.random.Generator
    colour: Floats = field(init=False)
    alpha: Floats = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.colour = np.zeros((self.height_px, self.width_px, 3), np.float32)
        self.alpha = np.zeros((self.height_px, self.width_px), np.float32)

    @property
    def unit_px(self) -> float:
        """The length that shapes are measured in: a person's height fits the shorter side and more."""
        return float(min(self.height_px, 1.25 * self.width_px))

    def put(
        self,
        coverage: Floats,
        colour: Rgb,
        *,
        texture: float = 0.08,
        opacity: float = 1.0,
        move_px: float = 0.0,
    ) -> None:
        """Lay a shape of one colour over what is there.

        Args:
            coverage: Height x width, 0-1.
            colour: Its colour, 0-255.
            texture: How far its brightness varies, as a share.
            opacity: Share of what lies behind that it covers.
            move_px: Length of its motion blur.
        """
        shade = 1 + texture * self.folds(10)
        painted: Floats = coverage[..., None] * np.asarray(colour, np.float32) * shade[..., None]
        covered: Floats = coverage * np.float32(opacity)
        painted = np.clip(painted, 0, 255) * np.float32(opacity)
        if move_px >= 1:
            smear = _streak(move_px, self.chance.uniform(0, math.pi))
            covered = cv2.filter2D(covered, -1, smear)
            painted = cv2.filter2D(painted, -1, smear)
        self.colour = painted + self.colour * (1 - covered[..., None])
        self.alpha = covered + self.alpha * (1 - covered)

    def folds(self, cells: int) -> Floats:
        """Return smooth noise of about -1 to 1 with that many cells across."""
        rows = max(2, round(cells * self.height_px / self.width_px))
        coarse = self.chance.normal(0, 0.5, (rows, max(2, cells))).astype(np.float32)
        return cv2.resize(coarse, (self.width_px, self.height_px), interpolation=cv2.INTER_CUBIC)

    def polygon(self, points: NDArray[np.floating]) -> Floats:
        """Return the coverage of a filled outline, points in pixels."""
        mask = self._blank()
        cv2.fillPoly(mask, [_fixed(points)], 255, cv2.LINE_AA, _SHIFT)
        return self._shrunk(mask)

    def blob(
        self, x: float, y: float, wide: float, high: float, *, lean: float = 0.0, rough: float = 0.0
    ) -> Floats:
        """Return the coverage of an ellipse, leaning and with an uneven outline if asked for."""
        turn = np.linspace(0, 2 * math.pi, 96, endpoint=False)
        uneven = 1 + rough * sum(
            self.chance.normal(0, 0.5) * np.sin(k * turn + self.chance.uniform(0, 6)) for k in (2, 3, 5, 7)
        )
        across, down = wide * np.cos(turn) * uneven, high * np.sin(turn) * uneven
        points = np.stack(
            [
                x + across * math.cos(lean) - down * math.sin(lean),
                y + across * math.sin(lean) + down * math.cos(lean),
            ],
            axis=1,
        )
        return self.polygon(points)

    def limb(self, points: list[tuple[float, float]], thick_px: float) -> Floats:
        """Return the coverage of a bent tube through points, such as an arm or a strap."""
        mask = self._blank()
        thick = max(1, round(thick_px * _OVER))
        cv2.polylines(mask, [_fixed(np.array(points))], False, 255, thick, cv2.LINE_AA, _SHIFT)
        return self._shrunk(mask)

    def strands(
        self, x: float, y: float, wide: float, high: float, *, number: int, reach: float, curl: float
    ) -> Floats:
        """Return the coverage of hair that starts on an ellipse and leaves it.

        Args:
            x: Middle of the ellipse.
            y: Middle of the ellipse.
            wide: Half its width, in pixels.
            high: Half its height, in pixels.
            number: How many strands.
            reach: Length of the longest, as a share of `wide`.
            curl: How much they bend, in radians over their length.
        """
        mask = self._blank()
        along = np.linspace(0, 1, 14)
        for _ in range(number):
            angle = self.chance.uniform(math.pi * 0.9, math.pi * 2.1)
            heading = angle + self.chance.normal(0, 0.5)
            length = wide * reach * self.chance.uniform(0.2, 1) ** 1.5
            bend = heading + self.chance.normal(0, curl) * along + self.chance.uniform(0, 0.6) * along**2
            step = length / len(along)
            xs = x + wide * math.cos(angle) * 0.96 + np.cumsum(np.cos(bend)) * step
            ys = y + high * math.sin(angle) * 0.96 + np.cumsum(np.sin(bend)) * step
            thick = int(self.chance.choice([1, 1, 1, 2, 3])) * max(1, round(self.unit_px / 1080))
            strand = _fixed(np.stack([xs, ys], axis=1))
            cv2.polylines(
                mask, [strand], False, int(self.chance.integers(90, 256)), thick, cv2.LINE_AA, _SHIFT
            )
        return self._shrunk(mask)

    def defocus(self, sigma_px: float) -> None:
        """Soften everything as a lens does."""
        if sigma_px > 0.2:
            self.colour = cv2.GaussianBlur(self.colour, (0, 0), sigma_px)
            self.alpha = cv2.GaussianBlur(self.alpha, (0, 0), sigma_px)
            faint = self.alpha < 1 / 512
            self.alpha[faint] = 0
            self.colour[faint] = 0

    def clean(self) -> Floats:
        """Return the colour as it is, not premultiplied; black where nothing is."""
        return np.clip(self.colour / np.maximum(self.alpha, 1e-4)[..., None], 0, 255)

    def _blank(self) -> NDArray[np.uint8]:
        return np.zeros((self.height_px * _OVER, self.width_px * _OVER), np.uint8)

    def _shrunk(self, mask: NDArray[np.uint8]) -> Floats:
        small = cv2.resize(mask, (self.width_px, self.height_px), interpolation=cv2.INTER_AREA)
        return small.astype(np.float32) / 255


def _fixed(points: NDArray[np.floating]) -> NDArray[np.int32]:
    return np.round(points * (_OVER << _SHIFT)).astype(np.int32)


def _streak(length_px: float, angle: float) -> Floats:
    """Return the kernel of a straight motion."""
    side = max(3, round(length_px) | 1)
    kernel = np.zeros((side, side), np.float32)
    middle = side / 2 - 0.5
    across, down = math.cos(angle) * middle, math.sin(angle) * middle
    ends = [(round(middle - across), round(middle - down)), (round(middle + across), round(middle + down))]
    cv2.line(kernel, ends[0], ends[1], 1.0, 1, cv2.LINE_AA)
    evened: Floats = kernel / kernel.sum()
    return evened
