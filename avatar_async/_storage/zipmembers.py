"""One member of a zip: its own header, which must agree with the directory, and all of its bytes."""

import zipfile
import zlib
from collections.abc import Iterator
from struct import Struct
from threading import Event
from typing import BinaryIO, Final, Self

from attrs import frozen

from avatar_async._storage.findings import BLOCK_BYTES, StoppedError

#: Flags of a header (APPNOTE, section 4.4.4): encrypted; its numbers follow the member; patched; strongly
#: encrypted; masked.
_ENCRYPTED: Final = 0x1
_DESCRIBED: Final = 0x8
_PATCHED: Final = 0x20
_STRONG: Final = 0x40
_UTF8: Final = 0x800
_MASKED: Final = 0x2000
_ALIKE: Final = _ENCRYPTED | _MASKED
#: What stands for a length that the extra field tells, and the tag it has there.
_ELSEWHERE: Final = 0xFFFFFFFF
_WIDE: Final = 1
_WIDE_LENGTHS: Final = Struct("<2Q")
_TAG: Final = Struct("<2H")
_SIGNATURE: Final = b"PK\x03\x04"
_HEADER: Final = Struct("<6x2H4x3L2H")
#: What follows a member whose header has no numbers, by its length; the longer ones begin with a signature.
_DESCRIPTORS: Final = {12: Struct("<3L"), 16: Struct("<4x3L"), 20: Struct("<L2Q"), 24: Struct("<4xL2Q")}
_SIGNED: Final = (16, 24)
_DESCRIPTOR_SIGNATURE: Final = b"PK\x07\x08"
#: Packed bytes given at a time to decompressors of which a few bytes can be very many.
_PACKED_BYTES: Final = 4096


@frozen(kw_only=True)
class _Header:
    """What a member says of itself (APPNOTE, section 4.3.7).

    Attributes:
        flags: Of how it is packed.
        method: The packing.
        crc: Checksum of the unpacked bytes; None where it follows them.
        packed: Length in bytes as it lies there; the same.
        unpacked: Its own length; the same.
        name: What it is called.
        length: Length of the header.
    """

    flags: int
    method: int
    crc: int | None
    packed: int | None
    unpacked: int | None
    name: bytes
    length: int

    @classmethod
    def read(cls, handle: BinaryIO, at: int) -> Self:
        handle.seek(at)
        found = handle.read(_HEADER.size)
        if len(found) < _HEADER.size or not found.startswith(_SIGNATURE):
            raise zipfile.BadZipFile("a member's header is missing")
        flags, method, crc, packed, unpacked, name_bytes, extra_bytes = _HEADER.unpack(found)
        name = handle.read(name_bytes)
        if _ELSEWHERE in (packed, unpacked):
            wide_unpacked, wide_packed = _wide_lengths(handle.read(extra_bytes))
            packed = wide_packed if packed == _ELSEWHERE else packed
            unpacked = wide_unpacked if unpacked == _ELSEWHERE else unpacked
        told = not flags & _DESCRIBED
        return cls(
            flags=flags,
            method=method,
            crc=crc if told or crc else None,
            packed=packed if told or packed else None,
            unpacked=unpacked if told or unpacked else None,
            name=name,
            length=_HEADER.size + name_bytes + extra_bytes,
        )

    def agrees(self, member: zipfile.ZipInfo) -> bool:
        """Tell whether it says what the directory says, as far as it says anything."""
        if self.method != member.compress_type or (self.flags ^ member.flag_bits) & _ALIKE:
            return False
        if self.name.decode("utf-8" if member.flag_bits & _UTF8 else "cp437") != member.orig_filename:
            return False
        return bool(self.flags & _MASKED) or (
            self.crc in (None, member.CRC)
            and self.packed in (None, member.compress_size)
            and self.unpacked in (None, member.file_size)
        )


def _wide_lengths(extra: bytes) -> tuple[int, ...]:
    """Return the lengths that do not fit into a header (APPNOTE, section 4.5.3): unpacked, then packed."""
    at = 0
    while at + _TAG.size <= len(extra):
        tag, count = _TAG.unpack_from(extra, at)
        at += _TAG.size
        if tag == _WIDE and _WIDE_LENGTHS.size <= count <= len(extra) - at:
            return _WIDE_LENGTHS.unpack_from(extra, at)
        at += count
    raise zipfile.BadZipFile("a member's length is missing")


