"""Keeps the receipts (`job.json`) in step with the ledger, and hands ended jobs on."""

from collections.abc import Callable, Sequence
from itertools import islice
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
#: Receipts that are written in one go at most: an ended job is handed on once its own is there.
_AT_ONCE: Final = 64


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
            jobs = [self._due.pop(job_id) for job_id in tuple(islice(self._due, _AT_ONCE))]
            self._writing = True
            try:
                await self._write([job for job in jobs if _has_receipt(job)])
            except BaseException:
                self._due = {job.id: job for job in jobs} | self._due
                raise
            finally:
                self._writing = False
            for job in jobs:
                if job.terminal:
                    self._deliver(job)
        self._board.changed.set()

    async def _write(self, jobs: Sequence[Job]) -> None:
        """Write receipts, then to the ledger that they are written; one that cannot be is told of."""
        try:
            requests = await self._store.requests([job.id for job in jobs])
            jobs = [job for job in jobs if job.id in requests]
            errors = await self._receipts.write([(job, requests[job.id]) for job in jobs])
        except (AvatarError, OSError) as error:
            errors = [error] * len(jobs)
        written = []
        for job, problem in zip(jobs, errors, strict=True):
            if problem is None:
                written.append(job)
                continue
            message = f"its receipt cannot be written: {problem}"
            self._board.warn(message, job=job.name, once=f"receipt:{job.id}")
        await self._note([job for job in written if self._stands(job)])

    def _stands(self, job: Job) -> bool:
        """Tell whether a job is, as far as is known here, still what its receipt tells."""
        now = self._board.get(job.id)
        return now is None or (now.state, now.attempt, now.task_id) == (job.state, job.attempt, job.task_id)

    async def _note(self, jobs: Sequence[Job]) -> None:
        """Write to the ledger what the receipts tell, in one commit if nobody changed a job meanwhile."""
        if not jobs:
            return
        at = self._board.clock.now()
        changes = [
            change(job, ev.ReceiptWritten(at=at, state=job.state, task_id=job.task_id)) for job in jobs
        ]
        try:
            written = await self._store.apply(changes)
        except ConflictError:
            if len(jobs) > 1:
                for job in jobs:
                    await self._note([job])
            return
        for job in written:
            self._board.absorb(job)


def _has_receipt(job: Job) -> bool:
    """Tell whether a job has, or may have, a task, or tells of one already."""
    return job.task_id is not None or job.state is State.IN_DOUBT or job.receipt_state is not None


def _is_due(job: Job) -> bool:
    return job.state is not job.receipt_state and _has_receipt(job)
