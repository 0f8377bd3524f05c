"""Who holds a ledger, and letting go of it."""

from pathlib import Path

from avatar_async._storage.lock import RunnerLock


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
