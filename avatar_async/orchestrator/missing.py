"""Tasks that the service leaves out of its answers although it answers."""

from datetime import datetime, timedelta
from typing import Final

from avatar_async._jobs import events as ev
from avatar_async._jobs.expiry import NOT_LISTED, least_expiry_of
from avatar_async._jobs.records import Job, JobError
from avatar_async.errors import AvatarError
from avatar_async.orchestrator.board import Board
from avatar_async.orchestrator.losses import Losses, LostError, lost

#: Polls in a row that leave an id out before a person is told.
_TELL_AFTER: Final = 5


class MissingTasks:
    """Count polls in a row that leave a task out; tell a person, and in the end look for proof of its loss.

    Before the earliest instant at which its results can vanish, a missing task is never more than missing.
    """

    def __init__(self, board: Board, losses: Losses, *, retention: timedelta) -> None:
        self._board = board
        self._losses = losses
        self._retention = retention
        self._polls: dict[str, int] = {}

    def seen(self, job_id: str) -> None:
        """Note that an answer tells of the task, or that nobody asks for it any more."""
        self._polls.pop(job_id, None)

    def in_question(self, job_id: str) -> bool:
        """Tell whether the task was left out lately, so that it should be asked for again soon."""
        return 0 < self._polls.get(job_id, 0) < _TELL_AFTER

    async def left_out(self, job: Job, listed_at: datetime | None) -> ev.Event | None:
        """Note that an answer leaves the task out; return what is to be written of it, if anything.

        Args:
            job: A job in flight.
            listed_at: The latest poll that told of the task, None if none did.
        """
        polls = self._polls[job.id] = self._polls.get(job.id, 0) + 1
        if polls < _TELL_AFTER:
            return None
        now = self._board.clock.now()
        if now > least_expiry_of(job, retention=self._retention):
            try:
                await self._losses.ask(job)
            except LostError as error:
                self._board.warn(f"results lost: {error}", job=job.name)
                return lost(now, str(error))
            except AvatarError:
                return None
        if job.error is not None and job.error.code == NOT_LISTED:
            return None
        known = "never yet" if listed_at is None else f"last at {listed_at:%Y-%m-%d %H:%M} UTC"
        message = f"the service answers, but does not list task {job.task_id} (listed {known})"
        self._board.warn(f"{message}; polling goes on", job=job.name)
        return ev.LeftOut(at=now, error=JobError(code=NOT_LISTED, message=message))
