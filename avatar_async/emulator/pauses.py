"""Wait on the emulator's clock, but never longer than the emulator stays open."""

import anyio
from aiohttp import web

from avatar_async._jobs.ports import Clock

_LOOK_S = 0.1


class Pauses:
    """Let replies wait.

    Args:
        clock: Tells the time.
        time_scale: How many times shorter waits are than they say.
    """

    def __init__(self, clock: Clock, time_scale: float) -> None:
        self._clock = clock
        self._time_scale = time_scale
        self._closing = anyio.Event()

    def close(self) -> None:
        """End all waits, now and later."""
        self._closing.set()

    async def wait(self, seconds: float) -> None:
        """Wait that long on the emulator's clock, or until it closes; cancellation leaves nothing behind."""
        if seconds <= 0 or self._closing.is_set():
            return
        async with anyio.create_task_group() as group:
            group.start_soon(self._until_closing, group.cancel_scope)
            await self._clock.sleep(seconds / self._time_scale)
            group.cancel_scope.cancel()

    async def until_gone(self, request: web.Request) -> None:
        """Wait until the other side has left, or until the emulator closes."""
        while not self._closing.is_set() and request.transport is not None:
            if request.transport.is_closing():
                return
            with anyio.move_on_after(_LOOK_S):
                await self._closing.wait()

    async def _until_closing(self, scope: anyio.CancelScope) -> None:
        await self._closing.wait()
        scope.cancel()
