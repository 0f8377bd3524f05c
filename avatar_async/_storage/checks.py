"""Whether a file is what its name says, as far as its bytes can tell. Blocking; for worker threads."""

from pathlib import PurePosixPath
from threading import Event
from typing import BinaryIO

from avatar_async._storage.findings import Finding, StoppedError
from avatar_async._storage.zips import examine_zip

_IMAGE_MAGIC: dict[str, tuple[bytes, ...]] = {
    ".png": (b"\x89PNG\r\n\x1a\n",),
    ".jpg": (b"\xff\xd8\xff",),
    ".jpeg": (b"\xff\xd8\xff",),
    ".gif": (b"GIF87a", b"GIF89a"),
    ".webp": (b"RIFF",),
    ".bmp": (b"BM",),
}
_MP4_SUFFIXES = frozenset({".mp4", ".m4v", ".mov"})
_MATROSKA_SUFFIXES = frozenset({".webm", ".mkv"})
_MATROSKA_MAGIC = b"\x1a\x45\xdf\xa3"
#: What is tried to decode: others of Pillow's start programs, or read what the bytes name.
_IMAGE_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP")
_IMAGE_ENDS = {"PNG": b"IEND\xaeB`\x82", "JPEG": b"\xff\xd9", "GIF": b";"}
_MAX_PIXELS = 80_000_000
_MAX_BOXES = 100_000
_MP4_FIRST_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide"})


def examine(handle: BinaryIO, name: str, role: str, *, length_known: bool, stop: Event) -> Finding:
    """Look at a complete download.

    Args:
        handle: The file, seekable.
        name: Its final name; the suffix says what it should be, then the role.
        role: model, thumbnail, image or video.
        length_known: Whether its length agreed with one told beforehand; if not, an MP4's boxes are
            walked to notice a missing end.
        stop: Set by who no longer waits for the answer.

    Raises:
        StoppedError: `stop` was set.
    """
    suffix = PurePosixPath(name).suffix.lower()
    handle.seek(0)
    start = handle.read(16)
    handle.seek(0)
    if suffix == ".zip" and _as_its_role(start, role):
        suffix = ""
    if suffix == ".zip" or start.startswith(b"PK\x03\x04"):
        return examine_zip(handle, stop)
    if suffix in _MATROSKA_SUFFIXES:
        return _magic(start.startswith(_MATROSKA_MAGIC), "a WebM or Matroska video")
    if suffix in _MP4_SUFFIXES:
        return _examine_mp4(handle, start, length_known=length_known, stop=stop)
    if suffix in _IMAGE_MAGIC:
        return _examine_image(handle, start.startswith(_IMAGE_MAGIC[suffix]))
    if role in {"thumbnail", "image"}:
        return _examine_image(handle, _as_its_role(start, role))
    if role == "video":
        return _magic(_as_its_role(start, role), "an MP4 or WebM video")
    return Finding(problem=None if start else "it is empty")


def _as_its_role(start: bytes, role: str) -> bool:
    """Tell whether a file starts like what its role says, so that its name may be anything."""
    if role in {"thumbnail", "image"}:
        return any(start.startswith(magic) for each in _IMAGE_MAGIC.values() for magic in each)
    return role == "video" and (start.startswith(_MATROSKA_MAGIC) or start[4:8] in _MP4_FIRST_BOXES)


def _magic(agrees: bool, what: str) -> Finding:
    return Finding(problem=None if agrees else f"it does not start like {what}")


def _examine_image(handle: BinaryIO, magic: bool) -> Finding:
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        return _magic(magic, "the image its name says")
    try:
        with Image.open(handle, formats=_IMAGE_FORMATS) as picture:
            pixels = picture.width * picture.height
            if pixels > _MAX_PIXELS:
                return Finding(note=f"not decoded: {pixels} pixels are more than {_MAX_PIXELS}")
            picture.load()
            sort = picture.format or ""
        handle.seek(-min(16, handle.seek(0, 2)), 2)
        whole = handle.read().endswith(_IMAGE_ENDS.get(sort, b""))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        return Finding(problem=None if magic else "it is no image", note=f"not decoded: {error}")
    except UnidentifiedImageError:
        return _magic(magic, "the image its name says")
    except Exception as error:  # noqa: BLE001 - hostile bytes make decoders raise anything
        return Finding(problem=f"the image cannot be decoded ({str(error) or type(error).__name__})")
    return Finding(sound=whole and sort == "PNG", whole=whole)


def _examine_mp4(handle: BinaryIO, start: bytes, *, length_known: bool, stop: Event) -> Finding:
    if start[4:8] not in _MP4_FIRST_BOXES:
        return _magic(False, "an MP4 video")
    whole = _walks_to_its_end(handle, stop)
    if not whole and not length_known:
        return Finding(problem="the video's end is missing")
    return Finding(whole=whole)


def _walks_to_its_end(handle: BinaryIO, stop: Event) -> bool:
    """Tell whether the boxes of an MP4 fill the file exactly."""
    end, position = handle.seek(0, 2), 0
    for _ in range(_MAX_BOXES):
        if stop.is_set():
            raise StoppedError
        handle.seek(position)
        header = handle.read(16)
        size = int.from_bytes(header[:4], "big")
        if size == 1 and len(header) == 16:
            size = int.from_bytes(header[8:16], "big")
        elif size == 0:
            size = end - position
        position += size
        if size < 8 or position >= end:
            return size >= 8 and position == end
    return False
