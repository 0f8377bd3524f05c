"""Waiting for what must not be left half done, whoever cancels the waiting."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

T = TypeVar("T")


async def unbroken(work: Callable[[], Awaitable[T]]) -> T:
    """Await `work` to its end; a cancellation that comes meanwhile is raised afterwards.

    `work` must end soon by itself. anyio's shield holds off its own scopes only: `Task.cancel` of an
    asyncio application goes through it, and would leave a thread at work behind everybody's back. A task
    of our own is not reached by it.
    """
    results: list[T] = []
    errors: list[Exception] = []

    async def run() -> None:
        with anyio.CancelScope(shield=True):
            try:
                results.append(await work())
            except Exception as error:  # noqa: BLE001 - raised below, without the task group's wrapping
                errors.append(error)

    async with anyio.create_task_group() as group:
        group.start_soon(run)
    if errors:
        raise errors[0]
    return results[0]
