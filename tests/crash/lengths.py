"""Longer files for the witness: those that are received and written in other ways than the shortest."""

import hashlib
import io
import zipfile
from collections.abc import Sequence

#: Bytes that files are longer by, so that each of the ways comes up: read whole, read whole into memory of
#: their own, received into blocks.
EVERY_WAY = (0, 100_000, 700_000, 1_300_000, 3_000_000)


def grown(files: dict[str, bytes], lengths: Sequence[int], turn: int) -> dict[str, bytes]:
    """Return files of a task that are longer, each by the next of some lengths in turns, and still valid.

    Args:
        files: Their bytes by name.
        lengths: How many bytes more they have.
        turn: Which length comes first.
    """
    return {
        name: _grown(name, body, lengths[(turn + number) % len(lengths)])
        for number, (name, body) in enumerate(files.items())
    }


def _grown(name: str, body: bytes, length: int) -> bytes:
    more = hashlib.shake_128(hashlib.sha256(body).digest()).digest(length)
    if not length:
        return body
    if name.endswith(".mp4"):
        return body + (length + 8).to_bytes(4, "big") + b"free" + more
    if not name.endswith(".zip"):
        return body + more
    packed = io.BytesIO(body)
    with zipfile.ZipFile(packed, "a", zipfile.ZIP_STORED) as archive:
        archive.writestr("model/more.bin", more)
    return packed.getvalue()
