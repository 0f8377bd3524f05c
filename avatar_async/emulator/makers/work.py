"""What a maker is given and what it leaves."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock

from attrs import frozen
from PIL import Image

from avatar_async.emulator.records import EmulatedTask, FileType
from avatar_async.errors import MediaError
from avatar_async.media.frames import sample_frames

_CACHED_SAMPLES = 8


class SampleCache:
    """Keep the last sampled frames, since many tasks often share one clip. Safe to use from threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._samples: OrderedDict[tuple[object, ...], list[Image.Image]] = OrderedDict()

    def sample(
        self, path: Path, count: int, *, start_s: float, end_s: float | None, short_side_px: int
    ) -> list[Image.Image]:
        """Return frames of a part of a clip; callers must not change them.

        Raises:
            MediaError: Nothing in the file can be decoded to a picture.
        """
        wanted = (path, count, start_s, end_s, short_side_px)
        with self._lock:
            if wanted in self._samples:
                self._samples.move_to_end(wanted)
                return self._samples[wanted]
        found = sample_frames(path, count, start_s=start_s, end_s=end_s, short_side_px=short_side_px)
        with self._lock:
            self._samples[wanted] = found
            while len(self._samples) > _CACHED_SAMPLES:
                self._samples.popitem(last=False)
        return found


@frozen(kw_only=True)
class Work:
    """Hold everything one task's maker needs.

    Attributes:
        task: The task.
        sources: The fetched file of each address the task names.
        folder: Where the results go; empty at the start.
        samples: Sampled frames, shared by all tasks.
        stopped: Tells whether the emulator is closing.
    """

    task: EmulatedTask
    sources: Mapping[str, Path]
    folder: Path
    samples: SampleCache
    stopped: Callable[[], bool]

    def check_stopped(self) -> None:
        """Leave the work if the emulator is closing.

        Raises:
            StoppedError: It is.
        """
        if self.stopped():
            raise StoppedError("the emulator is closing")


class StoppedError(MediaError):
    """Tell that work ended because the emulator closes; it is done anew at the next start."""


@frozen
class Made:
    """Name one file a maker left in the work's folder."""

    type: FileType
    name: str
