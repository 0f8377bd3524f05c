"""Run the emulator in a process of its own."""

import inspect
from collections.abc import Awaitable, Callable

import anyio

from avatar_async.emulator.emulator import Emulator
from avatar_async.media.memory import keep_image_memory


async def serve(emulator: Emulator, on_ready: Callable[[Emulator], Awaitable[None] | None]) -> None:
    """Run an emulator until cancelled, for a process of its own.

    Raises:
        EmulatorError: It cannot start.
    """
    keep_image_memory()
    async with emulator:
        waiting = on_ready(emulator)
        if inspect.isawaitable(waiting):
            await waiting
        await anyio.sleep_forever()
