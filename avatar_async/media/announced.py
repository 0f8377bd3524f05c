"""How long files of other forms than MP4 say they are, told by their first bytes."""

EBML_START, _SEGMENT = b"\x1aE\xdf\xa3", b"\x18\x53\x80\x67"
RIFF_START = b"RIFF"


def announced_bytes(head: bytes) -> int | None:
    """Return how long a Matroska, WebM, AVI, WAV or WebP file says it is; None where it does not say.

    Args:
        head: First bytes of the file, 64 at least where it has as many.
    """
    if head.startswith(RIFF_START) and len(head) >= 8:
        return 8 + int.from_bytes(head[4:8], "little") or None
    if head.startswith(EBML_START):
        return _segment_end(head)
    return None


def _segment_end(head: bytes) -> int | None:
    """Return where the segment ends that follows a Matroska file's header; a recording leaves it open."""
    size = _size(head, len(EBML_START))
    if size is None:
        return None
    at = size[1] + size[0]
    if head[at : at + 4] != _SEGMENT:
        return None
    size = _size(head, at + 4)
    return None if size is None else size[1] + size[0]


def _size(head: bytes, at: int) -> tuple[int, int] | None:
    """Return an EBML size and where what follows it begins; None if it is unknown or breaks off."""
    if at >= len(head) or not head[at]:
        return None
    width = 9 - head[at].bit_length()
    raw = head[at : at + width]
    most = (1 << 7 * width) - 1
    value = int.from_bytes(raw, "big") & most
    return None if len(raw) < width or value == most else (value, at + width)
