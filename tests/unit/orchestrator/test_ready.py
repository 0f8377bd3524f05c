"""The order of the jobs that wait to be fetched, kept so that nobody looks through all of them."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from avatar_async._jobs.expiry import urgency
from avatar_async._jobs.planner import pause_left_s
from avatar_async._jobs.records import Artifact, Job
from avatar_async._jobs.states import State
from avatar_async.orchestrator.arrivals import Arrivals
from avatar_async.orchestrator.hub import EventHub
from avatar_async.orchestrator.precedence import Precedence
from avatar_async.orchestrator.ready import ReadyJobs
from avatar_async.orchestrator.urgency import Rest, Transfer, first_pressed, horizon_s
from avatar_async.testing import VirtualClock
from tests.jobs_kept import a_job

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def job_of(number: int, hours: float | None = 100.0, size: int | None = 1000, **fields: Any) -> Job:
    """Return a ready job whose results vanish after so many hours."""
    usual = {
        "id": f"{number:06}",
        "state": State.READY,
        "created_at": NOW,
        "artifacts": (Artifact(role="model", name="a.zip", url="http://127.0.0.1/a", size_bytes=size),),
        "expires_at": None if hours is None else NOW + timedelta(hours=hours),
    }
    return a_job(f"job-{number}", **(usual | fields))


def _pause_left_s(job: Job, now: datetime) -> float:
    return pause_left_s(job.not_before, now)


class Bench:
    """Ready jobs over a plain mapping that counts how often it is asked."""

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}
        self.taken: set[str] = set()
        self.looks = 0
        self.ready = ReadyJobs(self._look, _pause_left_s, self.taken.__contains__)

    def _look(self, job_id: str) -> Job | None:
        self.looks += 1
        return self.jobs.get(job_id)

    def put(self, job: Job, now: datetime = NOW) -> None:
        self.jobs[job.id] = job
        self.ready.follow(job, now)

    def names(self) -> list[str]:
        return [job.name for job in self.ready.in_order()]


def test_choosing_the_next_looks_at_one_job_however_many_wait():
    """A hundred thousand finished jobs must not make each choice slower."""
    bench, chance = Bench(), random.Random(1)
    for number in range(5000):
        bench.put(job_of(number, chance.uniform(0, 160)))
    order = []
    for _ in range(5000):
        job = next(bench.ready.in_order())
        order.append(job)
        bench.taken.add(job.id)
        bench.ready.forget(job.id)
    assert bench.looks == 5000
    assert order == sorted(bench.jobs.values(), key=urgency)
    assert (len(bench.ready), bench.ready.left_bytes) == (0, 0)


def test_held_taken_and_ended_jobs_are_no_part_of_the_order():
    """Nobody is to fetch those."""
    bench = Bench()
    bench.taken.add("000002")
    for job in (job_of(0), job_of(1, hold="a person"), job_of(2), job_of(3, state=State.FETCHING)):
        bench.put(job)
    assert bench.names() == ["job-0"]
    bench.put(job_of(0, state=State.STORED))
    assert bench.names() == []


def test_a_pause_ends_by_itself_and_the_latest_one_counts():
    """A job is left alone until its time, and then takes its place."""
    bench = Bench()
    bench.put(job_of(0, 50))
    bench.put(job_of(1, 10, not_before=NOW + timedelta(seconds=5)))
    bench.put(job_of(1, 10, not_before=NOW + timedelta(seconds=20)))
    assert bench.ready.wake(NOW) == 20.0
    assert bench.ready.wake(NOW + timedelta(seconds=6)) == 14.0
    assert bench.names() == ["job-0"]
    assert bench.ready.wake(NOW + timedelta(seconds=20)) is None
    assert bench.names() == ["job-1", "job-0"]


def test_a_pause_from_before_the_clock_was_set_back_is_over():
    """It would last for as long as the clock was wrong."""
    bench = Bench()
    bench.put(job_of(1, not_before=NOW + timedelta(days=3)))
    assert bench.ready.wake(NOW) is None
    assert bench.names() == ["job-1"]


def test_sums_follow_every_change():
    """What is to come of all is known without looking at each."""
    bench = Bench()
    bench.put(job_of(1, size=500))
    bench.put(job_of(2, size=9000))
    bench.put(job_of(3, size=None))
    assert (bench.ready.left_bytes, bench.ready.longest_bytes, bench.ready.unknown) == (9500, 9000, 1)
    bench.put(job_of(2, size=700))
    bench.put(job_of(3, size=300))
    assert (bench.ready.left_bytes, bench.ready.longest_bytes, bench.ready.unknown) == (1500, 700, 0)
    bench.ready.forget("000002")
    assert (bench.ready.left_bytes, bench.ready.longest_bytes) == (800, 500)


class Board:
    """What a look needs of a board."""

    def __init__(self, bench: Bench, running: list[Job], clock: VirtualClock) -> None:
        self.clock = clock
        self._bench = bench
        self._running = running

    def in_state(self, state: State) -> list[Job]:
        assert state is State.FETCHING, "nobody may look through the jobs that wait"
        return self._running

    def get(self, job_id: str) -> Job | None:
        return self._bench.jobs.get(job_id)


def test_a_look_at_the_line_passes_over_jobs_that_have_time(monkeypatch):
    """Every few seconds it is asked who is pressed; a hundred thousand that are not must cost nothing."""
    bench, clock = Bench(), VirtualClock()
    now = clock.now()
    shift = now - NOW
    for number in range(3000):
        job = job_of(number, 100 + number / 100)
        bench.put(evolve(job, expires_at=NOW + timedelta(hours=100 + number / 100) + shift), now)
    running = [evolve(job_of(9000, 160, 10**6, state=State.FETCHING), expires_at=now + timedelta(hours=160))]
    told = []

    class Downloads:
        def give_way(self, after, line_bytes_s):
            told.append(after)

    board: Any = Board(bench, running, clock)
    downloads: Any = Downloads()
    precedence = Precedence(board, downloads, Arrivals(clock, EventHub()), bench.ready)
    monkeypatch.setattr(precedence, "_line_bytes_s", 1e6)
    precedence.look()
    assert bench.looks <= 1
    assert told == [None]
    assert precedence.notice is None
    soon = evolve(job_of(7000, size=10**7), expires_at=now + timedelta(seconds=11))
    bench.put(soon, now)
    precedence.look()
    assert bench.looks <= 4
    assert precedence._pressed == soon.name


standings = st.tuples(st.integers(0, 10**10) | st.none(), st.floats(-1e5, 1e6) | st.none(), st.booleans())


@given(several=st.lists(standings, max_size=12), speed=st.floats(1, 1e9), holding=st.booleans())
def test_leaving_out_those_beyond_the_horizon_changes_nothing(several, speed, holding):
    """Who is pressed is found without those that cannot be."""
    transfers = [
        Transfer(
            urgency=(float("inf") if left_s is None else left_s, f"{number:02}"),
            left_bytes=left_bytes,
            left_s=left_s,
            running=running,
        )
        for number, (left_bytes, left_s, running) in enumerate(several)
    ]
    running = [each for each in transfers if each.running]
    waiting = [each for each in transfers if not each.running]
    limit_s = horizon_s(rest_of(waiting), running, speed)
    near = [each for each in waiting if each.left_s is not None and each.left_s <= limit_s]
    far = [each for each in waiting if each not in near]
    whole = first_pressed(transfers, speed, holding=holding)
    assert first_pressed([*running, *near], speed, holding=holding, rest=rest_of(far)) == whole


def rest_of(transfers: list[Transfer]) -> Rest:
    """Return the sums of these."""
    known = [each.left_bytes for each in transfers if each.left_bytes is not None]
    return Rest(
        left_bytes=sum(known), longest_bytes=max(known, default=0), unknown=len(transfers) - len(known)
    )
