"""Judge a matte and a composite against the truth of a scene."""

from collections.abc import Sequence

import cv2
import numpy as np
from attrs import astuple, fields_dict, frozen

from tests.keying.layers import Floats
from tests.keying.scenes import Scene


@frozen(kw_only=True)
class Marks:
    """Say how far a keyer was off.

    Attributes:
        sad: Sum of absolute differences of the matte, in thousands of pixels, for a picture of 1920 x 1080
            (that of other sizes is brought to it by the number of pixels).
        leak: Mean of the matte where there is only screen, in percent.
        hole: What the matte lacks where the person covers all, in percent.
        rmse: Root of the mean squared difference of the composite, 0-255.
        rmse_band: The same near edges only.
    """

    sad: float
    leak: float
    hole: float
    rmse: float
    rmse_band: float


def marks(scene: Scene, alpha: Floats, composite: Floats) -> Marks:
    """Judge a matte (0-1) and a composite over the scene's background (0-255)."""
    truth = scene.alpha
    clear, solid = truth == 0, truth > 0.999
    edge = ((truth > 0) & (truth < 1)).astype(np.uint8)
    band = cv2.dilate(edge, np.ones((7, 7), np.uint8)) > 0
    squared = np.square(composite - scene.composite()).mean(axis=2)
    return Marks(
        sad=float(np.abs(alpha - truth).mean()) * 1920 * 1080 / 1000,
        leak=100 * float(alpha[clear].mean()),
        hole=100 * float(1 - alpha[solid].mean()),
        rmse=float(np.sqrt(squared.mean())),
        rmse_band=float(np.sqrt(squared[band].mean())),
    )


def mean(every: Sequence[Marks]) -> Marks:
    """Return the mean over scenes."""
    columns = zip(*map(astuple, every), strict=True)
    return Marks(**dict(zip(fields_dict(Marks), (float(np.mean(column)) for column in columns), strict=True)))
