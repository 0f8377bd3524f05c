"""Mounts, disk room and bandwidth."""

from datetime import UTC, datetime

import anyio
import pytest

from avatar_async._storage.atomic import replace_file
from avatar_async._storage.bandwidth import Bandwidth
from avatar_async._storage.mounts import network_file_system
from avatar_async._storage.room import DiskRoom, readable
from avatar_async.errors import DiskSpaceError

MOUNTS = r"""
22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
23 22 0:30 / /mnt/share rw - nfs4 server:/share rw,addr=10.0.0.1
24 23 8:2 / /mnt/share/local rw - xfs /dev/sdb1 rw
25 22 0:31 / /mnt/with\040space rw - fuse.sshfs me@host: rw
26 22 0:32 / /mnt/c rw - 9p C:\134 rw,aname=drvfs;path=C:\,trans=fd
27 22 0:33 / /mnt/box rw - 9p none rw,trans=fd,rfdno=4,wfdno=4
""".lstrip()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/me", None),
        ("/mnt/share", "nfs4"),
        ("/mnt/share/models", "nfs4"),
        ("/mnt/shared", None),
        ("/mnt/share/local/models", None),
        ("/mnt/with space/models", "fuse.sshfs"),
        ("/mnt/c/models", "9p"),
        ("/mnt/box/models", None),
    ],
)
def test_network_file_systems_are_told_from_local_ones(tmp_path, path, kind):
    """The innermost mount counts."""
    from pathlib import Path

    table = tmp_path / "mountinfo"
    table.write_text(MOUNTS)
    assert network_file_system(Path(path), table) == kind


def test_without_a_mount_table_nothing_is_refused(tmp_path):
    """Other systems than Linux have none."""
    assert network_file_system(tmp_path, tmp_path / "missing") is None


def test_the_draft_of_a_killed_writer_is_swept_by_the_next(tmp_path):
    """Killed between draft and rename, a writer leaves a file that nobody would ever remove."""
    (tmp_path / ".job.json.0123456789ab.tmp").write_text("{")
    (tmp_path / ".other.json.0123456789ab.tmp").write_text("{")
    replace_file(tmp_path / "job.json", b"{}", mode=0o600)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".other.json.0123456789ab.tmp", "job.json"]


def test_room_counts_what_other_downloads_will_still_write():
    """Two downloads must not both be promised the last gigabyte."""
    room = DiskRoom(100)
    room.claim("one", 500, 1000, "x")
    with pytest.raises(
        DiskSpaceError, match="needs 401 B beside 500 B for other downloads and 100 B in reserve"
    ):
        room.claim("two", 401, 1000, "x")
    room.spend("one", 200)
    room.claim("two", 401, 1000, "x")
    room.release("one")
    room.claim("three", 499, 1000, "x")


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (5 << 30, "5.0 GiB"), (3 << 40, "3.0 TiB")],
)
def test_lengths_are_readable(count, text):
    """People compare them with what `df -h` says."""
    assert readable(count) == text


class _Clock:
    def __init__(self):
        self.seconds = 0.0

    def now(self):
        return datetime(2026, 3, 1, tzinfo=UTC)

    def monotonic(self):
        return self.seconds

    async def sleep(self, delay_s):
        self.seconds += delay_s
        await anyio.lowlevel.checkpoint()


async def test_bandwidth_is_kept_over_time_and_not_saved_up():
    """A pause must not be followed by a burst that starves others."""
    clock = _Clock()
    bandwidth = Bandwidth(1000, clock)
    for _ in range(10):
        await bandwidth.take(500)
    assert clock.seconds == pytest.approx(5.0, abs=0.3)
    clock.seconds += 1000
    start = clock.seconds
    for _ in range(10):
        await bandwidth.take(500)
    assert clock.seconds - start == pytest.approx(5.0, abs=0.3)


async def test_no_limit_costs_nothing():
    """The usual case."""
    clock = _Clock()
    await Bandwidth(None, clock).take(10**12)
    assert clock.seconds == 0
