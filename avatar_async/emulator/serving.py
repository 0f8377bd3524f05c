"""Run the emulator in a process of its own."""

import inspect
from collections.abc import Awaitable, Callable

import anyio

from avatar_async.emulator.emulator import Emulator

#: Pieces of one small size fit every picture; larger ones of all sizes would be given back and fetched again.
_BLOCK_BYTES = 64 * 1024
_KEPT_BLOCKS = 1024


def keep_image_memory() -> None:
    """Let Pillow keep the memory of pictures it is done with, which halves the time that keying takes.

    It counts for the whole process: for one that is the emulator's own, not for someone else's.
    """
    from PIL import _imaging

    _imaging.set_block_size(_BLOCK_BYTES)
    _imaging.set_blocks_max(_KEPT_BLOCKS)


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
