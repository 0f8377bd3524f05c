"""Many files, little bandwidth: a schedule that can be met is met."""

import random

import pytest

from avatar_async._jobs.states import State
from avatar_async.orchestrator import StateEvent

#: What a schedule may take more than the bytes alone, and seconds for the first poll.
MARGIN, FIRST_S = 1.06, 5.0


@pytest.mark.parametrize("seed", range(10))
async def test_every_expiry_is_met_where_the_order_of_expiry_can_meet_it(stored_in_time, seed):
    """Whatever the sizes and the number of downloads at once; equal shares would be late for the first."""
    chance = random.Random(seed)
    bandwidth = chance.choice([8_000, 20_000, 60_000])
    sizes = [int(bandwidth * chance.uniform(0.5, 30)) for _ in range(chance.randint(4, 9))]
    order = list(range(len(sizes)))
    chance.shuffle(order)
    times, passed = dict.fromkeys(order, 0.0), FIRST_S
    for number in order:
        passed += (sizes[number] + 200) * MARGIN / bandwidth
        times[number] = passed = passed + chance.choice([0.0, 0.0, 0.3, 10.0])
    jobs, _ = await stored_in_time(
        sizes,
        [times[number] for number in range(len(sizes))],
        fetches=chance.randint(1, 6),
        bandwidth_bytes_s=bandwidth,
    )
    assert {job.state for job in jobs} == {State.STORED}
    assert all(job.stored_at < job.expires_at for job in jobs)


async def test_equal_shares_would_miss_what_the_order_of_expiry_meets(stored_in_time):
    """Four files side by side would all be home at the end, when three have vanished."""
    size, bandwidth = 200_000, 20_000
    times = [FIRST_S + (number + 1) * size * MARGIN / bandwidth for number in range(4)]
    jobs, _ = await stored_in_time([size] * 4, times, fetches=4, bandwidth_bytes_s=bandwidth)
    assert {job.state for job in jobs} == {State.STORED}
    assert all(job.stored_at < job.expires_at for job in jobs)


async def test_downloads_that_wait_for_bandwidth_are_read_from_often_enough_to_live(service, stored_in_time):
    """Servers cut a connection from which nothing is read for a minute."""
    service.cuts_after_s = 55.0
    sizes, bandwidth = [6_000_000, 400_000, 400_000], 60_000
    jobs, _ = await stored_in_time(sizes, [200.0, 400.0, 500.0], fetches=3, bandwidth_bytes_s=bandwidth)
    assert {job.state for job in jobs} == {State.STORED}
    assert sorted(service.opened) == [job.name for job in jobs]
    assert 15.0 <= service.longest_silence_s < 55.0


@pytest.mark.parametrize("limit", ["bandwidth", "connection"])
async def test_a_job_that_vanishes_soon_gets_the_slot_of_a_long_download(
    orchestrator, service, training, archive, limit
):
    """The long one is parked with what it has, and goes on from there."""
    speed = 50_000
    if limit == "connection":
        service.connection_bytes_s = speed
    long_bytes = archive("long", 200 * speed, 7 * 86400.0)
    archive("soon", 20 * speed, 100.0)
    service.takes_s = {"long": 0.0, "soon": 30.0}
    options = {"bandwidth_bytes_s": speed} if limit == "bandwidth" else {}
    async with orchestrator(fetches=1, **options) as runner:
        events = runner.events()
        await runner.add("long", training("long"))
        await runner.add("soon", training("soon"))
        async for _ in runner.run():
            pass
        jobs = {job.name: job for job in await runner.jobs()}
    assert {job.state for job in jobs.values()} == {State.STORED}
    assert jobs["soon"].stored_at < jobs["soon"].expires_at < jobs["long"].stored_at
    steps = [(event.job, event.to_state) async for event in events if isinstance(event, StateEvent)]
    long_steps = [state for name, state in steps if name == "long"]
    assert long_steps[-4:] == [State.FETCHING, State.READY, State.FETCHING, State.STORED]
    assert service.opened == ["long", "soon", "long"]
    assert service.sent["long"] < long_bytes + 3_000_000


async def test_a_job_with_days_left_waits_for_its_slot(orchestrator, service, training, archive):
    """Parking costs a connection, and nothing is at risk."""
    archive("long", 1_000_000, 7 * 86400.0)
    archive("later", 100_000, 5 * 86400.0)
    service.connection_bytes_s = 50_000
    service.takes_s = {"long": 0.0, "later": 5.0}
    async with orchestrator(fetches=1) as runner:
        await runner.add("long", training("long"))
        await runner.add("later", training("later"))
        jobs = [job async for job in runner.run()]
    assert {job.state for job in jobs} == {State.STORED}
    assert service.opened == ["long", "later"]
