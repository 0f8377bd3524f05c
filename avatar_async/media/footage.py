"""What a file holds, wherever it lies, told without decoding it and without reading it whole."""

from typing import BinaryIO, Literal

import anyio
from attrs import frozen

from avatar_async.errors import MediaError, MediaOutOfReachError
from avatar_async.media.announced import announced_bytes
from avatar_async.media.mp4 import Movie, Track, read_movie
from avatar_async.media.range_file import RangeFile, in_thread
from avatar_async.media.ranges import FIRST_BLOCK_BYTES, Window

Sort = Literal["video", "image", "audio", "zip"]

_MP4_STARTS = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp", b"uuid"}
_STILL_BRANDS = {b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis"}
_ZIP_START, _ZIP_EMPTY = b"PK\x03\x04", b"PK\x05\x06"
_ZIP_TAIL_BYTES = 22 + 65_535
_OTHER_HEAD_BYTES = 128
#: What other containers' headers may cost where the file is far.
_FAR_HEADERS_BYTES, _NEAR_HEADERS_BYTES = 1 << 20, 256 << 20


@frozen(kw_only=True)
class Footage:
    """What a file holds. None always means that it is not known, never that there is none.

    Attributes:
        sort: What sort of file it is.
        container: Name of its form, such as `mp4` or `png`.
        size_bytes: Length of the file.
        codec: Name of the pictures' coding (of the sound's where there are none).
        width_px: Width as shown, after any rotation.
        height_px: Height as shown.
        rotation_deg: How far players turn the coded pictures, clockwise.
        duration_s: How long it is shown, in seconds.
        fps: Pictures a second, on average.
        constant_rate: Whether all pictures are shown equally long.
        frames: How many pictures there are, exactly.
        has_audio: Whether there is sound.
        audio_codec: Name of the sound's coding.
        audio_s: How long the sound is, in seconds.
        fragmented: Whether it is a fragmented MP4.
        notes: What is odd about it.
        read_bytes: How much of it was read.
        reads: In how many reads.
    """

    sort: Sort
    container: str
    size_bytes: int | None = None
    codec: str | None = None
    width_px: int | None = None
    height_px: int | None = None
    rotation_deg: int | None = None
    duration_s: float | None = None
    fps: float | None = None
    constant_rate: bool | None = None
    frames: int | None = None
    has_audio: bool | None = None
    audio_codec: str | None = None
    audio_s: float | None = None
    fragmented: bool = False
    notes: tuple[str, ...] = ()
    read_bytes: int = 0
    reads: int = 0


async def look(window: Window, limiter: anyio.CapacityLimiter | None = None) -> Footage:
    """Tell what a file holds.

    Args:
        window: The file.
        limiter: Bounds how many worker threads read at a time.

    Raises:
        MediaError: It is empty, breaks off, or is no picture, video, sound or zip.
        MediaOutOfReachError: Too much of it would have to be read.
        AvatarError: It cannot be read.
    """
    head = await window.at(0, 16, ahead=FIRST_BLOCK_BYTES)
    if not head:
        raise MediaError("it is empty (0 bytes)")
    if head[:4] in (_ZIP_START, _ZIP_EMPTY):
        return await _zip(window)
    if head[4:8] in _MP4_STARTS and not (head[4:8] == b"ftyp" and head[8:12] in _STILL_BRANDS):
        return _of_movie(await read_movie(window), window, "mov" if head[8:12] == b"qt  " else "mp4")
    if head.lstrip()[:1] == b"<":
        raise MediaError("it is a page or other text with markup, not a picture or video")
    return await _by_library(window, limiter)


async def _zip(window: Window) -> Footage:
    size_bytes = window.size_bytes
    if size_bytes is not None:
        start = max(0, size_bytes - _ZIP_TAIL_BYTES)
        tail = await window.at(start, size_bytes - start, ahead=0)
        if _ZIP_EMPTY not in tail:
            raise MediaError("it is a zip that breaks off: its list of members is missing")
    return Footage(
        sort="zip",
        container="zip",
        size_bytes=size_bytes,
        notes=() if size_bytes is not None else ("whether it is whole is not known",),
        read_bytes=window.read_bytes,
        reads=window.reads,
    )


def _of_movie(movie: Movie, window: Window, container: str) -> Footage:
    if movie.missing_bytes:
        raise MediaError(f"it breaks off: the last {movie.missing_bytes} bytes are missing")
    video, audio = movie.video, movie.audio
    if audio is not None and not movie.fragmented and not audio.media_s:
        audio = None  # a track without a sample is no sound
    if video is None and audio is None:
        raise MediaError("it holds neither pictures nor sound")
    shown = video or audio
    assert shown is not None
    sideways = shown.rotation_deg in (90, 270)
    sizes = (shown.height_px, shown.width_px) if sideways else (shown.width_px, shown.height_px)
    hides = shown.hides_samples(movie.timescale)
    return Footage(
        sort="video" if video else "audio",
        container=container,
        size_bytes=window.size_bytes,
        codec=shown.codec,
        width_px=sizes[0] if video else None,
        height_px=sizes[1] if video else None,
        rotation_deg=shown.rotation_deg if video else None,
        duration_s=_duration_s(movie, shown),
        fps=shown.fps if video else None,
        constant_rate=shown.constant_rate if video else None,
        frames=None if video is None or hides else video.samples,
        has_audio=audio is not None,
        audio_codec=audio.codec if audio else None,
        audio_s=audio.shown_s(movie.timescale) if audio and not movie.fragmented else None,
        fragmented=movie.fragmented,
        notes=tuple(_notes(movie, shown, hides=hides)),
        read_bytes=window.read_bytes,
        reads=window.reads,
    )


def _duration_s(movie: Movie, shown: Track) -> float | None:
    if movie.fragmented and (shown.durations is None or shown.durations.ticks is None):
        return movie.indexed_s or movie.told_s or None
    return shown.shown_s(movie.timescale) or None


def _notes(movie: Movie, shown: Track, *, hides: bool) -> list[str]:
    notes = []
    if hides:
        notes.append(f"an edit list shows a part only of the {shown.samples or 'unknown number of'} frames")
    if shown.contradicts:
        notes.append("its tables tell of different numbers of frames")
    if movie.fragmented and shown.samples is None:
        notes.append("it is fragmented: its frames were not counted")
    told_s = shown.told_ticks / shown.timescale
    if not movie.fragmented and told_s and abs(told_s - shown.media_s) > max(1.0, 0.01 * told_s):
        notes.append(f"its header says {told_s:.2f} s, its frames last {shown.media_s:.2f} s")
    return notes


async def _by_library(window: Window, limiter: anyio.CapacityLimiter | None) -> Footage:
    """Let Pillow and PyAV read the headers of other forms."""
    size_bytes = window.size_bytes
    if size_bytes is None:
        raise MediaOutOfReachError("how long the file is cannot be learnt")
    announced = announced_bytes(await window.at(0, _OTHER_HEAD_BYTES))
    if announced is not None and announced > size_bytes:
        raise MediaError(f"it breaks off: the last {announced - size_bytes} bytes are missing")
    most_bytes = _NEAR_HEADERS_BYTES if window.near else _FAR_HEADERS_BYTES

    def read(stream: BinaryIO, _file: RangeFile) -> Footage:
        from avatar_async.media.frames import probe

        info = probe(stream)
        return Footage(
            sort=info.kind,
            container=info.codec if info.kind == "image" else "other",
            size_bytes=size_bytes,
            codec=info.codec,
            width_px=info.width_px or None,
            height_px=info.height_px or None,
            duration_s=info.duration_s,
            fps=info.fps,
            frames=1 if info.kind == "image" else info.frames,
            has_audio=info.has_audio,
            read_bytes=window.read_bytes,
            reads=window.reads,
        )

    return await in_thread(window, size_bytes, read, most_bytes=most_bytes, limiter=limiter)
