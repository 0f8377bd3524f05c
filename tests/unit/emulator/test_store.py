"""The emulator's state on disk."""

import sqlite3
import stat

import pytest

from avatar_async.emulator import Emulator, keep_image_memory
from avatar_async.emulator.store import Store
from avatar_async.errors import DiskSpaceError, EmulatorError


def mode_of(path):
    """Return the permission bits of a file."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("left_open", [False, True])
async def test_the_key_of_the_account_is_for_its_owner_alone(tmp_path, left_open):
    """Also in a folder that an earlier version, or a copy, left readable."""
    data = tmp_path / "data"
    if left_open:
        data.mkdir()
        (data / "state.db").touch(mode=0o644)
        (data / "state.db").chmod(0o644)
    async with Emulator(data) as emulator:
        assert emulator.app_key.encode() in b"".join(path.read_bytes() for path in data.glob("state.db*"))
        files = sorted(path.name for path in data.glob("state.db*"))
        assert files == ["state.db", "state.db-shm", "state.db-wal"]
        assert {mode_of(path) for path in data.glob("state.db*")} == {0o600}
    if not left_open:
        assert mode_of(data) == 0o700


async def test_a_host_that_is_none_is_told_without_blaming_the_port(tmp_path):
    """Another port would not help."""
    with pytest.raises(EmulatorError) as caught:
        await Emulator(tmp_path / "data", host="no.such.host.invalid").__aenter__()
    assert str(caught.value).startswith("cannot listen on no.such.host.invalid: ")
    assert "port" not in str(caught.value)


def test_memory_of_pictures_is_kept_where_a_process_asks_for_it():
    """It halves the time of keying, but is for the whole process, so nobody else's is touched."""
    from PIL import _imaging

    before, size_before = _imaging.get_blocks_max(), _imaging.get_block_size()
    try:
        keep_image_memory()
        assert (_imaging.get_blocks_max(), _imaging.get_block_size()) == (1024, 64 * 1024)
    finally:
        _imaging.set_blocks_max(before)
        _imaging.set_block_size(size_before)


async def test_a_full_disk_is_told_as_one(tmp_path):
    """A bare database error would look like a bug."""
    store = Store(tmp_path / "state.db")
    await store.open()
    try:
        [[pages]] = store._connection.execute("PRAGMA page_count")
        store._connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(DiskSpaceError, match=r"state\.db cannot be written"):
            await store.set("much", "x" * 100_000)
    finally:
        await store.close()


async def test_a_disk_too_full_to_begin_on_is_told_with_what_to_do(tmp_path, monkeypatch):
    """`database or disk is full` sounds like a bug."""

    def full(_store):
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    monkeypatch.setattr(Store, "_load", full)
    with pytest.raises(EmulatorError, match="free some room and give the same command again"):
        await Store(tmp_path / "state.db").open()
