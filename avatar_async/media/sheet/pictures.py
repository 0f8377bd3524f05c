"""Pictures of a contact sheet: read one at a time, made small, and written into the page."""

from base64 import b64encode
from io import BytesIO
from pathlib import Path
from typing import Any

from attrs import field, frozen
from PIL import Image

from avatar_async.errors import MediaError
from avatar_async.media.frames import first_frame

#: Longer side of a picture on the page at most, in pixels.
SHOWN_PX = 960
#: Pictures of videos and images in one go; 4:4:4 since a halved chroma would tint the edges by itself.
_SHOWN_QUALITY = 85


@frozen
class Embedded:
    """Hold a picture as it stands in the page.

    Attributes:
        uri: Its `data:` address.
        size: Width and height, in pixels.
    """

    uri: str = field(repr=False)
    size: tuple[int, int]


def load(path: Path) -> Image.Image:
    """Return a picture, or a video's first frame, as RGB.

    Raises:
        MediaError: Nothing in the file can be decoded.
    """
    try:
        return first_frame(path)
    except OSError as error:  # the file opens and then cannot be read
        raise MediaError(f"{path.name} cannot be read: {error.strerror or error}") from error


def fitted(size: tuple[int, int], longest_px: int) -> tuple[int, int]:
    """Return a size with the same proportions whose longer side is at most so long."""
    factor = min(1.0, longest_px / max(size))
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def small(image: Image.Image, longest_px: int = SHOWN_PX) -> Image.Image:
    """Return a picture small enough to be shown; never enlarged."""
    size = fitted(image.size, longest_px)
    if size == image.size:
        return image
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def shown(image: Image.Image) -> Embedded:
    """Return a photograph for the page."""
    return _embedded(image, "JPEG", quality=_SHOWN_QUALITY, subsampling=0, optimize=True)


def exact(image: Image.Image) -> Embedded:
    """Return a picture or matte for the page without loss."""
    return _embedded(image, "PNG", compress_level=6)


def _embedded(image: Image.Image, form: str, **options: Any) -> Embedded:
    target = BytesIO()
    image.save(target, form, **options)
    content = b64encode(target.getbuffer()).decode("ascii")
    return Embedded(f"data:image/{form.lower()};base64,{content}", image.size)
