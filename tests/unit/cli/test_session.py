"""Conducting a run."""

import anyio
import pytest

from avatar_async.cli import exits
from avatar_async.cli.session import Manner, conduct
from avatar_async.errors import LedgerError
from avatar_async.orchestrator import Snapshot


class Breaking:
    """An orchestrator whose ledger fails in the middle."""

    async def __aenter__(self):
        self.done = anyio.Event()
        return self

    async def __aexit__(self, *exception):
        self.done.set()

    async def events(self):
        await self.done.wait()
        return
        yield

    async def run(self):
        raise LedgerError("the disk is full")
        yield

    def snapshot(self):
        return Snapshot(counts={})

    def stop(self):
        """Do nothing."""

    def kill(self):
        """Do nothing."""


async def test_an_error_before_the_run_begins_is_told_as_itself():
    """Nothing was sent then, and exit code 2 says so."""

    async def feed(_orchestrator):
        raise LedgerError("the disk is full")

    with pytest.raises(BaseException) as caught:
        await conduct(Breaking(), feed, Manner(quiet=True))
    assert isinstance(exits.sole_cause(caught.value), LedgerError)


async def test_an_error_in_the_middle_of_a_run_is_marked_as_such():
    """Something may have been sent by then."""

    async def feed(_orchestrator):
        """Add nothing."""

    with pytest.raises(exits.BrokenRunError, match="the disk is full"):
        await conduct(Breaking(), feed, Manner(quiet=True))
