"""Where the parts of a zip lie, and whether its directory is one. Blocking; for worker threads."""

import struct
from typing import BinaryIO, Final

from attrs import frozen

#: Members above which a zip is not trusted.
MAX_MEMBERS: Final = 200_000
#: Length above which a directory is not read.
MAX_DIRECTORY_BYTES: Final = 32 << 20
_ENTRY: Final = b"PK\x01\x02"
_ENTRY_BYTES: Final = 46
#: Lengths of what follows an entry's fixed part: its name, its extra field, its comment.
_ENTRY_TAIL: Final = struct.Struct("<28x3H")
_END: Final = b"PK\x05\x06"
_END_BYTES: Final = 22
_LOCATOR: Final = b"PK\x06\x07"
_LOCATOR_BYTES: Final = 20
_END64: Final = b"PK\x06\x06"
_END64_BYTES: Final = 56
_MAX_COMMENT_BYTES: Final = 0xFFFF
#: What the end record's numbers are if only the wide one has room for them.
_MOST: Final = (0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)


@frozen(kw_only=True)
class Ends:
    """Where a zip's parts lie in its file (APPNOTE, sections 4.3.12 to 4.3.16).

    Attributes:
        directory_at: Where the directory begins.
        directory_bytes: How long it is.
        members: How many members it shall list, as far as the field that tells it reaches.
        most_members: Above that, the field begins anew at 0.
        one_disk: Whether it says, without contradicting itself, that all of it lies in this file.
        before_bytes: What lies before the zip's own first byte.
        behind_bytes: What lies behind its end; negative where the end is cut.
    """

    directory_at: int
    directory_bytes: int
    members: int
    most_members: int
    one_disk: bool
    before_bytes: int
    behind_bytes: int

    @property
    def alone(self) -> bool:
        """Whether nothing lies before and behind it."""
        return self.before_bytes == self.behind_bytes == 0


def find_ends(handle: BinaryIO, length: int) -> Ends | None:
    """Find the end record as Python's own reader does: at the very end, or the last one there is."""
    tail_bytes = min(length, _END_BYTES + _MAX_COMMENT_BYTES)
    handle.seek(length - tail_bytes)
    tail = handle.read(tail_bytes)
    last = tail[-_END_BYTES:]
    bare = len(last) == _END_BYTES and last.startswith(_END) and last.endswith(b"\0\0")
    found = tail_bytes - _END_BYTES if bare else tail.rfind(_END)
    record = tail[found : found + _END_BYTES]
    if found < 0 or len(record) < _END_BYTES:
        return None
    *told, comment_bytes = struct.unpack("<4H2LH", record[4:])
    at, most_members, extra, alike = length - tail_bytes + found, 0xFFFF, 0, True
    handle.seek(max(0, at - _LOCATOR_BYTES - _END64_BYTES))
    wide = handle.read(min(at, _LOCATOR_BYTES + _END64_BYTES))
    if wide[-_LOCATOR_BYTES:].startswith(_LOCATOR) and wide.startswith(_END64):
        narrow, told = told, [*struct.unpack("<2L4Q", wide[16:_END64_BYTES])]
        alike = all(short in (most, full) for short, most, full in zip(narrow, _MOST, told, strict=True))
        [more_bytes], [wide_at] = struct.unpack("<4xQ", wide[:12]), struct.unpack("<8xQ", wide[-20:-4])
        alike = alike and more_bytes == _END64_BYTES - 12 and wide_at == told[-1] + told[-2]
        extra, most_members = _LOCATOR_BYTES + _END64_BYTES, (1 << 64) - 1
    *disks, here, members, size, offset = told
    directory_at = at - extra - size
    return Ends(
        directory_at=directory_at,
        directory_bytes=size,
        members=members,
        most_members=most_members,
        one_disk=alike and here == members and not any(disks),
        before_bytes=directory_at - offset,
        behind_bytes=length - at - _END_BYTES - comment_bytes,
    )


def refusal(handle: BinaryIO, ends: Ends) -> str | None:
    """Return why the directory is not even listed, None if it may be."""
    if ends.directory_at < 0 or ends.before_bytes < 0:
        return "the zip is damaged (its directory is not where it should be)"
    if not ends.one_disk:
        return "the zip is damaged (its end contradicts itself, or speaks of other parts)"
    if ends.behind_bytes < 0:
        return "the zip is damaged (its end is cut)"
    if ends.directory_bytes > MAX_DIRECTORY_BYTES:
        return f"the zip's directory has {ends.directory_bytes} bytes, more than {MAX_DIRECTORY_BYTES}"
    handle.seek(ends.directory_at)
    directory = handle.read(ends.directory_bytes)
    count = directory.count(_ENTRY)
    if count > MAX_MEMBERS:
        return f"the zip lists {count} members, more than {MAX_MEMBERS}"
    listed = _entries(directory)
    if listed is None:
        return "the zip is damaged (its directory does not fill its place)"
    if listed & ends.most_members != ends.members:
        return f"the zip is damaged (it lists {listed} members, and says that they are {ends.members})"
    return None


def _entries(directory: bytes) -> int | None:
    """Return how many entries fill the directory; None if they do not fill it exactly."""
    at = count = 0
    while at < len(directory):
        if not directory.startswith(_ENTRY, at) or at + _ENTRY_BYTES > len(directory):
            return None
        at += _ENTRY_BYTES + sum(_ENTRY_TAIL.unpack_from(directory, at))
        count += 1
    return count if at == len(directory) else None
