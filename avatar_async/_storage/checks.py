"""Whether a file is what its name says, as far as its bytes can tell. Blocking; for worker threads."""

import zipfile
import zlib
from pathlib import PurePosixPath
from threading import Event
from typing import BinaryIO

from attrs import frozen

#: Bytes read at a time, so that a wish to stop is noticed soon.
BLOCK_BYTES = 1 << 20
#: Declared unpacked length above which a zip is not trusted.
MAX_UNPACKED_BYTES = 64 << 30
#: Deflate packs at most 1032 to 1: a zip that declares more lies.
_MAX_RATIO = 1100
_MAX_MEMBERS = 200_000
_ENCRYPTED = 0x1

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
_MP4_FIRST_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide"})


class StoppedError(Exception):
    """Tell the thread's caller that it was asked to stop; never leaves this package."""


@frozen(kw_only=True)
class Finding:
    """What a look at a file found.

    Attributes:
        problem: What is wrong with it; None if nothing was found.
        sound: Whether the whole content was proven good (checksums or a full decode), not its start only.
        note: What a person should know about it.
    """

    problem: str | None = None
    sound: bool = False
    note: str | None = None


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
    if suffix == ".zip" or start.startswith(b"PK\x03\x04"):
        return _examine_zip(handle, stop)
    if suffix in _MATROSKA_SUFFIXES:
        return _magic(start.startswith(_MATROSKA_MAGIC), "a WebM or Matroska video")
    if suffix in _MP4_SUFFIXES:
        return _examine_mp4(handle, start, length_known=length_known)
    if suffix in _IMAGE_MAGIC:
        return _examine_image(handle, start.startswith(_IMAGE_MAGIC[suffix]))
    if role in {"thumbnail", "image"}:
        known = any(start.startswith(magic) for each in _IMAGE_MAGIC.values() for magic in each)
        return _examine_image(handle, known)
    if role == "video":
        known = start.startswith(_MATROSKA_MAGIC) or start[4:8] in _MP4_FIRST_BOXES
        return _magic(known, "an MP4 or WebM video")
    return Finding(problem=None if start else "it is empty")


def _magic(agrees: bool, what: str) -> Finding:
    return Finding(problem=None if agrees else f"it does not start like {what}")


def _examine_zip(handle: BinaryIO, stop: Event) -> Finding:
    try:
        with zipfile.ZipFile(handle) as archive:
            members = archive.infolist()
            problem = _implausible(members, handle)
            if problem is not None:
                return Finding(problem=problem)
            unchecked = 0
            for member in members:
                if member.flag_bits & _ENCRYPTED:
                    unchecked += 1
                    continue
                with archive.open(member) as content:
                    while content.read(BLOCK_BYTES):
                        if stop.is_set():
                            raise StoppedError
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError, OverflowError) as error:
        return Finding(problem=f"the zip is damaged ({str(error) or type(error).__name__})")
    except (NotImplementedError, RuntimeError) as error:
        return Finding(note=f"not every member of the zip could be checked ({error})")
    if unchecked:
        return Finding(note=f"{unchecked} encrypted members of the zip could not be checked")
    return Finding(sound=True)


def _implausible(members: list[zipfile.ZipInfo], handle: BinaryIO) -> str | None:
    length = handle.seek(0, 2)
    unpacked = sum(member.file_size for member in members)
    if len(members) > _MAX_MEMBERS:
        return f"the zip lists {len(members)} members, more than {_MAX_MEMBERS}"
    if unpacked > MAX_UNPACKED_BYTES or unpacked > length * _MAX_RATIO:
        return f"the zip declares {unpacked} bytes unpacked, which {length} bytes cannot honestly hold"
    return None


def _examine_image(handle: BinaryIO, magic: bool) -> Finding:
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        return _magic(magic, "the image its name says")
    try:
        with Image.open(handle) as picture:
            picture.load()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        return Finding(problem=None if magic else "it is no image", note=f"not decoded: {error}")
    except UnidentifiedImageError:
        return _magic(magic, "the image its name says")
    except (OSError, SyntaxError, ValueError, EOFError, zlib.error) as error:
        return Finding(problem=f"the image cannot be decoded ({error})")
    return Finding(sound=True)


def _examine_mp4(handle: BinaryIO, start: bytes, *, length_known: bool) -> Finding:
    if start[4:8] not in _MP4_FIRST_BOXES:
        return _magic(False, "an MP4 video")
    if length_known:
        return Finding()
    end, position = handle.seek(0, 2), 0
    while position + 8 <= end:
        handle.seek(position)
        header = handle.read(16)
        size = int.from_bytes(header[:4], "big")
        if size == 1 and len(header) == 16:
            size = int.from_bytes(header[8:16], "big")
        elif size == 0:
            size = end - position
        if size < 8 or position + size > end:
            return Finding(problem="the video's end is missing")
        position += size
    return Finding()
