"""Read pictures and videos from bytes, files and file objects, never from URLs.

FFmpeg would follow playlists to other files and hosts and accepts untrusted certificates, so every
container is opened through Python file objects, with a closed list of formats and no protocols.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Literal, cast

import av
import av.error
from attrs import frozen
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image, ImageOps, UnidentifiedImageError

from avatar_async.errors import MediaError

MediaSource = bytes | Path | BinaryIO

_FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,ogg,asf,mp3,wav,flac,aac,amr"
_CONTAINER_OPTIONS = {"format_whitelist": _FORMATS, "protocol_whitelist": "none", "enable_drefs": "0"}
#: Frames decoded at most to reach a sampled instant; past that the nearest one seen is taken.
_DECODE_FORWARD_FRAMES = 300
_MAX_PIXELS = 64_000_000


@frozen(kw_only=True)
class MediaInfo:
    """Say what a file holds, as far as its headers tell.

    Attributes:
        kind: A still image, a video (with or without sound) or sound alone.
        width_px: Width as coded, that is before any rotation; 0 for sound alone.
        height_px: Height as coded, that is before any rotation; 0 for sound alone.
        duration_s: Length in seconds; None for images and where the container does not say.
        fps: Average frames per second; None where unknown.
        frames: Number of frames; None where the container does not say.
        codec: FFmpeg's or Pillow's name of the coding.
        has_audio: True if there is a sound track.
    """

    kind: Literal["image", "video", "audio"]
    width_px: int
    height_px: int
    duration_s: float | None
    fps: float | None
    frames: int | None
    codec: str
    has_audio: bool


@contextmanager
def opened(source: MediaSource) -> Iterator[InputContainer]:
    """Open a video or sound container for reading.

    Raises:
        MediaError: It is not a container this package reads, or it breaks off.
    """
    with _file_object(source) as stream:
        try:
            container = av.open(stream, mode="r", container_options=_CONTAINER_OPTIONS)
        except (av.error.FFmpegError, ValueError) as error:
            raise MediaError("not a video or sound file that can be read") from error
        try:
            yield container
        except av.error.FFmpegError as error:
            raise MediaError(f"the file cannot be decoded: {error.strerror or error}") from error
        finally:
            container.close()


def probe(source: MediaSource) -> MediaInfo:
    """Tell what a file holds, from its headers only.

    Raises:
        MediaError: It is neither an image nor a video nor sound.
    """
    with _picture_header(source) as picture:
        if picture is not None:
            return MediaInfo(
                kind="image",
                width_px=picture.width,
                height_px=picture.height,
                duration_s=None,
                fps=None,
                frames=1,
                codec=(picture.format or "image").lower(),
                has_audio=False,
            )
    with opened(source) as container:
        has_audio = bool(container.streams.audio)
        duration_s = container.duration / av.time_base if container.duration else None
        if not container.streams.video:
            if not has_audio:
                raise MediaError("the file holds neither pictures nor sound")
            return MediaInfo(
                kind="audio",
                width_px=0,
                height_px=0,
                duration_s=duration_s,
                fps=None,
                frames=None,
                codec=container.streams.audio[0].codec_context.name,
                has_audio=True,
            )
        stream = container.streams.video[0]
        if duration_s is None and stream.duration is not None and stream.time_base is not None:
            duration_s = float(stream.duration * stream.time_base)
        return MediaInfo(
            kind="video",
            width_px=stream.codec_context.width,
            height_px=stream.codec_context.height,
            duration_s=duration_s,
            fps=float(stream.average_rate) if stream.average_rate else None,
            frames=stream.frames or None,
            codec=stream.codec_context.name,
            has_audio=has_audio,
        )


def first_frame(source: MediaSource) -> Image.Image:
    """Return an image as it is, or a video's first frame, as RGB at full size.

    Raises:
        MediaError: Nothing in the file can be decoded to a picture.
    """
    picture = _picture(source)
    return picture if picture is not None else next(iter_frames(source))


def iter_frames(
    source: MediaSource,
    *,
    short_side_px: int | None = None,
    max_s: float | None = None,
) -> Iterator[Image.Image]:
    """Yield a video's frames from its start, as RGB, the right way up.

    Args:
        source: The video.
        short_side_px: Shrink frames so that the shorter side is at most this; None keeps the size.
        max_s: Stop after this many seconds of video.

    Raises:
        MediaError: There is no video, no frame of it can be decoded, or it breaks off.
    """
    with opened(source) as container:
        stream = video_stream(container)
        any_frame = False
        for frame in container.decode(stream):
            if max_s is not None and any_frame and _time_s(frame) >= max_s:
                return
            any_frame = True
            yield upright(frame, short_side_px)
        if not any_frame:
            raise MediaError("the video has no frame that can be decoded")


def sample_frames(
    source: MediaSource,
    count: int,
    *,
    start_s: float = 0.0,
    end_s: float | None = None,
    short_side_px: int | None = None,
) -> list[Image.Image]:
    """Return up to `count` frames spread evenly over a part of a video, cheaply by seeking.

    An image yields itself, once. A part that lies outside the video is moved inside.

    Args:
        source: The video or image.
        count: How many frames are wanted, at least 1.
        start_s: Where the part begins, in seconds.
        end_s: Where it ends, in seconds; None means the end of the video.
        short_side_px: Shrink frames so that the shorter side is at most this.

    Raises:
        MediaError: Nothing in the file can be decoded to a picture.
    """
    picture = _picture(source)
    if picture is not None:
        return [shrink(picture, short_side_px)]
    images: list[Image.Image] = []
    with opened(source) as container:
        stream = video_stream(container)
        duration_s = container.duration / av.time_base if container.duration else 0.0
        last_s = max(0.0, duration_s - 0.05)
        first_s = min(max(0.0, start_s), last_s)
        final_s = last_s if end_s is None else min(max(first_s, end_s), last_s)
        for index in range(max(1, count)):
            at_s = first_s + (final_s - first_s) * index / max(1, count - 1)
            frame = _frame_at(container, stream, at_s)
            if frame is not None:
                images.append(upright(frame, short_side_px))
    if not images:
        raise MediaError("the video has no frame that can be decoded")
    return images


def shrink(image: Image.Image, short_side_px: int | None) -> Image.Image:
    """Return the image with its shorter side at most `short_side_px`, with even sides if resized."""
    size = fitted(image.width, image.height, short_side_px)
    return image if size == image.size else image.resize(size, Image.Resampling.BOX, reducing_gap=2.0)


def fitted(width_px: int, height_px: int, short_side_px: int | None) -> tuple[int, int]:
    """Return the size that keeps the proportions with the shorter side at most `short_side_px`."""
    short = min(width_px, height_px)
    if short_side_px is None or short <= short_side_px:
        return width_px, height_px
    factor = short_side_px / short
    return max(2, round(width_px * factor / 2) * 2), max(2, round(height_px * factor / 2) * 2)


@contextmanager
def _file_object(source: MediaSource) -> Iterator[BinaryIO]:
    if isinstance(source, bytes):
        yield BytesIO(source)
    elif isinstance(source, Path):
        try:
            stream = source.open("rb")
        except OSError as error:
            raise MediaError(f"{source.name} cannot be opened: {error.strerror}") from error
        with stream:
            yield stream
    else:
        source.seek(0)
        yield source


@contextmanager
def _picture_header(source: MediaSource) -> Iterator[Image.Image | None]:
    with _file_object(source) as stream:
        try:
            image = Image.open(stream)
        except UnidentifiedImageError:
            yield None
            return
        except (OSError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise MediaError(f"the image cannot be read: {error}") from error
        if image.width * image.height > _MAX_PIXELS:
            raise MediaError(f"the image has {image.width} x {image.height} pixels, too many to decode")
        yield image


def _picture(source: MediaSource) -> Image.Image | None:
    with _picture_header(source) as image:
        if image is None:
            return None
        try:
            return ImageOps.exif_transpose(image).convert("RGB")
        except (OSError, ValueError, SyntaxError) as error:
            raise MediaError(f"the image cannot be decoded: {error}") from error


def video_stream(container: InputContainer) -> VideoStream:
    """Return the first track of pictures, ready to be decoded.

    Raises:
        MediaError: There is none, or its pictures are too large.
    """
    if not container.streams.video:
        raise MediaError("the file has no video track")
    stream = container.streams.video[0]
    if stream.codec_context.width * stream.codec_context.height > _MAX_PIXELS:
        raise MediaError("the video's frames have too many pixels to decode")
    stream.thread_type = "AUTO"
    return stream


def _frame_at(container: InputContainer, stream: VideoStream, at_s: float) -> VideoFrame | None:
    container.seek(int(at_s * av.time_base), backward=True)
    latest: VideoFrame | None = None
    for decoded, frame in enumerate(container.decode(stream)):
        latest = frame
        if _time_s(frame) >= at_s - 0.02 or decoded >= _DECODE_FORWARD_FRAMES:
            break
    return latest


def _time_s(frame: VideoFrame) -> float:
    """Return when a frame is shown; a frame that does not say counts as the very end."""
    at_s = cast("float | None", frame.time)
    return math.inf if at_s is None else at_s


def upright(frame: VideoFrame, short_side_px: int | None) -> Image.Image:
    """Return a frame as RGB, the right way up, its shorter side at most `short_side_px`."""
    width_px, height_px = fitted(frame.width, frame.height, short_side_px)
    to_image = cast("Callable[..., Image.Image]", frame.to_image)
    image = to_image(width=width_px, height=height_px)
    return image.rotate(frame.rotation, expand=True) if frame.rotation % 360 else image
