"""Looking at many files: each once, some at a time, none for long."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlsplit

import anyio
from attrs import evolve, field, frozen

from avatar_async.errors import AvatarError, MediaOutOfReachError, NotSentError
from avatar_async.media.footage import Footage, look
from avatar_async.media.range_file import RangeFile, in_thread
from avatar_async.media.ranges import RangeReader, Window

if TYPE_CHECKING:
    from avatar_async.media.screens import ScreenLook

Bgr = tuple[int, int, int]
OpenFile = Callable[[str], AbstractAsyncContextManager[RangeReader]]

#: Files looked at at a time.
AT_ONCE = 16
#: Seconds that one file may take.
PATIENCE_S = 60.0
#: Bytes of one file read at most for its pictures.
_FAR_PICTURES_BYTES, _NEAR_PICTURES_BYTES = 24 << 20, 1 << 40
_PICTURES, _SHORT_SIDE_PX = 5, 180
_DECODERS = 2
#: Connections to one origin that failed, after which it is not tried again.
_DEAD_AFTER = 2
_NO_EXTRA = "Pillow and PyAV are not installed: pip install 'avatar-async[media]'"


@frozen(kw_only=True)
class Asked:
    """What is to be learnt of one file beside its headers.

    Attributes:
        decoded: Whether it is to be decoded, being a picture.
        samples: Sample colours whose screen is to be measured.
    """

    decoded: bool = False
    samples: frozenset[Bgr] = frozenset()

    def __or__(self, other: "Asked") -> "Asked":
        return Asked(decoded=self.decoded or other.decoded, samples=self.samples | other.samples)


@frozen(kw_only=True)
class Seen:
    """What was learnt of one file.

    Attributes:
        footage: What it holds; None if that was not learnt.
        failure: Why it could not be read, or not be decoded as was asked.
        screens: Its screen, by sample colour; empty if its pictures were not seen.
    """

    footage: Footage | None = None
    failure: AvatarError | None = None
    screens: Mapping[Bgr, "ScreenLook"] = field(factory=dict)


class Looker:
    """Look at files.

    Args:
        open_file: Opens a file by its address.
        at_once: How many at a time.
        patience_s: How long one may take, in seconds.
    """

    def __init__(
        self, open_file: OpenFile, *, at_once: int = AT_ONCE, patience_s: float = PATIENCE_S
    ) -> None:
        self._open = open_file
        self._at_once = at_once
        self._patience_s = patience_s
        self._unreached: dict[str, int] = {}

    async def look_at(self, asked: Mapping[str, Asked]) -> dict[str, Seen]:
        """Return what was learnt of each file; nothing is raised for a file that cannot be read.

        Args:
            asked: What is to be learnt, by address.
        """
        seen: dict[str, Seen] = {}
        room, decoders = anyio.Semaphore(self._at_once), anyio.CapacityLimiter(_DECODERS)

        async def one(address: str, wanted: Asked) -> None:
            try:
                seen[address] = await self._look(address, wanted, decoders)
            finally:
                room.release()

        async with anyio.create_task_group() as group:
            for address, wanted in asked.items():
                await room.acquire()
                group.start_soon(one, address, wanted)
        return {address: seen[address] for address in asked}

    async def _look(self, address: str, asked: Asked, decoders: anyio.CapacityLimiter) -> Seen:
        origin = _origin(address)
        if self._unreached.get(origin, 0) >= _DEAD_AFTER:
            return Seen(failure=NotSentError("its host could not be reached for other files"))
        seen = Seen()
        with anyio.move_on_after(self._patience_s) as scope:
            try:
                async with self._open(address) as reader:
                    window = Window.over(reader)
                    seen = Seen(footage=await look(window, decoders))
                    seen = await _with_pictures(window, seen, asked, decoders)
            except AvatarError as error:
                seen = evolve(seen, failure=error)
            except ImportError:
                seen = evolve(seen, failure=MediaOutOfReachError(_NO_EXTRA))
        if scope.cancel_called:
            text = f"it could not be looked at within {self._patience_s:g} s"
            seen = evolve(seen, failure=MediaOutOfReachError(text))
        if isinstance(seen.failure, NotSentError) and origin:
            self._unreached[origin] = self._unreached.get(origin, 0) + 1
        return seen


def merged(asked: Iterable[tuple[str, Asked]]) -> dict[str, Asked]:
    """Return all that is asked of each file, so that it is looked at once."""
    total: dict[str, Asked] = {}
    for address, wanted in asked:
        total[address] = total[address] | wanted if address in total else wanted
    return total


async def _with_pictures(window: Window, seen: Seen, asked: Asked, decoders: anyio.CapacityLimiter) -> Seen:
    footage = seen.footage
    assert footage is not None
    decoded = asked.decoded and footage.sort == "image"
    if footage.sort not in ("image", "video") or not (decoded or asked.samples):
        return seen
    if footage.size_bytes is None:
        raise MediaOutOfReachError("how long the file is cannot be learnt")

    def work(stream: BinaryIO, file: RangeFile) -> dict[Bgr, "ScreenLook"]:
        from avatar_async.media.frames import first_frame, shrink
        from avatar_async.media.sampling import keyframes

        if footage.sort == "image":
            pictures = [shrink(first_frame(stream), _SHORT_SIDE_PX)]
        else:
            pictures = keyframes(stream, _PICTURES, short_side_px=_SHORT_SIDE_PX, late=lambda: file.late)
        if not asked.samples:
            return {}
        from avatar_async.media.screens import look_at_screen

        return {sample: look_at_screen(pictures, sample) for sample in sorted(asked.samples)}

    most_bytes = _NEAR_PICTURES_BYTES if window.near else _FAR_PICTURES_BYTES
    screens = await in_thread(window, footage.size_bytes, work, most_bytes=most_bytes, limiter=decoders)
    return evolve(seen, screens=screens)


def _origin(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else ""
