"""Downloads without a journal: what they share while several are under way."""

import threading
from collections import Counter
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from avatar_async import RemoteFile
from avatar_async._storage import single
from avatar_async._storage.single import SingleDownloads
from avatar_async.errors import DownloadError
from avatar_async.settings.files import real_path
from avatar_async.testing import VirtualClock
from tests.unit.storage.streams import Stream

BODY = b"0123456789" * 400


class Source:
    """A host that has every file."""

    def __init__(self, body=BODY):
        self.body = body

    @asynccontextmanager
    async def open_artifact(self, _url, *, offset=0, etag=None):
        yield Stream(parts=(self.body,), offset=offset)


@pytest.fixture
def downloads():
    """Downloads of one program."""
    return SingleDownloads(clock=VirtualClock(), disk_reserve_bytes=0, bandwidth_bytes_s=None, fetches=8)


async def bring(downloads, folder, names):
    """Fetch files into a folder at once; return where they are."""
    found: list[Path] = []

    async def one(name):
        file = RemoteFile(role="other", name=name, url=f"https://example.test/{name}", size_bytes=len(BODY))
        found.append(await downloads.fetch(file, folder, Source(), verify=False, durable=False))

    async with anyio.create_task_group() as group:
        for name in names:
            group.start_soon(one, name)
    return sorted(found)


async def test_downloads_that_begin_together_look_once_where_the_folder_is(downloads, tmp_path, monkeypatch):
    """A look each would start a thread each."""
    looks = Counter[Path]()

    def counted(path):
        looks[path] += 1
        return real_path(path)

    monkeypatch.setattr(single, "real_path", counted)
    names = [f"{number:02}.bin" for number in range(20)]
    found = await bring(downloads, tmp_path / "here", names)
    assert [path.name for path in found] == names
    assert all(path.read_bytes() == BODY for path in found)
    assert looks[tmp_path / "here"] == 1


async def test_a_link_that_leads_round_in_a_circle_is_in_the_way(downloads, tmp_path):
    """An error of the standard library would be nobody's to handle."""
    for name, other in (("a", "b"), ("b", "a")):
        (tmp_path / name).symlink_to(other)
    file = RemoteFile(role="other", name="x.bin", url="https://example.test/x", size_bytes=len(BODY))
    with pytest.raises(DownloadError, match="a link or a file lies in the way"):
        await downloads.fetch(file, tmp_path / "a", Source(), verify=True, durable=True)


async def test_a_link_that_leads_elsewhere_by_the_next_time_is_followed_there(downloads, tmp_path):
    """What was found is forgotten once nothing is under way."""
    link = tmp_path / "link"
    for place in ("first", "second"):
        (tmp_path / place).mkdir()
        link.unlink(missing_ok=True)
        link.symlink_to(tmp_path / place)
        assert await bring(downloads, link, ["a.bin", "b.bin"]) == [
            tmp_path / place / "a.bin",
            tmp_path / place / "b.bin",
        ]


async def test_the_thread_that_looks_where_the_folder_is_goes_on_with_the_download(
    downloads, tmp_path, monkeypatch
):
    """To start another one costs as much as to write a MiB; none is left behind."""
    started: list[threading.Thread] = []
    start = threading.Thread.start

    def noted(thread):
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", noted)
    body = BODY * 400
    long = RemoteFile(
        role="other", name="long.bin", url="https://example.test/long.bin", size_bytes=len(body)
    )
    path = await downloads.fetch(long, tmp_path / "here", Source(body), verify=False, durable=False)
    assert path.read_bytes() == body
    assert {thread.name.partition("_")[0] for thread in started} == {"avatar-writer"}
    for thread in started:
        thread.join(5)
        assert not thread.is_alive()
