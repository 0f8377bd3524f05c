"""The planner as a whole: within the budget, near the best there is, whatever it learns meanwhile."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar_async._jobs.planner import PollPlanner, poll_limits
from avatar_async._jobs.planner.prices import Demand, price_for, steady_price
from avatar_async._jobs.planner.study import REMEMBERED, Study
from avatar_async._jobs.planner.timetable import LONGEST_S
from avatar_async.requests import Kind

pulls = st.lists(st.tuples(st.floats(0, 1e3), st.floats(0, 1e3)), min_size=1, max_size=5)


def a_planner(*, calls_per_s: float = 5.0, batch: int = 1) -> PollPlanner:
    """Return a planner that knows nothing."""
    return PollPlanner(calls_per_s=calls_per_s, batch=batch, limits=poll_limits())


def watched(
    planner: PollPlanner, takes_s: dict[str, float], spacing_s: float, *, start_s: float = 0.0
) -> tuple[int, dict[str, float]]:
    """Watch trainings that begin together; return the polls, and how many seconds late each end was seen."""
    chance = random.Random(1)
    now_s, polls, late_s = start_s, 0, {}
    for job_id in takes_s:
        planner.begin(job_id, Kind.TRAINING, since_s=start_s, now_s=start_s)
        planner.plan(job_id, now_s=start_s, part=chance.random())
    while len(planner):
        now_s = max(now_s + spacing_s, planner.next_due_s() or 0.0)
        for job_id in planner.take(now_s):
            polls += 1
            if start_s + takes_s[job_id] <= now_s:
                late_s[job_id] = now_s - start_s - takes_s[job_id]
                planner.drop(job_id, now_s=now_s, took_s=takes_s[job_id])
            else:
                planner.plan(job_id, now_s=now_s, part=chance.random())
    return polls, late_s


def durations(number: int, median_s: float, seed: int) -> list[float]:
    """Return durations whose logarithms are normal."""
    chance = random.Random(seed)
    return [median_s * chance.lognormvariate(0, 0.4) for _ in range(number)]


@given(pulls, st.floats(0.01, 1e4))
def test_at_its_price_the_tasks_want_no_more_than_the_budget(demands, polls_per_s):
    """That is what a price is for."""
    told = [Demand(pull, least) for pull, least in demands]
    price = price_for(told, polls_per_s)
    wanted = sum(demand.pull / math.sqrt(max(price, demand.least_price, 1e-12)) for demand in told)
    assert wanted <= polls_per_s * (1 + 1e-6)


def test_the_price_of_what_is_to_come_is_asked_already():
    """A poll spent before the many ends is missing when they come."""
    quiet, busy = [Demand(1.0, 1.0)], [Demand(100.0, 1.0)]
    assert steady_price([quiet], 5.0) == 0.0
    assert steady_price([quiet, busy], 5.0) > 50.0


def test_what_was_learned_in_the_run_is_used_in_the_run():
    """The second half of a batch profits from the first."""
    planner = a_planner(calls_per_s=1000.0)
    before = {f"a{number}": seconds for number, seconds in enumerate(durations(60, 3600.0, 1))}
    after = {f"b{number}": seconds for number, seconds in enumerate(durations(60, 3600.0, 2))}
    first, _ = watched(planner, before, 0.001)
    second, late_s = watched(planner, after, 0.001, start_s=1e5)
    assert second < 0.6 * first
    assert sum(late_s.values()) / len(late_s) < 0.05 * 3600


def test_a_budget_too_small_for_all_is_shared_by_all():
    """A thousand trainings under one call in two seconds: few polls each, none forgotten."""
    planner = a_planner(calls_per_s=0.5)
    planner.know(Kind.TRAINING, durations(200, 3600.0, 3))
    takes_s = {str(number): seconds for number, seconds in enumerate(durations(1000, 3600.0, 4))}
    polls, late_s = watched(planner, takes_s, 2.0)
    assert late_s.keys() == takes_s.keys()
    assert polls < 4500
    assert max(late_s.values()) < 3 * 3600


@settings(max_examples=15)
@given(
    number=st.integers(1, 60),
    batch=st.sampled_from([1, 7, 100]),
    calls_per_s=st.floats(0.02, 5),
    median_s=st.floats(1, 7200),
    known=st.integers(0, 40),
)
def test_no_task_is_forgotten_however_scarce_calls_are(number, batch, calls_per_s, median_s, known):
    """Each is asked for again within the longest wait, and what asking for all others takes."""
    planner = a_planner(calls_per_s=calls_per_s, batch=batch)
    planner.know(Kind.TRAINING, durations(known, median_s, 3))
    chance = random.Random(5)
    for index in range(number):
        planner.begin(str(index), Kind.TRAINING, since_s=0.0, now_s=0.0)
        planner.plan(str(index), now_s=0.0, part=chance.random())
    bound_s = LONGEST_S * 1.1 + (number / batch + 2) / calls_per_s
    asked_s, now_s = dict.fromkeys(map(str, range(number)), 0.0), 0.0
    for _ in range(250):
        due_s = planner.next_due_s()
        assert due_s is not None
        now_s = max(now_s + 1 / calls_per_s, due_s)
        taken = planner.take(now_s)
        assert 1 <= len(taken) <= batch
        for job_id in taken:
            assert now_s - asked_s[job_id] <= bound_s
            asked_s[job_id] = now_s
            planner.plan(job_id, now_s=now_s, part=chance.random())
    assert all(now_s - at_s <= bound_s for at_s in asked_s.values())


def test_a_task_planned_in_a_crowd_stays_as_dear_when_the_crowd_has_gone():
    """Else the last of a batch take as many polls as all the others; a new task does not pay for them."""
    planner = a_planner(calls_per_s=0.05)
    planner.know(Kind.TRAINING, durations(200, 3600.0, 3))
    for index in range(500):
        planner.begin(f"crowd-{index}", Kind.TRAINING, since_s=0.0, now_s=0.0)
    for index in range(500):
        planner.plan(f"crowd-{index}", now_s=0.0, part=0.5)
    dear = planner.price
    for index in range(1, 500):
        planner.drop(f"crowd-{index}", now_s=3000.0)
    planner.take(60_000.0)
    planner.begin("new", Kind.TRAINING, since_s=60_000.0 - 4000.0, now_s=60_000.0)
    planner.begin("old", Kind.TRAINING, since_s=60_000.0 - 4000.0, now_s=60_000.0)
    old = planner._queue.get("old")
    assert old is not None
    old.price, old.planned_s = dear, 59_000.0
    planner._queue.add(old)
    assert dear > 10 * planner.price
    assert planner.plan("old", now_s=60_000.0, part=0.5) > 1.5 * planner.plan("new", now_s=60_000.0, part=0.5)


@pytest.mark.parametrize(("every_s", "spread"), [(0.0, 0.15), (30.0, 0.07)])
def test_only_tasks_that_begin_together_are_spread(every_s, spread):
    """The first polls of a crowd cannot all be at the best moment; those of a stream can."""
    planner = a_planner(calls_per_s=0.1)
    planner.know(Kind.TRAINING, durations(200, 3600.0, 3))
    chance = random.Random(9)
    waits = []
    for index in range(200):
        now_s = index * every_s
        planner.begin(str(index), Kind.TRAINING, since_s=now_s, now_s=now_s)
    for index in range(200):
        now_s = index * every_s
        planner._price = 50.0
        planner._look_at_s, planner._looked_at = math.inf, 10**9
        waits.append(planner.plan(str(index), now_s=now_s, part=chance.random()))
    relative = (max(waits) - min(waits)) / (sum(waits) / len(waits))
    assert (relative > spread) if every_s == 0 else (relative < spread)


def test_plenty_of_budget_is_not_spent():
    """Few tasks are asked for as often as is worth it, not as often as is allowed."""
    planner = a_planner(calls_per_s=100.0)
    planner.know(Kind.TRAINING, durations(200, 3600.0, 3))
    takes_s = {str(number): seconds for number, seconds in enumerate(durations(5, 3600.0, 4))}
    polls, _ = watched(planner, takes_s, 0.01)
    assert polls <= 5 * 22


def test_many_ids_a_call_are_asked_for_together(monkeypatch):
    """A call costs as much for one as for a hundred."""
    takes_s = {str(number): seconds for number, seconds in enumerate(durations(100, 3600.0, 4))}
    planner = a_planner(batch=100)
    planner.know(Kind.TRAINING, durations(200, 3600.0, 3))
    calls: list[int] = []
    take = planner.take

    def counted(now_s):
        calls.append(1)
        return take(now_s)

    monkeypatch.setattr(planner, "take", counted)
    polls, late_s = watched(planner, takes_s, 0.2)
    assert polls / len(calls) > 10
    assert sum(late_s.values()) / 100 < 0.02 * 3600


def test_tasks_that_became_faster_are_learned_anew():
    """After an upgrade of the service nobody waits for hours any more."""
    planner = a_planner(calls_per_s=1000.0)
    planner.know(Kind.TRAINING, durations(200, 7200.0, 3))
    for batch in range(4):
        takes_s = {f"{batch}-{n}": s for n, s in enumerate(durations(100, 600.0, batch))}
        _, late_s = watched(planner, takes_s, 0.001, start_s=1e5 * batch)
    assert sum(late_s.values()) / len(late_s) < 0.1 * 600


def test_a_hint_holds_against_everything_but_its_own_bound():
    """A service that asks for quiet gets it, for ten minutes at most."""
    planner = a_planner()
    planner.begin("a", Kind.TRAINING, since_s=0.0, now_s=0.0)
    assert planner.plan("a", now_s=1.0, part=0.5, hint_s=90.0, soonest_s=0.0) == 90.0
    assert planner.plan("a", now_s=1.0, part=0.5, hint_s=1e9) == 600.0
    assert planner.plan("a", now_s=1.0, part=0.5, soonest_s=0.0) == 0.0


@pytest.mark.parametrize("number", [100, 5000])
def test_a_study_holds_a_bounded_sample_of_any_number(number):
    """A hundred thousand tasks are not each remembered."""
    study = Study()
    seconds = durations(number, 100.0, 5)
    for index in range(number):
        study.begin(f"job-{index}", since_s=0.0, now_s=0.0)
    ages, stands_for = study.ages_s(50.0, 48)
    assert len(ages) * stands_for == pytest.approx(number)
    assert len(study._running) <= 800
    for index in range(number):
        study.end(f"job-{index}", seconds[index], now_s=seconds[index])
    assert study.running == 0
    assert len(study._ended) <= max(REMEMBERED, 800)
