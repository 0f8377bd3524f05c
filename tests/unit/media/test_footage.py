"""What is told of whole files of many forms, made by the programs that people use."""

import os
from pathlib import Path

import av
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from avatar_async.errors import MediaError
from avatar_async.media.clips import make_clip
from avatar_async.media.footage import look
from avatar_async.media.frames import probe
from avatar_async.media.preflight import Asked, Looker
from avatar_async.media.ranges import FileReader, Window
from avatar_async.media.sampling import keyframes
from tests.unit.media.mp4.film import Film

KINDS = {
    "plain.mp4": ("mp4", {}),
    "fast.mp4": ("mp4", {"movflags": "faststart"}),
    "fragmented.mp4": ("mp4", {"movflags": "frag_keyframe+empty_moov+default_base_moof"}),
    "indexed.mp4": ("mp4", {"movflags": "frag_keyframe+empty_moov+dash+global_sidx"}),
    "quicktime.mov": ("mov", {}),
    "other.mkv": ("matroska", {}),
    "other.ts": ("mpegts", {}),
}


def write(target: Path, form: str, options: dict[str, str], *, rotation: int = 0) -> None:
    """Write 50 frames at 25 a second with B-frames, as H.264."""
    with av.open(str(target), "w", format=form, options=options) as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast", "bf": "2"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.max_b_frames = 2
        for number in range(50):
            frame = av.VideoFrame.from_image(Image.new("RGB", (64, 48), (number * 5, 90, 90)))
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


async def looked_at(path: Path):
    """Return what is told of a file."""
    async with FileReader.open(path) as reader:
        return await look(Window.over(reader))


@pytest.mark.parametrize("name", KINDS)
async def test_what_common_programs_write_is_read_as_they_meant_it(tmp_path, name):
    """Checked against FFmpeg, which reads the whole file."""
    write(tmp_path / name, *KINDS[name])
    footage = await looked_at(tmp_path / name)
    whole = probe(tmp_path / name)
    assert (footage.sort, footage.codec) == ("video", "h264")
    assert (footage.width_px, footage.height_px) == (whole.width_px, whole.height_px) == (64, 48)
    assert footage.duration_s == pytest.approx(2.0, abs=0.1)
    assert footage.fps == pytest.approx(25.0)
    assert footage.has_audio is False
    if name.startswith("other"):
        assert footage.frames is None
        assert footage.constant_rate is None
    else:
        assert (footage.frames, footage.constant_rate, footage.rotation_deg) == (50, True, 0)
        assert footage.notes == ()


async def test_a_clip_with_sound_is_told_of_whole(clip):
    """As the emulator's own clips are."""
    footage = await looked_at(clip)
    assert (footage.frames, footage.has_audio, footage.audio_codec) == (25, True, "aac")


@pytest.mark.parametrize(("turned", "size"), [(0, (640, 360)), (90, (360, 640)), (180, (640, 360))])
async def test_the_size_is_the_one_that_is_shown(tmp_path, turned, size):
    """A phone held upright makes upright videos of lying pictures."""
    path = tmp_path / "a.mp4"
    path.write_bytes(Film(rotation_deg=turned, size=(640, 360)).written())
    footage = await looked_at(path)
    assert (footage.width_px, footage.height_px) == size
    assert footage.rotation_deg == turned


async def test_pictures_of_turned_videos_are_seen_the_right_way_up(tmp_path):
    """The screen is measured where a person sees it."""
    make_clip(tmp_path / "a.mp4", duration_s=0.2)
    content = bytearray((tmp_path / "a.mp4").read_bytes())
    at = content.index(b"tkhd") + 4 + 40
    content[at : at + 36] = b"".join(
        part.to_bytes(4, "big", signed=True) for part in (0, 65536, 0, -65536, 0, 0, 540 << 16, 0, 1 << 30)
    )
    (tmp_path / "turned.mp4").write_bytes(content)
    footage = await looked_at(tmp_path / "turned.mp4")
    assert (footage.width_px, footage.height_px, footage.rotation_deg) == (960, 540, 90)
    with (tmp_path / "turned.mp4").open("rb") as stream:
        [picture, *_] = keyframes(stream, 1, short_side_px=180)
    assert picture.size == (320, 180)
    raw, above, below = picture.tobytes(), (90 * 320 + 310) * 3, (90 * 320 + 5) * 3
    assert raw[above + 1] > raw[above] + 40, "clockwise: the screen above is on the right"
    assert raw[below + 1] < raw[below] + 40, "the person below is on the left"


