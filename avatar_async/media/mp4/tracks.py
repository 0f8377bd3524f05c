"""One track of an MP4 or MOV file."""

import math

from attrs import frozen

from avatar_async.errors import MediaOutOfReachError
from avatar_async.media.mp4.boxes import Box, boxes
from avatar_async.media.mp4.tables import (
    Durations,
    Edit,
    read_count,
    read_durations,
    read_edits,
    read_first_shift,
)
from avatar_async.media.ranges import Window

_CODECS = {
    **dict.fromkeys(("avc1", "avc3"), "h264"),
    **dict.fromkeys(("hvc1", "hev1", "dvh1", "dvhe"), "hevc"),
    **dict.fromkeys(("apch", "apcn", "apcs", "apco", "ap4h", "ap4x"), "prores"),
    **dict.fromkeys(("vp08", "vp09", "av01"), ""),
    **dict.fromkeys(("jpeg", "mjpa", "mjpb"), "mjpeg"),
    **dict.fromkeys(("encv", "enca"), "encrypted"),
    "vp08": "vp8",
    "vp09": "vp9",
    "av01": "av1",
    "mp4v": "mpeg4",
    "png ": "png",
    "mp4a": "aac",
    "Opus": "opus",
    "fLaC": "flac",
    "ac-3": "ac3",
    "ec-3": "eac3",
    ".mp3": "mp3",
    **dict.fromkeys(("sowt", "twos", "lpcm", "in24", "in32", "fl32", "ipcm", "fpcm", "raw "), "pcm"),
}
#: Share of a sample by which a coarse clock may stretch it without making the rate vary.
_JITTER_SHARE = 0.1
#: Many containers tell times in milliseconds, and a file may have come from one of them.
_COARSE_S = 0.0011
#: Edits and tables round differently, by less than a sample.
_LOST_SHARE = 0.9


@frozen(kw_only=True)
class Track:
    """What a track's headers tell.

    Attributes:
        number: Its id in the movie.
        handler: `vide`, `soun` or another handler's four characters.
        codec: Name of the coding in FFmpeg's words where it is a common one, else its four characters.
        enabled: Whether players show it.
        width_px: Width as coded, before any rotation.
        height_px: Height as coded, before any rotation.
        rotation_deg: How far players turn it, clockwise: 0, 90, 180 or 270.
        timescale: Ticks a second, at least 1.
        told_ticks: How long the track says it is.
        durations: How long its samples are, None where that cannot be read.
        counted: How many samples its table of sizes tells of, None where that was not read.
        first_shift: How much later than decoded its first sample is shown, in ticks.
        edits: Which part of it is shown; none means all of it.
    """

    number: int
    handler: str
    codec: str
    enabled: bool
    width_px: int
    height_px: int
    rotation_deg: int
    timescale: int
    told_ticks: int
    durations: Durations | None
    counted: int | None
    first_shift: int
    edits: tuple[Edit, ...]

    @property
    def samples(self) -> int | None:
        """How many samples it has, exactly; None if its tables do not tell or contradict each other."""
        summed = self.durations.samples if self.durations else None
        if summed is not None and self.counted is not None and summed != self.counted:
            return None
        return self.counted if summed is None else summed

    @property
    def contradicts(self) -> bool:
        """Whether its table of durations and that of sizes tell of different numbers of samples."""
        summed = self.durations.samples if self.durations else None
        return summed is not None and self.counted is not None and summed != self.counted

    @property
    def media_s(self) -> float:
        """How long all its samples last, in seconds, edits aside."""
        ticks = self.durations.ticks if self.durations else None
        return (self.told_ticks if ticks is None else ticks) / self.timescale

    @property
    def fps(self) -> float | None:
        """Samples a second, on average; None where unknown."""
        return self.samples / self.media_s if self.samples and self.media_s else None

    @property
    def constant_rate(self) -> bool | None:
        """Whether all samples but the last are equally long, give or take the clock's coarseness."""
        if self.durations is None or not self.durations.longest:
            return None
        spread = self.durations.longest - self.durations.shortest
        coarse = spread == 1 or spread <= _COARSE_S * self.timescale
        return spread == 0 or (coarse and spread <= _JITTER_SHARE * self.durations.longest)

    def shown_s(self, movie_timescale: int) -> float:
        """Return how long it is shown, in seconds: what its edits show, but no more than there is."""
        shown = [edit for edit in self.edits if edit.media_start >= 0]
        if not shown:
            return self.media_s
        total_s = 0.0
        for edit in shown:
            left_s = max(0.0, self.media_s - max(0, edit.media_start - self.first_shift) / self.timescale)
            edit_s = edit.movie_ticks / movie_timescale
            total_s += min(edit_s, left_s + 1 / movie_timescale) if edit_s else left_s
        return total_s

    def hides_samples(self, movie_timescale: int) -> bool:
        """Tell whether edits leave out, repeat or stretch samples."""
        shown = [edit for edit in self.edits if edit.media_start >= 0]
        if not shown:
            return False
        if len(shown) > 1 or shown[0].rate != 1.0:
            return True
        sample_s = self.media_s / self.samples if self.samples else 0.0
        cut_s = (shown[0].media_start - self.first_shift) / self.timescale
        missing_s = self.media_s - self.shown_s(movie_timescale)
        return cut_s >= sample_s / 2 > 0 or missing_s >= max(_LOST_SHARE * sample_s, 2 / movie_timescale)


