"""What lives from the beginning of an orchestrator's block to its end: ledger, loops and streams."""

import json
import random
import uuid
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import anyio
import anyio.abc
import anyio.to_thread
from attrs import frozen

from avatar_async._jobs.ports import Clock, JobStore, Receipts, Service
from avatar_async._storage.downloads import DownloadFolder
from avatar_async._storage.folders import prepare_out
from avatar_async._storage.ledger import Ledger
from avatar_async._storage.lock import RunnerLock
from avatar_async._storage.rebuild import adopt_receipts
from avatar_async._storage.receipts import ReceiptFolder
from avatar_async.errors import AvatarError, ConfigError
from avatar_async.orchestrator.ended import EndedJobs
from avatar_async.orchestrator.hub import EventHub
from avatar_async.orchestrator.loops import Loops, is_proven
from avatar_async.orchestrator.options import RunOptions
from avatar_async.orchestrator.recovery import Outdated, Recovered, check_no_orphans, recover
from avatar_async.orchestrator.status import DEADLINES

#: Seconds that creates under way may still answer when the block is left by cancellation.
_CANCELLED_GRACE_S: Final = 10.0
#: Seconds that the last receipts may take, and then the ledger.
_SCRIBE_GRACE_S: Final = 10.0
_LEDGER_GRACE_S: Final = 60.0
_NO_DIALECT: Final = (
    "the query call of {endpoint} is not known\n"
    "The vendor documents none, so the end of a task could not be noticed.\n"
    "Describe it in a profile before anything is submitted:\n"
    "  avatar-async init                           # then fill in [query_dialect]\n"
    "  avatar-async run ... --profile avatar.toml  # or export AVATAR_PROFILE\n"
    '  AvatarClient.from_env("avatar.toml")        # in Python'
)


@frozen(kw_only=True)
class Session:
    """An opened orchestrator."""

    store: JobStore
    hub: EventHub
    loops: Loops
    ended: EndedJobs
    receipts: Receipts
    recovered: Recovered
    outdated: Outdated
    clock: Clock
    group: anyio.abc.TaskGroup
    #: Closes the ledger, then lets go of the runner lock.
    stack: AsyncExitStack

    async def close(self, *, grace_s: float, cancelled: bool) -> None:
        """Let creates under way answer (bounded), finish the writes, end every loop.

        Cancelled again meanwhile, it waits no longer for what it waits for; every later step is taken.

        Args:
            grace_s: Seconds for the creates; fewer when the block was cancelled.
            cancelled: Whether cancellation ended the block.
        """
        grace_s = min(grace_s, _CANCELLED_GRACE_S) if cancelled else grace_s
        async with AsyncExitStack() as steps:
            steps.push_async_callback(self._close_ledger)
            steps.callback(self.hub.close)
            steps.push_async_callback(self._last_receipts)
            steps.push_async_callback(self._end_loops)
            with anyio.move_on_after(grace_s, shield=True):
                await self._quiesce()

    async def _quiesce(self) -> None:
        """Stop submitting and wait until no create call is under way."""
        self.loops.stop()
        while self.loops.submitter.creating and self.loops.failure is None:
            await self.loops.submitter.quiet.wait(self.clock)

    async def _end_loops(self) -> None:
        self.loops.submitter.abort()
        self.group.cancel_scope.cancel()
        await self.group.__aexit__(None, None, None)

    async def _last_receipts(self) -> None:
        if not self.outdated.settled:
            return
        with anyio.move_on_after(_SCRIBE_GRACE_S, shield=True):
            try:
                await self.loops.scribe.drain()
            except AvatarError as error:
                self.loops.failure = self.loops.failure or error

    async def _close_ledger(self) -> None:
        with anyio.move_on_after(_LEDGER_GRACE_S, shield=True):
            await self.stack.aclose()


async def open_session(
    service: Service, *, out: Path, ledger_path: Path, options: RunOptions, clock: Clock
) -> Session:
    """Take the ledger, settle what an earlier run left behind, and wire the loops.

    Raises:
        ConfigError: The endpoint is another machine, and nobody described its query call; or the output
            folder cannot be used.
        LedgerLockedError: Another run holds the ledger.
        LedgerMismatchError: The ledger belongs to another endpoint or account.
        LedgerError: It cannot be opened, is older than the receipts, or there are receipts without it.
    """
    if not service.dialect_trusted:
        raise ConfigError(_NO_DIALECT.format(endpoint=service.endpoint))
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(RunnerLock(ledger_path))
        await anyio.to_thread.run_sync(prepare_out, out)
        if not options.rebuild_ledger and not await anyio.Path(ledger_path).exists():
            await check_no_orphans(out, ledger_path)
        ledger = await stack.enter_async_context(Ledger.open(ledger_path))
        if not options.rebuild_ledger and not await ledger.latest_revision():
            await check_no_orphans(out, ledger_path)
        endpoint = options.endpoint_label or service.endpoint
        await ledger.bind(endpoint, service.account, rebind=options.rebind)
        if options.rebuild_ledger:
            await adopt_receipts(ledger, out)
        outdated = Outdated(ledger, out, ledger_path)
        await outdated.check_first()
        await ledger.remember(DEADLINES, json.dumps(dict(options.deadlines_s)))
        recovered = await recover(ledger, clock)
        hub = EventHub()
        receipts = ReceiptFolder(out, endpoint=endpoint, account=service.account)
        downloads = DownloadFolder(
            out,
            clock=clock,
            disk_reserve_bytes=options.disk_reserve_bytes,
            bandwidth_bytes_s=options.bandwidth_bytes_s,
            fetches=options.fetches,
        )
        stack.enter_context(downloads.engaged())
        loops = Loops(
            store=ledger,
            service=service,
            downloads=downloads,
            receipts=receipts,
            clock=clock,
            hub=hub,
            options=options,
            chance=random.Random(),  # noqa: S311 - spreads load, guards nothing
            owner=uuid.uuid4().hex,
            proven=await is_proven(ledger),
        )
        await loops.board.load()
        group = anyio.create_task_group()
        await group.__aenter__()
        return Session(
            store=ledger,
            hub=hub,
            loops=loops,
            ended=EndedJobs(loops, hub, clock),
            receipts=receipts,
            recovered=recovered,
            outdated=outdated,
            clock=clock,
            group=group,
            stack=stack.pop_all(),
        )
