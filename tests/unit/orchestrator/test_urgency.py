"""Who makes room for files that vanish sooner."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from avatar_async._jobs.expiry import urgency
from avatar_async._jobs.records import Artifact, Job
from avatar_async._jobs.states import State
from avatar_async.orchestrator.urgency import displaced
from avatar_async.requests import Kind

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
GB = 10**9


def job_of(number: int, hours: float | None, size_bytes: int | None) -> Job:
    """Make a finished job that vanishes after so many hours."""
    model = Artifact(role="model", name="m.zip", url="http://x/m.zip", size_bytes=size_bytes)
    return Job(
        id=str(number),
        batch="default",
        name=f"job-{number}",
        kind=Kind.TRAINING,
        folder=f"job-{number}",
        task_name="",
        fingerprint="f",
        state=State.READY,
        created_at=NOW,
        expires_at=None if hours is None else NOW + timedelta(hours=hours),
        artifacts=(model,),
    )


def test_the_least_urgent_makes_room_for_a_job_with_hours_left():
    """Whatever the speed, known or not."""
    running = [job_of(1, 100, GB), job_of(2, 160, GB), job_of(3, None, GB)]
    assert displaced(job_of(9, 5, GB), running, NOW, None) is running[2]
    assert displaced(job_of(9, 5, GB), running[:2], NOW, 1e6) is running[1]


def test_nobody_makes_room_for_a_job_with_time_enough():
    """Days are left, and the line is fast."""
    running = [job_of(1, 160, GB)]
    assert displaced(job_of(9, 100, GB), running, NOW, 1e6) is None
    assert displaced(job_of(9, 100, GB), running, NOW, None) is None


def test_a_slow_line_makes_a_job_urgent_days_before():
    """All that runs before it would take more than half of its time."""
    assert displaced(job_of(9, 100, GB), [job_of(1, 160, 10 * GB)], NOW, 50_000.0) is not None


def test_a_download_about_to_end_is_not_interrupted():
    """Its slot will be free in a moment."""
    assert displaced(job_of(9, 5, GB), [job_of(1, 160, 1_000_000)], NOW, 1e6) is None


def test_nobody_makes_room_for_a_job_past_its_expiry_or_without_one():
    """It may be gone already; it takes its turn."""
    running = [job_of(1, 160, GB)]
    assert displaced(job_of(9, -1, GB), running, NOW, 1e6) is None
    assert displaced(job_of(9, None, GB), running, NOW, 1e6) is None
    assert displaced(job_of(9, 5, GB), [], NOW, 1e6) is None


jobs = st.tuples(st.floats(-10, 200) | st.none(), st.integers(0, 10**12) | st.none())


@given(newcomer=jobs, running=st.lists(jobs, max_size=6), speed=st.floats(1, 1e9) | st.none())
def test_only_less_urgent_jobs_are_parked(newcomer, running, speed):
    """So that no two jobs can park each other in turn."""
    new = job_of(99, *newcomer)
    holders = [job_of(number, *each) for number, each in enumerate(running)]
    parked = displaced(new, holders, NOW, speed)
    if parked is not None:
        assert parked in holders
        assert urgency(parked) > urgency(new)
        assert all(urgency(each) <= urgency(parked) for each in holders)