async def read_track(window: Window, trak: Box, ahead: int) -> Track | None:
    """Return what a `trak` box tells; None if it lacks what every track has.

    Raises:
        MediaError: Its boxes do not fit into each other.
        MediaOutOfReachError: The window's budget is spent.
    """
    parts = await _children(window, trak, ahead)
    media = await _children(window, parts["mdia"], ahead) if "mdia" in parts else {}
    if not {"mdhd", "hdlr"} <= media.keys():
        return None
    handler = (await window.at(media["hdlr"].body, 12))[8:12].decode("latin-1")
    timescale, ticks = clock_of(await window.at(media["mdhd"].body, 32))
    tables = _Tables()
    if handler in ("vide", "soun") and "minf" in media:
        inner = await _children(window, media["minf"], ahead)
        if "stbl" in inner:
            tables = await _read_tables(window, inner["stbl"], ahead, counted=handler == "vide")
    edits: tuple[Edit, ...] = ()
    if "edts" in parts:
        lists = await _children(window, parts["edts"], ahead)
        edits = await read_edits(window, lists["elst"]) if "elst" in lists else ()
    head = await window.at(parts["tkhd"].body, 92) if "tkhd" in parts else b""
    visual = handler == "vide"
    return Track(
        number=_number(head),
        handler=handler,
        codec=tables.codec,
        enabled=bool(head[3] & 1) if len(head) > 3 else True,
        width_px=tables.width_px if visual else 0,
        height_px=tables.height_px if visual else 0,
        rotation_deg=_rotation(head) if visual else 0,
        timescale=timescale,
        told_ticks=ticks,
        durations=tables.durations,
        counted=tables.counted,
        first_shift=tables.first_shift,
        edits=edits,
    )


@frozen(kw_only=True)
class _Tables:
    codec: str = "unknown"
    width_px: int = 0
    height_px: int = 0
    durations: Durations | None = None
    counted: int | None = None
    first_shift: int = 0


async def _read_tables(window: Window, stbl: Box, ahead: int, *, counted: bool) -> _Tables:
    """Read the tables of samples, but jump over none that is long only to check another one."""
    entry, durations, count, shift = b"", None, None, 0
    try:
        async for box in boxes(window, stbl.body, stbl.end, ahead=ahead):
            if box.kind == "stsd":
                entry = (await window.at(box.body, 44))[8:]
            elif box.kind == "stts":
                durations = await read_durations(window, box)
            elif box.kind == "ctts":
                shift = await read_first_shift(window, box)
            elif box.kind in ("stsz", "stz2"):
                count = await read_count(window, box)
            known = durations is not None and (durations.samples is not None or not counted)
            if entry and known and not (window.near or window.has(box.end, 32)):
                break
    except MediaOutOfReachError:
        if not entry:
            raise
    code = entry[4:8].decode("latin-1")
    return _Tables(
        codec=_CODECS.get(code, code.strip()) if len(code) == 4 else "unknown",
        width_px=int.from_bytes(entry[32:34], "big"),
        height_px=int.from_bytes(entry[34:36], "big"),
        durations=durations,
        counted=count,
        first_shift=shift,
    )


async def _children(window: Window, parent: Box, ahead: int) -> dict[str, Box]:
    """Return the first box of each kind inside another one."""
    found: dict[str, Box] = {}
    async for box in boxes(window, parent.body, parent.end, ahead=ahead):
        found.setdefault(box.kind, box)
    return found


def clock_of(head: bytes) -> tuple[int, int]:
    """Return ticks a second and length in ticks of an `mdhd` or `mvhd`."""
    start, width = (20, 8) if head[:1] == b"\x01" else (12, 4)
    timescale = int.from_bytes(head[start : start + 4], "big")
    ticks = int.from_bytes(head[start + 4 : start + 4 + width], "big")
    unknown = ticks == 256**width - 1
    return max(1, timescale), 0 if unknown else ticks


def _number(tkhd: bytes) -> int:
    start = 20 if tkhd[:1] == b"\x01" else 12
    return int.from_bytes(tkhd[start : start + 4], "big")


def _rotation(tkhd: bytes) -> int:
    """Return how far the matrix of a `tkhd` turns the picture, clockwise, to the nearest quarter."""
    start = 52 if tkhd[:1] == b"\x01" else 40
    matrix = tkhd[start : start + 36]
    if len(matrix) < 36:
        return 0
    across = int.from_bytes(matrix[0:4], "big", signed=True)
    down = int.from_bytes(matrix[4:8], "big", signed=True)
    return round(math.degrees(math.atan2(down, across)) / 90) * 90 % 360 if across or down else 0
