"""Who holds a ledger, and letting go of it."""

from pathlib import Path

import pytest

from avatar_async._storage.ledger import Ledger
from avatar_async._storage.lock import RunnerLock
from avatar_async.errors import LedgerError


async def test_a_note_that_cannot_be_removed_keeps_nobody_out(tmp_path, monkeypatch):
    """The lock of the operating system counts; held on, it would refuse every later run of the process."""

    def refuse(_path, **_options):
        raise PermissionError(1, "Operation not permitted")

    ledger = tmp_path / "ledger.db"
    with monkeypatch.context() as patched:
        async with RunnerLock(ledger):
            patched.setattr(Path, "unlink", refuse)
    async with RunnerLock(ledger) as lock:
        assert await lock.holder() is not None


@pytest.mark.parametrize("name", ["a", "a/ledger.db"])
async def test_links_that_lead_round_in_a_circle_are_no_place_for_a_ledger(tmp_path, name):
    """An error of the standard library would be told as a bug."""
    for link, other in (("a", "b"), ("b", "a")):
        (tmp_path / link).symlink_to(other)
    path = tmp_path / name
    with pytest.raises(LedgerError):
        async with RunnerLock(path), Ledger.open(path):
            pass
    with pytest.raises(LedgerError):
        async with Ledger.open(path):
            pass
