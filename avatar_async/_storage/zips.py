"""Whether a zip is sound; read only, nothing is ever unpacked to the disk. Blocking; for worker threads."""

import struct
import zipfile
from collections.abc import Sequence
from pathlib import PureWindowsPath
from threading import Event
from typing import BinaryIO

from attrs import frozen

from avatar_async._storage.findings import BLOCK_BYTES, Finding, StoppedError

#: Declared unpacked length above which a zip is not trusted.
MAX_UNPACKED_BYTES = 64 << 30
#: Members above which a zip is not trusted.
MAX_MEMBERS = 200_000
#: Length above which a directory is not read.
_MAX_DIRECTORY_BYTES = 32 << 20
#: Deflate packs at most 1032 to 1: a zip that declares more lies.
_MAX_RATIO = 1100
_ENCRYPTED = 0x1
_HEADER_BYTES = 30
_ENTRY = b"PK\x01\x02"
_END = b"PK\x05\x06"
_END_BYTES = 22
_LOCATOR = b"PK\x06\x07"
_END64 = b"PK\x06\x06"
_END64_BYTES = 56
_LOCATOR_BYTES = 20
_MAX_COMMENT_BYTES = 0xFFFF
#: Packed bytes given at a time to decompressors that cannot be told how much they may return.
_WARY_BYTES = 4096


@frozen(kw_only=True)
class _Ends:
    """Where a zip's parts lie in its file.

    Attributes:
        directory_at: Where the directory begins.
        directory_bytes: How long it is.
        before_bytes: What lies before the zip's own first byte.
        behind_bytes: What lies behind its end; negative where the end is cut.
    """

    directory_at: int
    directory_bytes: int
    before_bytes: int
    behind_bytes: int


def examine_zip(handle: BinaryIO, stop: Event) -> Finding:
    """Read every member and compare its checksum, within bounds.

    Raises:
        StoppedError: `stop` was set.
    """
    length = handle.seek(0, 2)
    ends = _ends(handle, length)
    if ends is None:
        return Finding(problem="the zip is damaged (its end is missing)")
    problem = _refusal(handle, ends)
    if problem is not None:
        return Finding(problem=problem)
    try:
        with zipfile.ZipFile(handle) as archive:
            members = archive.infolist()
            problem = _implausible(members, ends, length)
            if problem is not None:
                return Finding(problem=problem)
            unchecked = sum(not _read(archive, member, stop) for member in members)
    except StoppedError:
        raise
    except Exception as error:  # noqa: BLE001 - hostile bytes make decoders raise anything
        return Finding(problem=f"the zip is damaged ({str(error) or type(error).__name__})")
    notes = _notes(members, ends, unchecked)
    alone = _alone(ends)
    return Finding(
        sound=not unchecked and alone, whole=not unchecked, stray=not alone, note="; ".join(notes) or None
    )


def _ends(handle: BinaryIO, length: int) -> _Ends | None:
    """Find the end record as Python's own reader does: the last one, nearest to the end."""
    tail_bytes = min(length, _END_BYTES + _MAX_COMMENT_BYTES)
    handle.seek(length - tail_bytes)
    tail = handle.read(tail_bytes)
    found = tail.rfind(_END)
    record = tail[found : found + _END_BYTES]
    if found < 0 or len(record) < _END_BYTES:
        return None
    size, offset, comment_bytes = struct.unpack("<LLH", record[12:])
    at = length - tail_bytes + found
    extra = 0
    handle.seek(max(0, at - _LOCATOR_BYTES - _END64_BYTES))
    wide = handle.read(min(at, _LOCATOR_BYTES + _END64_BYTES))
    if wide[-_LOCATOR_BYTES:].startswith(_LOCATOR) and wide.startswith(_END64):
        size, offset = struct.unpack("<QQ", wide[40:_END64_BYTES])
        extra = _LOCATOR_BYTES + _END64_BYTES
    directory_at = at - extra - size
    return _Ends(
        directory_at=directory_at,
        directory_bytes=size,
        before_bytes=directory_at - offset,
        behind_bytes=length - at - _END_BYTES - comment_bytes,
    )


def _refusal(handle: BinaryIO, ends: _Ends) -> str | None:
    """Return why the directory is not even read, None if it may be."""
    if ends.directory_at < 0 or ends.before_bytes < 0:
        return "the zip is damaged (its directory is not where it should be)"
    if ends.behind_bytes < 0:
        return "the zip is damaged (its end is cut)"
    if ends.directory_bytes > _MAX_DIRECTORY_BYTES:
        return f"the zip's directory has {ends.directory_bytes} bytes, more than {_MAX_DIRECTORY_BYTES}"
    handle.seek(ends.directory_at)
    count = handle.read(ends.directory_bytes).count(_ENTRY)
    if count > MAX_MEMBERS:
        return f"the zip lists {count} members, more than {MAX_MEMBERS}"
    return None


def _implausible(members: Sequence[zipfile.ZipInfo], ends: _Ends, length: int) -> str | None:
    unpacked = sum(member.file_size for member in members)
    if unpacked > MAX_UNPACKED_BYTES or unpacked > length * _MAX_RATIO:
        return f"the zip declares {unpacked} bytes unpacked, which {length} bytes cannot honestly hold"
    reached = 0
    for member in sorted(members, key=lambda member: member.header_offset):
        if member.header_offset < reached:
            return f"the zip's members overlap at byte {member.header_offset}"
        reached = member.header_offset + _HEADER_BYTES + member.compress_size
    if reached > ends.directory_at:
        return "the zip's last member runs into the directory"
    return None


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, stop: Event) -> bool:
    """Read a member to its end; False if it cannot be read without a key or a method we lack."""
    if member.flag_bits & _ENCRYPTED:
        return False
    bounded = member.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    try:
        with archive.open(member) as content:
            while content.read(BLOCK_BYTES if bounded else _WARY_BYTES):
                if stop.is_set():
                    raise StoppedError
    except (NotImplementedError, RuntimeError):
        return False
    return True


def _alone(ends: _Ends) -> bool:
    return ends.before_bytes == ends.behind_bytes == 0


def _notes(members: Sequence[zipfile.ZipInfo], ends: _Ends, unchecked: int) -> list[str]:
    notes = []
    if unchecked:
        notes.append(f"{unchecked} encrypted or unusual members of the zip could not be checked")
    if not _alone(ends):
        notes.append(
            f"{ends.before_bytes} bytes before the zip and {ends.behind_bytes} behind it belong to nothing"
        )
    outside = sum(_leads_outside(member.orig_filename) for member in members)
    if outside:
        notes.append(f"{outside} members of the zip have names that lead outside: unpack it with care")
    return notes


def _leads_outside(name: str) -> bool:
    path = PureWindowsPath(name)
    return bool(path.anchor) or ".." in path.parts or "\0" in name
