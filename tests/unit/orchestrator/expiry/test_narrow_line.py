"""A narrow line that shares itself equally, and no limit given: a schedule that can be met is met."""

import random

import pytest

from avatar_async._jobs.states import State
from avatar_async._storage.bandwidth import Bandwidth
from avatar_async.orchestrator.precedence import Precedence

#: What a schedule may take more than the bytes alone, and seconds for the first poll and measurement.
MARGIN, FIRST_S = 1.5, 30.0
LINE_BYTES_S = 20_000.0


@pytest.fixture
def told(monkeypatch):
    """Whom the downloads were told to let go on, None for all, without repetitions."""
    orders: list[tuple[float, str] | None] = []
    known = Bandwidth.give_way

    def give_way(self, after, line_bytes_s):
        if not orders or orders[-1] != after:
            orders.append(after)
        known(self, after, line_bytes_s)

    monkeypatch.setattr(Bandwidth, "give_way", give_way)
    return orders


def all_home(jobs):
    """Tell whether every job was stored before its results vanished."""
    return all(job.state is State.STORED and job.stored_at < job.expires_at for job in jobs)


def equal_shares():
    """Four files side by side, of which the first three would vanish before all are home together."""
    return [1_200_000] * 4, [FIRST_S + (n + 1) * 1_200_000 * MARGIN / LINE_BYTES_S for n in range(4)]


async def test_a_schedule_that_equal_shares_miss_is_met(service, stored_in_time, told):
    """The less urgent give way, the most urgent comes first."""
    service.line_bytes_s = LINE_BYTES_S
    sizes, times = equal_shares()
    jobs, _ = await stored_in_time(sizes, times, fetches=4)
    assert all_home(jobs)
    assert len(told) > 1
    assert told[-1] is None


async def test_equal_shares_do_miss_it(service, stored_in_time, monkeypatch):
    """Without giving way; else the test above would show nothing."""
    monkeypatch.setattr(Precedence, "look", lambda self: None)
    service.line_bytes_s = LINE_BYTES_S
    jobs, _ = await stored_in_time(*equal_shares(), fetches=4)
    assert not all_home(jobs)


@pytest.mark.parametrize("seed", range(10))
async def test_every_expiry_is_met_where_the_order_of_expiry_can_meet_it(service, stored_in_time, seed):
    """Whatever the sizes and the number of downloads at once, with a margin for measuring."""
    chance = random.Random(seed)
    service.line_bytes_s = LINE_BYTES_S
    sizes = [int(LINE_BYTES_S * chance.uniform(1, 60)) for _ in range(chance.randint(4, 8))]
    order = list(range(len(sizes)))
    chance.shuffle(order)
    times, passed = dict.fromkeys(order, 0.0), FIRST_S
    for number in order:
        passed += sizes[number] * MARGIN / LINE_BYTES_S
        times[number] = passed = passed + chance.choice([0.0, 0.0, 10.0])
    jobs, _ = await stored_in_time(
        sizes, [times[number] for number in range(len(sizes))], fetches=chance.randint(2, 8)
    )
    assert all_home(jobs)


async def test_without_pressure_nobody_gives_way(service, stored_in_time, told):
    """All that is under way goes on at its share, and the run takes no longer than the line needs."""
    service.line_bytes_s = LINE_BYTES_S
    sizes = [900_000] * 4
    jobs, took_s = await stored_in_time(sizes, [86_400.0 * (n + 2) for n in range(4)], fetches=4)
    assert all_home(jobs)
    assert told == [None]
    assert took_s < sum(sizes) * 1.05 / LINE_BYTES_S + FIRST_S


async def test_those_that_give_way_keep_their_connections(service, stored_in_time, told):
    """A server cuts those from which nothing is read for a minute, and then all is sent anew."""
    service.line_bytes_s, service.cuts_after_s = 100_000.0, 55.0
    sizes = [9_000_000, 1_000_000, 1_000_000]
    jobs, _ = await stored_in_time(sizes, [125.0, 400.0, 500.0], fetches=3)
    assert all_home(jobs)
    assert len(told) > 1
    assert sorted(service.opened) == [job.name for job in jobs]
    assert 15.0 <= service.longest_silence_s < 55.0


async def test_nobody_waits_in_vain_where_each_connection_is_slow_by_itself(service, stored_in_time):
    """Giving way helps nobody there: after a short trial all go on."""
    service.connection_bytes_s = 10_000.0
    sizes = [3_000_000] * 4
    jobs, took_s = await stored_in_time(sizes, [340.0, 500.0, 500.0, 500.0], fetches=4)
    assert all_home(jobs)
    assert 310.0 < took_s < 400.0
