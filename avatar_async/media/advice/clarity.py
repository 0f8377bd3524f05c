"""What an encoding quality leaves of a picture."""

from fractions import Fraction
from io import BytesIO
from typing import TYPE_CHECKING, cast

import av
import av.error
from av.video.frame import VideoFrame
from PIL import Image, ImageChops, ImageStat

from avatar_async.errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Callable


def encoded(picture: Image.Image, crf: int) -> Image.Image:
    """Return what H.264 at a quality leaves of a picture, alone as a keyframe; odd sides lose a pixel.

    The vendor's encoder is not known: this shows the direction, as x264 has it.

    Args:
        picture: The picture.
        crf: Constant rate factor, 0 to 51; lower is clearer (`videoCrfQuality`).

    Raises:
        MediaError: The encoder refuses.
    """
    wide, high = max(2, picture.width // 2 * 2), max(2, picture.height // 2 * 2)
    even = picture.convert("RGB").crop((0, 0, wide, high))
    from_image = cast("Callable[[Image.Image], VideoFrame]", VideoFrame.from_image)
    stream = BytesIO()
    try:
        with av.open(stream, "w", format="matroska") as out:
            track = out.add_stream(
                "libx264", rate=Fraction(25), options={"crf": str(crf), "preset": "medium"}
            )
            track.width, track.height, track.pix_fmt = wide, high, "yuv420p"
            out.mux(track.encode(from_image(even)))
            out.mux(track.encode(None))
        stream.seek(0)
        with av.open(stream, "r") as container:
            decoded = next(container.decode(video=0))
            return cast("Callable[[], Image.Image]", decoded.to_image)()
    except av.error.FFmpegError as error:
        raise MediaError(f"the picture cannot be encoded: {error.strerror or error}") from error


def loss(picture: Image.Image, crf: int) -> float:
    """Return how far an encoding quality changes a picture: root mean square in percent of full scale.

    Raises:
        MediaError: The encoder refuses.
    """
    seen = encoded(picture, crf)
    apart = ImageChops.difference(seen, picture.convert("RGB").crop((0, 0, *seen.size)))
    bands = ImageStat.Stat(apart).rms
    return float(100 * (sum(each**2 for each in bands) / len(bands)) ** 0.5 / 255)
