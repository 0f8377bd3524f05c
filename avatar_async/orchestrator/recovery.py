"""What a new run does first about what an earlier one left behind."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import anyio.to_thread
from attrs import frozen

from avatar_async._jobs import events as ev
from avatar_async._jobs.changes import change
from avatar_async._jobs.ports import Clock, JobStore
from avatar_async._jobs.records import JobError, Standing
from avatar_async._jobs.states import REMOTE, RETRYABLE, State
from avatar_async._storage.newer import outdated
from avatar_async.errors import LedgerError

#: Jobs that a message names.
_MOST_NAMED = 5
#: Jobs whose receipts are looked for in one go.
_PAGE: Final = 2000
#: States of which a job that the ledger knows too little about could be paid for again in this run.
_UNSENT: Final = (State.PLANNED, State.SUBMITTING, State.IN_DOUBT)
#: The other states of which a receipt may know a later attempt, in the order in which polls move a job on:
#: one that moves while it is looked for is met in a later state. A poll may also put it in doubt.
_SENT: Final = (State.IN_FLIGHT, State.READY, State.FETCHING, *sorted(RETRYABLE), State.IN_DOUBT)


@frozen(kw_only=True)
class Recovered:
    """What recovery changed.

    Attributes:
        parked: Names of jobs whose create call was under way when their run ended.
        resumed: Names of jobs whose download was interrupted.
    """

    parked: tuple[str, ...] = ()
    resumed: tuple[str, ...] = ()

    def message(self) -> str | None:
        """Return what a person should know, None if there was nothing."""
        parts = []
        if self.parked:
            parts.append(
                f"in doubt, since an earlier run ended while they were submitted: {', '.join(self.parked)}"
            )
        if self.resumed:
            parts.append(f"downloads taken up again: {', '.join(self.resumed)}")
        return "; ".join(parts) or None


async def recover(store: JobStore, clock: Clock) -> Recovered:
    """Park create calls without a verdict, and let go of interrupted downloads.

    Only the holder of the ledger's runner lock may call it: the lock proves every earlier owner dead.
    """
    parked = await store.jobs(states={State.SUBMITTING})
    fetching = await store.jobs(states={State.FETCHING})
    error = JobError(
        code="interrupted", message="the run ended between sending the create call and its answer"
    )
    changes = [change(job, ev.OutcomeUnknown(at=clock.now(), error=error)) for job in parked]
    changes += [change(job, ev.FetchPaused(at=clock.now(), not_before=None, error=None)) for job in fetching]
    if changes:
        await store.apply(changes)
    return Recovered(parked=tuple(job.name for job in parked), resumed=tuple(job.name for job in fetching))


async def check_no_orphans(out: Path, ledger: Path) -> None:
    """Refuse to start a new ledger over receipts of an old one: their jobs would be paid for again.

    An empty ledger is a new one: a process killed while it made the file, or adopted receipts, leaves it.

    Raises:
        LedgerError: There are receipts.
    """
    receipts = await anyio.to_thread.run_sync(lambda: sorted(out.glob("*/job.json")))
    if receipts:
        message = (
            f"{out} holds {len(receipts)} receipts (such as {receipts[0].relative_to(out)}) but no ledger of "
            f"theirs at {ledger}: starting anew could pay for these jobs again. Bring the ledger back, name "
            "it with --ledger, or adopt the receipts with --rebuild-ledger"
        )
        raise LedgerError(message)


class Outdated:
    """Look whether the ledger knows less of its jobs than their receipts: it would pay for them again.

    Args:
        store: The ledger.
        out: The output folder.
        ledger: The ledger's file, for the message.
    """

    def __init__(self, store: JobStore, out: Path, ledger: Path) -> None:
        self._store = store
        self._out = out
        self._ledger = ledger
        self._left: tuple[State, ...] = (*_UNSENT, *_SENT)

    @property
    def settled(self) -> bool:
        """Whether every job was looked at."""
        return not self._left

    async def check_first(self) -> None:
        """Look at the jobs; where very many have a task, at those only that may be submitted.

        Raises:
            LedgerError: It is older than the receipts.
        """
        counts = await self._store.counts()
        many = sum(counts[state] for state in REMOTE | RETRYABLE) > _PAGE
        await self._check(_UNSENT if many else self._left)
        self._left = _SENT if many else ()

    async def check_rest(self) -> None:
        """Look at the jobs that were left, before anything of this run is written to a receipt.

        Raises:
            LedgerError: It is older than the receipts.
        """
        await self._check(self._left)
        self._left = ()

    async def _check(self, states: Iterable[State]) -> None:
        old: dict[str, Standing] = {}
        for state in states:
            after: str | None = None
            while page := await self._store.standings(state, after=after, limit=_PAGE):
                old |= {job.id: job for job in await outdated(page, self._out)}
                after = page[-1].id
        if old:
            first = sorted(old.values(), key=lambda job: (len(job.id), job.id))[:_MOST_NAMED]
            listed = ", ".join(job.name for job in first)
            more = f" and {len(old) - _MOST_NAMED} more" if len(old) > _MOST_NAMED else ""
            message = (
                f"the ledger {self._ledger} is older than the receipts in {self._out}: it does not know the "
                f"latest tasks of {listed}{more}. Going on could pay for them again: bring the right ledger "
                "back (with its -wal file), or take up what the receipts tell with --rebuild-ledger"
            )
            raise LedgerError(message)
