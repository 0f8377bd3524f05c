"""Write MP4 files box by box: any length, any tables, any lie, and samples that nobody stores."""

import struct
from collections.abc import Sequence

from attrs import field, frozen


def box(kind: str, *parts: bytes, long: bool = False) -> bytes:
    """Return a box; `long` gives it a 64-bit size."""
    body = b"".join(parts)
    name = kind.encode("latin-1")
    if long:
        return struct.pack(">I4sQ", 1, name, 16 + len(body)) + body
    return struct.pack(">I4s", 8 + len(body), name) + body


def full(kind: str, *parts: bytes, version: int = 0, flags: int = 0) -> bytes:
    """Return a box with version and flags."""
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


_TURNS = {
    0: (65536, 0, 0, 65536),
    90: (0, 65536, -65536, 0),
    180: (-65536, 0, 0, -65536),
    270: (0, -65536, 65536, 0),
}


@frozen(kw_only=True)
class Film:
    """What a file is to say.

    Attributes:
        runs: Number and length, in ticks, of pictures in a row.
        timescale: Ticks a second.
        sound: Whether there is a track of sound.
        rotation_deg: How far the pictures are turned.
        size: Width and height as coded.
        edits: Entries of an edit list: movie ticks (a millisecond each) and start in the media.
        shift: How much later than decoded pictures are shown, in ticks.
        sizes: What the table of sizes tells, None for the truth.
        told_ticks: What the header tells of the track's length, None for the truth.
        sample_bytes: How long each picture is.
        moov_last: Whether the headers follow the samples.
        long: Whether boxes have 64-bit sizes.
        fragmented: Pictures of each fragment; the tables of the headers are empty then.
        lengths: Length, in ticks, of each picture of each fragment, if they are told one by one.
        tables: Whether tables of sizes and shifts have an entry for each picture, as those of films have.
    """

    runs: Sequence[tuple[int, int]] = ((9025, 40),)
    timescale: int = 1000
    sound: bool = True
    rotation_deg: int = 0
    size: tuple[int, int] = (1920, 1080)
    edits: Sequence[tuple[int, int]] = ()
    shift: int = 0
    sizes: int | None = None
    told_ticks: int | None = None
    sample_bytes: int = 1
    moov_last: bool = False
    long: bool = False
    fragmented: Sequence[int] = ()
    lengths: Sequence[int] = ()
    tables: bool = True
    brand: bytes = b"isom"
    extra: bytes = field(default=b"")

    @property
    def frames(self) -> int:
        """How many pictures there are."""
        return sum(count for count, _ in self.runs)

    @property
    def ticks(self) -> int:
        """How long they last."""
        return sum(count * delta for count, delta in self.runs)

    def head(self) -> bytes:
        """Return the box that begins the file."""
        return box("ftyp", self.brand, bytes(4), b"isommp41")

    def moov(self) -> bytes:
        """Return the headers."""
        parts = [full("mvhd", struct.pack(">IIII", 0, 0, 1000, 0), bytes(80)), self._video()]
        if self.sound:
            parts.append(self._sound())
        if self.fragmented:
            parts.append(box("mvex", full("trex", struct.pack(">IIIII", 1, 1, self.runs[0][1], 0, 0))))
        return box("moov", *parts, self.extra, long=self.long)

    def written(self) -> bytes:
        """Return the whole file."""
        if self.fragmented:
            return self.head() + self.moov() + b"".join(self._fragment(count) for count in self.fragmented)
        samples = box("mdat", bytes(self.frames * self.sample_bytes), long=self.long)
        parts = (samples, self.moov()) if self.moov_last else (self.moov(), samples)
        return b"".join((self.head(), *parts))

    def _fragment(self, count: int) -> bytes:
        rows = [struct.pack(">II", length, 1) for length in self.lengths] or [struct.pack(">I", 1)] * count
        flags = 0x300 if self.lengths else 0x200
        run = full("trun", struct.pack(">I", count), *rows, flags=flags)
        track = box("traf", full("tfhd", struct.pack(">I", 1), flags=0x20000), run)
        return box("moof", full("mfhd", struct.pack(">I", 1)), track) + box("mdat", bytes(count))

    def _video(self) -> bytes:
        a, b, c, d = _TURNS[self.rotation_deg]
        matrix = struct.pack(">iiiiiiiii", a, b, 0, c, d, 0, 0, 0, 1 << 30)
        width, height = self.size
        head = struct.pack(">IIIII", 0, 0, 1, 0, self.ticks) + bytes(16) + matrix
        parts = [full("tkhd", head, struct.pack(">II", width << 16, height << 16), flags=3)]
        if self.edits:
            rows = b"".join(struct.pack(">Iihh", length, start, 1, 0) for length, start in self.edits)
            parts.append(box("edts", full("elst", struct.pack(">I", len(self.edits)), rows)))
        entry = box("avc1", bytes(24), struct.pack(">HH", width, height), bytes(50))
        runs = [] if self.fragmented else self.runs
        frames = 0 if self.fragmented else self.frames
        tables = [
            full("stsd", struct.pack(">I", 1), entry),
            full("stts", struct.pack(">I", len(runs)), b"".join(struct.pack(">II", *run) for run in runs)),
        ]
        if self.shift or self.tables:
            rows = struct.pack(">II", 1, self.shift) * (frames if self.tables else 1)
            tables.append(full("ctts", struct.pack(">I", len(rows) // 8), rows))
        told = frames if self.sizes is None else self.sizes
        sizes = b"\0\0\0\1" * frames if self.tables else b""
        tables.append(full("stsz", struct.pack(">II", 0 if self.tables else 1, told), sizes))
        ticks = self.ticks if self.told_ticks is None else self.told_ticks
        return box(
            "trak", *parts, self._media("vide", self.timescale, 0 if self.fragmented else ticks, tables)
        )

    def _sound(self) -> bytes:
        packets = 0 if self.fragmented else self.ticks * 48000 // self.timescale // 1024
        tables = [
            full("stsd", struct.pack(">I", 1), box("mp4a", bytes(28))),
            full("stts", struct.pack(">III", 1, packets, 1024)),
            full("stsz", struct.pack(">II", 0, packets), b"\0\0\1\0" * packets if self.tables else b""),
        ]
        head = full("tkhd", struct.pack(">IIIII", 0, 0, 2, 0, self.ticks), bytes(60), flags=3)
        return box("trak", head, self._media("soun", 48000, packets * 1024, tables))

    def _media(self, handler: str, timescale: int, ticks: int, tables: Sequence[bytes]) -> bytes:
        return box(
            "mdia",
            full("mdhd", struct.pack(">IIIII", 0, 0, timescale, ticks, 0)),
            full("hdlr", bytes(4), handler.encode(), bytes(12), b"handler\0"),
            box("minf", box("vmhd", bytes(12)), box("dinf", bytes(8)), box("stbl", *tables)),
        )
