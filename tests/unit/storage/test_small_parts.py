"""Mounts, disk room, lengths and bandwidth."""

from datetime import timedelta

import pytest

from avatar_async._storage.bandwidth import Bandwidth
from avatar_async._storage.mounts import network_file_system
from avatar_async._storage.room import DiskRoom
from avatar_async._storage.sizes import size_text
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


def test_room_counts_what_other_downloads_will_still_write():
    """Two downloads must not both be promised the last gigabyte."""
    room = DiskRoom(100)
    room.claim("one", 500, 1000, "x")
    with pytest.raises(
        DiskSpaceError, match="needs 401 bytes beside 500 bytes for other downloads and 100 bytes in reserve"
    ):
        room.claim("two", 401, 1000, "x")
    room.spend("one", 200)
    room.claim("two", 401, 1000, "x")
    room.release("one")
    room.claim("three", 499, 1000, "x")


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (999_960, "1.0 MB"),
        (12_345_678, "12.3 MB"),
        (5e15, "5000.0 TB"),
    ],
)
def test_sizes_have_the_unit_that_fits(size_bytes, text):
    """999 960 bytes are not 1000.0 kB."""
    assert size_text(size_bytes) == text


async def test_bandwidth_is_kept_over_time_and_not_saved_up(clock):
    """A pause must not be followed by a burst that starves others."""
    lane = Bandwidth(1000, clock).lane()
    for _ in range(10):
        await lane.take(500)
    assert sum(clock.slept) == pytest.approx(5.0, abs=0.8)
    clock.at += timedelta(seconds=1000)
    clock.slept.clear()
    for _ in range(10):
        await lane.take(500)
    assert sum(clock.slept) == pytest.approx(5.0, abs=0.8)


async def test_no_limit_costs_nothing(clock):
    """The usual case."""
    await Bandwidth(None, clock).lane().take(10**12)
    assert clock.slept == []
