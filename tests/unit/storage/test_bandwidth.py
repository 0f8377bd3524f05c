"""Downloads that are told to give way, with and without a limit."""

import anyio
import pytest

from avatar_async._storage.bandwidth import Bandwidth
from avatar_async.testing import VirtualClock

FIRST, SECOND = (1.0, "a"), (2.0, "b")
LINE_BYTES_S = 32_000.0


async def passes(limit, *, until_s, told, chunk=1000):
    """Return when chunks of two downloads passed within that time; `told` gets clock and bandwidth."""
    clock = VirtualClock()
    bandwidth = Bandwidth(limit, clock)
    passed: dict[tuple[float, str], list[float]] = {FIRST: [], SECOND: []}

    async def send(urgency):
        lane = bandwidth.lane(urgency)
        while True:
            await lane.take(chunk)
            passed[urgency].append(clock.monotonic())
            await clock.sleep(1.0)

    async with anyio.create_task_group() as group:
        group.start_soon(send, FIRST)
        group.start_soon(send, SECOND)
        group.start_soon(told, clock, bandwidth)
        await clock.advance(until_s)
        group.cancel_scope.cancel()
    return passed


@pytest.mark.parametrize("limit", [None, 50_000.0])
async def test_who_gives_way_passes_only_what_keeps_a_connection_alive(limit):
    """A chunk every 15 s, while the other goes on as before."""

    async def told(clock, bandwidth):
        bandwidth.give_way(FIRST, LINE_BYTES_S)

    passed = await passes(limit, until_s=60.0, told=told)
    assert len(passed[FIRST]) >= 59
    late = [at for at in passed[SECOND] if at > 1.0]
    assert late[0] == pytest.approx(15.0, abs=1.1)
    assert len(late) in (3, 4)


async def test_little_of_the_line_passes_out_of_turn():
    """However large the chunks are: a thirty-second part."""

    async def told(clock, bandwidth):
        bandwidth.give_way(FIRST, LINE_BYTES_S)

    passed = await passes(None, until_s=640.0, told=told, chunk=64_000)
    late = [at for at in passed[SECOND] if at > 1.0]
    assert 9 <= len(late) <= 11


async def test_who_gave_way_goes_on_as_soon_as_it_may():
    """Not only when its next chunk would have come out of turn."""

    async def told(clock, bandwidth):
        bandwidth.give_way(FIRST, LINE_BYTES_S)
        await clock.sleep(7.5)
        bandwidth.give_way(None, LINE_BYTES_S)

    passed = await passes(None, until_s=20.0, told=told)
    waited = [at for at in passed[SECOND] if at > 1.0]
    assert waited[0] == 7.5
    assert len(waited) >= 12


async def test_a_download_cancelled_while_it_gives_way_leaves_nothing_behind():
    """The run's end must not wait for anybody's turn."""
    clock = VirtualClock()
    bandwidth = Bandwidth(None, clock)
    bandwidth.give_way(FIRST, LINE_BYTES_S)
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(bandwidth.lane(SECOND).take, 1000)
            await anyio.lowlevel.checkpoint()
            scope.cancel()
    assert scope.cancelled_caught
    bandwidth.give_way(None, LINE_BYTES_S)
    await bandwidth.lane(SECOND).take(1000)
    assert clock.monotonic() == 0.0
