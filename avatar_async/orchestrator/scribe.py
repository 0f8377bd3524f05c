"""Keeps the receipts (`job.json`) in step with the ledger, and hands ended jobs on."""

from collections.abc import Callable
from typing import Final

from avatar_async._jobs import events as ev
from avatar_async._jobs.changes import change
from avatar_async._jobs.ports import JobStore, Receipts
from avatar_async._jobs.records import Job
from avatar_async._jobs.states import State
from avatar_async.errors import AvatarError, ConflictError
from avatar_async.orchestrator.board import Board
from avatar_async.orchestrator.signal import Signal

#: States whose receipt would be overwritten within moments.
_PASSING: Final = frozenset({State.FETCHING, State.SUBMITTING})


class Scribe:
    """Write a job's receipt after each change of its state, the latest only where several wait."""

    def __init__(
        self, board: Board, store: JobStore, receipts: Receipts, deliver: Callable[[Job], None]
    ) -> None:
        self._board = board
        self._store = store
        self._receipts = receipts
        self._deliver = deliver
        self._due: dict[str, Job] = {}
        self._writing = False
        self._wake: Final = Signal()
        board.on_change(self._follow)

    @property
    def idle(self) -> bool:
        """Whether every receipt is written and every ended job handed on."""
        return not self._due and not self._writing

    def _follow(self, job: Job) -> None:
        if job.state in _PASSING or not (job.terminal or _is_due(job)):
            return
        self._due.pop(job.id, None)
        self._due[job.id] = job
        self._wake.set()

    def catch_up(self, jobs: list[Job]) -> None:
        """Plan receipts that a run before this one did not get to."""
        for job in jobs:
            self._due.setdefault(job.id, job)
        self._wake.set()

    async def run(self) -> None:
        """Write receipts as they fall due, for ever."""
        while True:
            if not self._due:
                await self._wake.wait(self._board.clock)
            await self.drain()

    async def drain(self) -> None:
        """Write what is due now."""
        while self._due:
            job_id = next(iter(self._due))
            job = self._due.pop(job_id)
            self._writing = True
            try:
                await self._write(job)
            except BaseException:
                self._due.setdefault(job_id, job)
                raise
            finally:
                self._writing = False
            if job.terminal:
                self._deliver(job)
        self._board.changed.set()

    async def _write(self, job: Job) -> None:
        if not _has_receipt(job):
            return
        try:
            await self._receipts.write(job, await self._store.request(job.id))
        except (AvatarError, OSError) as error:
            self._board.warn(
                f"its receipt cannot be written: {error}", job=job.name, once=f"receipt:{job.id}"
            )
            return
        event = ev.ReceiptWritten(at=self._board.clock.now(), state=job.state, task_id=job.task_id)
        try:
            [after] = await self._store.apply([change(job, event)])
        except ConflictError:
            return
        self._board.absorb(after)


def _has_receipt(job: Job) -> bool:
    """Tell whether a job has, or may have, a task, or tells of one already."""
    return job.task_id is not None or job.state is State.IN_DOUBT or job.receipt_state is not None


def _is_due(job: Job) -> bool:
    return job.state is not job.receipt_state and _has_receipt(job)
