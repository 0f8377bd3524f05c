"""Who makes room when every slot is taken."""

from datetime import timedelta
from itertools import count
from types import SimpleNamespace

import anyio
import pytest

from avatar_async._jobs.states import State
from avatar_async.orchestrator.flow import Flow
from avatar_async.orchestrator.slots import FINISHING, Slots
from avatar_async.testing import VirtualClock
from tests.jobs_kept import MADE_AT, a_job


def job(name, *, days=5):
    """Return a job whose results vanish in so many days."""
    return a_job(name, state=State.READY, expires_at=MADE_AT + timedelta(days=days))


@pytest.fixture
def clock():
    """A clock that moves when told."""
    return VirtualClock()


@pytest.fixture
def taken(clock):
    """A function that fills slots with downloads that wait for the network."""

    def fill(*jobs):
        slots = Slots(clock, len(jobs))
        held = [slots.enter(each) for each in jobs]
        for slot in held:
            slot.scope = anyio.CancelScope()
            slot.flow.wait()
        return slots, held

    return fill


async def drip(clock, held, seconds, *speeds):
    """Let bytes come at these speeds, a batch each second."""
    for _ in range(seconds):
        await clock.advance(1)
        for slot, speed in zip(held, speeds, strict=True):
            slot.flow.end(speed)
            slot.flow.wait()


def nobody(running):
    """Displace nobody for urgency's sake."""


async def test_slow_downloads_make_room_one_at_a_time_the_least_urgent_first(clock, taken):
    """A byte a second from every server must not keep the others out."""
    slots, held = taken(job("a", days=1), job("b", days=6), job("c", days=3))
    await drip(clock, held, 29, 1, 1, 1)
    slots.make_room(job("new"), nobody)
    assert not any(slot.leaving for slot in held)
    await drip(clock, held, 2, 1, 1, 1)
    slots.make_room(job("new"), nobody)
    slots.make_room(job("new"), nobody)
    assert [slot.leaving for slot in held] == [False, True, False]
    assert held[1].scope.cancel_called
    slots.leave(held[1])
    assert not slots.full
    slots.enter(job("new"))
    slots.make_room(job("next"), nobody)
    assert [slot.leaving for slot in held] == [False, True, True]


async def test_one_far_slower_than_its_peers_makes_room_and_fast_ones_never_do(clock, taken):
    """Slow is seen beside the others, up to a speed that is good enough."""
    slots, held = taken(*(job(name) for name in "abcd"))
    await drip(clock, held, 40, 20_000, 1_000_000, 900_000, 1_100_000)
    slots.make_room(job("new"), nobody)
    assert [slot.leaving for slot in held] == [True, False, False, False]
    slots, held = taken(*(job(name) for name in "abcd"))
    await drip(clock, held, 40, 70_000, 9_000_000, 9_000_000, 9_000_000)
    slots.make_room(job("new"), nobody)
    assert not any(slot.leaving for slot in held)
    slots, held = taken(*(job(name) for name in "ab"))
    await drip(clock, held, 40, 4_000, 5_000)
    slots.make_room(job("new"), nobody)
    assert not any(slot.leaving for slot in held)


async def test_time_that_we_take_for_ourselves_is_not_held_against_a_download(clock, taken):
    """Checking fifty gigabytes takes minutes in which nothing comes."""
    slots, held = taken(job("a"))
    held[0].flow.end(10_000_000)
    await clock.advance(600)
    slots.make_room(job("new"), nobody)
    assert not held[0].leaving


async def test_what_could_not_go_on_from_where_it_was_is_given_more_time(clock, taken):
    """Half a gigabyte without a validator would be lost."""
    slots, held = taken(job("a"), job("b"))
    for slot in held:
        slot.flow.end(5_000_000)
        slot.flow.wait()
    held[1].resumable = True
    await clock.advance(40)
    slots.make_room(job("new"), nobody)
    assert [slot.leaving for slot in held] == [False, True]
    slots.leave(held[1])
    await clock.advance(270)
    slots.make_room(job("new"), nobody)
    assert held[0].leaving


async def test_who_was_slow_stands_behind_for_longer_each_time_but_never_alone(clock, taken):
    """It goes on when nobody else waits, and displaces nobody meanwhile."""
    slow = job("a", days=1)
    slots, _ = taken(job("x"))
    for pause_s in (60, 120, 240):
        slot = slots.enter(slow)
        slot.slow = True
        slots.leave(slot)
        assert slots.rank(slow) > slots.rank(job("b", days=7))
        await clock.advance(pause_s - 1)
        assert slots.rank(slow) > slots.rank(job("b", days=7))
        await clock.advance(2)
        assert slots.rank(slow) < slots.rank(job("b", days=7))
    slot = slots.enter(slow)
    slots.leave(slot)
    assert slots.rank(slow) < slots.rank(job("b", days=7))


async def test_a_slow_one_that_waits_displaces_nobody(clock, taken):
    """Two slow ones must not push each other out for ever."""
    slots, held = taken(job("a"))
    late = slots.enter(job("b"))
    late.slow = True
    slots.leave(late)
    await drip(clock, held, 40, 1)
    slots.make_room(job("b"), nobody)
    assert not held[0].leaving
    await clock.advance(30)
    slots.make_room(job("b"), nobody)
    assert held[0].leaving


async def test_a_flow_forgets_what_came_long_ago(clock):
    """A server that was fast once and stalls now is slow now."""
    flow = Flow(clock)
    flow.wait()
    await clock.advance(1)
    flow.end(90_000_000)
    flow.wait()
    assert flow.speed_bytes_s() > 2_000_000
    await clock.advance(31)
    assert flow.speed_bytes_s() == 0.0
    assert flow.waited_s == 32


def test_a_fast_line_fills_no_memory_with_what_it_brought():
    """Thousands of reads a second are remembered as a few marks, and the speed is the same."""
    seconds = count()
    flow = Flow(SimpleNamespace(monotonic=lambda: next(seconds) / 2000))
    for _ in range(10_000):
        flow.wait()
        flow.end(1000)
    assert len(flow._marks) <= 110
    assert flow.speed_bytes_s() == pytest.approx(10_000_000 / flow.waited_s, rel=0.01)


async def test_who_has_every_byte_keeps_nobody_from_the_network_and_makes_no_room(clock, taken):
    """While one job waits for the disk, another one can download; only so many may wait there."""
    slots, held = taken(job("a"), job("b", days=6))
    await drip(clock, held, 31, 1, 1)
    assert slots.full
    assert slots.track(held[1], received=True)
    assert not slots.track(held[1], received=True)
    assert not slots.full
    slots.enter(job("c"))
    assert slots.full
    slots.make_room(job("new"), nobody)
    assert [slot.leaving for slot in held] == [True, False]
    slots.leave(held[1])
    assert slots.full


async def test_what_must_come_once_more_takes_its_place_at_the_network_again(clock, taken):
    """Bytes that turn out wrong are asked for anew; nobody may begin beside them as if they were home."""
    slots, held = taken(job("a"), job("b"))
    slots.track(held[0], received=True)
    assert not slots.full
    slots.track(held[0], received=False)
    assert slots.full
    for slot in held:
        slots.leave(slot)
    slots.enter(job("c"))
    assert not slots.full


async def test_only_so_many_jobs_wait_for_disk_and_ledger(clock):
    """A disk that does not keep up must not fill the memory; nobody makes room for that reason."""
    slots = Slots(clock, 2)
    for number in range(FINISHING + 2):
        assert not slots.full
        slots.track(slots.enter(job(f"job-{number}")), received=True)
    assert slots.full
    assert not slots.crowded
