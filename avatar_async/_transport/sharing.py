"""Questions asked at the same moment share one query call."""

import copy
from collections.abc import Awaitable, Callable, Sequence

import anyio
import anyio.lowlevel
from attrs import define, field

from avatar_async._jobs.remote import QueryAnswer, RemoteTask
from avatar_async.errors import AvatarError, RejectedError


@define(eq=False)
class _Round:
    """One call to come, or under way."""

    task_ids: dict[int, None] = field(factory=dict)
    answered: anyio.Event = field(factory=anyio.Event)
    tasks: dict[int, RemoteTask] | None = None
    error: AvatarError | None = None


class SharedQuery:
    """Ask for single tasks, in as few calls as the moments of asking allow.

    Whoever asks first waits one turn of the event loop for others to join and then makes the call in their
    own task. If they are cancelled meanwhile, those who joined ask again; if the service refuses what the
    call asks for, which may be the fault of one of them, each asks alone.

    Args:
        ask: Asks for up to `batch` tasks in one call.
        batch: Most tasks of one call.
    """

    def __init__(self, ask: Callable[[Sequence[int]], Awaitable[QueryAnswer]], batch: int) -> None:
        self._ask = ask
        self._batch = batch
        self._open: _Round | None = None

    async def task(self, task_id: int) -> RemoteTask | None:
        """Return what the service says of a task, None if it does not know it.

        Raises:
            AvatarError: As `ask` raises it; for everyone who shared the call, unless it was rejected.
        """
        while True:
            shared = self._open
            if shared is None:
                return await self._lead(task_id)
            shared.task_ids[task_id] = None
            if len(shared.task_ids) >= self._batch:
                self._open = None
            await shared.answered.wait()
            if shared.error is not None:
                return await self._after(shared, task_id, copy.copy(shared.error))
            if shared.tasks is not None:
                return shared.tasks.get(task_id)

    async def _lead(self, task_id: int) -> RemoteTask | None:
        shared = _Round({task_id: None})
        try:
            if self._batch > 1:
                self._open = shared
                await anyio.lowlevel.checkpoint()
                if self._open is shared:
                    self._open = None
            shared.tasks = await self._tasks(list(shared.task_ids))
        except AvatarError as error:
            shared.error = error
        finally:
            if self._open is shared:
                self._open = None
            shared.answered.set()
        if shared.tasks is not None:
            return shared.tasks.get(task_id)
        assert shared.error is not None
        return await self._after(shared, task_id, shared.error)

    async def _after(self, shared: _Round, task_id: int, error: AvatarError) -> RemoteTask | None:
        """Ask alone after a rejection of several, or raise the error."""
        if not isinstance(error, RejectedError) or len(shared.task_ids) == 1:
            raise error
        return (await self._tasks([task_id])).get(task_id)

    async def _tasks(self, task_ids: Sequence[int]) -> dict[int, RemoteTask]:
        answer = await self._ask(task_ids)
        return {task.task_id: task for task in answer.tasks}
