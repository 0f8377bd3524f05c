"""Make a scene from a seed: what a camera and H.264 leave of a person before a screen, and the truth."""

from io import BytesIO
from typing import Any, Final

import av
import cv2
import numpy as np
from attrs import frozen
from numpy.typing import NDArray
from PIL import Image

from tests.keying.layers import Canvas, Floats
from tests.keying.people import CLOTHES, draw_person
from tests.keying.studio import SCREENS, mixed, screen_picture, spilled

#: The scenes that settings may be tuned on and that figures are given for.
SEEDS: Final = tuple(range(16))
#: Scenes that nothing was tuned on, with sizes of their own.
UNSEEN: Final = tuple(
    (1000 + number, size)
    for number, size in enumerate(
        [(1280, 720), (1080, 1920), (1920, 1080), (720, 1280), (3840, 2160), (960, 540)]
    )
)

_BACKGROUNDS: Final = ((0, 255, 0), (0, 100, 255), (96, 98, 104), (250, 250, 250), (24, 22, 20))


@frozen(kw_only=True, eq=False)
class Scene:
    """Hold a picture to key and what a perfect keyer would find.

    Attributes:
        seed: What it was made from.
        screen: "green" or "blue".
        clothes: Colour of the clothes, a name of `CLOTHES`.
        pixels: What is keyed, height x width x 3, RGB.
        alpha: Exact coverage of the person, height x width, 0-1.
        foreground: The person's own colours without any spill, height x width x 3, 0-255.
        background_rgb: What to lay the person over.
    """

    seed: int
    screen: str
    clothes: str
    pixels: NDArray[Any]
    alpha: Floats
    foreground: Floats
    background_rgb: tuple[int, int, int]

    @property
    def image(self) -> Image.Image:
        """The picture for Pillow."""
        return Image.fromarray(self.pixels)

    def composite(self) -> Floats:
        """Return the person over the background colour, as it should be, 0-255."""
        share = self.alpha[..., None]
        laid: Floats = self.foreground * share + np.asarray(self.background_rgb, np.float32) * (1 - share)
        return laid


def make_scene(seed: int, width_px: int = 1920, height_px: int = 1080) -> Scene:
    """Return the scene of this seed and size; the same one each time."""
    chance = np.random.default_rng(seed)
    canvas = Canvas(width_px, height_px, chance)
    screen = "blue" if seed % 4 == 3 else "green"
    clothes = list(CLOTHES)[seed % 3] if seed % 2 == 0 else list(CLOTHES)[int(chance.integers(len(CLOTHES)))]
    draw_person(
        canvas,
        clothes,
        glass=seed % 3 == 1,
        moving=seed % 2 == 1,
        gap=bool(chance.random() < 0.6),
        screen=screen,
    )
    canvas.defocus(chance.uniform(0.2, 1.3) * canvas.unit_px / 1080)
    paint = SCREENS[screen][int(chance.integers(len(SCREENS[screen])))]
    back = screen_picture(
        canvas,
        paint,
        falloff=chance.uniform(0.1, 0.5),
        wrinkles=chance.uniform(0.01, 0.07),
        shadow=chance.uniform(0.1, 0.35) if seed % 4 < 2 else 0.0,
    )
    front = spilled(canvas, paint, chance.uniform(0.04, 0.2))
    seen = mixed(front, back, canvas.alpha, linear=bool(seed // 2 % 2))
    return Scene(
        seed=seed,
        screen=screen,
        clothes=clothes,
        pixels=_filmed(seen, chance),
        alpha=canvas.alpha,
        foreground=canvas.clean(),
        background_rgb=_BACKGROUNDS[seed % len(_BACKGROUNDS)],
    )


def _filmed(seen: Floats, chance: np.random.Generator) -> NDArray[Any]:
    """Add a camera's sharpening and noise, and bring it through H.264 with halved colour resolution."""
    sharpen = np.float32(chance.uniform(0, 0.35))
    seen = seen + sharpen * (seen - cv2.GaussianBlur(seen, (0, 0), 1.2))
    sigma, crf = chance.uniform(1.5, 6.5), int(chance.integers(16, 27))
    stream = BytesIO()
    with av.open(stream, "w", format="mp4") as out:
        track = out.add_stream("libx264", rate=25, options={"crf": str(crf), "preset": "veryfast"})
        track.width, track.height, track.pix_fmt = seen.shape[1], seen.shape[0], "yuv420p"
        for _ in range(2):
            grain = chance.standard_normal(seen.shape, np.float32) * np.float32(sigma)
            noisy = np.clip(seen + cv2.GaussianBlur(grain, (0, 0), 0.6) * 1.5, 0, 255)
            out.mux(track.encode(av.VideoFrame.from_ndarray(np.rint(noisy).astype(np.uint8), format="rgb24")))
        out.mux(track.encode(None))
    stream.seek(0)
    with av.open(stream, "r") as container:
        frames = list(container.decode(video=0))
    seen_again: NDArray[Any] = frames[-1].to_ndarray(format="rgb24")
    return seen_again
