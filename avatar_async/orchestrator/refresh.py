"""Fresh addresses for refused ones, and the proof that results are gone."""

from datetime import datetime, timedelta
from typing import Final

from avatar_async._jobs import events as ev
from avatar_async._jobs.ports import JobStore, Service
from avatar_async._jobs.records import Job
from avatar_async._jobs.remote import QueryAnswer, RemoteState, RemoteTask
from avatar_async._jobs.states import State
from avatar_async.errors import ArtifactRefusedError, AvatarError
from avatar_async.orchestrator.artifacts import refreshed
from avatar_async.orchestrator.board import Board
from avatar_async.orchestrator.pace import Pace

#: Two answers that leave an id out must be this far apart to prove anything.
_APART: Final = timedelta(hours=1)


class LostError(AvatarError):
    """Tell that a job's results are proven gone."""


class Refresher:
    """Ask for a finished task again when the address of one of its files is refused."""

    def __init__(self, board: Board, store: JobStore, service: Service, pace: Pace) -> None:
        self._board = board
        self._store = store
        self._service = service
        self._pace = pace
        self._left_out_at: dict[str, datetime] = {}
        #: Jobs whose latest fresh query was answered after their expiry, by the service's own clock.
        self._past: set[str] = set()

    async def fresh(self, job: Job, *, refused: AvatarError) -> Job:
        """Return the job with fresh addresses.

        Args:
            job: A job being fetched.
            refused: Why the present address does not work; raised again if there is no fresh one.

        Raises:
            LostError: The results are proven gone.
            AvatarError: There is no fresh address now and no proof either, or the service cannot be asked.
        """
        assert job.task_id is not None
        witness = await self._witness(job)
        await self._pace.turn()
        answer = await self._service.query_tasks([job.task_id, *([witness] if witness else [])])
        task = next((task for task in answer.tasks if task.task_id == job.task_id), None)
        if task is None:
            self._check_left_out(job, answer)
            raise refused
        self._left_out_at.pop(job.id, None)
        if task.state is RemoteState.EXPIRED:
            message = "the service says that the results are gone"
            raise LostError(message)
        if job.expires_at is not None and (answer.service_at or answer.asked_at) > job.expires_at:
            self._past.add(job.id)
        return await self._renewed(job, task, refused)

    def check_lost(self, job: Job, refused: AvatarError) -> None:
        """Take a refusal that came after a fresh query: past the expiry it is proof.

        Raises:
            LostError: The results are proven gone.
        """
        if job.id in self._past and isinstance(refused, ArtifactRefusedError):
            message = f"refused past their expiry, also after a fresh query: {refused}"
            raise LostError(message)

    async def _renewed(self, job: Job, task: RemoteTask, refused: AvatarError) -> Job:
        artifacts = refreshed(job.artifacts, task.files)
        if artifacts == job.artifacts:
            self.check_lost(job, refused)
            raise refused
        [job] = await self._board.write(
            (job, ev.ArtifactsRefreshed(at=self._board.clock.now(), artifacts=artifacts))
        )
        return job

    def _check_left_out(self, job: Job, answer: QueryAnswer) -> None:
        """Raise if this is the second answer, an hour apart, that proves the task forgotten."""
        if job.expires_at is None or answer.asked_at <= job.expires_at or not answer.tasks:
            return
        first_at = self._left_out_at.setdefault(job.id, answer.asked_at)
        if answer.asked_at - first_at >= _APART:
            message = "the service has forgotten the task, past the expiry of its results"
            raise LostError(message)

    async def _witness(self, job: Job) -> int | None:
        """Return another task's id: if the answer has it, the service knows its tasks."""
        if self._service.query_batch < 2 or job.expires_at is None:
            return None
        if self._board.clock.now() <= job.expires_at:
            return None
        others = [
            other
            for other in await self._store.jobs(states={State.IN_FLIGHT, State.READY, State.STORED})
            if other.task_id is not None and other.id != job.id
        ]
        newest = max(others, key=lambda other: other.accepted_at or other.created_at, default=None)
        return newest.task_id if newest else None
