"""Encoding, sound and keyed videos."""

import av
import pytest
from PIL import Image

from avatar_async.errors import MediaError
from avatar_async.media.clips import ClipStyle, make_clip, make_still, style_for
from avatar_async.media.frames import first_frame, probe
from avatar_async.media.keyer import KeyParameters
from avatar_async.media.video import encode, key_video, sound_of, tone


@pytest.mark.parametrize("container", ["mp4", "webm"])
def test_frames_and_sound_come_back(tmp_path, container):
    """Both formats the vendor names are made."""
    target = tmp_path / f"out.{container}"
    frames = [Image.new("RGB", (65, 49), (shade, 0, 0)) for shade in range(0, 250, 10)]
    assert encode(frames, target, fps=25, sound=tone(1.0), container=container) == 25
    info = probe(target)
    assert (info.width_px, info.height_px, info.has_audio) == (64, 48, True)
    assert info.duration_s == pytest.approx(1.0, abs=0.1)


def test_the_same_frames_make_the_same_bytes(tmp_path):
    """A task made anew after a crash must leave the same file."""
    for name in ("one.mp4", "two.mp4"):
        make_clip(tmp_path / name, ClipStyle(width_px=90, height_px=160), duration_s=0.4)
    assert (tmp_path / "one.mp4").read_bytes() == (tmp_path / "two.mp4").read_bytes()


def test_nothing_to_encode_is_an_error(tmp_path):
    """An empty video would look like a result."""
    with pytest.raises(MediaError):
        encode([], tmp_path / "none.mp4", fps=25)


def test_a_keyed_video_shows_the_background_and_its_label(clip, tmp_path):
    """The preview is the actual video, keyed, and says what it is."""
    result = key_video(clip, tmp_path / "keyed.mp4", KeyParameters(background_rgb=(0, 0, 255)))
    assert result.frames == 25
    pixel = first_frame(tmp_path / "keyed.mp4").getpixel((90, 20))
    assert isinstance(pixel, tuple)
    assert pixel[2] > 200
    assert max(pixel[:2]) < 60
    with av.open(tmp_path / "keyed.mp4") as container:
        assert "not the vendor's" in container.metadata["comment"]


def test_a_video_keyed_in_quality_mode_says_so_whatever_else_it_says(clip, tmp_path):
    """Nobody may take it for what the vendor will make."""
    result = key_video(clip, tmp_path / "keyed.mp4", KeyParameters(), comment="take 3", quality=True)
    assert any("quality mode" in warning for warning in result.warnings)
    with av.open(tmp_path / "keyed.mp4") as container:
        comment = container.metadata["comment"]
    assert comment.startswith("documented directions reproduced; not the vendor's pixels")
    assert "quality mode" in comment
    assert comment.endswith("take 3")


def test_a_long_large_video_is_cut_and_shrunk(tmp_path):
    """Six minutes of full size would take minutes to key."""
    source = tmp_path / "long.mp4"
    scene = make_still(ClipStyle(width_px=600, height_px=640))
    encode((scene for _ in range(24)), source, fps=2)
    result = key_video(source, tmp_path / "keyed.mp4", KeyParameters())
    assert (result.frames, result.width_px, result.height_px) == (20, 540, 576)
    assert "first 10 s" in result.warnings[0]


def test_a_stop_ends_the_work(clip, tmp_path):
    """A closing emulator must not wait for a whole video."""
    with pytest.raises(MediaError, match="stopped"):
        key_video(clip, tmp_path / "keyed.mp4", KeyParameters(), stopped=lambda: True)


def test_sound_is_cut_to_length_and_its_absence_is_told(clip, tmp_path):
    """Takeover takes its length from the sound."""
    assert sum(frame.samples for frame in sound_of(clip, max_s=0.5)) == 22_050
    make_clip(tmp_path / "mute.mp4", ClipStyle(width_px=90, height_px=160), duration_s=0.2, sound="none")
    with pytest.raises(MediaError, match="no sound"):
        list(sound_of(tmp_path / "mute.mp4", max_s=1))


def test_styles_in_a_row_differ_and_include_blue():
    """A demonstration should show more than one clip."""
    styles = [style_for(seed, width_px=90, height_px=160) for seed in range(4)]
    assert {style.screen for style in styles} == {"green", "blue"}
    assert len({make_still(style).tobytes() for style in styles}) == 4


@pytest.mark.parametrize(
    ("container", "codec"), [("mp3", "libmp3lame"), ("wav", "pcm_s16le"), ("matroska", "aac")]
)
def test_sound_files_of_the_usual_kinds_are_read(tmp_path, container, codec):
    """The vendor's takeover example names an .mp3."""
    target = tmp_path / "sound"
    with av.open(target, "w", format=container) as out:
        stream = out.add_stream(codec, rate=44_100, layout="mono")
        assert isinstance(stream, av.AudioStream)
        resampler = av.AudioResampler(
            format=stream.codec_context.format,
            layout="mono",
            rate=44_100,
            frame_size=stream.frame_size or 1024,
        )
        for frame in (*tone(1.0), None):
            if frame is not None:
                frame.pts = None
            for piece in resampler.resample(frame):
                out.mux(stream.encode(piece))
        out.mux(stream.encode(None))
    info = probe(target)
    assert info.kind == "audio"
    assert info.duration_s == pytest.approx(1.0, abs=0.1)
    assert sum(frame.samples for frame in sound_of(target, max_s=0.5)) == 22_050
