"""A pytest plugin for testing your own code against the emulated service, without waiting.

Switch it on in your `conftest.py`:

```python
pytest_plugins = ["avatar_async.testing"]
```

Open the emulator inside the test, not in a fixture: a task group held open across a fixture's `yield`
ends in another task than it began.

```python
async def test_my_batch(avatar_emulator, avatar_media):
    async with avatar_emulator() as emulator:
        my_settings = (emulator.endpoint, emulator.app_id, emulator.app_key)
        video_url = emulator.media_url("clip.mp4")
        ...
        assert emulator.received.creates["anchor-01"] == 1
```

Let it misbehave, from the start or in the middle (`avatar_async.emulator.faults` tells how):

```python
async def test_a_lost_reply(avatar_emulator):
    async with avatar_emulator(faults="create:reset-after@1,seed=7") as emulator:
        emulator.faults.add("query:503@first2")
        ...
        assert emulator.received.accepted["anchor-01"] == 1
        assert emulator.faults.counts["reset"] == 1
```

Needs the `emulator` extra and pytest.
"""

import heapq
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from avatar_async.emulator import Emulator

__all__ = ["VirtualClock", "avatar_emulator", "avatar_media", "virtual_clock"]

_SETTLE_ROUNDS = 20
_START_AT = datetime(2026, 1, 1, tzinfo=UTC)


class _Sleeper:
    """Wait for a virtual instant."""

    def __init__(self) -> None:
        self.woken = anyio.Event()
        self.first = anyio.Event()


class VirtualClock:
    """Tell a time that moves only when a test says so, or when everyone waits for it.

    It fits wherever this package takes a clock. Sleepers wake in the order of their instants.

    Args:
        start_at: The first instant, aware.
        auto_advance: Jump to the earliest sleeper's instant by itself, once other tasks had their turn.
    """

    def __init__(self, start_at: datetime = _START_AT, *, auto_advance: bool = False) -> None:
        if start_at.tzinfo is None:
            raise ValueError("start_at must be aware")
        self._start_at = start_at.astimezone(UTC)
        self._passed_s = 0.0
        self._jumped_s = 0.0
        self._auto_advance = auto_advance
        self._numbers = count()
        self._sleepers: list[tuple[float, int, _Sleeper]] = []

    def now(self) -> datetime:
        """Return the virtual instant, aware, in UTC."""
        return self._start_at + timedelta(seconds=self._passed_s + self._jumped_s)

    def monotonic(self) -> float:
        """Return virtual seconds since the start."""
        return self._passed_s

    async def sleep(self, delay_s: float) -> None:
        """Wait until that many virtual seconds have passed; cancellation leaves nothing behind."""
        if delay_s <= 0:
            await anyio.lowlevel.checkpoint()
            return
        sleeper = _Sleeper()
        entry = (self._passed_s + delay_s, next(self._numbers), sleeper)
        heapq.heappush(self._sleepers, entry)
        self._tell_first()
        try:
            if self._auto_advance:
                await self._advance_in_turn(entry)
            else:
                await sleeper.woken.wait()
        finally:
            if entry in self._sleepers:
                self._sleepers.remove(entry)
                heapq.heapify(self._sleepers)
            self._tell_first()

    async def advance(self, seconds: float) -> None:
        """Move the time forward, waking sleepers one instant after another and letting them run.

        Raises:
            ValueError: The time would go backward.
        """
        if seconds < 0:
            raise ValueError("time does not go backward")
        target_s = self._passed_s + seconds
        await self._settle()
        while self._sleepers and self._sleepers[0][0] <= target_s:
            self._move_to(self._sleepers[0][0])
            await self._settle()
        self._move_to(target_s)
        await self._settle()

    def jump(self, wall_s: float) -> None:
        """Set the wall clock ahead, or back (negative), by that many seconds; nobody wakes.

        So does a machine that slept, where its monotonic clock slept too, or somebody who sets the clock.
        """
        self._jumped_s += wall_s

    def leap(self, seconds: float) -> None:
        """Move the time forward at once: sleepers wake late, as in a process that was stopped.

        Raises:
            ValueError: The time would go backward.
        """
        if seconds < 0:
            raise ValueError("time does not go backward")
        self._move_to(self._passed_s + seconds)

    async def _advance_in_turn(self, entry: tuple[float, int, _Sleeper]) -> None:
        sleeper = entry[2]
        while not sleeper.woken.is_set():
            await sleeper.first.wait()
            await self._settle()
            if sleeper.woken.is_set():
                return
            if self._sleepers[0] is entry:
                self._move_to(entry[0])
            else:
                sleeper.first = anyio.Event()

    def _move_to(self, passed_s: float) -> None:
        self._passed_s = max(self._passed_s, passed_s)
        while self._sleepers and self._sleepers[0][0] <= self._passed_s:
            sleeper = heapq.heappop(self._sleepers)[2]
            sleeper.woken.set()
            sleeper.first.set()
        self._tell_first()

    def _tell_first(self) -> None:
        if self._sleepers:
            self._sleepers[0][2].first.set()

    async def _settle(self) -> None:
        for _ in range(_SETTLE_ROUNDS):
            await anyio.lowlevel.checkpoint()


@pytest.fixture
def virtual_clock() -> VirtualClock:
    """A clock that `await clock.advance(seconds)` moves."""
    return VirtualClock()


@pytest.fixture(scope="session")
def avatar_media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `clip.mp4` (2 s of a green-screen figure with sound) and `still.png`."""
    from avatar_async.media.clips import ClipStyle, make_clip, make_still

    folder: Path = tmp_path_factory.mktemp("avatar-media")
    style = ClipStyle(width_px=180, height_px=320)
    make_clip(folder / "clip.mp4", style, duration_s=2.0)
    make_still(style).save(folder / "still.png")
    return folder


@pytest.fixture
def avatar_emulator(tmp_path: Path, avatar_media: Path) -> "Callable[..., Emulator]":
    """A function that makes an emulator to be opened with `async with` inside the test.

    It takes the keyword arguments of `avatar_async.emulator.Emulator`. Unless told otherwise its data
    lies below `tmp_path`, it serves `avatar_media`, and tasks finish as soon as their work is done.
    """
    from avatar_async.emulator import Emulator
    from avatar_async.requests import Kind

    def make(**options: Any) -> Emulator:
        chosen: dict[str, Any] = {
            "data": tmp_path / "avatar-emulator",
            "media_dir": avatar_media,
            "durations_s": dict.fromkeys(Kind, (0.0, 0.0)),
            **options,
        }
        return Emulator(**chosen)

    return make
