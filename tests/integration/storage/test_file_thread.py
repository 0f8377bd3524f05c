"""When the thread of small files is given what came, and what is still waited for."""

from contextlib import asynccontextmanager

import anyio
import pytest

from avatar_async._storage import filethread
from avatar_async._storage.downloads import DownloadFolder
from avatar_async._storage.filethread import GROUP_SIZE, Errand, FileThread
from avatar_async.errors import ArtifactRefusedError

#: Seconds that no test waits.
_LONG_S = 600.0


class Served:
    """A thread that notes how many errands came in each group."""

    def __init__(self):
        self.groups: list[int] = []
        self.thread: FileThread[Errand] = FileThread(
            lambda errands: self.groups.append(len(errands)), name="small-files"
        )


@pytest.fixture
def patience(monkeypatch):
    """Return what sets how long the thread's user waits for what is expected."""

    def put(seconds):
        monkeypatch.setattr(filethread, "_PATIENCE_S", seconds)

    put(_LONG_S)
    return put


async def test_what_is_expected_goes_along(patience):
    """Loop and thread work in turns: each change between them costs more than a file."""
    served = Served()

    async def expected():
        served.thread.came()
        await served.thread.do(Errand())

    with served.thread:
        served.thread.expect()
        async with anyio.create_task_group() as group:
            group.start_soon(served.thread.do, Errand())
            await anyio.wait_all_tasks_blocked()
            for _ in range(10):
                await anyio.lowlevel.checkpoint()
            assert served.groups == []
            group.start_soon(expected)
    assert served.groups == [2]


async def test_what_is_expected_and_never_comes_holds_nothing_up(patience):
    """A read that fails gives up its place in the group."""
    served = Served()
    with served.thread:
        served.thread.expect()
        async with anyio.create_task_group() as group:
            group.start_soon(served.thread.do, Errand())
            await anyio.wait_all_tasks_blocked()
            served.thread.came()
    assert served.groups == [1]


async def test_a_whole_group_waits_for_nobody(patience):
    """The first of them shall not be answered too late."""
    served = Served()
    with served.thread:
        served.thread.expect()
        async with anyio.create_task_group() as group:
            for number in range(GROUP_SIZE):
                group.start_soon(served.thread.do, Errand())
                if number == GROUP_SIZE // 2:
                    await anyio.wait_all_tasks_blocked()
        served.thread.came()
    assert served.groups == [GROUP_SIZE]


async def test_after_a_wait_in_vain_there_is_none_for_a_while(patience):
    """Over a long line, waiting for the others is time lost; where they come at once, it is not."""
    served = Served()
    with served.thread:
        served.thread.expect()
        for hasty in (1, 2):
            patience(0.0)
            await served.thread.do(Errand())
            patience(_LONG_S)
            for _ in range(hasty):
                await served.thread.do(Errand())
        async with anyio.create_task_group() as group:
            group.start_soon(served.thread.do, Errand())
            await anyio.wait_all_tasks_blocked()
            assert len(served.groups) == 5
            served.thread.came()
        served.thread.expect()
        patience(0.0)
        await served.thread.do(Errand())
        patience(_LONG_S)
        await served.thread.do(Errand())
        async with anyio.create_task_group() as group:
            group.start_soon(served.thread.do, Errand())
            await anyio.wait_all_tasks_blocked()
            assert len(served.groups) == 8
            served.thread.came()
    assert served.groups == [1] * 9


async def test_a_download_that_fails_holds_up_no_other(scene, patience):
    """A file that is refused, or whose download is given up, is not waited for any longer."""
    async with scene() as stage:
        downloads = DownloadFolder(stage.out, clock=stage.clock, disk_reserve_bytes=0)
        good, gone = stage.artifact("good.bin", b"content"), stage.artifact("gone.bin", b"gone")
        asked = anyio.Event()

        class Half:
            """A source that answers one download, and refuses the other after that."""

            def open_artifact(self, url, **options):
                return stage.source.open_artifact(url, **options) if url == good.url else self

            async def __aenter__(self):
                asked.set()
                while not (stage.out / "one").exists() and not stage.server.requests:
                    await anyio.lowlevel.checkpoint()
                await anyio.wait_all_tasks_blocked()
                raise ArtifactRefusedError("gone", http_status=410)

            async def __aexit__(self, *_):
                pass

        async def fetch(artifact):
            await downloads.fetch(stage.job(artifact), artifact, Half(), None, lambda *_: None)

        async with anyio.create_task_group() as group:
            group.start_soon(fetch, good)
            with pytest.raises(ArtifactRefusedError):
                await fetch(gone)
        assert asked.is_set()
        assert stage.names() == ["good.bin"]


async def test_longer_files_are_not_waited_for(scene, patience):
    """Most of their cost is the system's, which works beside the loop."""
    async with scene() as stage:
        downloads = DownloadFolder(stage.out, clock=stage.clock, disk_reserve_bytes=0)
        short = stage.artifact("short.bin", b"content", size_bytes=7)
        long = stage.artifact("long.bin", b"x" * 100_000, size_bytes=100_000)
        stored = anyio.Event()

        class Late:
            """A source whose longer file comes once the other is stored."""

            @asynccontextmanager
            async def open_artifact(self, url, **options):
                if url == long.url:
                    await stored.wait()
                async with stage.source.open_artifact(url, **options) as stream:
                    yield stream

        async def fetch(artifact):
            await downloads.fetch(stage.job(artifact), artifact, Late(), None, lambda *_: None)

        async with anyio.create_task_group() as group:
            group.start_soon(fetch, long)
            with anyio.fail_after(20):
                await fetch(short)
            stored.set()
        assert stage.names() == ["long.bin", "short.bin"]
