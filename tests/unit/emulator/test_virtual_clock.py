"""The clock for tests that need not wait."""

from datetime import UTC, datetime, timedelta

import anyio
import pytest

from avatar_async.testing import VirtualClock


async def test_sleepers_wake_in_the_order_of_their_instants():
    """Advancing past several instants visits each of them."""
    clock = VirtualClock(datetime(2026, 1, 1, tzinfo=UTC))
    woken = []

    async def sleeper(delay_s):
        await clock.sleep(delay_s)
        woken.append((delay_s, clock.monotonic()))

    async with anyio.create_task_group() as group:
        for delay_s in (3, 1, 2, 10):
            group.start_soon(sleeper, delay_s)
        await clock.advance(5)
        assert woken == [(1, 1), (2, 2), (3, 3)]
        assert clock.now() == datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=5)
        group.cancel_scope.cancel()
    await clock.advance(10)
    assert len(woken) == 3


async def test_a_sleeper_that_sleeps_again_is_served_within_one_advance():
    """A polling loop runs as often as it would have."""
    clock = VirtualClock()
    seen = []

    async def loop():
        while True:
            await clock.sleep(2)
            seen.append(clock.monotonic())

    async with anyio.create_task_group() as group:
        group.start_soon(loop)
        await clock.advance(7)
        group.cancel_scope.cancel()
    assert seen == [2, 4, 6]


async def test_auto_advance_jumps_whenever_everyone_waits():
    """An hour of waiting takes no time, and the order holds."""
    clock = VirtualClock(auto_advance=True)
    woken = []

    async def sleeper(delay_s):
        await clock.sleep(delay_s)
        woken.append(delay_s)

    async with anyio.create_task_group() as group:
        for delay_s in (3600, 60, 600):
            group.start_soon(sleeper, delay_s)
    assert woken == [60, 600, 3600]
    assert clock.monotonic() == 3600


async def test_a_cancelled_sleeper_does_not_hold_up_the_others():
    """The next sleeper takes its turn."""
    clock = VirtualClock(auto_advance=True)
    with anyio.CancelScope() as scope:
        scope.cancel()
        await clock.sleep(1)
    await clock.sleep(5)
    assert clock.monotonic() == 5


async def test_time_goes_neither_backward_nor_naive():
    """Mistakes are told at once."""
    clock = VirtualClock()
    await clock.sleep(0)
    await clock.sleep(-1)
    assert clock.monotonic() == 0
    with pytest.raises(ValueError, match="backward"):
        await clock.advance(-1)
    with pytest.raises(ValueError, match="aware"):
        VirtualClock(datetime(2026, 1, 1))  # noqa: DTZ001
