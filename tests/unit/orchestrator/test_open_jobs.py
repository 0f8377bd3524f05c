"""The open jobs of a run, kept in few objects."""

from attrs import evolve

from avatar_async._jobs.states import State
from avatar_async.orchestrator.openjobs import OpenJobs
from tests.unit.jobs.test_folding import FLYING

PLANNED = evolve(FLYING, id="1", name="planned", state=State.PLANNED, task_id=None, revision=2)


def test_jobs_are_given_as_they_were_put_in_the_order_in_which_they_came():
    """Those that wait are made anew, which nobody may notice."""
    jobs = OpenJobs()
    for job in (FLYING, PLANNED):
        jobs.put(job)
    assert [*jobs] == [FLYING, PLANNED]
    assert len(jobs) == 2
    assert jobs.get("7") == FLYING
    assert jobs.get("8") is None
    assert [jobs.revision(job_id) for job_id in ("7", "1", "8")] == [3, 2, None]
    assert [*jobs.these(["8", "1", "7"])] == [PLANNED, FLYING]


def test_what_becomes_of_a_job_takes_its_place():
    """A job changes its state many times, and each is known by its latest."""
    jobs = OpenJobs()
    for job in (FLYING, PLANNED):
        jobs.put(job)
    ready = evolve(FLYING, state=State.READY, finished_at=FLYING.created_at, revision=5)
    flying = evolve(PLANNED, state=State.IN_FLIGHT, task_id=10, revision=6)
    jobs.put(ready)
    jobs.put(flying)
    assert [*jobs] == [ready, flying]


def test_a_job_that_leaves_meanwhile_is_left_out():
    """Who looks at very many lets others have their turn."""
    jobs = OpenJobs()
    for job in (PLANNED, FLYING):
        jobs.put(job)
    looked_at = iter(jobs)
    assert next(looked_at) == PLANNED
    jobs.drop("7")
    jobs.drop("7")
    assert [*looked_at] == []
    assert len(jobs) == 1
