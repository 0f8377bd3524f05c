"""Long files that nobody keeps a journal of: the host is asked while the partial file is opened."""

import threading
from contextlib import asynccontextmanager

import anyio
import pytest

from avatar_async import RemoteFile
from avatar_async._storage.partfile import PartFile
from avatar_async._storage.single import SingleDownloads
from avatar_async.errors import ArtifactRefusedError, UnknownFileError
from avatar_async.testing import VirtualClock
from tests.unit.storage.streams import Stream

BODY = b"0123456789" * 200_000
FILE = RemoteFile(role="other", name="long.bin", url="https://example.test/long.bin", size_bytes=len(BODY))


class Host:
    """A host that notes when it is asked."""

    def __init__(self, *, refuses=False):
        self.asked = threading.Event()
        self.refuses = refuses

    @asynccontextmanager
    async def open_artifact(self, _url, *, offset=0, etag=None):
        self.asked.set()
        await anyio.lowlevel.checkpoint()
        if self.refuses:
            raise ArtifactRefusedError("HTTP 403", http_status=403)
        yield Stream(parts=(BODY[:1_000_000], BODY[1_000_000:]))


async def fetch(host, folder, **care):
    """Bring the file home."""
    downloads = SingleDownloads(clock=VirtualClock(), disk_reserve_bytes=0, bandwidth_bytes_s=None, fetches=1)
    return await downloads.fetch(FILE, folder, host, **({"verify": True, "durable": True} | care))


@pytest.mark.parametrize("durable", [False, True])
async def test_the_host_is_asked_before_the_partial_file_is_open(tmp_path, monkeypatch, durable):
    """Neither needs the other, and on a long line asking takes as long as everything else."""
    host, begin = Host(), PartFile.begin

    def patient(part):
        assert host.asked.wait(5)
        return begin(part)

    monkeypatch.setattr(PartFile, "begin", patient)
    path = await fetch(host, tmp_path / "here", durable=durable)
    assert path.read_bytes() == BODY
    assert [each.name for each in path.parent.iterdir()] == ["long.bin"]


async def test_an_unknown_file_in_the_way_is_kept_though_the_host_answers(tmp_path):
    """It is a person's, whatever comes meanwhile."""
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "long.bin").write_bytes(b"mine")
    with pytest.raises(UnknownFileError):
        await fetch(Host(), tmp_path / "here")
    assert (tmp_path / "here" / "long.bin").read_bytes() == b"mine"


async def test_what_an_earlier_download_left_is_not_built_upon(tmp_path):
    """Nobody knows which file it was a part of."""
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "long.bin.part").write_bytes(b"x" * 3_000_000)
    path = await fetch(Host(), tmp_path / "here")
    assert path.read_bytes() == BODY


async def test_a_host_that_refuses_at_once_leaves_nothing_open_or_behind(tmp_path, monkeypatch):
    """The partial file may be opened only after the refusal came."""
    refused, begin, parts = threading.Event(), PartFile.begin, []

    def late(part):
        parts.append(part)
        refused.wait(0.2)
        return begin(part)

    monkeypatch.setattr(PartFile, "begin", late)
    before = set(threading.enumerate())
    with pytest.raises(ArtifactRefusedError):
        await fetch(Host(refuses=True), tmp_path / "here", durable=False)
    for thread in set(threading.enumerate()) - before:
        if thread.name.startswith("avatar-"):
            thread.join(5)
    (part,) = parts
    assert part._descriptor is None
    assert part._folder is None
    assert not [*tmp_path.glob("here/*")]
