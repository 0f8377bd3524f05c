"""A limit that does not throw away what has arrived."""

import socket
import time

import anyio
import anyio.lowlevel
import pytest

from avatar_async._transport.time_limit import Watch


async def test_a_block_that_takes_too_long_is_cancelled():
    """Nobody waits for ever."""
    with pytest.raises(TimeoutError), Watch(limit_s=0.02).limit():
        await anyio.sleep_forever()


async def test_a_block_in_time_goes_on_undisturbed():
    """The timer dies with the block."""
    with Watch(limit_s=0.02).limit():
        await anyio.lowlevel.checkpoint()
    await anyio.sleep(0.03)


async def test_each_restart_counts_the_silence_anew():
    """Silence is measured from the last byte, not from the first."""
    with Watch(limit_s=30, silence_s=0.2).limit() as limit:
        await anyio.sleep(0.25)
        for _ in range(4):
            limit.restart()
            await anyio.sleep(0.08)


async def test_a_silence_that_lasts_is_cancelled():
    """A connection that went dead is not waited on until the end of the whole limit."""
    with pytest.raises(TimeoutError), Watch(limit_s=30, silence_s=0.02).limit() as limit:
        limit.restart()
        await anyio.sleep_forever()


async def test_many_blocks_share_one_timer_and_each_has_its_own_end():
    """Thousands of calls must not mean thousands of timers; a late one gets its whole time."""
    watch = Watch(limit_s=0.2)
    ended = []

    async def block(delay_s: float) -> None:
        await anyio.sleep(delay_s)
        began_s = anyio.current_time()
        with pytest.raises(TimeoutError), watch.limit():
            await anyio.sleep_forever()
        ended.append(anyio.current_time() - began_s)

    async with anyio.create_task_group() as group:
        for number in range(8):
            group.start_soon(block, number * 0.02)
    assert len(ended) == 8
    assert min(ended) >= 0.09


async def test_an_outer_cancellation_is_no_timeout():
    """Who cancels us gets their own scope back."""
    with anyio.move_on_after(0.01) as outer, Watch(limit_s=30).limit():
        await anyio.sleep_forever()
    assert outer.cancelled_caught


async def test_an_answer_that_came_while_the_process_was_stopped_is_read():
    """A laptop that slept must not leave paid calls in doubt whose answers lie in the socket."""
    near, far = socket.socketpair()
    with near, far:
        async with await anyio.abc.SocketStream.from_socket(near) as stream:
            with Watch(limit_s=0.2).limit():
                async with anyio.create_task_group() as group:

                    async def stopped() -> None:
                        far.send(b"answer")
                        time.sleep(0.3)  # noqa: ASYNC251 - the loop stands still, as under SIGSTOP

                    group.start_soon(stopped)
                    assert await stream.receive() == b"answer"


async def test_a_cancellation_from_outside_wins_over_a_limit_at_the_same_moment():
    """Who ends the program is not told of a timeout instead."""
    watch = Watch(limit_s=0.02)
    with anyio.CancelScope() as outer:
        with watch.limit():
            try:
                await anyio.sleep_forever()
            finally:
                outer.cancel()
                with anyio.CancelScope():
                    await anyio.lowlevel.checkpoint()
    assert outer.cancelled_caught
