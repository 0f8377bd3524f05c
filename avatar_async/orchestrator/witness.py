"""Another task of ours: an answer that has it shows that the service knows our tasks."""

from avatar_async._jobs.ports import JobStore
from avatar_async._jobs.records import Job
from avatar_async._jobs.states import State


async def witness_for(store: JobStore, job: Job) -> int | None:
    """Return the id of the newest task, not the job's own, that is surely ours; None if there is none."""
    others = [
        other
        for other in await store.jobs(states={State.IN_FLIGHT, State.READY, State.STORED})
        if other.task_id is not None and other.id != job.id and not other.unseen
    ]
    newest = max(others, key=lambda other: other.accepted_at or other.created_at, default=None)
    return newest.task_id if newest else None
