"""A picture is keyed strip by strip, and nobody can tell."""

import pytest
from PIL import Image, ImageChops, ImageStat

from avatar_async.media.clips import ClipStyle, make_still
from avatar_async.media.keyer import KeyParameters, key
from avatar_async.media.keying import strips as module
from avatar_async.media.keying.strips import strips, within

SCENE = make_still(ClipStyle(seed=8, width_px=270, height_px=480))


def cut(keyed):
    """Return the foreground as far as it is seen; where the matte is next to nothing it is noise."""
    return Image.composite(keyed.foreground, Image.new("RGB", keyed.image.size), keyed.alpha)


@pytest.mark.parametrize("quality", [False, True])
@pytest.mark.parametrize("blur_ks", [1, 3, 9, 24])
def test_strips_leave_no_seam(blur_ks, quality, monkeypatch):
    """What lies around a strip is looked at where the matte is smoothed."""
    parameters = KeyParameters(blur_ks=blur_ks)
    whole = key(SCENE, parameters, quality=quality)
    monkeypatch.setattr(module, "_STRIP_PX", 1)
    pieces = key(SCENE, parameters, quality=quality)
    # The plate is enlarged piece by piece, which rounds a value here and there the other way.
    most = 4 if quality else 0
    for one, other in [
        (whole.alpha.convert("RGB"), pieces.alpha.convert("RGB")),
        (whole.image, pieces.image),
        (cut(whole), cut(pieces)),
    ]:
        assert max(high for _, high in ImageStat.Stat(ImageChops.difference(one, other)).extrema) <= most


@pytest.mark.parametrize("size", [(1, 1), (3, 700), (5000, 2), (1920, 1080)])
@pytest.mark.parametrize("margin", [0, 5])
def test_strips_cover_every_row_once(size, margin):
    """A row left out would be transparent, one done twice a waste."""
    rows: list[int] = []
    for seen, kept in strips(size, margin):
        _, top, wide, bottom = within(seen, kept)
        assert wide == size[0]
        assert seen[1] == max(0, top - margin)
        assert seen[3] == min(size[1], bottom + margin)
        rows.extend(range(top, bottom))
    assert rows == list(range(size[1]))


@pytest.mark.parametrize("size", [(1, 1), (2, 90), (90, 2)])
@pytest.mark.parametrize("quality", [False, True])
def test_the_smallest_pictures_are_keyed(size, quality):
    """An icon is no picture to key, but must not end the run."""
    keyed = key(
        Image.new("RGB", size, (40, 170, 60)), KeyParameters(background_rgb=(1, 2, 3)), quality=quality
    )
    assert keyed.image.getextrema() == ((1, 1), (2, 2), (3, 3))
