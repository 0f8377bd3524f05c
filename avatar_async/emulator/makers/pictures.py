"""Pictures of models, each of which says itself whose pixels it holds."""

from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from avatar_async.media.keyer import LABEL

#: What pictures say of themselves that were not keyed.
UNCHANGED: Final = "emulated: a frame as it was filmed"


def frame_file(frame: Image.Image, quality: int, told: str | None = None) -> tuple[str, bytes]:
    """Return a frame's suffix and file: PNG if it was keyed, else JPEG.

    Args:
        frame: RGBA if it was keyed.
        quality: JPEG's.
        told: What a frame that was not keyed says of itself, if it is not just as it was filmed.
    """
    content = BytesIO()
    if frame.mode == "RGBA":
        texts = PngInfo()
        texts.add_itxt("Comment", LABEL)
        frame.save(content, "PNG", compress_level=1, pnginfo=texts)
        return "png", content.getvalue()
    frame.save(content, "JPEG", quality=quality, comment=told or UNCHANGED)
    return "jpg", content.getvalue()


def write_thumbnail(frame: Image.Image, target: Path) -> None:
    """Write a frame as it was filmed.

    Raises:
        OSError: It cannot be written.
    """
    frame.convert("RGB").save(target, quality=88, comment=UNCHANGED)
