"""Whether a zip is sound; read only, nothing is ever unpacked to the disk. Blocking; for worker threads."""

import zipfile
from collections.abc import Sequence
from pathlib import PureWindowsPath
from threading import Event
from typing import BinaryIO, Final

from avatar_async._storage.findings import Finding, StoppedError
from avatar_async._storage.zipends import Ends, find_ends, refusal
from avatar_async._storage.zipmembers import read_member

#: Declared unpacked length above which a zip is not trusted.
MAX_UNPACKED_BYTES: Final = 64 << 30
#: Deflate packs at most 1032 to 1: a zip that declares more lies.
_MAX_RATIO: Final = 1100
_HEADER_BYTES: Final = 30


def examine_zip(handle: BinaryIO, stop: Event) -> Finding:
    """Read every member and compare its checksum, within bounds.

    Raises:
        StoppedError: `stop` was set.
    """
    length = handle.seek(0, 2)
    ends = find_ends(handle, length)
    if ends is None:
        return Finding(problem="the zip is damaged (its end is missing)")
    problem = refusal(handle, ends)
    if problem is not None:
        return Finding(problem=problem)
    try:
        with zipfile.ZipFile(handle) as archive:
            members = sorted(archive.infolist(), key=lambda member: member.header_offset)
            problem = _implausible(members, ends, length)
            if problem is not None:
                return Finding(problem=problem)
            behind = [*(member.header_offset for member in members[1:]), ends.directory_at]
            unchecked = 0
            for member, before in zip(members, behind, strict=False):
                unchecked += not read_member(archive, handle, member, before, stop)
    except StoppedError:
        raise
    except Exception as error:  # noqa: BLE001 - hostile bytes make decoders raise anything
        return Finding(problem=f"the zip is damaged ({str(error) or type(error).__name__})")
    notes = _notes(members, ends, unchecked)
    return Finding(
        sound=not unchecked and ends.alone,
        whole=not unchecked,
        stray=not ends.alone,
        note="; ".join(notes) or None,
    )


def _implausible(members: Sequence[zipfile.ZipInfo], ends: Ends, length: int) -> str | None:
    """Return what cannot be true of members, given as they lie in the file; None if nothing is."""
    unpacked = sum(member.file_size for member in members)
    if unpacked > MAX_UNPACKED_BYTES or unpacked > length * _MAX_RATIO:
        return f"the zip declares {unpacked} bytes unpacked, which {length} bytes cannot honestly hold"
    reached = 0
    for member in members:
        if member.header_offset < reached:
            return f"the zip's members overlap at byte {member.header_offset}"
        reached = member.header_offset + _HEADER_BYTES + member.compress_size
    if reached > ends.directory_at:
        return "the zip's last member runs into the directory"
    return None


def _notes(members: Sequence[zipfile.ZipInfo], ends: Ends, unchecked: int) -> list[str]:
    notes = []
    if unchecked:
        notes.append(f"{unchecked} encrypted or unusual members of the zip could not be checked")
    if not ends.alone:
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
