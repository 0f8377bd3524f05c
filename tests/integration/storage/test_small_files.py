"""Small files: read whole, and brought to their names many at a time."""

import errno
import os
import threading
from pathlib import Path
from typing import Any

import anyio
import pytest
from attrs import evolve
from blockbuster import blockbuster_ctx

from avatar_async._jobs.states import ArtifactState
from avatar_async._storage.care import Care
from avatar_async._storage.downloads import DownloadFolder
from avatar_async._storage.filethread import Errand, FileThread
from avatar_async.errors import DiskSpaceError, IntegrityError, UnknownFileError


def ours():
    """Return the threads of small files that are alive."""
    return [each for each in threading.enumerate() if each.name == "small-files"]


async def gone(threads):
    """Wait until threads have ended by themselves."""
    for each in threads:
        await anyio.to_thread.run_sync(each.join, 5)
    assert not any(each.is_alive() for each in threads)


async def test_errands_that_wait_are_done_in_one_go():
    """The more there is to do, the fewer hops each errand costs."""
    groups, busy, begun = [], threading.Event(), threading.Event()

    def serve(errands):
        groups.append(len(errands))
        begun.set()
        busy.wait(5)

    thread: FileThread[Errand] = FileThread(serve, name="small-files")
    with thread:
        async with anyio.create_task_group() as group:
            group.start_soon(thread.do, Errand())
            await anyio.to_thread.run_sync(begun.wait)
            for _ in range(20):
                group.start_soon(thread.do, Errand())
            await anyio.wait_all_tasks_blocked()
            busy.set()
        alive = ours()
    assert groups == [1, 20]
    assert len(alive) == 1
    await gone(alive)


async def test_a_cancelled_errand_is_withdrawn_and_waited_for():
    """Nobody may go on with a file that a thread still writes."""
    busy, begun = threading.Event(), threading.Event()
    ended: list[Any] = []

    def serve(errands):
        begun.set()
        busy.wait(5)
        ended.extend(each.withdrawn for each in errands)

    thread: FileThread[Errand] = FileThread(serve, name="small-files")
    errand = Errand()
    with thread:
        async with anyio.create_task_group() as group:
            group.start_soon(thread.do, errand)
            await anyio.to_thread.run_sync(begun.wait)
            group.cancel_scope.cancel()
            threading.Timer(0.05, busy.set).start()
    assert ended == [True]
    await gone(ours())


async def test_an_error_of_all_reaches_each():
    """Nobody waits for ever for an answer."""

    def serve(errands):
        raise OSError(errno.EIO, "no")

    thread: FileThread[Errand] = FileThread(serve, name="small-files")
    with thread:
        for _ in range(2):
            with pytest.raises(OSError, match="no"):
                await thread.do(Errand())


async def fetch_all(stage, artifacts, journal=None, **settings):
    """Fetch artifacts at once, each as a job of the same folder; return them as stored."""
    downloads = DownloadFolder(stage.out, clock=stage.clock, disk_reserve_bytes=stage.reserve)
    stored = {}

    async def one(artifact):
        stored[artifact.name] = await downloads.fetch(
            stage.job(artifact), artifact, stage.source, journal, lambda *_: None, **settings
        )

    async with anyio.create_task_group() as group:
        for artifact in artifacts:
            group.start_soon(one, artifact)
    return stored


@pytest.mark.parametrize("care", [Care(), Care(durable=False), Care(verify=False, durable=False)])
async def test_many_files_at_once_are_each_whole_under_their_names(scene, care):
    """What is done in groups is done for each; and the loop never waits for a disk."""
    contents = {f"part-{number}.bin": os.urandom(1 + number * 977) for number in range(40)}
    async with scene() as stage:
        artifacts = [stage.artifact(name, content) for name, content in contents.items()]
        with blockbuster_ctx():
            stored = await fetch_all(stage, artifacts, care=care)
        assert {name: stage.read(name) for name in contents} == contents
        assert stage.names() == sorted(contents)
        assert {each.state for each in stored.values()} == {ArtifactState.STORED}
        assert all((each.sha256 is not None) is care.verify for each in stored.values())
        assert (stage.out / "one" / "part-1.bin").stat().st_mode & 0o777 == 0o644
    await gone(ours())


async def test_durable_names_of_one_folder_cost_one_forced_write(scene, monkeypatch):
    """Files that end together share what makes their names durable."""
    folders: list[Any] = []
    files: list[Any] = []
    real = os.fsync

    def fsync(descriptor):
        (folders if Path(f"/proc/self/fd/{descriptor}").resolve().is_dir() else files).append(descriptor)
        return real(descriptor)

    async with scene() as stage:
        artifacts = [stage.artifact(f"{number}.bin", b"x" * 20_000) for number in range(40)]
        await fetch_all(stage, [stage.artifact("first.bin", b"x")])
        monkeypatch.setattr(os, "fsync", fsync)
        await fetch_all(stage, artifacts)
        assert len(files) == len(artifacts)
        assert len(folders) < len(artifacts)


async def test_the_digest_is_recorded_before_the_name_is_given(scene):
    """What a kill in between leaves is taken up by the next run, and never fetched twice."""
    async with scene() as stage:
        seen = []
        stage.journal._after = lambda entry: seen.append((stage.names(), entry.sha256))
        stored = await stage.fetch(stage.artifact("model.bin", b"content"))
        [(names, digest)] = seen
        assert (names, digest) == (["model.bin.part"], stored.sha256)
        (stage.out / "one" / "model.bin").rename(stage.out / "one" / "model.bin.part")
        again = await stage.fetch(stage.journal.entries[-1])
        assert again == stored
        assert len(stage.server.requests) == 1
    assert evolve(stored, state=ArtifactState.FETCHING) == stage.journal.entries[-1]


async def test_one_bad_file_of_a_group_is_no_others_concern(scene):
    """A file in the way, or bad bytes, stop the one they belong to."""
    async with scene() as stage:
        (stage.out / "one").mkdir(parents=True)
        (stage.out / "one" / "taken.bin").write_bytes(b"a person's")
        for name, error in (("taken.bin", UnknownFileError), ("bad.zip", IntegrityError)):
            with pytest.raises(ExceptionGroup) as caught:
                await fetch_all(
                    stage,
                    [
                        stage.artifact(name, b"bad"),
                        *(stage.artifact(f"{name}-{number}", b"good") for number in range(8)),
                    ],
                )
            assert [type(each) for each in caught.value.exceptions] == [error]
        assert stage.read("taken.bin") == b"a person's"


async def test_a_full_disk_leaves_no_part_of_a_small_file(scene, monkeypatch):
    """Neither room that is missing beforehand nor a write that fails leaves anything half written."""
    async with scene() as stage:
        stage.reserve = 1 << 60
        with pytest.raises(DiskSpaceError, match="in reserve"):
            await stage.fetch(stage.artifact("model.bin", b"content"))
        stage.reserve = 0

        def write(*_):
            raise OSError(errno.ENOSPC, "full")

        monkeypatch.setattr(os, "write", write)
        with pytest.raises(DiskSpaceError, match="full"):
            await stage.fetch(stage.artifact("model.bin", b"content"))
        assert stage.names() == []


async def test_a_name_taken_meanwhile_is_kept(scene, monkeypatch):
    """Between the first look and the name somebody may have put a file there."""
    async with scene() as stage:

        def put(_):
            (stage.out / "one" / "model.bin").write_bytes(b"a person's")

        stage.journal._after = put
        with pytest.raises(UnknownFileError):
            await stage.fetch(stage.artifact("model.bin", b"content"))
        assert stage.read("model.bin") == b"a person's"
