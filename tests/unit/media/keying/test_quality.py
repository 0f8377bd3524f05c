"""How well the keyer keys, beside a tuned FFmpeg, on scenes whose matte is known."""

import pytest

from tests.keying import ours, peer
from tests.keying.metrics import Marks, marks, mean
from tests.keying.portraits import make_portrait
from tests.keying.scenes import SEEDS, UNSEEN, make_scene

#: The bench takes every scene of `SEEDS`.
TUNED = [(make_scene, seed, (1920, 1080)) for seed in SEEDS[1::5]]
OTHERS = [(make_scene, seed, size) for seed, size in UNSEEN if max(size) <= 1280]
PORTRAITS = [
    (make_portrait, seed, size)
    for seed, size in enumerate([(640, 360), (960, 540), (540, 960), (1280, 720), (360, 640), (640, 360)])
]


@pytest.fixture(
    scope="module",
    params=[TUNED, OTHERS, PORTRAITS],
    ids=["tuned", "other seeds and sizes", "another generator"],
)
def judged(request):
    """Return the mean marks of each keyer over some scenes."""
    every: dict[str, list[Marks]] = {}
    for make, seed, size in request.param:
        scene = make(seed, *size)
        results = {
            "defaults": ours.keyed(scene),
            "quality": ours.keyed(scene, quality=True),
            "ffmpeg for the matte": peer.filtered(scene, peer.FOR_MATTE),
            "ffmpeg for the composite": peer.filtered(scene, peer.FOR_COMPOSITE),
        }
        for name, result in results.items():
            every.setdefault(name, []).append(marks(scene, *result))
    return {name: mean(found) for name, found in every.items()}


def best(judged, mark):
    """Return the better mark of FFmpeg's two settings."""
    return min(getattr(found, mark) for name, found in judged.items() if "ffmpeg" in name)


def test_the_documented_defaults_key_no_worse_than_a_tuned_ffmpeg(judged):
    """A preview that keys worse than a common tool would make good footage look bad."""
    assert judged["defaults"].sad <= best(judged, "sad")
    assert judged["defaults"].rmse < best(judged, "rmse")


def test_the_documented_defaults_neither_leak_nor_make_holes(judged):
    """A veil over the background or a hole in a shirt is seen at once."""
    assert judged["defaults"].leak <= 0.2
    assert judged["defaults"].hole <= 1


def test_the_quality_mode_is_clearly_better_than_a_tuned_ffmpeg(judged):
    """It is not the vendor's, so that it has to be worth its while."""
    assert judged["quality"].sad <= 0.85 * best(judged, "sad")
    assert judged["quality"].rmse <= 0.8 * best(judged, "rmse")
    assert judged["quality"].hole <= 1


def test_ffmpeg_was_not_held_back():
    """A peer whose colour or setting is wrong would prove nothing: it finds nearly all of a plain scene."""
    scene = make_scene(SEEDS[2], 640, 360)
    found = marks(scene, *peer.filtered(scene, peer.FOR_MATTE))
    assert found.leak < 0.2
    assert found.hole < 0.2
