"""Waiting for one task, without a ledger."""

import logging
from collections.abc import Awaitable, Callable

from avatar_async._jobs.ports import Clock
from avatar_async._jobs.remote import RemoteState, RemoteTask
from avatar_async.errors import (
    AuthError,
    AvatarError,
    SettingRefusedError,
    TaskExpiredError,
    TaskFailedError,
    TaskTimeoutError,
)

_log = logging.getLogger(__name__)
_FIRST_POLL_S, _LONGEST_POLL_S, _POLL_GROWTH = 1.0, 30.0, 1.5
#: Polls refused one after the other, after which waiting is pointless.
_MAX_REFUSED_POLLS = 3


async def wait_for_task(
    query: Callable[[int], Awaitable[RemoteTask]],
    task_id: int,
    *,
    clock: Clock,
    timeout_s: float | None,
    poll_s: float | None,
) -> RemoteTask:
    """Return a task once it has succeeded (see `AvatarClient.wait`).

    Raises:
        TaskFailedError: The service reports that it failed.
        TaskExpiredError: Its results are gone.
        TaskTimeoutError: It did not finish in time.
        AuthError, SettingRefusedError: Several polls running were refused for the settings.
    """
    give_up_at = None if timeout_s is None else clock.monotonic() + timeout_s
    pause_s, refused = poll_s or _FIRST_POLL_S, 0
    while True:
        wait_s = pause_s
        try:
            task = await query(task_id)
        except (AuthError, SettingRefusedError) as error:
            refused += 1
            if refused >= _MAX_REFUSED_POLLS:
                raise
            _log.warning("poll of task %s refused: %s", task_id, error)
        except AvatarError as error:
            wait_s = max(pause_s, getattr(error, "retry_after_s", None) or 0.0)
            _log.warning("poll of task %s failed: %s", task_id, error)
        else:
            refused = 0
            if _finished(task):
                return task
        left_s = float("inf") if give_up_at is None else give_up_at - clock.monotonic()
        if left_s <= 0:
            raise TaskTimeoutError(f"task {task_id} did not finish within {timeout_s:g} s", task_id=task_id)
        await clock.sleep(min(wait_s, left_s))
        if poll_s is None:
            pause_s = min(pause_s * _POLL_GROWTH, _LONGEST_POLL_S)


def _finished(task: RemoteTask) -> bool:
    """Tell whether a task has succeeded; raise if it came to another end."""
    if task.state is RemoteState.FAILED:
        reason = task.fail_reason or "no reason given"
        raise TaskFailedError(f"task {task.task_id} failed: {reason}", task_id=task.task_id)
    if task.state is RemoteState.EXPIRED:
        raise TaskExpiredError(f"the results of task {task.task_id} are gone", task_id=task.task_id)
    return task.state is RemoteState.SUCCEEDED
