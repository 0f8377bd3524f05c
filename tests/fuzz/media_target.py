"""What may be fed to the reader of MP4 headers, and what must hold of what it returns."""

from contextlib import suppress

from avatar_async.errors import MediaError
from avatar_async.media.mp4 import Movie, read_movie
from avatar_async.media.ranges import Window
from tests.unit.media.mp4.film import Film

SEEDS = (
    Film(runs=((50, 40),), edits=[(2000, 0)], shift=40).written(),
    Film(runs=((20, 40), (3, 41)), moov_last=True, long=True, rotation_deg=90).written(),
    Film(fragmented=(9, 9), sound=False).written(),
)


class _Far:
    near = False

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.size_bytes: int | None = None

    async def read(self, offset: int, length: int) -> bytes:
        self.size_bytes = len(self._content)
        return self._content[offset : offset + length]


def movie(data: bytes) -> None:
    """Feed the reader, as if the file were far away."""
    window = Window.over(_Far(data))
    found: Movie | None = None
    with suppress(MediaError):
        found = _done(window)
    assert window.reads <= window.budget.reads
    assert window.read_bytes <= window.budget.size_bytes
    for track in found.tracks if found else ():
        assert found is not None
        assert track.samples is None or track.samples >= 0
        assert track.shown_s(found.timescale) >= 0
        assert track.rotation_deg in (0, 90, 180, 270)
        assert track.constant_rate in (True, False, None)
        assert track.hides_samples(found.timescale) in (True, False)


def _done(window: Window) -> Movie:
    """Return what a coroutine that waits for nothing returns."""
    reading = read_movie(window)
    try:
        reading.send(None)
    except StopIteration as ended:
        read: Movie = ended.value
        return read
    reading.close()
    raise AssertionError("the reader waits for something")
