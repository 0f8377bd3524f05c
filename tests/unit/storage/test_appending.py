"""Writing behind what arrives: overlap, back pressure, errors that come late, threads that end."""

import errno
import hashlib
import os
import random
import threading
import time
from contextlib import contextmanager

import anyio
import pytest

from avatar_async._clock import SystemClock
from avatar_async._jobs.records import Artifact
from avatar_async._storage.appending import Appending
from avatar_async._storage.partfile import PartFile
from avatar_async._storage.room import DiskRoom
from avatar_async._storage.workshop import FetchRules, Workshop
from avatar_async._storage.writers import Writers
from avatar_async.errors import DiskSpaceError, DownloadError

BLOCK = b"x" * 1000


class Bench:
    """One partial file, and what was said of it."""

    def __init__(self, out, **rules):
        self.shop = Workshop(
            clock=SystemClock(),
            rules=FetchRules(**({"batch_bytes": 1000} | rules)),
            room=DiskRoom(0),
            chance=random.Random(1),
        )
        self.part = PartFile(out, "one", Artifact(role="model", name="m.bin", url="https://example.test/m"))
        self.written: list[int] = []
        self.durable: list[int] = []
        self.appending = Appending(self.part, self.shop, self.written.append, self._note)

    async def _note(self, durable_bytes, free_bytes):
        self.durable.append(durable_bytes)

    async def bring(self, *blocks):
        """Add blocks as they come from a connection."""
        for block in blocks:
            if self.appending.add(block, time.monotonic()):
                await self.appending.hand_over()


@pytest.fixture
def bench(tmp_path):
    """A function that opens a partial file and the threads for it."""

    @contextmanager
    def opened(**rules):
        made = Bench(tmp_path, **rules)
        with made.shop.writers.engaged():
            made.part.begin()
            try:
                made.appending.look_at_the_clock()
                made.appending.begin()
                yield made
            finally:
                made.part.close()

    return opened


async def test_receiving_goes_on_while_a_batch_is_written_but_only_one_batch_ahead(bench, monkeypatch):
    """A slow disk costs no time until it is slower than the line, and then it holds the line back."""
    free, write = threading.Event(), os.pwritev

    def slow(descriptor, blocks, offset):
        free.wait(10)
        return write(descriptor, blocks, offset)

    monkeypatch.setattr(os, "pwritev", slow)
    with bench() as stage:
        with anyio.fail_after(5):
            await stage.bring(BLOCK)
        assert stage.written == []
        with anyio.move_on_after(0.05) as scope:
            await stage.bring(BLOCK)
        assert scope.cancelled_caught
        free.set()
        await stage.appending.flush()
        assert stage.part.sync()[0] == stage.part.offset
        assert stage.part.offset in {1000, 2000}


async def test_half_a_batch_is_written_while_nothing_else_is(bench, monkeypatch):
    """Waiting for more then would save nothing; while the disk is busy, longer pieces do."""
    free, write, lengths = threading.Event(), os.pwritev, []

    def slow(descriptor, blocks, offset):
        lengths.append(sum(map(len, blocks)))
        free.wait(10)
        return write(descriptor, blocks, offset)

    monkeypatch.setattr(os, "pwritev", slow)
    with bench(batch_bytes=4000) as stage:
        with anyio.fail_after(5):
            await stage.bring(*[BLOCK] * 5)
        free.set()
        await stage.appending.flush()
        assert lengths == [2000, 3000]


async def test_a_written_batch_is_told_while_the_next_one_is_waited_for(bench):
    """On a slow line, what is shown must not be a batch behind."""
    with bench() as stage:
        await stage.bring(BLOCK)
        with anyio.fail_after(5):
            while not stage.written:
                await anyio.lowlevel.checkpoint()
        await stage.appending.flush()
        assert stage.written == [1000]


