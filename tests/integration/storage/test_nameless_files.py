"""Small files that need not be durable: written without a name, which they get when they are whole."""

import errno
import os
from pathlib import Path

import anyio
import pytest

from avatar_async._storage.care import Care
from avatar_async._storage.downloads import DownloadFolder
from avatar_async._storage.room import DiskRoom
from avatar_async._storage.smallfile import SmallFile
from avatar_async._storage.smallfiles import SmallFiles
from avatar_async.errors import DiskSpaceError, DownloadError, UnknownFileError

FLEETING = Care(durable=False)
CONTENTS = {f"part-{number}.bin": os.urandom(1 + number * 977) for number in range(8)}


async def fetch(stage, artifact):
    """Fetch without a journal, not durably."""
    downloads = DownloadFolder(stage.out, clock=stage.clock, disk_reserve_bytes=stage.reserve)
    return await downloads.fetch(
        stage.job(artifact), artifact, stage.source, None, lambda *_: None, care=FLEETING
    )


async def fetch_all(stage):
    """Fetch every content at once; return what lies in the folder then."""
    downloads = DownloadFolder(stage.out, clock=stage.clock, disk_reserve_bytes=0)
    artifacts = [stage.artifact(name, content) for name, content in CONTENTS.items()]
    async with anyio.create_task_group() as group:
        for each in artifacts:
            group.start_soon(
                lambda each: downloads.fetch(
                    stage.job(each), each, stage.source, None, lambda *_: None, care=FLEETING
                ),
                each,
            )
    return {name: stage.read(name) for name in stage.names()}


@pytest.fixture
def small_file(tmp_path, clock):
    """A callable that returns a file that came, to be written and named."""

    def make(stage, name="model.bin", content=b"content"):
        return SmallFile(
            out=stage.out,
            folder=stage.folder,
            artifact=stage.artifact(name, content),
            care=FLEETING,
            body=content,
            write=True,
            publish=True,
        )

    return make


def refuses(number):
    """Return a call that the system refuses."""

    def call(*_arguments, **_options):
        raise OSError(number, os.strerror(number))

    return call


def open_descriptors():
    """Return how many descriptors this process has."""
    return len([*Path("/proc/self/fd").iterdir()])


async def test_no_partial_name_is_ever_seen(scene, monkeypatch):
    """There is nothing to clear away, whenever the process ends."""
    seen = []
    real = os.link

    def link(*arguments, **options):
        seen.extend(stage.names())
        real(*arguments, **options)

    monkeypatch.setattr(os, "link", link)
    async with scene() as stage:
        assert await fetch_all(stage) == CONTENTS
    assert set(seen) < set(CONTENTS)
    assert seen


async def test_who_may_read_the_folder_may_read_the_files(scene):
    """Under a strict umask of the process, too: the folder decides."""
    before = os.umask(0o077)
    try:
        async with scene() as stage:
            (stage.out / "one").mkdir(parents=True)
            (stage.out / "one").chmod(0o755)
            await fetch(stage, stage.artifact("model.bin", b"content"))
            assert (stage.out / "one" / "model.bin").stat().st_mode & 0o777 == 0o644
    finally:
        os.umask(before)


@pytest.mark.parametrize("number", [errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL])
async def test_a_file_system_without_nameless_files_gets_partial_ones(scene, monkeypatch, number):
    """Network and older file systems have no such thing."""
    real = os.open

    def opened(path, flags, *arguments, **options):
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(number, os.strerror(number))
        return real(path, flags, *arguments, **options)

    monkeypatch.setattr(os, "open", opened)
    async with scene() as stage:
        assert await fetch_all(stage) == CONTENTS


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EPERM, errno.EACCES, errno.EXDEV, errno.EOPNOTSUPP])
async def test_where_no_name_can_be_given_partial_files_are_written(scene, monkeypatch, number):
    """Without /proc, or where links are not allowed, the file comes all the same."""
    monkeypatch.setattr(os, "link", refuses(number))
    async with scene() as stage:
        assert await fetch_all(stage) == CONTENTS


