"""Key with FFmpeg's `chromakey` and `despill` through PyAV's filters, as the peer."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any, Final, cast

import av
import av.filter
import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from tests.keying.layers import Floats
from tests.keying.scenes import Scene


@frozen(kw_only=True)
class Settings:
    """Set the two filters.

    Attributes:
        similarity: Distance of the colour up to which a pixel is transparent.
        blend: Distance over which it turns opaque.
        mix: How `despill` weighs the two other channels.
        expand: How far `despill` reaches.
    """

    similarity: float
    blend: float
    mix: float
    expand: float = 0.0


#: The best of all settings searched, one for all scenes of `SEEDS` at 1080p: for the matte (SAD 17.01, RMSE
#: of the composite 7.35), and for the composite (SAD 18.55, RMSE 7.21). `tests.keying.search` is the search.
FOR_MATTE: Final = Settings(similarity=0.07, blend=0.04, mix=0.85)
FOR_COMPOSITE: Final = Settings(similarity=0.06, blend=0.06, mix=0.85)


def screen_colour(scene: Scene) -> tuple[int, int, int]:
    """Return the true median colour of the screen: the peer is handed what it cannot find by itself."""
    red, green, blue = np.median(scene.pixels[scene.alpha == 0], axis=0).round().astype(int)
    return int(red), int(green), int(blue)


def filtered(scene: Scene, settings: Settings) -> tuple[Floats, Floats]:
    """Return matte (0-1) and composite over the scene's background (0-255)."""
    keyed = _run(scene.pixels, _chain(scene, settings)).astype(np.float32)
    alpha = keyed[..., 3] / 255
    back = np.asarray(scene.background_rgb, np.float32)
    return alpha, keyed[..., :3] * alpha[..., None] + back * (1 - alpha[..., None])


def work(scene: Scene, settings: Settings) -> Callable[[], object]:
    """Return the filtering alone, for a clock; without the composite."""
    chain = _chain(scene, settings)
    return lambda: _run(scene.pixels, chain)


def _chain(scene: Scene, settings: Settings) -> list[tuple[str, str]]:
    red, green, blue = screen_colour(scene)
    return [
        ("format", "yuva444p"),
        (
            "chromakey",
            f"color=0x{red:02x}{green:02x}{blue:02x}:similarity={settings.similarity}:blend={settings.blend}",
        ),
        ("format", "rgba"),
        ("despill", f"type={scene.screen}:mix={settings.mix}:expand={settings.expand}"),
        ("format", "rgba"),
    ]


def _run(pixels: NDArray[Any], chain: list[tuple[str, str]]) -> NDArray[Any]:
    graph = av.filter.Graph()
    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
    nodes = [
        graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 25)
        ),
        *(graph.add(name, options) for name, options in chain),
        graph.add("buffersink"),
    ]
    graph.link_nodes(*nodes).configure()
    graph.push(frame)
    keyed: NDArray[Any] = cast("av.VideoFrame", graph.pull()).to_ndarray(format="rgba")
    return keyed
