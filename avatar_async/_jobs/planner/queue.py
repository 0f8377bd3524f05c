"""Which tasks are due for a poll, soonest first; a few hundred bytes each.

What is kept of a task are tuples of plain values: the garbage collector, which would stop everything to walk
over a hundred thousand records, leaves those alone.
"""

import heapq
from typing import Final

from attrs import define

from avatar_async.requests import Kind

#: Part of its wait after which a task may ride along with a call that is made anyway.
_RIDE_AFTER: Final = 0.25
#: Tasks looked at for a ride, as a multiple of the free places.
_RIDERS: Final = 2
#: Of a task: kind, submission, when it was planned and for when, whether it rests, turn, price.
_Kept = tuple[str, float, float, float, bool, int, float]
_KINDS: Final = {kind.value: kind for kind in Kind}
#: Place of the turn in `_Kept`.
_TURN: Final = 5


@define(eq=False)
class Polled:
    """A task to be polled, as it was when it was asked for: `PollQueue.put` takes over what changed.

    Attributes:
        job_id: Its job.
        kind: What is made.
        since_s: Monotonic seconds that stand for its submission.
        planned_s: When its next poll was planned; minus infinity before the first plan.
        due_s: When it is due, infinite while a call about it is under way.
        resting: Whether it must not be asked for before it is due.
        turn: Number of the plan; an older one that is still queued is void.
        price: What a poll of it was worth when it was planned, in seconds of delay.
    """

    job_id: str
    kind: Kind
    since_s: float
    planned_s: float = float("-inf")
    due_s: float = float("inf")
    resting: bool = False
    turn: int = 0
    price: float = 0.0


class PollQueue:
    """Tasks with their plans. Holds no clock: every call is told the time."""

    def __init__(self) -> None:
        self._tasks: dict[str, _Kept] = {}
        #: When a poll is due, the number of its plan, and of whom; of a plan that is void by now, too.
        self._heap: list[tuple[float, int, str]] = []
        self._turn = 0

    def __len__(self) -> int:
        return len(self._tasks)

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._tasks

    def get(self, job_id: str) -> Polled | None:
        """Return a task's plan, None if it is not polled."""
        kept = self._tasks.get(job_id)
        return None if kept is None else _polled(job_id, kept)

    def add(self, task: Polled) -> None:
        """Take up a task; it has no plan until `put`."""
        self._keep(task)

    def put(self, task: Polled, due_s: float, *, now_s: float, resting: bool = False) -> None:
        """Plan the task's next poll, replacing an earlier plan."""
        self._turn += 1
        task.planned_s, task.due_s, task.resting, task.turn = now_s, due_s, resting, self._turn
        self._keep(task)
        heapq.heappush(self._heap, (due_s, self._turn, task.job_id))

    def hasten(self, job_id: str, due_s: float, *, now_s: float) -> None:
        """Plan the task's next poll for `due_s` if it is planned for later."""
        task = self.get(job_id)
        if task is not None and task.turn and due_s < task.due_s:
            self.put(task, due_s, now_s=now_s, resting=task.resting)

    def hurry(self, now_s: float) -> None:
        """Plan every poll that is planned for later for now instead, the soonest first."""
        planned = [entry for entry in self._heap if self._holds(entry)]
        planned.sort()
        for place, (due_s, _, job_id) in enumerate(planned):
            self._turn += 1
            kind, since_s, planned_s, _, resting, _, price = self._tasks[job_id]
            now_due_s = min(due_s, now_s)
            self._tasks[job_id] = (kind, since_s, planned_s, now_due_s, resting, self._turn, price)
            planned[place] = (now_due_s, self._turn, job_id)
        # Sorted, it is a heap.
        self._heap = planned

    def drop(self, job_id: str) -> Polled | None:
        """Poll the task no more; return it, None if it was not polled."""
        kept = self._tasks.pop(job_id, None)
        return None if kept is None else _polled(job_id, kept)

    def next_due_s(self) -> float | None:
        """Return when the soonest poll is due, None if nothing is planned."""
        heap = self._heap
        while heap and not self._holds(heap[0]):
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def take(self, now_s: float, limit: int) -> list[Polled]:
        """Take up to `limit` tasks that are due; if any is, fill up with those that are due soonest.

        Only a task that has waited for a good part of its wait rides along, and none that rests. Those
        taken stay known (`in`), but have no plan until `put` again.
        """
        heap = self._heap
        taken: list[Polled] = []
        aside: list[tuple[float, int, str]] = []
        looks = _RIDERS * limit
        while len(taken) < limit:
            due_s = self.next_due_s()
            if due_s is None or (due_s > now_s and not taken):
                break
            entry = heapq.heappop(heap)
            task = _polled(entry[2], self._tasks[entry[2]])
            if due_s > now_s:
                looks -= 1
                if looks < 0:
                    aside.append(entry)
                    break
                early = now_s - task.planned_s < _RIDE_AFTER * (due_s - task.planned_s)
                if task.resting or early:
                    aside.append(entry)
                    continue
            task.turn, task.due_s = 0, float("inf")
            self._keep(task)
            taken.append(task)
        for entry in aside:
            heapq.heappush(heap, entry)
        return taken

    def _holds(self, entry: tuple[float, int, str]) -> bool:
        """Tell whether the plan of an entry is the task's latest."""
        kept = self._tasks.get(entry[2])
        return kept is not None and kept[_TURN] == entry[1]

    def _keep(self, task: Polled) -> None:
        kind: str = task.kind._value_
        self._tasks[task.job_id] = (
            kind,
            task.since_s,
            task.planned_s,
            task.due_s,
            task.resting,
            task.turn,
            task.price,
        )


def _polled(job_id: str, kept: _Kept) -> Polled:
    kind, since_s, planned_s, due_s, resting, turn, price = kept
    return Polled(job_id, _KINDS[kind], since_s, planned_s, due_s, resting, turn, price)
