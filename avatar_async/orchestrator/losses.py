"""The proof that results are gone, and what falls short of it (design: expiry)."""

from datetime import datetime, timedelta
from typing import Final

from avatar_async._clock import CautiousClock
from avatar_async._jobs import events as ev
from avatar_async._jobs.expiry import least_expiry_of
from avatar_async._jobs.ports import Clock, JobStore, Service
from avatar_async._jobs.records import Job, JobError
from avatar_async._jobs.remote import QueryAnswer, RemoteTask
from avatar_async.errors import ArtifactRefusedError, AvatarError, ThrottledError
from avatar_async.orchestrator.pace import Pace

#: Two answers that leave an id out must be this many seconds apart to prove anything.
_APART_S: Final = 3600.0
#: HTTP statuses by which a file server says that it has no such file, or will not give it.
_GONE: Final = frozenset({403, 404, 410})

#: Why results are gone where the service itself says so.
SAID_GONE: Final = "the service says that the results are gone"
#: What a proof is about: a job, one of its attempts, and when that attempt's results vanish.
_Key = tuple[str, int, datetime | None]


class LostError(AvatarError):
    """Tell that a job's results are proven gone."""


def lost(at: datetime, why: str, *, remote_status: str | None = None) -> ev.LostToExpiry:
    """Return what is to be written of a job whose results are gone."""
    return ev.LostToExpiry(at=at, remote_status=remote_status, error=JobError(code="expired", message=why))


class Losses:
    """Ask about tasks whose results may be gone, and tell when that is certain.

    An expiry has passed only when every clock at hand says so: ours, and the service's `Date` or, where it
    sends none, ours as it would stand had nobody set it ahead.
    """

    def __init__(
        self, store: JobStore, service: Service, pace: Pace, clock: Clock, *, retention: timedelta
    ) -> None:
        self._store = store
        self._service = service
        self._pace = pace
        self._clock = clock
        self._cautious = CautiousClock(clock)
        self._retention = retention
        #: Monotonic seconds at which an answer first left a task out, past its expiry.
        self._left_out_at_s: dict[_Key, float] = {}
        #: Those whose latest query was answered past their expiry.
        self._past: set[_Key] = set()

    async def ask(self, job: Job) -> RemoteTask | None:
        """Return the job's task; None if the service leaves it out and that proves nothing yet.

        Raises:
            LostError: The service has forgotten the task, past the expiry of its results.
            AvatarError: It cannot be asked.
        """
        assert job.task_id is not None
        witness = await self._witness(job)
        ids = [job.task_id] if witness is None else [job.task_id, witness]
        answer = await self._query(ids[: self._service.query_batch])
        task = next((task for task in answer.tasks if task.task_id == job.task_id), None)
        if task is not None:
            self._left_out_at_s.pop(self._key(job), None)
            if self._is_past(job, answer):
                self._past.add(self._key(job))
            return task
        if witness is not None and self._service.query_batch < 2:
            answer = await self._query([witness])
        self._check_left_out(job, answer, witness)
        return None

    def check_refused(self, job: Job, refused: AvatarError) -> None:
        """Take a refusal that came after a fresh query: past the expiry it is proof.

        Raises:
            LostError: The results are proven gone.
        """
        if not isinstance(refused, ArtifactRefusedError) or refused.http_status not in _GONE:
            return
        if self._key(job) in self._past:
            raise LostError(f"refused past their expiry, also after a fresh query: {refused}")

    def is_past(self, job: Job) -> bool:
        """Tell whether the latest query about the job was answered past its expiry."""
        return self._key(job) in self._past

    async def _query(self, task_ids: list[int]) -> QueryAnswer:
        await self._pace.turn()
        try:
            return await self._service.query_tasks(task_ids)
        except ThrottledError as error:
            self._pace.rest(error)
            raise

    def _is_past(self, job: Job, answer: QueryAnswer) -> bool:
        other_at = answer.service_at or self._cautious.now()
        return min(answer.asked_at, other_at) > least_expiry_of(job, retention=self._retention)

    def _check_left_out(self, job: Job, answer: QueryAnswer, witness: int | None) -> None:
        """Raise if this is the second answer, an hour apart, that proves the task forgotten."""
        if witness not in {task.task_id for task in answer.tasks} or not self._is_past(job, answer):
            return
        now_s = self._clock.monotonic()
        first_s = self._left_out_at_s.setdefault(self._key(job), now_s)
        if now_s - first_s >= _APART_S:
            raise LostError(
                "the service has forgotten the task, past the expiry of its results: two answers an hour "
                "apart leave it out while they tell of another task"
            )

    async def _witness(self, job: Job) -> int | None:
        """Return another task's id to ask for along with a task whose results may be gone; else None."""
        if self._clock.now() <= least_expiry_of(job, retention=self._retention):
            return None
        return await self._store.witness(besides=job.id)

    def _key(self, job: Job) -> _Key:
        return (job.id, job.attempt, job.expires_at)
