"""What a person orders about single jobs; each a compare-and-set write that works beside a runner."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from avatar_async._jobs import events as ev
from avatar_async._jobs.advice import command
from avatar_async._jobs.changes import change
from avatar_async._jobs.ports import JobStore
from avatar_async._jobs.records import BY_PERSON, Job
from avatar_async._jobs.remote import LARGEST_TASK_ID
from avatar_async._jobs.states import OPEN, RETRYABLE, State
from avatar_async.errors import ConflictError, JobNotFoundError, LifecycleError
from avatar_async.settings.checks import did_you_mean

#: Times a write is tried again when a runner changed the job in between.
_TRIES: Final = 5


async def resolve(
    store: JobStore,
    batch: str,
    name: str,
    *,
    at: datetime,
    task_id: int | None = None,
    resubmit: bool = False,
    abandon: bool = False,
) -> Job:
    """Settle a job in doubt: give it its task id, plan it anew, or give it up.

    Exactly one of `task_id`, `resubmit` and `abandon` is given. A job whose id a person gave, and that the
    service has not confirmed, can be settled again.

    Raises:
        JobNotFoundError: There is no such job.
        LifecycleError: It is not in doubt.
        ConflictError: The task id is another job's, or an earlier attempt's, or the job keeps changing.
        ValueError: Not exactly one choice is given, or the task id is no positive int64.
    """
    if (task_id is not None) + resubmit + abandon != 1:
        message = "give exactly one of task_id, resubmit and abandon"
        raise ValueError(message)
    if task_id is not None and not 0 < task_id <= LARGEST_TASK_ID:
        message = f"{task_id} is no task id: ids are whole numbers from 1 to {LARGEST_TASK_ID}"
        raise ValueError(message)
    if task_id is not None:
        await _check_free(store, batch, name, task_id)

    def event(job: Job) -> ev.Event:
        if job.state is not State.IN_DOUBT and not job.unseen:
            message = f"job {name!r} is {job.state}, not in_doubt: there is nothing to resolve{_why_not(job)}"
            raise LifecycleError(message)
        if task_id is not None:
            return ev.Settled(at=at, task_id=task_id, how=BY_PERSON)
        return ev.ResubmitOrdered(at=at) if resubmit else ev.GivenUp(at=at)

    [job] = await _order(store, batch, [name], event)
    return job


async def _check_free(store: JobStore, batch: str, name: str, task_id: int) -> None:
    """Refuse a task id that stands for other work of the ledger.

    Raises:
        ConflictError: It is another job's, or an earlier attempt's of the same job.
    """
    owner = (await store.claimed([task_id])).get(task_id)
    if owner is None:
        return
    job = (await store.find(batch, [name])).get(name)
    if owner != name:
        message = f"task {task_id} belongs to job {owner!r}, so it cannot be job {name!r}'s"
        raise ConflictError(message)
    if job is not None and job.task_id != task_id:
        message = (
            f"task {task_id} was made by an earlier attempt of job {name!r}: this attempt's has another id"
        )
        raise ConflictError(message)


def _why_not(job: Job) -> str:
    """Return what to say of a job that is not in doubt, to someone who thinks it is."""
    if job.state is State.SUBMITTING:
        return "; its create call is under way: if no run is active, run the batch again, which settles it"
    return f" (it has task {job.task_id})" if job.task_id is not None else ""


async def retry(
    store: JobStore, batch: str, names: Sequence[str], *, at: datetime, where: str = ""
) -> list[Job]:
    """Plan rejected, failed or expired jobs anew (a new attempt), and let held ones go on.

    `where` is the option that names the ledger, for commands in messages.

    Raises:
        JobNotFoundError: One of the jobs does not exist; nothing was changed.
        LifecycleError: One of the jobs cannot be retried; nothing was changed.
        ConflictError: A job keeps changing.
    """

    def event(job: Job) -> ev.Event:
        if job.adopted and job.state in RETRYABLE:
            message = (
                f"job {job.name!r} stands for a task made elsewhere, so its request is not known: "
                "name the request in a manifest to pay for a new task"
            )
            raise LifecycleError(message)
        if job.state in RETRYABLE or (job.state in OPEN and job.hold is not None):
            return ev.RetryOrdered(at=at)
        if job.state is State.IN_DOUBT:
            choices = "\n".join(
                f"  {command('resolve', job.name, choice, where)}"
                for choice in ("--task-id ID", "--resubmit", "--abandon")
            )
            message = f"job {job.name!r} is in doubt: a task may exist. Settle that first:\n{choices}"
        else:
            message = (
                f"job {job.name!r} is {job.state}: only rejected, failed, expired or held jobs are retried"
            )
        raise LifecycleError(message)

    return await _order(store, batch, names, event)


async def abandon(store: JobStore, batch: str, names: Sequence[str], *, at: datetime) -> list[Job]:
    """Give jobs up; a task that the service works on goes on there, unwatched.

    Raises:
        JobNotFoundError: One of the jobs does not exist; nothing was changed.
        LifecycleError: One of the jobs cannot be given up now; nothing was changed.
        ConflictError: A job keeps changing.
    """

    def event(job: Job) -> ev.Event:
        if job.state in (State.STORED, State.ABANDONED):
            message = f"job {job.name!r} is {job.state} already"
            raise LifecycleError(message)
        if job.state is State.SUBMITTING:
            message = f"the create call of job {job.name!r} is under way: try again in a minute"
            raise LifecycleError(message)
        return ev.GivenUp(at=at)

    return await _order(store, batch, names, event)


async def _order(
    store: JobStore, batch: str, names: Sequence[str], event: Callable[[Job], ev.Event]
) -> list[Job]:
    """Apply one event a job, all together, reading anew when a runner was faster."""
    names = list(dict.fromkeys(names))
    for turn in range(_TRIES):
        jobs = await store.find(batch, names)
        missing = [name for name in names if name not in jobs]
        if missing:
            known = [job.name for job in await store.jobs(batch=batch)]
            hint = did_you_mean(missing[0], known) if len(missing) == 1 else ""
            message = f"no such job: {', '.join(missing)}{hint}; status shows every job of this ledger"
            raise JobNotFoundError(message)
        try:
            return await store.apply([change(jobs[name], event(jobs[name])) for name in names])
        except ConflictError:
            if turn == _TRIES - 1:
                raise
    raise AssertionError
