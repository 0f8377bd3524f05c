"""A whole MP4 or MOV file: its tracks, its length, and whether it is all there."""

from attrs import evolve, frozen

from avatar_async.errors import MediaError, MediaOutOfReachError
from avatar_async.media.mp4.boxes import Box, boxes
from avatar_async.media.mp4.fragments import count_fragments, read_index_s
from avatar_async.media.mp4.tables import Durations
from avatar_async.media.mp4.tracks import Track, clock_of, read_track
from avatar_async.media.ranges import BLOCK_BYTES, FIRST_BLOCK_BYTES, Window

#: How much is read where headers may begin: those of a quarter of an hour, and most of what follows.
_AT_ONE_GO_BYTES = 384 * 1024
_MOST_TRACKS = 64
_HEADER_BYTES = 16


@frozen(kw_only=True)
class Movie:
    """What the headers of a file tell.

    Attributes:
        tracks: Its tracks, in their order.
        timescale: Ticks a second of its edit lists.
        told_s: How long it says it is, in seconds; 0 where it does not say.
        fragmented: Whether its samples are told of fragment by fragment.
        indexed_s: How long a fragmented file is by its index, in seconds; None without one.
        missing_bytes: How many bytes of its samples the file lacks; 0 if it is whole.
    """

    tracks: tuple[Track, ...]
    timescale: int
    told_s: float
    fragmented: bool
    indexed_s: float | None
    missing_bytes: int

    @property
    def video(self) -> Track | None:
        """The track of pictures that players show first; None if there is none."""
        found = [track for track in self.tracks if track.handler == "vide"]
        return next((track for track in found if track.enabled), found[0] if found else None)

    @property
    def audio(self) -> Track | None:
        """The first track of sound; None if there is none."""
        return next((track for track in self.tracks if track.handler == "soun"), None)


async def read_movie(window: Window) -> Movie:
    """Read the headers of a file, wherever in it they lie; samples are never read.

    Raises:
        MediaError: It breaks off before its headers end, has none, or they contradict themselves.
        MediaOutOfReachError: Too much would have to be read.
    """
    await window.at(0, _HEADER_BYTES, ahead=FIRST_BLOCK_BYTES)
    moov, missing_bytes = None, 0
    async for box in boxes(window, 0, None, ahead=_AT_ONE_GO_BYTES):
        size_bytes = window.size_bytes
        over = 0 if size_bytes is None else max(0, box.end - size_bytes)
        if box.kind == "moov":
            if over:
                raise MediaError(f"it breaks off in its headers: the last {over} bytes of them are missing")
            moov = moov or box
        elif box.kind == "mdat":
            missing_bytes = max(missing_bytes, over)
        if moov is not None and not window.has(box.end, _HEADER_BYTES):
            break
    if moov is None:
        raise MediaError(_headless(missing_bytes))
    window.aim(moov.end + _HEADER_BYTES)
    movie = await _read_headers(window, moov)
    if not missing_bytes:
        missing_bytes = await _missing_after(window, moov)
    return evolve(movie, missing_bytes=missing_bytes)


def _headless(missing_bytes: int) -> str:
    if missing_bytes:
        return f"it breaks off: {missing_bytes} bytes and the headers (moov) are missing"
    return "it has no headers (moov): its recording or copying was not finished"


async def _missing_after(window: Window, moov: Box) -> int:
    """Return how much of the samples that follow the headers is missing."""
    try:
        async for box in boxes(window, moov.end, None, ahead=_HEADER_BYTES):
            if box.kind == "mdat":
                return 0 if window.size_bytes is None else max(0, box.end - window.size_bytes)
            if box.kind == "moof":
                return 0
    except MediaOutOfReachError:
        pass
    return 0


async def _read_headers(window: Window, moov: Box) -> Movie:
    tracks: list[Track] = []
    timescale, ticks, extends = 1, 0, None
    async for box in boxes(window, moov.body, moov.end, ahead=BLOCK_BYTES):
        if box.kind == "mvhd":
            timescale, ticks = clock_of(await window.at(box.body, min(32, box.body_bytes)))
        elif box.kind == "mvex":
            extends = box
        elif box.kind == "trak":
            if len(tracks) == _MOST_TRACKS:
                raise MediaError(f"it has more than {_MOST_TRACKS} tracks")
            track = await read_track(window, box, BLOCK_BYTES)
            tracks += [] if track is None else [track]
    movie = Movie(
        tracks=tuple(tracks),
        timescale=timescale,
        told_s=ticks / timescale,
        fragmented=extends is not None,
        indexed_s=None,
        missing_bytes=0,
    )
    return movie if extends is None else await _with_fragments(window, moov, extends, movie)


async def _with_fragments(window: Window, moov: Box, extends: Box, movie: Movie) -> Movie:
    video = movie.video
    if video is None:
        return movie
    usual, told_s = await _defaults(window, extends, video.number, movie)
    found = await count_fragments(window, moov.end, video.number, usual)
    if found is None:
        try:
            indexed_s = await read_index_s(window, moov.end)
        except MediaOutOfReachError:
            indexed_s = None
        lost = evolve(video, durations=None, counted=None, told_ticks=0)
        return evolve(movie, told_s=told_s, indexed_s=indexed_s, tracks=_swapped(movie, video, lost))
    own = video.durations or Durations(samples=0, ticks=0, shortest=0, longest=0)
    shortest = min(each for each in (own.shortest or found.shortest, found.shortest))
    durations = Durations(
        samples=None if own.samples is None else own.samples + found.samples,
        ticks=None if found.ticks is None or own.ticks is None else own.ticks + found.ticks,
        shortest=shortest,
        longest=max(own.longest, found.longest),
    )
    counted = evolve(video, durations=durations, counted=None)
    return evolve(movie, told_s=told_s, tracks=_swapped(movie, video, counted))


def _swapped(movie: Movie, old: Track, new: Track) -> tuple[Track, ...]:
    return tuple(new if track is old else track for track in movie.tracks)


async def _defaults(window: Window, extends: Box, number: int, movie: Movie) -> tuple[int | None, float]:
    """Return how long a track's samples usually last, in ticks, and how long the movie says it is."""
    usual, told_s = None, movie.told_s
    async for box in boxes(window, extends.body, extends.end, ahead=4096):
        head = await window.at(box.body, min(24, box.body_bytes))
        if box.kind == "trex" and int.from_bytes(head[4:8], "big") == number:
            usual = int.from_bytes(head[12:16], "big") or None
        elif box.kind == "mehd":
            told_s = int.from_bytes(head[4:12] if head[:1] == b"\x01" else head[4:8], "big") / movie.timescale
    return usual, told_s
