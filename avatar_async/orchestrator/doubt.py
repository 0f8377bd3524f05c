"""Settling doubt by the service's list call, where exactly one reading is possible."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from avatar_async._jobs import events as ev
from avatar_async._jobs.ports import JobStore, Service
from avatar_async._jobs.records import Job
from avatar_async._jobs.remote import QueryAnswer, RemoteTask
from avatar_async._jobs.states import State
from avatar_async.errors import AvatarError, ConflictError
from avatar_async.orchestrator.board import Board
from avatar_async.orchestrator.pace import Pace
from avatar_async.orchestrator.signal import Signal

#: How far a task's creation may lie from the intent, by the service's clock.
WINDOW: Final = timedelta(minutes=10)
#: Seconds after which a job in doubt is looked for, once per entry; then a person is asked.
_TRIES_S: Final = (0.5, 3.0, 10.0)


class DoubtSettler:
    """Look each job in doubt up; give it the task that can only be its own.

    Zero matches prove nothing, two need a person. Nothing is ever sent again from here.
    """

    def __init__(self, board: Board, store: JobStore, service: Service, pace: Pace) -> None:
        self._board = board
        self._store = store
        self._service = service
        self._pace = pace
        #: How often each job was looked for, and when it is to be looked for next (monotonic seconds).
        self._tries: dict[str, int] = {}
        self._next_s: dict[str, float] = {}
        self._wake: Final = Signal()
        board.on_change(self._follow)

    @property
    def busy(self) -> bool:
        """Whether a job in doubt may still be settled without a person."""
        return bool(self._next_s)

    def _follow(self, job: Job) -> None:
        if job.state is not State.IN_DOUBT:
            self._next_s.pop(job.id, None)
            self._tries.pop(job.id, None)
        elif self._service.can_list and job.id not in self._tries:
            self._tries[job.id] = 0
            self._next_s[job.id] = self._board.clock.monotonic() + _TRIES_S[0]
            self._wake.set()

    async def run(self) -> None:
        """Look for jobs in doubt as they fall due, for ever."""
        clock = self._board.clock
        for job in self._board.in_state(State.IN_DOUBT):
            self._follow(job)
        while True:
            now_s = clock.monotonic()
            due = [job_id for job_id, due_s in self._next_s.items() if due_s <= now_s]
            jobs = [job for job in map(self._board.get, due) if job is not None]
            for name in dict.fromkeys(job.task_name for job in jobs):
                await self._look(name, [job for job in jobs if job.task_name == name])
            if not jobs:
                soonest = min(self._next_s.values(), default=None)
                await self._wake.wait(clock, None if soonest is None else soonest - now_s)

    async def _look(self, name: str, jobs: Sequence[Job]) -> None:
        await self._pace.turn()
        try:
            answer = await self._service.find_tasks(name)
        except AvatarError as error:
            self._board.warn(f"the list call failed: {error}", once=f"list:{type(error).__name__}")
        else:
            for job in jobs:
                await self._settle(job, answer)
        for job in jobs:
            self._plan_next(job)

    def _plan_next(self, job: Job) -> None:
        if job.id not in self._next_s:
            return
        self._tries[job.id] += 1
        tries = self._tries[job.id]
        if tries < len(_TRIES_S):
            self._next_s[job.id] = self._board.clock.monotonic() + _TRIES_S[tries]
        else:
            del self._next_s[job.id]
            self._board.warn(f"in doubt: a person must decide; see status, {job.task_name!r}", job=job.name)
            self._board.changed.set()

    async def _settle(self, job: Job, answer: QueryAnswer) -> None:
        rivals = [
            other
            for other in await self._store.jobs(states={State.IN_DOUBT})
            if (other.kind, other.task_name) == (job.kind, job.task_name)
        ]
        candidates = [task for task in answer.tasks if _may_be(job, task, answer)]
        claimed = await self._store.claimed([task.task_id for task in candidates])
        free = [task for task in candidates if task.task_id not in claimed]
        if len(rivals) != 1 or len(free) != 1:
            return
        event = ev.Settled(at=self._board.clock.now(), task_id=free[0].task_id, how="list")
        try:
            await self._board.write((job, event))
        except ConflictError:
            return
        self._board.warn(f"doubt settled by the list call: task {free[0].task_id}", job=job.name)


def _may_be(job: Job, task: RemoteTask, answer: QueryAnswer) -> bool:
    """Tell whether a listed task agrees with a job in doubt in kind, name and time."""
    if task.kind is not job.kind or task.name != job.task_name:
        return False
    if task.created_at is None or job.submitted_at is None:
        return False
    ahead = answer.service_at - answer.asked_at if answer.service_at else timedelta(0)
    return abs(task.created_at - (job.submitted_at + ahead)) <= WINDOW
