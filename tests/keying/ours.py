"""Key a scene with the product, as its documents say: a blue screen with the sample and balance for blue."""

from collections.abc import Callable

import numpy as np

from avatar_async.media.keyer import KeyParameters, key
from tests.keying.layers import Floats
from tests.keying.scenes import Scene


def parameters_for(scene: Scene) -> KeyParameters:
    """Return the documented defaults for the scene's screen."""
    if scene.screen == "blue":
        return KeyParameters(sample_bgr=(255, 0, 0), spill_byalpha=0.0, background_rgb=scene.background_rgb)
    return KeyParameters(background_rgb=scene.background_rgb)


def keyed(scene: Scene, *, quality: bool = False) -> tuple[Floats, Floats]:
    """Return matte (0-1) and composite over the scene's background (0-255)."""
    result = key(scene.image, parameters_for(scene), quality=quality)
    return np.asarray(result.alpha, np.float32) / 255, np.asarray(result.image, np.float32)


def work(scene: Scene, *, quality: bool = False) -> Callable[[], object]:
    """Return the keying alone, for a clock."""
    image, parameters = scene.image, parameters_for(scene)
    return lambda: key(image, parameters, quality=quality)
