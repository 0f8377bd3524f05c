"""Threads of a crew: order, errors, cancellation, wake-ups of the loop, and their end."""

import asyncio
import threading

import anyio
import pytest

from avatar_async._storage.crew import Crew


@pytest.fixture
def crew():
    """A function that makes a crew, which ends after the test."""
    made = []

    def make(most=1):
        made.append(Crew(most, "crew"))
        return made[-1]

    yield make
    for each in made:
        each.end()


async def test_calls_of_one_thread_are_made_in_the_order_in_which_they_were_begun(crew):
    """What is written and then closed must not be closed and then written."""
    made: list[int] = []
    only = crew()
    futures = [only.begin(made.append, number) for number in range(50)]
    await futures[-1]
    assert made == list(range(50))
    assert all(future.done() for future in futures)


async def test_as_many_calls_run_at_the_same_time_as_are_allowed(crew):
    """A disk that hangs under one call must not hold up those that have threads of their own."""
    three, met = crew(3), threading.Barrier(3)
    with anyio.fail_after(5):
        for future in [three.begin(met.wait, 5) for _ in range(3)]:
            await future
    names = {thread.name for thread in threading.enumerate() if thread.name.startswith("crew_")}
    assert names == {"crew_1", "crew_2", "crew_3"}


async def test_a_call_that_fails_tells_who_waits_and_the_next_one_is_made(crew):
    """One file's mishap is not the others'."""
    only = crew()

    def fail():
        raise OSError("no room")

    failed, after = only.begin(fail), only.begin(len, "four")
    assert await after == 4
    with pytest.raises(OSError, match="no room"):
        await failed


async def test_a_cancelled_call_is_left_out_unless_it_is_to_be_made_regardless(crew):
    """A batch nobody waits for need not be written; a file has to be closed."""
    made: list[str] = []
    only, go_on = crew(), threading.Event()
    held = only.begin(go_on.wait, 5)
    left, must = only.begin(made.append, "left"), only.begin(made.append, "must", regardless=True)
    left.cancel()
    must.cancel()
    go_on.set()
    await held
    await only.begin(made.append, "next")
    assert made == ["must", "next"]


async def test_results_that_come_while_the_loop_is_busy_wake_it_once(crew, monkeypatch):
    """Each wake-up costs more than most calls."""
    loop, only, woken = asyncio.get_running_loop(), crew(), []
    wake = loop.call_soon_threadsafe

    def counted(*arguments):
        woken.append(arguments)
        return wake(*arguments)

    monkeypatch.setattr(loop, "call_soon_threadsafe", counted)
    all_made = threading.Event()
    futures = [only.begin(len, "xy") for _ in range(20)]
    futures.append(only.begin(all_made.set))
    assert all_made.wait(5)
    assert [await future for future in futures[:-1]] == [2] * 20
    await futures[-1]
    assert len(woken) <= 2


async def test_nothing_keeps_what_a_call_was_given_once_it_is_made(crew):
    """A thread that waits for its next call must not hold the blocks of the last one."""
    only, block = crew(), bytearray(100)
    view = memoryview(block)
    await only.begin(view.release)
    del view
    await only.begin(int)
    block.append(1)  # cannot be while a view of it is there
    assert len(block) == 101


def test_a_loop_that_is_gone_ends_the_thread():
    """A process that embeds us may close its loop whenever it likes."""
    go_on, before = threading.Event(), set(threading.enumerate())

    async def begin():
        Crew(1, "orphan").begin(go_on.wait, 5)

    asyncio.run(begin())
    (orphan,) = set(threading.enumerate()) - before
    go_on.set()
    orphan.join(5)
    assert not orphan.is_alive()
