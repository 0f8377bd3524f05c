"""Write zips whose bytes depend on their members only, and check zips member by member."""

import json
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from attrs import frozen

from avatar_async.errors import MediaError

_EPOCH = (1980, 1, 1, 0, 0, 0)
_CHUNK_BYTES = 1 << 20
#: Packings of which no more is unpacked at once than is asked for.
_BOUNDED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@frozen(kw_only=True)
class ZipSummary:
    """Say what a checked zip holds.

    Attributes:
        members: Member names in the order of the directory.
        unpacked_bytes: Sum of the members' sizes.
    """

    members: tuple[str, ...]
    unpacked_bytes: int


def write_zip(target: Path, members: Iterable[tuple[str, bytes]]) -> None:
    """Write members in the order given; the same members make the same bytes."""
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in members:
            entry = zipfile.ZipInfo(name, date_time=_EPOCH)
            entry.external_attr = 0o644 << 16
            packed = name.endswith((".json", ".txt"))
            entry.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
            archive.writestr(entry, content)


def check_zip(source: Path, *, max_unpacked_bytes: int = 8 << 30) -> ZipSummary:
    """Read every member of a zip to its end and compare its CRC.

    Raises:
        MediaError: It is no zip, a member is damaged or packed in a rare way, or it unpacks to more than
            allowed.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            entries = archive.infolist()
            unpacked_bytes = sum(entry.file_size for entry in entries)
            if unpacked_bytes > max_unpacked_bytes:
                raise MediaError(f"the zip unpacks to {unpacked_bytes} bytes, more than is allowed")
            for entry in entries:
                if entry.compress_type not in _BOUNDED:
                    raise MediaError(f"{entry.filename} is neither stored nor deflated")
                with archive.open(entry) as member:
                    while member.read(_CHUNK_BYTES):
                        pass
    except MediaError:
        raise
    except Exception as error:
        raise MediaError(f"the zip is damaged or is none: {error}") from error
    return ZipSummary(members=tuple(entry.filename for entry in entries), unpacked_bytes=unpacked_bytes)


def read_json(source: Path, member: str, *, max_bytes: int = 4 << 20) -> Any:
    """Return a JSON member of a zip; None if the zip has no such member.

    Raises:
        MediaError: The zip or the member cannot be read, or the member is larger than allowed.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            if member not in archive.namelist():
                return None
            if archive.getinfo(member).compress_type not in _BOUNDED:
                raise MediaError(f"{member} is neither stored nor deflated")
            if archive.getinfo(member).file_size > max_bytes:
                raise MediaError(f"{member} is larger than {max_bytes} bytes")
            return json.loads(archive.read(member))
    except MediaError:
        raise
    except Exception as error:
        raise MediaError(f"{member} cannot be read from the zip: {error}") from error