def test_different_pictures_are_taken_all_over_a_video(tmp_path):
    """A person may walk in late; a picture is not taken twice."""
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast", "g": "10"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(50):
            frame = av.VideoFrame.from_image(Image.new("RGB", (64, 48), (number * 5, number * 5, number * 5)))
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with (tmp_path / "a.mp4").open("rb") as stream:
        levels = [picture.tobytes()[0] for picture in keyframes(stream, 5, short_side_px=48)]
        assert levels == pytest.approx([0, 50, 100, 150, 200], abs=8)
        assert len(keyframes(stream, 20, short_side_px=48)) == 5


async def test_an_edit_that_hides_frames_leaves_their_number_unknown(tmp_path):
    """Programs differ in which of them they count."""
    path = tmp_path / "a.mp4"
    path.write_bytes(Film(runs=((250, 40),), edits=[(5000, 2000)]).written())
    footage = await looked_at(path)
    assert footage.frames is None
    assert footage.duration_s == 5.0
    assert "edit list" in footage.notes[0]


async def test_what_is_no_regular_file_is_refused_at_once(tmp_path):
    """Opening a pipe waits for somebody to write."""
    os.mkfifo(tmp_path / "pipe.mp4")
    for name in ("pipe.mp4", ".", "absent.mp4"):
        with pytest.raises(MediaError, match="file"):
            await looked_at(tmp_path / name)


async def test_a_track_of_sound_without_a_sample_is_no_sound(tmp_path):
    """A recorder whose microphone was off writes one."""
    path = tmp_path / "a.mp4"
    path.write_bytes(Film(runs=((10, 1),)).written())
    footage = await looked_at(path)
    assert footage.has_audio is False


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"PK\x03\x04 and no end", "breaks off"),
        (b"<html>", "page"),
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:10\nhttp://127.0.0.1/secret\n", "not a video"),
        (b"\x00\x00\x00\x10ftypisom\x00\x00\x00\x00", "no headers"),
        (bytes(4096), "not a video"),
    ],
)
async def test_what_is_no_footage_is_refused_with_words(tmp_path, content, words):
    """Playlists among them: FFmpeg would open what they name."""
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(MediaError, match=words):
        await looked_at(path)


@pytest.mark.parametrize(("form", "codec"), [("matroska", "libx264"), ("avi", "mpeg4")])
async def test_other_forms_that_break_off_are_known_for_it(tmp_path, form, codec):
    """FFmpeg opens half a file and tells the length of the whole."""
    path = tmp_path / "a.bin"
    with av.open(str(path), "w", format=form) as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(10):
            container.mux(stream.encode(av.VideoFrame.from_image(Image.new("RGB", (64, 48), (number, 9, 9)))))
        container.mux(stream.encode())
    assert (await looked_at(path)).sort == "video"
    whole = path.read_bytes()
    path.write_bytes(whole[:-50])
    with pytest.raises(MediaError, match="breaks off: the last 50 bytes"):
        await looked_at(path)


async def test_a_recording_that_was_sent_as_it_was_made_does_not_tell_its_length(tmp_path):
    """A live Matroska stream leaves the size open; unknown is not broken."""
    path = tmp_path / "a.mkv"
    write(path, "matroska", {"live": "1"})
    assert (await looked_at(path)).sort == "video"


_FORMS = st.sampled_from(
    [b"\x1aE\xdf\xa3", b"RIFF", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"OggS", b""]
)


@settings(max_examples=60)
@given(start=_FORMS, rest=st.binary(max_size=400))
@example(start=b"", rest=b"\x00\x00\x00\x18ftypmif1" + bytes(40))
async def test_whatever_the_bytes_nothing_but_a_known_error_comes_of_them(tmp_path_factory, start, rest):
    """Libraries meet them too."""
    path = tmp_path_factory.mktemp("any") / "a.bin"
    path.write_bytes(start + rest)

    def opened(_address):
        from contextlib import asynccontextmanager

        @asynccontextmanager
        async def one():
            async with FileReader.open(path) as reader:
                yield reader

        return one()

    asked = Asked(decoded=True, samples=frozenset({(0, 255, 0)}))
    seen = (await Looker(opened).look_at({"a.bin": asked}))["a.bin"]
    assert (seen.footage is None) <= isinstance(seen.failure, MediaError)
