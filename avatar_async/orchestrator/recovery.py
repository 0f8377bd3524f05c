"""What a new run does first about what an earlier one left behind."""

from pathlib import Path

import anyio.to_thread
from attrs import frozen

from avatar_async._jobs import events as ev
from avatar_async._jobs.changes import change
from avatar_async._jobs.ports import Clock, JobStore
from avatar_async._jobs.records import JobError
from avatar_async._jobs.states import OPEN, RETRYABLE, State
from avatar_async._storage.newer import outdated
from avatar_async.errors import LedgerError

#: Jobs that a message names.
_MOST_NAMED = 5


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


async def check_not_outdated(store: JobStore, out: Path, ledger: Path) -> None:
    """Refuse a ledger that knows less of its jobs than their receipts: it would pay for them again.

    Raises:
        LedgerError: It is older than the receipts.
    """
    old = await outdated(await store.jobs(states=OPEN | RETRYABLE), out)
    if old:
        listed = ", ".join(job.name for job in old[:_MOST_NAMED])
        more = f" and {len(old) - _MOST_NAMED} more" if len(old) > _MOST_NAMED else ""
        message = (
            f"the ledger {ledger} is older than the receipts in {out}: it does not know the latest tasks of "
            f"{listed}{more}. Going on could pay for them again: bring the right ledger back (with its -wal "
            "file), or take up what the receipts tell with --rebuild-ledger"
        )
        raise LedgerError(message)
