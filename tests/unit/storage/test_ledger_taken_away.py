"""A ledger whose file is deleted, moved or replaced under an open run."""

import shutil

import pytest

from avatar_async._storage.ledger import Ledger
from avatar_async.errors import LedgerError


def delete(path):
    """Remove the whole output folder."""
    shutil.rmtree(path.parent)


def move(path):
    """Put the folder elsewhere."""
    path.parent.rename(path.parent.with_name("elsewhere"))


def replace(path):
    """Put an older copy in its place."""
    shutil.copyfile(path, path.with_name("copy"))
    path.with_name("copy").replace(path)


def delete_log(path):
    """Remove the log, where the latest changes are."""
    path.with_name("ledger.db-wal").unlink()


@pytest.mark.parametrize("take_away", [delete, move, replace, delete_log])
async def test_nothing_is_promised_on_a_file_that_is_gone(tmp_path, new_job, take_away):
    """SQLite would go on writing to the deleted file: intents kept nowhere, paid for again later."""
    path = tmp_path / "out" / "ledger.db"
    async with Ledger.open(path) as ledger:
        [before] = await ledger.insert([new_job("first")])
        take_away(path)
        with pytest.raises(LedgerError, match=r"deleted, moved or replaced while the run was using it"):
            await ledger.insert([new_job("second")])
        assert [job.id for job in await ledger.jobs()] == [before.id]


async def test_a_ledger_named_by_a_link_stays_where_it_is(tmp_path, new_job):
    """Its log lies beside the file itself, not beside the link."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "ledger.db").touch()
    (tmp_path / "link.db").symlink_to(tmp_path / "real" / "ledger.db")
    async with Ledger.open(tmp_path / "link.db") as ledger:
        await ledger.insert([new_job("first")])
        assert len(await ledger.jobs()) == 1
