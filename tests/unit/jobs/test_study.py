"""What is learned while tasks run: from what was seen, no further."""

import random

import pytest

from avatar_async._jobs.planner import Durations, PollPlanner, poll_limits
from avatar_async._jobs.planner.durations import _runs
from avatar_async._jobs.planner.study import Study
from avatar_async.requests import Kind


def test_a_task_tells_nothing_beyond_the_poll_that_last_found_it_running():
    """It may have ended since: counted as running till now, it would make all tasks seem to last longer."""
    study = Study()
    for number in range(100):
        study.begin(str(number), since_s=0.0, now_s=0.0)
    for number in range(50):
        study.end(str(number), 100.0 + number, now_s=200.0)
    lives = study._lives(lambda job_id: 150.0 if int(job_id) % 2 else 0.0)
    running = [life.seconds for life in lives if not life.ended]
    assert sorted(set(running)) == [0.0, 150.0]
    learned = study.learned(Durations(), now_s=10_000.0, seen_s=lambda _: 150.0)
    assert learned is not None
    assert learned.at(150.0)[0] == pytest.approx(0.5, abs=0.1)
    assert learned.median_s < 1000.0


def test_runs_of_ends_hold_equal_shares_at_most():
    """One bump in place of several that stand for much would leave a gap on either side."""
    weights = [0.001] * 500 + [0.04] * 12
    runs = _runs(weights)
    assert [place for low, high in runs for place in range(low, high)] == list(range(len(weights)))
    assert len(runs) <= 80
    assert all(high - low == 1 for low, high in runs if low >= 500)


@pytest.mark.parametrize(("batch", "least"), [(1, 0.8), (100, 2.0)])
def test_a_call_for_the_last_few_is_worth_less_than_one_for_a_hundred(batch, least):
    """It costs the same: what is left of a crowd waits longer, if many would have fitted in."""
    waits = {}
    for number in (100, 4):
        planner = PollPlanner(calls_per_s=10.0 / batch, batch=batch, limits=poll_limits())
        chance = random.Random(1)
        planner.know(Kind.TRAINING, [3600.0 * chance.lognormvariate(0, 0.5) for _ in range(200)])
        for index in range(number):
            planner.begin(str(index), Kind.TRAINING, since_s=0.0, now_s=3600.0)
        planner.take(3600.0)
        planner._price = 500.0
        waits[number] = planner.plan("0", now_s=3600.0, part=0.5)
    assert waits[4] >= least * waits[100]
    assert batch > 1 or waits[4] <= waits[100] / least


def _crowd(known, running, ended_s, *, now_s):
    """Return a study that knows durations, and of a crowd begun at 0 these ends; the others still run."""
    study = Study()
    study.know(known)
    for number in range(running + len(ended_s)):
        study.begin(str(number), since_s=0.0, now_s=0.0)
    for number, seconds in enumerate(ended_s):
        study.end(str(number), seconds, now_s=seconds)
    return study.learned(Durations(), now_s=now_s, seen_s=lambda _: now_s)


def test_what_lasted_longer_than_this_run_still_tells_how_long_the_rest_of_a_crowd_may_last():
    """Nine in ten end early; without the older ones nobody would know when the others do."""
    chance = random.Random(3)
    known = [600.0 * chance.lognormvariate(0, 0.2) for _ in range(180)]
    known += [6000.0 * chance.lognormvariate(0, 0.2) for _ in range(20)]
    early = [500.0 * chance.lognormvariate(0, 0.2) for _ in range(450)]
    learned = _crowd(known, 50, early, now_s=2500.0)
    assert learned.median_s == pytest.approx(500.0, rel=0.05)
    assert 0.05 < learned.at(3500.0)[0] < 0.12
    assert learned.at(6000.0)[0] == pytest.approx(0.05, abs=0.02)
    assert learned.at(10_000.0)[0] < 0.02


def test_a_few_that_run_for_long_do_not_drown_what_many_told():
    """Six that outlast all known ones tell of great ages; of the others there is nothing to unlearn."""
    learned = _crowd([float(seconds) for seconds in range(900, 1100)], 6, [], now_s=5000.0)
    assert learned.count == 200
    assert learned.median_s == pytest.approx(1000.0, rel=0.05)
