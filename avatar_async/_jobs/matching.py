"""Which task may be whose: the rule by which a doubt is settled without a person (design: settling doubt).

A task is a job's only if it agrees in kind, name and time, no other task may be that job's, and it may be
no other job's. What is not told of a task (its kind, say) speaks neither for it nor against it: such a task
settles nothing, but stands in the way.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

from attrs import frozen

from avatar_async._jobs.records import Job
from avatar_async._jobs.remote import QueryAnswer, RemoteTask
from avatar_async._jobs.states import State

#: How far a task's creation may lie from the intent, by the service's clock.
WINDOW: Final = timedelta(minutes=10)
#: States in which a job without a task id may have a task all the same.
DOUBTFUL: Final = frozenset({State.SUBMITTING, State.IN_DOUBT, State.ABANDONED})
#: Replies cut longer names off, and white space around them.
_NAME_LENGTH: Final = 500


@frozen(kw_only=True)
class Sighting:
    """A task as one reply showed it.

    Attributes:
        task: What was shown.
        asked_at: Our clock when it was asked for.
        service_at: The service's clock in the reply, None if it did not tell.
    """

    task: RemoteTask
    asked_at: datetime
    service_at: datetime | None

    @property
    def age(self) -> timedelta | None:
        """How long before the reply the task was created, by the service's clock; None if not told."""
        if self.task.created_at is None or self.service_at is None:
            return None
        return self.service_at - self.task.created_at


@frozen(kw_only=True)
class Reading:
    """What can be said of a job in doubt.

    Attributes:
        candidates: Ids of tasks that may be its own, sorted.
        task_id: The one that can only be its own, None if there is none such.
    """

    candidates: tuple[int, ...]
    task_id: int | None


def sightings(answer: QueryAnswer) -> list[Sighting]:
    """Return each task of a reply with the clocks that go with it."""
    return [
        Sighting(task=task, asked_at=answer.asked_at, service_at=answer.service_at) for task in answer.tasks
    ]


def same_name(ours: str, theirs: str) -> bool:
    """Tell whether the service's form of a name is that of ours."""
    return ours.strip()[:_NAME_LENGTH].strip() == theirs.strip()[:_NAME_LENGTH].strip()


def may_have_a_task(job: Job) -> bool:
    """Tell whether a create call of the job may have made a task whose id nobody knows."""
    sent = job.state is not State.ABANDONED or job.submitted_at is not None
    return job.state in DOUBTFUL and job.task_id is None and sent


def may_be(job: Job, seen: Sighting) -> bool:
    """Tell whether nothing that is known speaks against a task being a job's."""
    task = seen.task
    if task.kind not in (None, job.kind):
        return False
    if task.name is not None and not same_name(job.task_name, task.name):
        return False
    return _near(job, seen) is not False


def is_sure(job: Job, seen: Sighting) -> bool:
    """Tell whether a task agrees with a job in kind, name and time, all three known."""
    known = seen.task.kind is not None and seen.task.name is not None and _near(job, seen) is True
    return known and may_be(job, seen)


def read(job: Job, others: Collection[Job], seen: Sequence[Sighting]) -> Reading:
    """Return which of the tasks may be a job's in doubt, and whether one can only be its own.

    Args:
        job: The job in doubt.
        others: Every other job that may have a task nobody knows of (`may_have_a_task`).
        seen: Every unclaimed task that is known of, each once.
    """
    possible = [each for each in seen if may_be(job, each)]
    candidates = tuple(sorted(each.task.task_id for each in possible))
    rivals = [other for other in others if other.id != job.id]
    clear = len(possible) == 1 and is_sure(job, possible[0])
    if clear and not any(may_be(rival, possible[0]) for rival in rivals):
        return Reading(candidates=candidates, task_id=candidates[0])
    return Reading(candidates=candidates, task_id=None)


def _near(job: Job, seen: Sighting) -> bool | None:
    """Tell whether the task was created about when the job's intent was written; None if not known.

    Both are compared by their age when the reply came, so that no clock need be right.
    """
    if seen.age is None or job.submitted_at is None:
        return None
    return abs(seen.age - (seen.asked_at - job.submitted_at)) <= WINDOW
