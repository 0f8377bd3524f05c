from pathlib import Path

import pytest

from avatar_async.media.clips import ClipStyle, make_clip, make_still


@pytest.fixture(scope="session")
def clip(tmp_path_factory) -> Path:
    """A second of a small green-screen clip with sound."""
    target: Path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    make_clip(target, ClipStyle(seed=3, width_px=180, height_px=320), duration_s=1.0)
    return target


@pytest.fixture(scope="session")
def still():
    """One frame of a green-screen scene."""
    return make_still(ClipStyle(seed=1, clothes="yellow", width_px=270, height_px=480))
