"""Tables of a track: how long its samples last, how many there are, and which part of it is shown."""

import struct
from collections.abc import Sequence

from attrs import frozen

from avatar_async.media.mp4.boxes import Box
from avatar_async.media.ranges import Window

#: Longest table of durations that is read whole; one of a constant rate has one entry or two.
_MOST_TABLE_BYTES = 320 * 1024
_MOST_EDITS = 1000


@frozen(kw_only=True)
class Durations:
    """How long the samples of a track last (`stts`).

    Attributes:
        samples: How many there are; None if the table was too long to be read whole.
        ticks: How long all of them last, in ticks of the track; None as above.
        shortest: Shortest duration of a sample, the last one's aside, in ticks; of those read.
        longest: Longest duration of a sample, the last one's aside, in ticks.
    """

    samples: int | None
    ticks: int | None
    shortest: int
    longest: int


@frozen(kw_only=True)
class Edit:
    """One entry of an edit list (`elst`).

    Attributes:
        movie_ticks: How long it lasts, in ticks of the movie; 0 means all of the track in fragmented files.
        media_start: Which part of the track it shows, in ticks of the track; -1 shows nothing.
        rate: Speed, 1.0 is the track's own.
    """

    movie_ticks: int
    media_start: int
    rate: float


async def read_durations(window: Window, box: Box) -> Durations | None:
    """Return what `stts` tells, None if it breaks off.

    Raises:
        MediaOutOfReachError: The window's budget is spent.
    """
    head = await window.at(box.body, 8)
    if len(head) < 8:
        return None
    told = int.from_bytes(head[4:], "big")
    entries = min(told, (box.body_bytes - 8) // 8)
    taken = entries
    if entries * 8 > _MOST_TABLE_BYTES:
        taken = min(entries, len(window.at_hand(box.body + 8)) // 8)
    table = await window.at(box.body + 8, taken * 8)
    if len(table) < taken * 8:
        return None
    return _summed(list(struct.iter_unpack(">II", table)), whole=taken == told)


def _summed(pairs: Sequence[tuple[int, int]], *, whole: bool) -> Durations:
    pairs = [pair for pair in pairs if pair[0]]
    inner = pairs[:-1] if whole and len(pairs) > 1 and pairs[-1][0] == 1 else pairs
    lengths = [delta for _, delta in inner] or [0]
    return Durations(
        samples=sum(count for count, _ in pairs) if whole else None,
        ticks=sum(count * delta for count, delta in pairs) if whole else None,
        shortest=min(lengths),
        longest=max(lengths),
    )


async def read_count(window: Window, box: Box) -> int | None:
    """Return how many samples `stsz` or `stz2` tells of, None if it breaks off.

    Raises:
        MediaOutOfReachError: The window's budget is spent.
    """
    head = await window.at(box.body, 12)
    return int.from_bytes(head[8:12], "big") if len(head) == 12 and box.body_bytes >= 12 else None


async def read_first_shift(window: Window, box: Box) -> int:
    """Return how much later than decoded the first sample is shown (`ctts`), in ticks of the track.

    Raises:
        MediaOutOfReachError: The window's budget is spent.
    """
    head = await window.at(box.body, 16)
    if len(head) < 16 or box.body_bytes < 16:
        return 0
    return int.from_bytes(head[12:], "big", signed=head[0] == 1)


async def read_edits(window: Window, box: Box) -> tuple[Edit, ...]:
    """Return the entries of `elst`, none if it breaks off.

    Raises:
        MediaOutOfReachError: The window's budget is spent.
    """
    head = await window.at(box.body, 8)
    if len(head) < 8:
        return ()
    entry = struct.Struct(">QqhH" if head[0] == 1 else ">IihH")
    entries = min(int.from_bytes(head[4:], "big"), (box.body_bytes - 8) // entry.size, _MOST_EDITS)
    table = await window.at(box.body + 8, entries * entry.size)
    if len(table) < entries * entry.size:
        return ()
    return tuple(
        Edit(movie_ticks=ticks, media_start=start, rate=whole + part / 65536)
        for ticks, start, whole, part in entry.iter_unpack(table)
    )
