"""Fresh addresses for refused ones."""

from avatar_async._jobs import events as ev
from avatar_async._jobs.records import Job
from avatar_async._jobs.remote import RemoteState
from avatar_async.errors import AvatarError
from avatar_async.orchestrator.artifacts import refreshed
from avatar_async.orchestrator.board import Board
from avatar_async.orchestrator.losses import SAID_GONE, Losses, LostError


class Refresher:
    """Ask for a finished task again when the address of one of its files is refused."""

    def __init__(self, board: Board, losses: Losses) -> None:
        self._board = board
        self._losses = losses

    async def fresh(self, job: Job, *, refused: AvatarError) -> Job:
        """Return the job with fresh addresses; past its expiry also with the same ones, to try once more.

        Args:
            job: A job being fetched.
            refused: Why the present address does not work; raised again if there is no fresh one.

        Raises:
            LostError: The results are proven gone.
            AvatarError: There is no fresh address now and no proof either, or the service cannot be asked.
        """
        task = await self._losses.ask(job)
        if task is None:
            raise refused
        if task.state is RemoteState.EXPIRED:
            raise LostError(SAID_GONE)
        artifacts = refreshed(job.artifacts, task.files)
        if artifacts != job.artifacts:
            [job] = await self._board.write(
                (job, ev.ArtifactsRefreshed(at=self._board.clock.now(), artifacts=artifacts))
            )
        elif not self._losses.is_past(job):
            raise refused
        return job

    def check_lost(self, job: Job, refused: AvatarError) -> None:
        """Take a refusal that came after a fresh query: past the expiry it is proof.

        Raises:
            LostError: The results are proven gone.
        """
        self._losses.check_refused(job, refused)
