"""A wake-up call between loops."""

import anyio

from avatar_async._jobs.ports import Clock


class Signal:
    """Something to wait for that is set again and again; a set before the wait is not lost."""

    def __init__(self) -> None:
        self._event = anyio.Event()

    def set(self) -> None:
        """Wake whoever waits, or the next one that will."""
        self._event.set()

    async def wait(self, clock: Clock, limit_s: float | None = None) -> None:
        """Wait until set, or for at most that many seconds of the clock."""
        event = self._event
        if limit_s is None:
            await event.wait()
        elif not event.is_set():
            async with anyio.create_task_group() as group:

                async def expire() -> None:
                    await clock.sleep(max(0.0, limit_s))
                    group.cancel_scope.cancel()

                group.start_soon(expire)
                await event.wait()
                group.cancel_scope.cancel()
        if event.is_set() and self._event is event:
            self._event = anyio.Event()
