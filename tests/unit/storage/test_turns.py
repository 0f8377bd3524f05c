"""However many files are asked for at once, few come at once, and each has its turn."""

import random
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count

import anyio
import pytest
from attrs import define, field

from avatar_async._jobs.expiry import urgency
from avatar_async._jobs.records import Artifact
from avatar_async._jobs.states import ArtifactState, State
from avatar_async._storage.downloads import DownloadFolder
from avatar_async._storage.room import DiskRoom
from avatar_async._storage.workshop import FetchRules, Workshop
from avatar_async.errors import ConnectionLostError
from avatar_async.testing import VirtualClock
from tests.jobs_kept import a_job

BODY = b"x" * 8000
START = datetime(2026, 3, 1, tzinfo=UTC)
AT_ONCE = 12


@define
class Stream:
    """An answer that comes in two parts."""

    source: "Source"
    status: int = 200
    offset: int = 0
    total_bytes: int | None = len(BODY)
    etag: str | None = '"v1"'

    async def chunks(self):
        yield BODY[:5000]
        await self.source.rest.wait()
        if self.source.breaks:
            self.source.breaks -= 1
            raise ConnectionLostError("cut")
        yield BODY[5000 - self.offset :]


@define
class Source:
    """A host whose answers end when it is told to; it counts what is open."""

    rest: anyio.Event = field(factory=anyio.Event)
    breaks: int = 0
    open_now: int = 0
    most_open: int = 0
    full: anyio.Event = field(factory=anyio.Event)

    @asynccontextmanager
    async def open_artifact(self, url, *, offset=0, etag=None):
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        if self.open_now == AT_ONCE:
            self.full.set()
        try:
            yield Stream(self)
        finally:
            self.open_now -= 1

    async def crowded(self):
        """Wait until all places are taken, and a moment longer."""
        with anyio.fail_after(10):
            await self.full.wait()
        await anyio.sleep(0.05)
        assert self.open_now == AT_ONCE


@pytest.fixture
def folder(tmp_path):
    """Downloads in small batches, in virtual time that stands still."""
    rules = FetchRules(batch_bytes=1000, first_wait_s=0.0)
    return DownloadFolder(tmp_path, clock=VirtualClock(), disk_reserve_bytes=0, rules=rules)


def made_job(number, *, days=7):
    """Return a job whose one file is to be fetched."""
    artifact = Artifact(
        role="other", name="m.bin", url=f"https://example.test/{number}", size_bytes=len(BODY)
    )
    return a_job(
        f"job-{number}",
        id=str(number),
        state=State.FETCHING,
        created_at=START,
        artifacts=(artifact,),
        expires_at=START + timedelta(days=days),
    )


async def bring(folder, job, source, done):
    """Fetch a job's file, and note that it came."""
    stored = await folder.fetch(job, job.artifacts[0], source, None, lambda _done, _total: None)
    assert stored.state is ArtifactState.STORED
    done.append(int(job.id))


async def bring_all(folder, number, source):
    """Fetch the files of so many jobs at once; return which came."""
    done: list[int] = []
    async with anyio.create_task_group() as group:
        for each in range(number):
            group.start_soon(bring, folder, made_job(each), source, done)
    return sorted(done)


async def test_few_come_at_once_the_others_wait_in_line(folder):
    """Memory is bounded by the connections that bring something."""
    source = Source()
    done: list[int] = []
    async with anyio.create_task_group() as group:
        for number in range(3 * AT_ONCE):
            group.start_soon(bring, folder, made_job(number), source, done)
        await source.crowded()
        source.rest.set()
    assert sorted(done) == list(range(3 * AT_ONCE))
    assert source.most_open == AT_ONCE


async def test_more_come_at_once_where_more_are_wanted(tmp_path):
    """A host may be slow with each connection; then only many of them fill the line."""
    rules = FetchRules(batch_bytes=1000, first_wait_s=0.0)
    many = DownloadFolder(
        tmp_path, clock=VirtualClock(), disk_reserve_bytes=0, fetches=2 * AT_ONCE, rules=rules
    )
    source = Source()
    source.rest.set()
    assert await bring_all(many, 3 * AT_ONCE, source) == list(range(3 * AT_ONCE))
    assert AT_ONCE < source.most_open <= 2 * AT_ONCE


async def test_a_place_is_free_again_after_a_break_and_after_a_cancellation(folder):
    """Otherwise downloads would stand still one day, with nothing to see."""
    source = Source()
    done: list[int] = []
    async with anyio.create_task_group() as cancelled:
        for number in range(2 * AT_ONCE):
            cancelled.start_soon(bring, folder, made_job(number), source, done)
        await source.crowded()
        cancelled.cancel_scope.cancel()
    assert done == []
    source.rest.set()
    source.breaks = AT_ONCE
    assert await bring_all(folder, 2 * AT_ONCE, source) == list(range(2 * AT_ONCE))


async def test_who_is_held_back_leaves_the_place_to_the_urgent(folder):
    """Those that give way would otherwise keep out the very downloads that they give way to."""
    slow = Source()
    done: list[int] = []
    async with anyio.create_task_group() as group:
        for number in range(AT_ONCE):
            group.start_soon(bring, folder, made_job(number), slow, done)
        await slow.crowded()
        urgent, fast = made_job(AT_ONCE, days=1), Source()
        fast.rest.set()
        folder.give_way(urgency(urgent), 1000.0)
        slow.rest.set()
        await bring(folder, urgent, fast, done)
        assert done == [AT_ONCE]
        folder.give_way(None, 1000.0)
    assert sorted(done) == list(range(AT_ONCE + 1))


@pytest.mark.parametrize(("beside", "most_bytes"), [(0, 2 << 20), (3, 2 << 20), (11, (8 << 20) // 12)])
async def test_downloads_share_what_they_may_collect(beside, most_bytes):
    """Twelve take no more memory than four."""
    shop = Workshop(clock=VirtualClock(), rules=FetchRules(), room=DiskRoom(0), chance=random.Random(1))
    numbers = count()
    for _ in range(1 + beside):
        await shop.connections.acquire_on_behalf_of(next(numbers))
    assert shop.batch_bytes() == most_bytes
