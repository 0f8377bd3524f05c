"""What an answer means: the tasks of one query, and what each says of its job."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from attrs import evolve

from avatar_async._jobs import events as ev
from avatar_async._jobs.expiry import NOT_LISTED, expiry_of, finish_of
from avatar_async._jobs.planner import PollPlanner, took_s
from avatar_async._jobs.ports import JobStore, Service
from avatar_async._jobs.records import Job, JobError
from avatar_async._jobs.remote import QueryAnswer, RemoteState, RemoteTask
from avatar_async._jobs.states import State
from avatar_async.orchestrator.admission import Admission
from avatar_async.orchestrator.artifacts import finished
from avatar_async.orchestrator.board import Board
from avatar_async.orchestrator.losses import SAID_GONE, Losses, lost
from avatar_async.orchestrator.missing import MissingTasks
from avatar_async.orchestrator.pace import Pace
from avatar_async.orchestrator.unconfirmed import Unconfirmed
from avatar_async.requests import Kind

#: Key under which the ledger keeps that a query about a task of ours was understood.
PROVEN: Final = "query_decoded"
#: An unchanged "still running" is written this often, in seconds (it bounds the finish from below).
_HEARTBEAT_S: Final = 30.0


class Answers:
    """Read the answers to queries: write what they say of the jobs, and learn how long tasks take."""

    def __init__(
        self,
        board: Board,
        store: JobStore,
        service: Service,
        admission: Admission,
        pace: Pace,
        planner: PollPlanner,
        *,
        losses: Losses,
        retention: timedelta,
    ) -> None:
        self._board = board
        self._store = store
        self._admission = admission
        self._retention = retention
        self._missing = MissingTasks(board, losses, retention=retention)
        self._unconfirmed = Unconfirmed(board, store, service, pace)
        self._planner = planner
        self._running_at: dict[str, datetime] = {}
        #: How long tasks took whose end is being written.
        self._took_s: dict[str, float] = {}
        #: What the service last said of running tasks, 0 to 100, by job; fresher than the ledger.
        self.progress: Final[dict[str, int]] = {}

    async def learn(self) -> None:
        """Read from the ledger how long each kind took so far."""
        for kind in Kind:
            self._planner.know(kind, await self._store.durations_s(kind))

    def forget(self, job: Job) -> None:
        """Forget a task that is not polled any more, but for how long it took."""
        now_s = self._board.clock.monotonic()
        self._planner.drop(job.id, now_s=now_s, took_s=self._took_s.pop(job.id, None))
        self._missing.seen(job.id)
        self._running_at.pop(job.id, None)
        self.progress.pop(job.id, None)

    def in_question(self, job: Job) -> bool:
        """Tell whether the service left a task out lately, so that it is to be asked for again soon."""
        return self._missing.in_question(job.id)

    async def take(self, jobs: Sequence[Job], answer: QueryAnswer) -> None:
        """Write what an answer to a query about these jobs' tasks says of them."""
        tasks = {task.task_id: task for task in answer.tasks}
        if self._admission.queried(own_task=any(job.task_id in tasks for job in jobs)):
            await self._store.remember(PROVEN, answer.asked_at.isoformat())
        pairs: list[tuple[Job, ev.Event]] = []
        missing: list[Job] = []
        for before in jobs:
            job = self._board.get(before.id)
            if job is None or job.state is not State.IN_FLIGHT or job.task_id != before.task_id:
                continue
            task = tasks.get(job.task_id) if job.task_id is not None else None
            if task is None:
                missing.append(job)
                continue
            self._missing.seen(job.id)
            denied = self._unconfirmed.denied(job, task) if job.unseen else None
            event = denied or self._event(job, task, answer.asked_at)
            if event is not None:
                pairs.append((job, event))
        await self._board.write_each(pairs)
        for job in missing:
            if job.unseen:
                denied = await self._unconfirmed.left_out(job, answer)
                await self._board.write_each([] if denied is None else [(job, denied)])
                continue
            gone = await self._missing.left_out(job, self._running_at.get(job.id, job.last_running_at))
            if gone is not None:
                await self._board.write_each([(job, gone)])

    def _event(self, job: Job, task: RemoteTask, asked_at: datetime) -> ev.Event | None:
        match task.state:
            case RemoteState.SUCCEEDED:
                return self._finish(job, task, asked_at)
            case RemoteState.FAILED:
                reason = task.fail_reason or "the service gives no reason"
                finished_at = finish_of(job, task, noticed_at=asked_at)
                self._learn_from(job, finished_at)
                return ev.RemoteFailed(
                    at=self._board.clock.now(),
                    remote_status=task.status,
                    error=JobError(code="task_failed", message=reason),
                    finished_at=finished_at,
                )
            case RemoteState.EXPIRED:
                self._board.warn(f"results lost: {SAID_GONE}", job=job.name)
                return lost(self._board.clock.now(), SAID_GONE, remote_status=task.status)
            case RemoteState.UNKNOWN:
                self._board.warn(
                    f"unknown task status {task.status!r}: polling goes on; the query dialect can map it",
                    job=job.name,
                    once=f"status:{task.status}",
                )
        return self._still_running(job, task, asked_at)

    def _still_running(self, job: Job, task: RemoteTask, asked_at: datetime) -> ev.Event | None:
        self._running_at[job.id] = asked_at
        if task.progress is not None:
            self.progress[job.id] = task.progress
        written_at = job.last_running_at
        stale = written_at is None or abs((asked_at - written_at).total_seconds()) >= _HEARTBEAT_S
        stale = stale or (job.error is not None and job.error.code == NOT_LISTED)
        if stale or task.status != job.remote_status:
            return ev.Polled(at=asked_at, remote_status=task.status, progress=task.progress)
        return None

    def _finish(self, job: Job, task: RemoteTask, asked_at: datetime) -> ev.Event | None:
        artifacts = finished(job.artifacts, task.files)
        if not artifacts:
            self._board.warn(
                f"task {task.task_id} is finished but offers no files yet; polling goes on",
                job=job.name,
                once=f"files:{job.id}",
            )
            return self._still_running(job, task, asked_at)
        seen = evolve(job, last_running_at=self._running_at.get(job.id, job.last_running_at))
        finished_at = finish_of(seen, task, noticed_at=asked_at)
        self._learn_from(seen, finished_at)
        return ev.Finished(
            at=self._board.clock.now(),
            remote_status=task.status,
            finished_at=finished_at,
            expires_at=expiry_of(finished_at, task, submitted_at=job.submitted_at, retention=self._retention),
            artifacts=artifacts,
        )

    def _learn_from(self, job: Job, finished_at: datetime) -> None:
        if job.submitted_at is None:
            return
        age_s = self._planner.age_s(job.id, self._board.clock.monotonic())
        seconds = took_s(job.submitted_at, finished_at, job.last_running_at, age_s=age_s)
        if seconds is not None:
            self._took_s[job.id] = seconds
