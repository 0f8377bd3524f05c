"""Search FFmpeg's settings on the scenes of `SEEDS`: `python -m tests.keying.search`; minutes of work.

First every similarity with every blend, judged by the matte; then the best dozen of them with every mix and
expand, judged by the composite. Each setting is one for all scenes, as a person would choose it.
"""

import itertools
import sys
from typing import Final

import numpy as np

from tests.keying.peer import Settings, filtered
from tests.keying.scenes import SEEDS, Scene, make_scene

SIMILARITIES: Final = (0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.10, 0.12)
BLENDS: Final = (0.0001, 0.02, 0.04, 0.06, 0.08, 0.1, 0.14)
MIXES: Final = (0.3, 0.5, 0.7, 0.85, 1.0)
EXPANDS: Final = (0.0, 0.15, 0.3)


def matte_errors(scene: Scene) -> dict[tuple[float, float], float]:
    """Return the mean error of the matte by similarity and blend."""
    found = {}
    for similarity, blend in itertools.product(SIMILARITIES, BLENDS):
        alpha, _ = filtered(scene, Settings(similarity=similarity, blend=blend, mix=0.5))
        found[similarity, blend] = float(np.abs(alpha - scene.alpha).mean())
    return found


def composite_errors(scene: Scene, mattes: list[tuple[float, float]]) -> dict[Settings, float]:
    """Return the composite's error by setting, from every second pixel both ways."""
    back = np.asarray(scene.background_rgb, np.float32)
    truth = scene.composite()[::2, ::2]
    found = {}
    shares = {}
    for similarity, blend in mattes:
        alpha, _ = filtered(scene, Settings(similarity=similarity, blend=blend, mix=0.5))
        shares[similarity, blend] = alpha[::2, ::2, None]
    for mix, expand in itertools.product(MIXES, EXPANDS):
        # Nothing is transparent at this similarity, so that the composite is the despilled picture.
        _, colour = filtered(scene, Settings(similarity=0.00001, blend=0.0, mix=mix, expand=expand))
        for (similarity, blend), share in shares.items():
            settings = Settings(similarity=similarity, blend=blend, mix=mix, expand=expand)
            laid = colour[::2, ::2] * share + back * (1 - share)
            found[settings] = float(np.sqrt(np.square(laid - truth).mean()))
    return found


def main() -> None:
    """Print the settings that are best for the matte and for the composite."""
    mattes: dict[tuple[float, float], float] = {}
    for seed in SEEDS:
        for pair, error in matte_errors(make_scene(seed)).items():
            mattes[pair] = mattes.get(pair, 0.0) + error / len(SEEDS)
    best = sorted(mattes, key=mattes.__getitem__)[:12]
    composites: dict[Settings, float] = {}
    for seed in SEEDS:
        for settings, error in composite_errors(make_scene(seed), best).items():
            composites[settings] = composites.get(settings, 0.0) + error / len(SEEDS)
    for pair in best:
        sys.stdout.write(f"matte {pair} {mattes[pair] * 1920 * 1080 / 1000:.2f}\n")
    for settings in sorted(composites, key=composites.__getitem__)[:12]:
        sys.stdout.write(f"composite {settings} {composites[settings]:.2f}\n")


if __name__ == "__main__":
    main()
