"""Task ids that a person gave: a person's word, until the service shows the task."""

from typing import Final

from attrs import define

from avatar_async._jobs import events as ev
from avatar_async._jobs.advice import a_kind
from avatar_async._jobs.matching import same_name
from avatar_async._jobs.ports import JobStore, Service
from avatar_async._jobs.records import Job, JobError
from avatar_async._jobs.remote import QueryAnswer, RemoteTask
from avatar_async.errors import AvatarError, ThrottledError
from avatar_async.orchestrator.board import Board
from avatar_async.orchestrator.pace import Pace

#: Answers in a row that leave an id out, and the seconds they span, before it counts as unknown there.
_LEFT_OUT, _SPAN_S = 5, 120.0
#: Longest wait between two polls of an id that is not confirmed, in seconds.
SOON_S: Final = 15.0


@define
class _Silence:
    """Answers that left an id out, and when the first one came (monotonic seconds)."""

    task_id: int
    first_s: float
    answers: int = 0


class Unconfirmed:
    """Put a job in doubt again where the service shows that the id a person gave is not its own."""

    def __init__(self, board: Board, store: JobStore, service: Service, pace: Pace) -> None:
        self._board = board
        self._store = store
        self._service = service
        self._pace = pace
        self._silences: dict[str, _Silence] = {}

    def denied(self, job: Job, task: RemoteTask) -> ev.Event | None:
        """Return what is to be written if the task that was shown is not the one the job asked for."""
        self._silences.pop(job.id, None)
        other_kind = task.kind is not None and task.kind is not job.kind
        other_name = task.name is not None and not same_name(job.task_name, task.name)
        if not (other_kind or other_name):
            return None
        shown = a_kind(task.kind or job.kind) + (f" named {task.name!r}" if task.name is not None else "")
        message = (
            f"task {task.task_id} is not this job's: the service says it is {shown}, "
            f"asked for was {a_kind(job.kind)} named {job.task_name!r}"
        )
        return ev.Disowned(at=self._board.clock.now(), error=JobError(code="wrong_task", message=message))

    async def left_out(self, job: Job, answer: QueryAnswer) -> ev.Event | None:
        """Note that an answer leaves the id out; return what is to be written once that went on too long."""
        assert job.task_id is not None
        now_s = self._board.clock.monotonic()
        silence = self._silences.get(job.id)
        if silence is None or silence.task_id != job.task_id:
            silence = self._silences[job.id] = _Silence(job.task_id, now_s)
        silence.answers += 1
        if silence.answers < _LEFT_OUT:
            return None
        if silence.answers == _LEFT_OUT:
            self._board.warn(
                f"the service does not list task {job.task_id}, which a person gave; see status", job=job.name
            )
        if now_s - silence.first_s < _SPAN_S or not (answer.tasks or await self._answers_for_another(job)):
            return None
        del self._silences[job.id]
        message = (
            f"the service knows other tasks, but no task {job.task_id}: "
            "the id a person gave is mistyped, or another account's"
        )
        return ev.Disowned(at=self._board.clock.now(), error=JobError(code="unknown_task", message=message))

    async def _answers_for_another(self, job: Job) -> bool:
        """Tell whether the service shows a task of ours that is surely there."""
        witness = await self._store.witness(besides=job.id)
        if witness is None:
            return False
        await self._pace.turn()
        try:
            return bool((await self._service.query_tasks([witness])).tasks)
        except ThrottledError as error:
            self._pace.rest(error)
            return False
        except AvatarError:
            return False
