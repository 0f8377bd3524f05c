"""The poll queue against a plain model of it, and who rides along."""

import gc

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from avatar_async._jobs.planner.queue import Polled, PollQueue
from avatar_async.requests import Kind

jobs = st.sampled_from("abcdef")
seconds = st.integers(0, 20).map(float)


def put(queue: PollQueue, job: str, due_s: float, *, now_s: float = 0.0, resting: bool = False) -> None:
    """Plan a task, taking it up first where it is new."""
    task = queue.get(job)
    if task is None:
        task = Polled(job, Kind.TRAINING, 0.0)
        queue.add(task)
    queue.put(task, due_s, now_s=now_s, resting=resting)


def take(queue: PollQueue, now_s: float, limit: int) -> list[str]:
    """Take tasks; return their jobs."""
    return [task.job_id for task in queue.take(now_s, limit)]


class QueueAgainstModel(RuleBasedStateMachine):
    """Compare with a dict from job to due time, None for taken jobs; nobody rides along."""

    def __init__(self):
        super().__init__()
        self.queue = PollQueue()
        self.model: dict[str, float | None] = {}

    @rule(job=jobs, due_s=seconds)
    def put(self, job, due_s):
        put(self.queue, job, due_s, resting=True)
        self.model[job] = due_s

    @rule(job=jobs, due_s=seconds)
    def hasten(self, job, due_s):
        self.queue.hasten(job, due_s, now_s=0.0)
        planned_s = self.model.get(job)
        if planned_s is not None:
            self.model[job] = min(planned_s, due_s)

    @rule(now_s=seconds)
    def hurry(self, now_s):
        self.queue.hurry(now_s)
        self.model = {job: None if due_s is None else min(due_s, now_s) for job, due_s in self.model.items()}

    @rule(job=jobs)
    def drop(self, job):
        self.queue.drop(job)
        self.model.pop(job, None)

    @rule(now_s=seconds, limit=st.integers(1, 4))
    def take(self, now_s, limit):
        planned = sorted(due_s for due_s in self.model.values() if due_s is not None)
        expected = [due_s for due_s in planned if due_s <= now_s][:limit]
        taken = take(self.queue, now_s, limit)
        assert len(set(taken)) == len(taken)
        assert [self.model[job] for job in taken] == expected
        for job in taken:
            self.model[job] = None

    @invariant()
    def agree(self):
        planned = [due_s for due_s in self.model.values() if due_s is not None]
        assert self.queue.next_due_s() == (min(planned) if planned else None)
        assert len(self.queue) == len(self.model)
        assert all((job in self.queue) == (job in self.model) for job in "abcdef")


TestQueueAgainstModel = QueueAgainstModel.TestCase


def test_tasks_ride_along_only_with_one_that_is_due():
    """Calls are filled up, but none is made early for its own sake."""
    queue = PollQueue()
    put(queue, "soon", 11.0)
    assert take(queue, 10.0, 5) == []
    put(queue, "due", 10.0)
    assert take(queue, 10.0, 5) == ["due", "soon"]


def test_a_task_that_was_just_asked_for_does_not_ride_along():
    """It would tell nothing new."""
    queue = PollQueue()
    put(queue, "due", 100.0)
    put(queue, "asked", 130.0, now_s=99.0)
    assert take(queue, 100.0, 5) == ["due"]
    assert queue.next_due_s() == 130.0


def test_a_task_that_rests_never_rides_along():
    """It was left alone for a reason: a call that fails because of it would fail the others too."""
    queue = PollQueue()
    put(queue, "due", 100.0)
    put(queue, "resting", 101.0, resting=True)
    put(queue, "other", 102.0)
    assert take(queue, 100.0, 5) == ["due", "other"]
    assert take(queue, 101.0, 5) == ["resting"]


@pytest.mark.parametrize("count", [10_000])
def test_ten_thousand_jobs_come_out_in_order(count):
    """The order is by time alone, however they were put."""
    queue = PollQueue()
    for number in range(count):
        put(queue, str(number), float(number * 7919 % count))
    assert take(queue, float(count), count) == sorted(
        map(str, range(count)), key=lambda job: int(job) * 7919 % count
    )


def test_the_garbage_collector_has_nothing_to_do_with_tasks_that_wait():
    """It would walk over all of them while the loop stands still."""
    queue = PollQueue()
    put(queue, "first", 1.0)
    gc.collect()
    before = len(gc.get_objects())
    for number in range(1000):
        put(queue, str(number), float(number))
    gc.collect()
    assert len(queue) == 1001
    assert len(gc.get_objects()) - before < 100
