"""The poll queue against a plain model of it."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from avatar_async._jobs.planner import PollQueue

jobs = st.sampled_from("abcdef")
seconds = st.integers(0, 20).map(float)


class QueueAgainstModel(RuleBasedStateMachine):
    """Compare with a dict from job to due time, None for taken jobs."""

    def __init__(self):
        super().__init__()
        self.queue = PollQueue()
        self.model: dict[str, float | None] = {}

    @rule(job=jobs, due_s=seconds)
    def put(self, job, due_s):
        self.queue.put(job, due_s)
        self.model[job] = due_s

    @rule(job=jobs, due_s=seconds)
    def hasten(self, job, due_s):
        self.queue.hasten(job, due_s)
        planned_s = self.model.get(job)
        if planned_s is not None:
            self.model[job] = min(planned_s, due_s)

    @rule(job=jobs)
    def drop(self, job):
        self.queue.drop(job)
        self.model.pop(job, None)

    @rule(now_s=seconds, limit=st.integers(0, 4), ahead_s=st.integers(0, 5).map(float))
    def take(self, now_s, limit, ahead_s):
        planned = sorted(due_s for due_s in self.model.values() if due_s is not None)
        any_due = bool(planned) and planned[0] <= now_s
        expected = [due_s for due_s in planned if any_due and due_s <= now_s + ahead_s][:limit]
        taken = self.queue.take(now_s, limit, ahead_s=ahead_s)
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


def test_jobs_ahead_are_taken_only_with_one_that_is_due():
    """Batches are filled up, but no poll is made early for its own sake."""
    queue = PollQueue()
    queue.put("soon", 11.0)
    assert queue.take(10.0, 5, ahead_s=2.0) == []
    queue.put("due", 10.0)
    assert queue.take(10.0, 5, ahead_s=2.0) == ["due", "soon"]


@pytest.mark.parametrize("count", [10_000])
def test_ten_thousand_jobs_come_out_in_order(count):
    """The order is by time alone, however they were put."""
    queue = PollQueue()
    for number in range(count):
        queue.put(str(number), float(number * 7919 % count))
    assert queue.take(float(count), count) == sorted(
        map(str, range(count)), key=lambda job: int(job) * 7919 % count
    )
