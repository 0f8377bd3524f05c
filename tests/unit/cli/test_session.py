"""Conducting a run."""

import os
import signal
from typing import cast

import anyio
import pytest

from avatar_async._storage.ledger import Ledger
from avatar_async.cli import exits
from avatar_async.cli.manner import Manner
from avatar_async.cli.session import conduct
from avatar_async.errors import LedgerError
from avatar_async.orchestrator import Orchestrator, RunEvent, RunOptions, Snapshot


class Breaking:
    """An orchestrator whose ledger fails in the middle."""

    async def __aenter__(self):
        self.done = anyio.Event()
        self.told: list[RunEvent] = []
        return self

    async def __aexit__(self, *exception):
        self.done.set()

    async def events(self):
        await self.done.wait()
        for event in self.told:
            yield event

    async def run(self):
        for job in self.jobs():
            yield job

    def jobs(self):
        raise LedgerError("the disk is full")

    def snapshot(self):
        return Snapshot(counts={})

    def stop(self):
        """Do nothing."""

    def kill(self):
        """Do nothing."""


class Idle(Breaking):
    """An orchestrator with nothing to do."""

    def __init__(self, ledger_path):
        self.ledger_path = ledger_path
        self.options = RunOptions()
        self.stopped_because = None

    def jobs(self):
        return []


async def test_a_signal_ends_the_taking_up_of_jobs(tmp_path):
    """A hundred thousand of them take long, and nothing is sent before the end of it."""
    async with Ledger.open(tmp_path / "ledger.db"):
        pass

    async def feed(_orchestrator):
        os.kill(os.getpid(), signal.SIGTERM)
        await anyio.sleep_forever()

    with anyio.fail_after(20):
        outcome = await conduct(cast("Orchestrator", Idle(tmp_path / "ledger.db")), feed, Manner(quiet=True))
    assert outcome.exit_code == 143


async def test_an_error_before_the_run_begins_is_told_as_itself():
    """Nothing was sent then, and exit code 2 says so."""

    async def feed(_orchestrator):
        raise LedgerError("the disk is full")

    with pytest.raises(BaseException) as caught:
        await conduct(cast("Orchestrator", Breaking()), feed, Manner(quiet=True))
    assert isinstance(exits.sole_cause(caught.value), LedgerError)


async def test_an_error_in_the_middle_of_a_run_is_marked_as_such():
    """Something may have been sent by then."""

    async def feed(_orchestrator):
        """Add nothing."""

    with pytest.raises(exits.BrokenRunError, match="the disk is full"):
        await conduct(cast("Orchestrator", Breaking()), feed, Manner(quiet=True))
