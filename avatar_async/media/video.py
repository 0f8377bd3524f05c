"""Encode frames and sound to MP4 or WebM, and key whole videos."""

import math
from array import array
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from itertools import chain, islice
from pathlib import Path
from typing import Literal, cast

import av
import av.error
from attrs import frozen
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from avatar_async.errors import MediaError
from avatar_async.media.frames import MediaInfo, MediaSource, fitted, iter_frames, opened, probe
from avatar_async.media.keyer import LABEL, QUALITY_LABEL, KeyParameters, Screen, key
from avatar_async.media.limits import PREVIEW_MAX_S, PREVIEW_SHORT_SIDE_PX

_SAMPLE_RATE_HZ = 44_100
_TONE_HZ = 220.0
#: Frames from one that stands for itself to the next.
_KEYFRAME_EVERY = 25
_TICKS_HZ = 12_800


@frozen(kw_only=True)
class KeyedVideo:
    """Say how a video was keyed.

    Attributes:
        frames: Frames written.
        width_px: Width of the result.
        height_px: Height of the result.
        warnings: What a person should know about this result.
    """

    frames: int
    width_px: int
    height_px: int
    warnings: tuple[str, ...]


def encode(
    frames: Iterable[Image.Image],
    target: Path,
    *,
    fps: float,
    crf: int = 23,
    sound: Iterable[AudioFrame] = (),
    container: Literal["mp4", "webm"] = "mp4",
    comment: str | None = None,
) -> int:
    """Encode frames of one size to H.264 in MP4, or VP8 in WebM; return how many there were.

    The bytes depend on the arguments only. Odd sides are cut by one pixel.

    Raises:
        MediaError: There is no frame, or the encoder refuses.
    """
    remaining = iter(frames)
    first = next(remaining, None)
    if first is None:
        raise MediaError("there is no frame to encode")
    width_px, height_px = max(2, first.width // 2 * 2), max(2, first.height // 2 * 2)
    rate = Fraction(fps).limit_denominator(1001)
    options = {"movflags": "+faststart"} if container == "mp4" else {}
    from_image = cast("Callable[[Image.Image], VideoFrame]", VideoFrame.from_image)
    written = 0
    try:
        with av.open(
            target, "w", format=container, container_options={"fflags": "+bitexact", **options}
        ) as out:
            if comment:
                out.metadata["comment"] = comment
            video = _video_track(out, rate, crf, container)
            video.width, video.height = width_px, height_px
            video.codec_context.gop_size = _KEYFRAME_EVERY
            audio = _sound_track(out, container) if sound else None
            for image in chain([first], remaining):
                picture = (
                    image if image.size == (width_px, height_px) else image.crop((0, 0, width_px, height_px))
                )
                frame = from_image(picture)
                frame.pts = round(written / rate * _TICKS_HZ)
                frame.time_base = Fraction(1, _TICKS_HZ)
                written += 1
                out.mux(video.encode(frame))
            out.mux(video.encode(None))
            if audio is not None:
                _encode_sound(out, audio, sound, written / float(rate))
    except av.error.FFmpegError as error:
        raise MediaError(f"the video cannot be encoded: {error.strerror or error}") from error
    return written


def key_video(
    source: MediaSource,
    target: Path,
    parameters: KeyParameters,
    *,
    comment: str = "",
    quality: bool = False,
    stopped: Callable[[], bool] = lambda: False,
) -> KeyedVideo:
    """Key the first 10 s of a video at 540p at most, and encode it without sound.

    Args:
        source: The video.
        target: Where the MP4 goes.
        parameters: How to key it.
        comment: Written to the file's metadata after the label that all previews carry and what is to be
            known of this one.
        quality: Key as `keyer.key` does in its quality mode; the label tells of it.
        stopped: Asked before each frame; True ends the work early.

    Raises:
        MediaError: The video cannot be decoded or the result not be encoded, or `stopped` said so.
    """
    info = probe(source)
    if info.kind != "video":
        raise MediaError("the file is not a video")
    size = fitted(info.width_px, info.height_px, PREVIEW_SHORT_SIDE_PX)
    warnings = dict.fromkeys(_left_out(info, size))

    def keyed() -> Iterator[Image.Image]:
        screen: Screen | Literal["estimate"] | None = "estimate"
        for image in iter_frames(source, short_side_px=PREVIEW_SHORT_SIDE_PX, max_s=PREVIEW_MAX_S):
            if stopped():
                raise MediaError("the work was stopped")
            result = key(image, parameters, screen=screen, quality=quality)
            screen = result.screen
            warnings.update(dict.fromkeys(result.warnings))
            yield result.image

    frames = keyed()
    first = list(islice(frames, 1))
    # The encoder writes what is said of the video before its first frame.
    told = "; ".join([QUALITY_LABEL if quality else LABEL, *warnings])
    written = encode(chain(first, frames), target, fps=info.fps or 25.0, comment=f"{told} {comment}".strip())
    return KeyedVideo(frames=written, width_px=size[0], height_px=size[1], warnings=tuple(warnings))


def _left_out(info: MediaInfo, size: tuple[int, int]) -> Iterator[str]:
    """Yield what the limits of previews take from a video."""
    if info.duration_s is not None and info.duration_s > PREVIEW_MAX_S:
        yield f"only the first {PREVIEW_MAX_S:g} s of {info.duration_s:.1f} s are keyed"
    if min(info.width_px, info.height_px) > PREVIEW_SHORT_SIDE_PX:
        wide, high = size
        yield f"made smaller, to {wide} x {high} of {info.width_px} x {info.height_px}"


def tone(duration_s: float, *, level: float = 0.05) -> Iterator[AudioFrame]:
    """Yield a quiet sine tone; level 0 is silence."""
    samples = int(duration_s * _SAMPLE_RATE_HZ)
    step = 2 * math.pi * _TONE_HZ / _SAMPLE_RATE_HZ
    for start in range(0, samples, 1024):
        count = min(1024, samples - start)
        amplitude = 32767 * level
        content = array("h", [round(amplitude * math.sin(step * (start + index))) for index in range(count)])
        yield _mono_frame(content)


def sound_of(source: MediaSource, *, max_s: float) -> Iterator[AudioFrame]:
    """Yield the sound track of a file as 44.1 kHz mono, at most `max_s` seconds of it.

    Raises:
        MediaError: There is no sound in the file, or it cannot be decoded.
    """
    with opened(source) as container:
        if not container.streams.audio:
            raise MediaError("the file has no sound track")
        resampler = AudioResampler(format="s16", layout="mono", rate=_SAMPLE_RATE_HZ)
        left = int(max_s * _SAMPLE_RATE_HZ)
        decoded: Iterator[AudioFrame | None] = chain(container.decode(container.streams.audio[0]), (None,))
        for frame in decoded:
            for piece in resampler.resample(frame):
                count = min(left, piece.samples)
                if count <= 0:
                    return
                yield _mono_frame(array("h", bytes(piece.planes[0])[: 2 * count]))
                left -= count


def _mono_frame(content: "array[int]") -> AudioFrame:
    frame = AudioFrame(format="s16", layout="mono", samples=len(content))
    frame.sample_rate = _SAMPLE_RATE_HZ
    plane = frame.planes[0]
    padded = content.tobytes().ljust(plane.buffer_size, b"\0")
    plane.update(padded)
    return frame


def _video_track(out: OutputContainer, rate: Fraction, crf: int, container: str) -> VideoStream:
    if container == "webm":
        options = {"deadline": "realtime", "cpu-used": "8", "crf": str(max(4, crf))}
        video = out.add_stream("libvpx", rate=rate, options=options)
        video.bit_rate = 2_000_000
    else:
        video = out.add_stream("libx264", rate=rate, options={"crf": str(crf), "preset": "ultrafast"})
    video.pix_fmt = "yuv420p"
    video.codec_context.time_base = Fraction(1, _TICKS_HZ)
    return video


def _sound_track(out: OutputContainer, container: str) -> AudioStream:
    if container == "webm":
        return out.add_stream("libopus", rate=48_000, layout="mono")
    return out.add_stream("aac", rate=_SAMPLE_RATE_HZ, layout="mono")


def _encode_sound(
    out: OutputContainer, audio: AudioStream, sound: Iterable[AudioFrame], limit_s: float
) -> None:
    context = audio.codec_context
    resampler = AudioResampler(
        format=context.format, layout="mono", rate=context.sample_rate, frame_size=context.frame_size or 1024
    )
    written = 0
    left = int(limit_s * _SAMPLE_RATE_HZ)
    pieces: Iterator[AudioFrame | None] = chain(sound, (None,))
    for piece in pieces:
        if piece is not None and left <= 0:
            continue
        if piece is not None:
            left -= piece.samples
            piece.pts = None
        for frame in resampler.resample(piece):
            frame.pts = written
            frame.time_base = Fraction(1, context.sample_rate)
            written += frame.samples
            out.mux(audio.encode(frame))
    out.mux(audio.encode(None))
