"""The id of a paid task is written down whatever it takes."""

from typing import Any

import anyio
import pytest

from avatar_async._jobs import events as ev
from avatar_async._jobs.states import State
from avatar_async.errors import ConflictError, LedgerError
from avatar_async.orchestrator.keeping import IdKeeper
from avatar_async.testing import VirtualClock
from tests.jobs_kept import a_job


class Board:
    """A board whose ledger refuses the first writes."""

    def __init__(self, failures=0, error=None):
        self.clock = VirtualClock(auto_advance=True)
        self.failures, self.error = failures, error or LedgerError("ledger x: the disk is full")
        self.written, self.told = [], []

    async def write(self, pair):
        await anyio.lowlevel.checkpoint()
        if self.failures:
            self.failures -= 1
            raise self.error
        self.written.append(pair)

    def warn(self, message, *, job, urgent):
        assert urgent
        self.told.append((job, message))


def keeper_of(board: Any) -> IdKeeper:
    """Return a keeper that writes to a board of these tests."""
    return IdKeeper(board)


@pytest.fixture
def job():
    """A job whose create call was answered."""
    return a_job("the job", created_at=VirtualClock().now(), state=State.SUBMITTING)


@pytest.fixture
def accepted():
    """The answer."""
    return ev.Accepted(at=VirtualClock().now(), task_id=815, artifacts=())


async def test_an_id_is_written_at_once_and_nothing_is_told(job, accepted):
    """The usual case."""
    board = Board()
    await keeper_of(board).keep(job, accepted)
    assert (board.written, board.told) == ([(job, accepted)], [])


async def test_an_id_that_cannot_be_written_is_told_once_and_tried_until_it_is(job, accepted):
    """Hours of a full disk cost nothing but time."""
    board = Board(failures=500)
    keeper = keeper_of(board)
    await keeper.keep(job, accepted)
    assert board.written == [(job, accepted)]
    [first, last] = board.told
    assert "task id 815 cannot be written down: ledger x: the disk is full" in first[1]
    assert "avatar-async resolve 'the job' --task-id 815" in first[1]
    assert "is written now" in last[1]
    assert not keeper.waiting


async def test_no_other_job_is_to_be_submitted_while_an_id_waits(job, accepted):
    """What cannot be recorded must not be bought."""
    board = Board(failures=1)
    keeper = keeper_of(board)
    seen = []
    board.warn = lambda message, **_: seen.append(keeper.waiting)  # type: ignore[method-assign]
    await keeper.keep(job, accepted)
    assert seen == [True, False]


async def test_who_leaves_without_the_id_is_told_the_command_once_more(job, accepted):
    """It is the last thing on the screen."""
    board = Board(failures=10**9)
    board.clock = VirtualClock()
    async with anyio.create_task_group() as group:
        group.start_soon(keeper_of(board).keep, job, accepted)
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()
    assert board.told[-1][1] == (
        "task id 815 is not written down: type avatar-async resolve 'the job' --task-id 815"
    )


async def test_a_run_that_is_to_end_tries_for_a_while_only(job, accepted):
    """A service manager that stops the run must not have to kill it."""
    board = Board(failures=10**9)
    keeper = keeper_of(board)
    keeper.stop(60.0)
    keeper.stop(10**9)
    began_s = board.clock.monotonic()
    with pytest.raises(LedgerError, match="the disk is full"):
        await keeper.keep(job, accepted)
    assert 60 <= board.clock.monotonic() - began_s < 70
    assert not keeper.waiting


async def test_a_job_that_somebody_else_changed_is_not_tried_again(job, accepted):
    """Writing over it would be worse; the submitter parks it with the id in its message."""
    board = Board(failures=1, error=ConflictError("changed"))
    with pytest.raises(ConflictError):
        await keeper_of(board).keep(job, accepted)
    assert board.told == []