async def test_a_system_that_knows_no_nameless_files_gets_partial_ones(scene, monkeypatch):
    """Python tells of them on Linux only."""
    monkeypatch.delattr(os, "O_TMPFILE")
    async with scene() as stage:
        assert await fetch_all(stage) == CONTENTS


async def test_a_file_that_appears_meanwhile_is_kept(scene, monkeypatch):
    """Until the last moment somebody may put a file there; it is never replaced."""
    real = os.link

    def link(*arguments, **options):
        (stage.out / "one" / "model.bin").write_bytes(b"a person's")
        real(*arguments, **options)

    monkeypatch.setattr(os, "link", link)
    async with scene() as stage:
        with pytest.raises(UnknownFileError, match="in the way"):
            await fetch(stage, stage.artifact("model.bin", b"content"))
        assert stage.names() == ["model.bin"]
        assert stage.read("model.bin") == b"a person's"


async def test_a_partial_file_left_by_another_download_is_used_up(scene):
    """What was broken off before does not stay beside the whole file."""
    async with scene() as stage:
        (stage.out / "one").mkdir(parents=True)
        (stage.out / "one" / "model.bin.part").write_bytes(b"begun")
        await fetch(stage, stage.artifact("model.bin", b"content"))
        assert stage.names() == ["model.bin"]
        assert stage.read("model.bin") == b"content"


@pytest.mark.parametrize(("number", "error"), [(errno.ENOSPC, DiskSpaceError), (errno.EIO, DownloadError)])
async def test_a_write_that_fails_leaves_nothing(scene, monkeypatch, number, error):
    """Neither under the final name nor under another."""
    monkeypatch.setattr(os, "write", refuses(number))
    async with scene() as stage:
        with pytest.raises(error):
            await fetch(stage, stage.artifact("model.bin", b"content"))
        assert stage.names() == []


async def test_a_write_in_pieces_brings_every_byte(scene, monkeypatch):
    """The system may take less than it was given."""
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, body: real(descriptor, memoryview(body)[:1000]))
    async with scene() as stage:
        assert await fetch_all(stage) == CONTENTS


async def test_what_is_withdrawn_while_it_is_written_gets_no_name(scene, small_file, monkeypatch):
    """Who gave a download up finds no file of it later."""
    async with scene() as stage:
        file, other = small_file(stage), small_file(stage, "other.bin")
        real = os.write

        def write(descriptor, body):
            file.withdrawn = True
            return real(descriptor, body)

        monkeypatch.setattr(os, "write", write)
        SmallFiles(DiskRoom(0)).serve([file, other])
        assert (file.published, other.published) == (False, True)
        assert stage.names() == ["other.bin"]


async def test_what_is_withdrawn_before_its_turn_is_not_begun(scene, small_file):
    """A download that is given up while it waits for the thread costs nothing more."""
    async with scene() as stage:
        file, other = small_file(stage), small_file(stage, "other.bin")
        file.withdrawn = True
        SmallFiles(DiskRoom(0)).serve([file, other])
        assert (file.written, file.published, other.published) == (False, False, True)
        assert stage.names() == ["other.bin"]


async def test_two_of_one_name_do_not_replace_each_other(scene, small_file):
    """In one group, too, the first one stays."""
    async with scene() as stage:
        first, second = small_file(stage, content=b"first"), small_file(stage, content=b"second")
        SmallFiles(DiskRoom(0)).serve([first, second])
        assert (first.error, first.published, second.published) == (None, True, False)
        assert isinstance(second.error, UnknownFileError)
        assert stage.read("model.bin") == b"first"
        assert stage.names() == ["model.bin"]


async def test_no_descriptor_stays_open(scene, small_file, monkeypatch):
    """However a file ends."""
    async with scene() as stage:
        before = open_descriptors()
        for call, number in (("write", errno.EIO), ("link", errno.EPERM), ("link", errno.EIO)):
            with monkeypatch.context() as patch:
                patch.setattr(os, call, refuses(number))
                SmallFiles(DiskRoom(0)).serve([small_file(stage, f"{call}-{number}.bin")])
        assert open_descriptors() == before