async def test_an_error_of_a_write_is_told_with_the_next_batch(bench, monkeypatch):
    """What was not written is cut off, and nothing is written behind it."""
    write = os.pwritev

    def full(descriptor, blocks, offset):
        if offset >= 1000:
            write(descriptor, [blocks[0][:10]], offset)
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, blocks, offset)

    monkeypatch.setattr(os, "pwritev", full)
    with bench() as stage:
        with pytest.raises(DiskSpaceError, match="disk is full"):
            await stage.bring(BLOCK, BLOCK, BLOCK)
        assert stage.written == [1000]
        assert stage.part.path.with_name("m.bin.part").read_bytes() == BLOCK


async def test_short_writes_are_gone_on_with(bench, monkeypatch):
    """The system may take fewer bytes than it was given, in the middle of a block."""
    write, content = os.pwritev, os.urandom(7000)

    def short(descriptor, blocks, offset):
        return write(descriptor, [b"".join(map(bytes, blocks))[:777]], offset)

    monkeypatch.setattr(os, "pwritev", short)
    with bench(batch_bytes=3000) as stage:
        await stage.bring(*(content[at : at + 500] for at in range(0, 7000, 500)))
        await stage.appending.flush()
        assert stage.part.path.with_name("m.bin.part").read_bytes() == content
        assert stage.part.sha256 == hashlib.sha256(content).hexdigest()
        assert sum(stage.written) == 7000


async def test_never_more_than_a_checkpoint_is_not_durable(bench, monkeypatch):
    """A power cut costs a checkpoint's bytes, however slow the disk and fast the line."""
    sync = os.fdatasync

    def slow(descriptor):
        time.sleep(0.002)
        sync(descriptor)

    monkeypatch.setattr(os, "fdatasync", slow)
    with bench(checkpoint_bytes=10_000) as stage:
        for _ in range(100):
            await stage.bring(BLOCK)
            durable = stage.durable[-1] if stage.durable else 0
            assert sum(stage.written) - durable <= 10_000
        await stage.appending.flush()
        assert stage.durable == sorted(stage.durable)
        assert len(stage.durable) >= 10


async def test_bytes_are_appended_while_others_are_made_durable(bench, monkeypatch):
    """A sync that takes long holds nothing up."""
    free, sync = threading.Event(), os.fdatasync

    def slow(descriptor):
        free.wait(10)
        sync(descriptor)

    monkeypatch.setattr(os, "fdatasync", slow)
    with bench(checkpoint_bytes=10_000) as stage:
        with anyio.fail_after(5):
            await stage.bring(*[BLOCK] * 9)
        assert sum(stage.written) >= 7000
        assert stage.durable == []
        free.set()
        await stage.appending.flush()
        assert 5000 <= stage.durable[0] <= 9000


async def test_a_sync_that_failed_is_never_followed_by_one_that_succeeds(bench, monkeypatch):
    """The system reports lost bytes once; a later success says nothing of them."""
    failures = [OSError(errno.EIO, "Input/output error")]

    def failing(descriptor):
        if failures:
            raise failures.pop()

    with bench() as stage:
        monkeypatch.setattr(os, "fdatasync", failing)
        monkeypatch.setattr(os, "fsync", failing)
        await stage.bring(BLOCK)
        await stage.appending.flush()
        for _ in range(2):
            with pytest.raises(DownloadError, match="Input/output"):
                stage.part.sync()
        with pytest.raises(DownloadError, match="Input/output"):
            stage.part.examine(length_known=True)
        assert not failures


async def test_the_threads_end_with_the_last_download():
    """An application that embeds us finds no thread of ours afterwards."""
    writers, before = Writers(), set(threading.enumerate())
    with writers.engaged():
        with writers.engaged():
            await writers.begin(writers.hashing.submit(bytes).result)
        begun = set(threading.enumerate()) - before
        assert {thread.name.rpartition("_")[0] for thread in begun} == {"avatar-writer", "avatar-hash"}
    for thread in begun:
        thread.join(5)
    assert not set(threading.enumerate()) - before
