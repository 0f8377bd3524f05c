"""Reading pictures and videos."""

from io import BytesIO

import pytest
from PIL import Image

from avatar_async.errors import MediaError
from avatar_async.media.frames import first_frame, fitted, iter_frames, probe, sample_frames


def png(size=(8, 6)):
    """Return the bytes of a small picture."""
    target = BytesIO()
    Image.new("RGB", size, (1, 2, 3)).save(target, "PNG")
    return target.getvalue()


def test_a_video_is_described_from_its_headers(clip):
    """Length, size, rate, frame count and sound decide what a task may do."""
    info = probe(clip)
    assert (info.kind, info.width_px, info.height_px, info.frames) == ("video", 180, 320, 25)
    assert info.fps == pytest.approx(25)
    assert info.duration_s == pytest.approx(1.0, abs=0.1)
    assert info.has_audio


def test_bytes_paths_and_file_objects_are_the_same(clip):
    """Callers hold media in any of the three."""
    content = clip.read_bytes()
    pictures = [first_frame(source).tobytes() for source in (content, clip, BytesIO(content))]
    assert pictures[0] == pictures[1] == pictures[2]


def test_an_image_is_an_image():
    """Previews take images and videos alike."""
    info = probe(png())
    assert (info.kind, info.width_px, info.height_px, info.codec) == ("image", 8, 6, "png")
    assert first_frame(png()).getpixel((0, 0)) == (1, 2, 3)


def test_sampled_frames_are_spread_and_differ(clip):
    """The same frame five times would be no sample."""
    images = sample_frames(clip, 3, short_side_px=90)
    assert [image.size for image in images] == [(90, 160)] * 3
    assert len({image.tobytes() for image in images}) == 3


def test_a_part_outside_the_video_is_moved_inside(clip):
    """A clip range past the end must still give a picture."""
    assert len(sample_frames(clip, 2, start_s=50, end_s=60)) == 2


def test_frames_stop_at_the_time_given(clip):
    """A preview of a six-minute video decodes its first seconds only."""
    assert len(list(iter_frames(clip, max_s=0.4))) == 10


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x" * 5000,
        png()[:40],
        b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://127.0.0.1/a.ts\n",
        b"ffconcat version 1.0\nfile /etc/hostname.mp4\n",
    ],
    ids=["empty", "garbage", "half-png", "playlist", "concat"],
)
def test_what_is_no_media_is_refused(content):
    """Playlists name other files and hosts, so they are no media here either."""
    with pytest.raises(MediaError):
        first_frame(content)


def test_a_truncated_video_is_refused(clip):
    """Half a download must not pass as a source."""
    with pytest.raises(MediaError):
        probe(clip.read_bytes()[:600])


def test_a_missing_file_is_a_media_error(tmp_path):
    """One error type for the caller."""
    with pytest.raises(MediaError, match=r"nothing\.mp4"):
        probe(tmp_path / "nothing.mp4")


@pytest.mark.parametrize(
    ("size", "expected"), [((1920, 1080), (960, 540)), ((1080, 1920), (540, 960)), ((300, 200), (300, 200))]
)
def test_shrinking_keeps_proportions_and_never_enlarges(size, expected):
    """540p means the shorter side."""
    width, height = size
    assert fitted(width, height, 540) == expected
