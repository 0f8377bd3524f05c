"""A limit that does not throw away what has arrived."""

import socket
import time

import anyio
import anyio.lowlevel
import pytest

from avatar_async._transport.time_limit import time_limit


async def test_a_block_that_takes_too_long_is_cancelled():
    """Nobody waits for ever."""
    with pytest.raises(TimeoutError), time_limit(0.02):
        await anyio.sleep_forever()


async def test_a_block_in_time_goes_on_undisturbed():
    """The timer dies with the block."""
    with time_limit(0.02):
        await anyio.lowlevel.checkpoint()
    await anyio.sleep(0.03)


async def test_each_restart_counts_anew():
    """Silence is measured from the last byte, not from the first."""
    with time_limit(0.2, started=False) as silence:
        for _ in range(4):
            await anyio.sleep(0.08)
            silence.restart()
        silence.stop()
        await anyio.sleep(0.25)


async def test_an_outer_cancellation_is_no_timeout():
    """Who cancels us gets their own scope back."""
    with anyio.move_on_after(0.01) as outer, time_limit(30):
        await anyio.sleep_forever()
    assert outer.cancelled_caught


async def test_an_answer_that_came_while_the_process_was_stopped_is_read():
    """A laptop that slept must not leave paid calls in doubt whose answers lie in the socket."""
    near, far = socket.socketpair()
    with near, far:
        async with await anyio.abc.SocketStream.from_socket(near) as stream:
            with time_limit(0.2):
                async with anyio.create_task_group() as group:

                    async def stopped() -> None:
                        far.send(b"answer")
                        time.sleep(0.3)  # noqa: ASYNC251 - the loop stands still, as under SIGSTOP

                    group.start_soon(stopped)
                    assert await stream.receive() == b"answer"
