"""Fragmented MP4: samples told of beside their bytes, fragment by fragment (`moof`)."""

from attrs import frozen

from avatar_async.errors import MediaError, MediaOutOfReachError
from avatar_async.media.mp4.boxes import Box, boxes
from avatar_async.media.ranges import Window

_RUN_DURATION, _RUN_SIZE, _RUN_FLAGS, _RUN_SHIFT = 0x100, 0x200, 0x400, 0x800
_BASE_OFFSET, _DESCRIPTION, _DEFAULT_DURATION = 0x1, 0x2, 0x8
_MOST_SAMPLES_A_RUN = 1 << 20
#: An index that covers less of the file is one of several.
_INDEXED_SHARE = 0.98


@frozen(kw_only=True)
class Fragments:
    """What the fragments of one track hold.

    Attributes:
        samples: How many samples.
        ticks: How long they last, in ticks of the track; None where a duration is not told.
        shortest: Shortest duration of a sample, the first one's and the last one's aside, in ticks.
        longest: Longest duration of a sample, the first one's and the last one's aside, in ticks.
    """

    samples: int
    ticks: int | None
    shortest: int
    longest: int


class _Sum:
    """Add up samples in their order.

    The first sample's duration is set aside, since writers without edit lists hide their start shift in it,
    and so is the last one's, which no following sample bounds.
    """

    def __init__(self) -> None:
        self.samples = self.ticks = 0
        self.untold = False
        self._ends: list[int] = []
        self._inner: list[int] = []

    def add(self, count: int, duration: int | None) -> None:
        if count <= 0:
            return
        self.samples += count
        if duration is None:
            self.untold = True
            return
        self.ticks += count * duration
        self._inner += self._ends[1:]
        if count > 2 or (count == 2 and self._ends):
            self._inner.append(duration)
        self._inner = [min(self._inner), max(self._inner)] if self._inner else []
        self._ends = [*(self._ends[:1] or [duration]), *([duration] if self._ends or count > 1 else [])]

    @property
    def spread(self) -> tuple[int, int]:
        """Shortest and longest duration but for the ends'; the first one's where there are no more."""
        lengths = self._inner or self._ends[:1] or [0]
        return min(lengths), max(lengths)


async def count_fragments(
    window: Window, start: int, track_id: int, default_ticks: int | None
) -> Fragments | None:
    """Count the samples of a track in all fragments from an offset to the file's end.

    Returns:
        The sum, or None if the window's budget does not reach to the end.

    Raises:
        MediaError: The boxes do not fit into each other, or the file breaks off.
    """
    total = _Sum()
    try:
        async for box in boxes(window, start, None, ahead=4096):
            if window.size_bytes is None:
                return None
            if box.end > window.size_bytes:
                lost = box.end - window.size_bytes
                raise MediaError(f"it breaks off in a fragment: {lost} bytes are missing")
            if box.kind == "moof":
                async for part in boxes(window, box.body, box.end, ahead=4096):
                    if part.kind == "traf":
                        await _add_fragment(window, part, track_id, default_ticks, total)
    except MediaOutOfReachError:
        return None
    shortest, longest = total.spread
    return Fragments(
        samples=total.samples,
        ticks=None if total.untold else total.ticks,
        shortest=shortest,
        longest=longest,
    )


async def read_index_s(window: Window, start: int) -> float | None:
    """Return how long a fragmented file lasts by the index that follows its headers (`sidx`), in seconds.

    Raises:
        MediaError: The boxes do not fit into each other.
        MediaOutOfReachError: The window's budget is spent.
    """
    async for box in boxes(window, start, None, ahead=4096):
        if box.kind == "sidx":
            return await _indexed_s(window, box)
        if box.kind in ("moof", "mdat"):
            return None
    return None


async def _indexed_s(window: Window, box: Box) -> float | None:
    head = await window.at(box.body, 32)
    if len(head) < 32:
        return None
    timescale = int.from_bytes(head[8:12], "big")
    counted_at = 30 if head[0] else 22
    count = int.from_bytes(head[counted_at : counted_at + 2], "big")
    table = await window.at(box.body + counted_at + 2, min(12 * count, box.body_bytes))
    if not timescale or len(table) < 12 * count or window.size_bytes is None:
        return None
    entries = [table[at : at + 8] for at in range(0, len(table), 12)]
    covered = sum(int.from_bytes(entry[:4], "big") & 0x7FFFFFFF for entry in entries)
    if box.end + covered < _INDEXED_SHARE * window.size_bytes:
        return None
    return sum(int.from_bytes(entry[4:], "big") for entry in entries) / timescale


async def _add_fragment(
    window: Window, traf: Box, track_id: int, default_ticks: int | None, total: _Sum
) -> None:
    ours, usual = False, default_ticks
    async for box in boxes(window, traf.body, traf.end, ahead=4096):
        if box.kind == "tfhd":
            head = await window.at(box.body, min(box.body_bytes, 40))
            ours = int.from_bytes(head[4:8], "big") == track_id
            flags = int.from_bytes(head[1:4], "big")
            if flags & _DEFAULT_DURATION:
                at = 8 + (8 if flags & _BASE_OFFSET else 0) + (4 if flags & _DESCRIPTION else 0)
                usual = int.from_bytes(head[at : at + 4], "big")
        elif box.kind == "trun" and ours:
            await _add_run(window, box, usual, total)


async def _add_run(window: Window, trun: Box, usual: int | None, total: _Sum) -> None:
    head = await window.at(trun.body, 8)
    flags, count = int.from_bytes(head[1:4], "big"), int.from_bytes(head[4:8], "big")
    if count > _MOST_SAMPLES_A_RUN:
        raise MediaOutOfReachError(f"one fragment tells of {count} samples")
    if not flags & _RUN_DURATION:
        total.add(count, usual)
        return
    width = 4 * sum(bool(flags & bit) for bit in (_RUN_DURATION, _RUN_SIZE, _RUN_FLAGS, _RUN_SHIFT))
    start = trun.body + 8 + (4 if flags & 0x1 else 0) + (4 if flags & 0x4 else 0)
    if start + count * width > trun.end:
        raise MediaError("the table of one of its fragments is longer than the box around it")
    table = await window.at(start, count * width)
    for at in range(0, len(table), width):
        total.add(1, int.from_bytes(table[at : at + 4], "big"))