def read_member(
    archive: zipfile.ZipFile, handle: BinaryIO, member: zipfile.ZipInfo, before: int, stop: Event
) -> bool:
    """Read a member to its end; False if it cannot be read without a key or a method we lack.

    Args:
        archive: The zip.
        handle: Its file.
        member: What the directory says.
        before: Where what comes behind the member begins.
        stop: Set by who no longer waits.

    Raises:
        StoppedError: `stop` was set.
        Exception: It is damaged: decoders raise anything.
    """
    header = _Header.read(handle, member.header_offset)
    if not header.agrees(member):
        raise zipfile.BadZipFile(f"the directory and the header of {member.filename!r} contradict each other")
    begin = member.header_offset + header.length
    _look_behind(handle, header, member, begin + member.compress_size, before)
    if member.flag_bits & (_ENCRYPTED | _PATCHED | _STRONG):
        return False
    try:
        if member.compress_type == zipfile.ZIP_LZMA:
            pieces = _by_zipfile(archive, member)
        else:
            handle.seek(begin)
            pieces = _UNPACKERS[member.compress_type](handle, member.compress_size)
        _compare(pieces, member, stop)
    except (NotImplementedError, KeyError, ImportError):
        return False
    return True


def _look_behind(handle: BinaryIO, header: _Header, member: zipfile.ZipInfo, end: int, before: int) -> None:
    """Hold what lies behind a member against what the directory says, if it is as long as a descriptor."""
    if end > before:
        raise zipfile.BadZipFile(f"{member.filename!r} runs into what comes behind it")
    if not header.flags & _DESCRIBED or header.flags & _ALIKE:
        return
    length = before - end
    if not length and not member.flag_bits & _DESCRIBED:
        raise zipfile.BadZipFile(f"{member.filename!r} lacks what its header speaks of")
    if length not in _DESCRIPTORS:
        return
    handle.seek(end)
    found = handle.read(length)
    signed = length not in _SIGNED or found.startswith(_DESCRIPTOR_SIGNATURE)
    told = _DESCRIPTORS[length].unpack(found)
    if not signed or told != (member.CRC, member.compress_size, member.file_size):
        raise zipfile.BadZipFile(f"what follows {member.filename!r} contradicts the directory")


def _compare(pieces: Iterator[bytes], member: zipfile.ZipInfo, stop: Event) -> None:
    """Hold a member's unpacked bytes against its length and checksum."""
    crc = came = 0
    for piece in pieces:
        crc = zlib.crc32(piece, crc)
        came += len(piece)
        if stop.is_set():
            raise StoppedError
        if came > member.file_size:
            break
    if (crc, came) != (member.CRC, member.file_size):
        raise zipfile.BadZipFile(f"Bad CRC-32 for file {member.filename!r}")


def _packed(handle: BinaryIO, length: int, most_bytes: int) -> Iterator[bytes]:
    while length and (piece := handle.read(min(length, most_bytes))):
        length -= len(piece)
        yield piece


def _stored(handle: BinaryIO, length: int) -> Iterator[bytes]:
    return _packed(handle, length, BLOCK_BYTES)


def _deflated(handle: BinaryIO, length: int) -> Iterator[bytes]:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    for piece in _packed(handle, length, BLOCK_BYTES):
        rest = piece
        while rest and not inflater.eof:
            yield inflater.decompress(rest, BLOCK_BYTES)
            rest = inflater.unconsumed_tail
        _refuse_rest(rest or inflater.unused_data)
    while not inflater.eof and (piece := inflater.decompress(b"", BLOCK_BYTES)):
        yield piece
    if not inflater.eof:
        raise EOFError("the packed bytes end early")


def _bzip2(handle: BinaryIO, length: int) -> Iterator[bytes]:
    """Unpack bit by bit: half a kilobyte of it can be half a gigabyte of zeros."""
    import bz2

    unpacker = bz2.BZ2Decompressor()
    for piece in _packed(handle, length, _PACKED_BYTES):
        rest = piece
        while not unpacker.eof and (rest or not unpacker.needs_input):
            yield unpacker.decompress(rest, BLOCK_BYTES)
            rest = b""
        _refuse_rest(rest or unpacker.unused_data)
    if not unpacker.eof:
        raise EOFError("the packed bytes end early")


def _refuse_rest(rest: bytes) -> None:
    if rest:
        raise zipfile.BadZipFile("packed bytes are left over")


def _by_zipfile(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    try:
        content = archive.open(member)
    except RuntimeError as error:
        raise NotImplementedError from error  # Python was built without it
    with content:
        while piece := content.read(_PACKED_BYTES):
            yield piece


_UNPACKERS: Final = {
    zipfile.ZIP_STORED: _stored,
    zipfile.ZIP_DEFLATED: _deflated,
    zipfile.ZIP_BZIP2: _bzip2,
}
