"""Taking up tasks that were made elsewhere, to bring their results home."""

from collections.abc import Mapping, Sequence

from avatar_async._jobs.ports import Clock, JobStore, Service
from avatar_async._jobs.records import ADOPTED, Job
from avatar_async._jobs.states import State
from avatar_async.errors import JobNotFoundError, RequestError
from avatar_async.orchestrator.adding import free_folders
from avatar_async.orchestrator.pace import Pace
from avatar_async.requests import Kind


async def adopt_tasks(
    store: JobStore,
    service: Service,
    pace: Pace,
    clock: Clock,
    batch: str,
    names: Mapping[int, str],
    kind: Kind | None,
) -> list[Job]:
    """Return the jobs of some tasks, those that the store does not know saved anew, all or none.

    Tasks are asked for together, as many as a query may hold, and under the poll limit.

    Args:
        store: The ledger.
        service: Who knows the tasks.
        pace: Keeps to the poll limit.
        clock: Tells the time.
        batch: The batch that they come into.
        names: What the job of each task is called.
        kind: What they make, where the service does not say.

    Raises:
        JobNotFoundError: The service does not know some of them.
        RequestError: It does not say what kind some are, and `kind` is not given.
        ServiceError, TransportError: The service cannot be asked.
        ConflictError: A name is taken by another job.
    """
    claimed = await store.claimed(names)
    found = await store.find(batch, set(claimed.values()))
    jobs = {job.task_id: job for job in found.values() if job.task_id in names}
    wanted = [task_id for task_id in names if task_id not in jobs]
    answers = []
    for first in range(0, len(wanted), service.query_batch):
        await pace.turn()
        answers.append(await service.query_tasks(wanted[first : first + service.query_batch]))
    tasks = {task.task_id: task for answer in answers for task in answer.tasks}
    unknown = [task_id for task_id in wanted if task_id not in tasks]
    if unknown:
        raise JobNotFoundError(f"the service knows no {_listed(unknown)}")
    kindless = [] if kind else [task_id for task_id in wanted if tasks[task_id].kind is None]
    if kindless:
        raise RequestError(f"the service does not say what is made by {_listed(kindless)}: name the kind")
    folders = await free_folders(store, [names[task_id] for task_id in wanted])
    now = clock.now()
    made = []
    for task_id in wanted:
        task_kind = kind or tasks[task_id].kind
        assert task_kind is not None
        made.append(
            Job(
                id="",
                batch=batch,
                name=names[task_id],
                kind=task_kind,
                folder=folders[names[task_id]],
                task_name=tasks[task_id].name or "",
                fingerprint=f"{ADOPTED}{task_id}",
                state=State.IN_FLIGHT,
                created_at=now,
                accepted_at=now,
                task_id=task_id,
            )
        )
    if made:
        saved = await store.adopt([(job, {}) for job in made])
        jobs |= {job.task_id: job for job in saved}
    return [jobs[task_id] for task_id in names]


def _listed(task_ids: Sequence[int]) -> str:
    """Return some tasks as words."""
    return f"{'task' if len(task_ids) == 1 else 'tasks'} {', '.join(map(str, task_ids))}"
