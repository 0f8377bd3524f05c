"""Pictures spread over a video, got by decoding as little as can be."""

from collections.abc import Callable

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from avatar_async.errors import MediaError
from avatar_async.media.frames import MediaSource, opened, upright, video_stream

#: Packets read at most until one is found that can be decoded by itself.
_MOST_PACKETS = 400


def keyframes(
    source: MediaSource, count: int, *, short_side_px: int, late: Callable[[], bool] = lambda: False
) -> list[Image.Image]:
    """Return up to `count` different pictures spread over a video, each one decodable by itself.

    Args:
        source: The video.
        count: How many are wanted, at least 1.
        short_side_px: Length of the pictures' shorter side at most.
        late: Tells whether to make do with the pictures had so far.

    Raises:
        MediaError: No picture can be decoded.
    """
    images: list[Image.Image] = []
    with opened(source) as container:
        stream = video_stream(container)
        stream.thread_type = "NONE"
        duration_s = container.duration / av.time_base if container.duration else 0.0
        seen: set[int | None] = set()
        for index in range(count if duration_s else 1):
            if images and late():
                break
            at_s = duration_s * (index + 0.5) / count if duration_s else None
            frame = _new_frame_near(container, stream, at_s, seen)
            if frame is not None:
                images.append(upright(frame, short_side_px))
    if not images:
        raise MediaError("no picture of it can be decoded")
    return images


def _new_frame_near(
    container: InputContainer, stream: VideoStream, at_s: float | None, seen: set[int | None]
) -> VideoFrame | None:
    """Return the last picture before an instant that can be decoded alone; None if it was seen before."""
    if at_s is not None:
        container.seek(int(at_s * av.time_base), backward=True)
    for number, packet in enumerate(container.demux(stream)):
        if number >= _MOST_PACKETS:
            return None
        if packet.is_keyframe and packet.size:
            if packet.pts in seen:
                return None
            seen.add(packet.pts)
            frames = [*stream.codec_context.decode(packet), *stream.codec_context.decode(None)]
            if frames:
                return frames[0]
            stream.codec_context.flush_buffers()
    return None
