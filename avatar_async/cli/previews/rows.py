"""What a contact sheet has a row for: a picture, or a frame of a video; and reading it, wherever it lies."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, TypeVar

import anyio
import anyio.to_thread
from attrs import frozen

from avatar_async.cli.previews.media import Medium
from avatar_async.errors import AvatarError, MediaError, MediaOutOfReachError

if TYPE_CHECKING:
    from anyio.abc import TaskGroup

    from avatar_async.media.frames import MediaSource
    from avatar_async.media.ranges import RangeReader

Result = TypeVar("Result")

#: Folder below the results where pictures and clips go that no job brought home.
FOLDER = "previews"
#: Bytes read at most of a file on a web server.
_MOST_BYTES = 512 << 20


@frozen(kw_only=True)
class Row:
    """A picture, or a frame of a video.

    Attributes:
        medium: Whose it is.
        at_s: When the frame is shown, in seconds; None for a picture.
        name: What people call it.
        folder: Where its pictures go.
    """

    medium: Medium
    at_s: float | None
    name: str
    folder: Path

    @property
    def original(self) -> Path:
        """Where the picture goes as it came."""
        return self.folder / "original.png"


def rows_of(media: Sequence[Medium], at: Sequence[float], out: Path, *, quality: bool = False) -> list[Row]:
    """Return the rows that some media make.

    Args:
        media: The media.
        at: Instants of videos to show, in seconds; their usual one if there is none.
        out: The folder of the results.
        quality: Whether they are keyed in the quality mode, whose pictures lie apart.
    """
    rows = []
    for medium in media:
        instants: Sequence[float | None] = [None]
        if medium.kind == "video":
            instants = list(dict.fromkeys(at)) or [_usual_at_s(medium)]
        for at_s in instants:
            mark = "" if at_s is None else f"-{at_s:g}s"
            folder = out / FOLDER / f"{medium.slug}{mark}{'-quality' if quality else ''}"
            name = medium.name if at_s is None else f"{medium.name} at {at_s:g} s"
            rows.append(Row(medium=medium, at_s=at_s, name=name, folder=folder))
    return rows


def beyond(media: Sequence[Medium], at: Sequence[float]) -> list[str]:
    """Return what is wrong with the instants that are asked for."""
    return [
        f"--at {at_s:g} lies beyond {medium.name}, which lasts {medium.duration_s:.2f} s"
        for medium in media
        for at_s in at
        if medium.duration_s is not None and at_s >= medium.duration_s
    ]


def _usual_at_s(medium: Medium) -> float:
    from avatar_async.media.cells import USUAL_AT_S

    if medium.duration_s is None:
        return 0.0
    return round(min(USUAL_AT_S, medium.duration_s / 2), 2)


@frozen(kw_only=True)
class Reading:
    """Work on files in worker threads, wherever the files lie.

    Attributes:
        open_file: Opens a file by its address.
        limiter: Bounds the threads.
    """

    open_file: Callable[[str], AbstractAsyncContextManager["RangeReader"]]
    limiter: anyio.CapacityLimiter

    async def of(self, medium: Medium, work: "Callable[[MediaSource], Result]") -> Result:
        """Return what work on a medium returns; cancelled, it waits for the thread.

        Raises:
            AvatarError: What the work raises, or why the file cannot be read.
            OSError: What the work raises because of the disk.
        """
        if not medium.is_web:
            return await anyio.to_thread.run_sync(_guarded, work, Path(medium.address), limiter=self.limiter)
        from avatar_async.media.range_file import in_thread
        from avatar_async.media.ranges import Window

        async with self.open_file(medium.address) as reader:
            window = Window.over(reader)
            await window.at(0, 1)
            if window.size_bytes is None:
                raise MediaOutOfReachError("how long the file is cannot be learnt")
            return await in_thread(
                window,
                window.size_bytes,
                lambda stream, _: work(stream),
                most_bytes=_MOST_BYTES,
                limiter=self.limiter,
            )


def _guarded(work: "Callable[[MediaSource], Result]", file: Path) -> Result:
    try:
        return work(file)
    except (AvatarError, OSError, ImportError):
        raise
    except Exception as error:
        # Hostile files break decoders in ways that no list of errors foresees.
        raise MediaError(f"it cannot be decoded ({type(error).__name__})") from error


@contextmanager
def told_of_cancellation(group: "TaskGroup") -> Iterator[Event]:
    """Give an event that is set as soon as a task group is cancelled, for threads that it waits for."""
    cancelled = Event()

    async def watch() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            cancelled.set()

    group.start_soon(watch)
    yield cancelled
