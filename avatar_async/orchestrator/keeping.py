"""The id of an accepted task, written down whatever it takes."""

from typing import Final

import anyio

from avatar_async._jobs import events as ev
from avatar_async._jobs.advice import command
from avatar_async._jobs.records import Job
from avatar_async.errors import ConflictError, LedgerError
from avatar_async.orchestrator.board import Board

#: Seconds before the first and the later attempts to write again.
_FIRST_WAIT_S: Final = 0.5
_LONGEST_WAIT_S: Final = 5.0


class IdKeeper:
    """Write the ids of accepted tasks to the ledger, as often as it takes.

    A task that was paid for and that nothing durable tells of is the worst that can happen: so the id is
    told at once, and attempts end only with success or cancellation.
    """

    def __init__(self, board: Board) -> None:
        self._board = board
        self._waiting: set[str] = set()
        self._ends_at_s: float | None = None

    def stop(self, grace_s: float) -> None:
        """Try for that many seconds more at most: the run is to end."""
        if self._ends_at_s is None:
            self._ends_at_s = self._board.clock.monotonic() + grace_s

    @property
    def waiting(self) -> bool:
        """Whether an id could not be written yet: no other create may leave meanwhile."""
        return bool(self._waiting)

    async def keep(self, job: Job, event: ev.Accepted) -> None:
        """Write the id; returns when it is durable. Cancelled, it was told but may not be written.

        Raises:
            ConflictError: Somebody else changed the job.
            LedgerError: The run was to end, and the time for that is over.
        """
        wait_s = _FIRST_WAIT_S
        try:
            while not await self._written(job, event):
                await self._board.clock.sleep(wait_s)
                wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
        except (anyio.get_cancelled_exc_class(), LedgerError) as error:
            if not isinstance(error, ConflictError):
                self._tell(job, f"task id {event.task_id} is not written down: type {_command(job, event)}")
            raise
        finally:
            told = job.id in self._waiting
            self._waiting.discard(job.id)
        if told:
            self._tell(job, f"task id {event.task_id} is written now: nothing to do")

    async def _written(self, job: Job, event: ev.Accepted) -> bool:
        try:
            await self._board.write((job, event))
        except ConflictError:
            raise
        except LedgerError as error:
            if job.id not in self._waiting:
                self._waiting.add(job.id)
                self._tell(
                    job,
                    f"task id {event.task_id} cannot be written down: {error}. No job is submitted before it "
                    f"is; trying again. Should this run end first, type {_command(job, event)}",
                )
            if self._ends_at_s is not None and self._board.clock.monotonic() >= self._ends_at_s:
                raise
            return False
        return True

    def _tell(self, job: Job, message: str) -> None:
        self._board.warn(message, job=job.name, urgent=True)


def _command(job: Job, event: ev.Accepted) -> str:
    return command("resolve", job.name, f"--task-id {event.task_id}")
