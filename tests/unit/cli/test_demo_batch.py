"""The batch of the demo."""

import pytest

from avatar_async.cli.demo import FEWEST_JOBS
from avatar_async.cli.demo_batch import demo_batch
from avatar_async.requests import Kind, fingerprint


@pytest.mark.parametrize("number", [FEWEST_JOBS, 12, 60])
def test_the_demo_has_as_many_jobs_as_asked_for_of_all_five_kinds(number):
    """Whatever the number, every kind is shown."""
    jobs = demo_batch(number)
    assert len({job.name for job in jobs}) == number
    assert {job.kind for job in jobs} == set(Kind)


def test_no_two_jobs_ask_for_the_same():
    """Previews must show different parameters, and doubles of costly kinds are refused."""
    jobs = demo_batch(100)
    assert len({fingerprint(job.request) for job in jobs}) == 100


def test_the_demo_is_the_same_each_time_and_has_no_problems():
    """A second demo must find its jobs in the ledger unchanged."""
    assert demo_batch(20) == demo_batch(20)
    assert demo_batch(40)[:20] == demo_batch(20)
    assert [problem for job in demo_batch(60) for problem in job.request.problems()] == []


def test_rebuilds_take_the_model_of_a_training():
    """The demo shows a job that needs another."""
    jobs = {job.name: job for job in demo_batch(12)}
    rebuilds = [job for job in jobs.values() if job.kind is Kind.REBUILD]
    assert rebuilds
    for job in rebuilds:
        assert jobs[job.needs[0]].kind is Kind.TRAINING
        assert job.request.refs()[0].job == job.needs[0]
