"""The loops of one run, wired together over ports."""

import random
from collections import deque
from datetime import timedelta
from typing import Final

import anyio
from anyio.abc import TaskGroup

from avatar_async._jobs.planner import PollPlanner, poll_limits
from avatar_async._jobs.ports import Clock, Downloads, JobStore, Receipts, Service
from avatar_async._jobs.records import Job
from avatar_async._jobs.states import State
from avatar_async.errors import AvatarError
from avatar_async.orchestrator.admission import Admission
from avatar_async.orchestrator.answers import PROVEN, Answers
from avatar_async.orchestrator.board import Board
from avatar_async.orchestrator.doubt import DoubtSettler
from avatar_async.orchestrator.fetcher import Fetcher
from avatar_async.orchestrator.hints import Hints
from avatar_async.orchestrator.hub import EventHub
from avatar_async.orchestrator.losses import Losses
from avatar_async.orchestrator.options import RunOptions
from avatar_async.orchestrator.pace import Pace, spacing_s
from avatar_async.orchestrator.poller import Poller
from avatar_async.orchestrator.recovery import Outdated, Recovered
from avatar_async.orchestrator.references import References
from avatar_async.orchestrator.refresh import Refresher
from avatar_async.orchestrator.scribe import Scribe
from avatar_async.orchestrator.signal import Signal
from avatar_async.orchestrator.snapshot import Snapshot, Waiting
from avatar_async.orchestrator.speed import Speedometer
from avatar_async.orchestrator.submitter import Submitter
from avatar_async.orchestrator.watcher import Watcher

#: Rows of a snapshot's list of tasks the service works on.
_ROWS: Final = 8


class Loops:
    """The loops of one run, from submitter to watcher; how it stands, and whether it is over."""

    def __init__(
        self,
        *,
        store: JobStore,
        service: Service,
        downloads: Downloads,
        receipts: Receipts,
        clock: Clock,
        hub: EventHub,
        options: RunOptions,
        chance: random.Random,
        owner: str,
        proven: bool,
    ) -> None:
        self.board: Final = Board(store, clock, hub, options.batch)
        self._store = store
        self._clock = clock
        self._options = options
        #: Jobs that ended and were not handed to a user yet.
        self.ended: Final[deque[Job]] = deque()
        #: Woken when something ended, or the run may be over.
        self.news: Final = Signal()
        #: Why no further job is submitted or polled in this run, None while they are.
        self.stopped_because: str | None = None
        #: What broke a loop; the run cannot go on.
        self.failure: Exception | None = None
        self.stopping = False
        self._stop_asked: Final = Signal()
        self._lasting_refusal = False
        #: Whether every loop was started.
        self._running = False
        self._scope = anyio.CancelScope()
        #: The budget of query calls.
        self.pace: Final = Pace(clock, options.poll_rate)
        pace = self.pace
        self.admission: Final = Admission(
            clock,
            chance,
            max_in_flight=options.max_in_flight,
            max_creates=options.max_creates,
            proven=proven,
        )
        retention = timedelta(seconds=options.retention_s)
        losses = Losses(store, service, pace, clock, retention=retention)
        refresher = Refresher(self.board, losses)
        references = References(store, service, pace, options.batch)
        self.submitter: Final = Submitter(
            self.board,
            store,
            service,
            self.admission,
            references,
            owner=owner,
            fatal=self._submission_stopped,
        )
        planner = PollPlanner(
            calls_per_s=1.0 / spacing_s(options.poll_rate),
            batch=service.query_batch,
            limits=poll_limits(options.deadlines_s),
        )
        self._answers = Answers(
            self.board,
            store,
            service,
            self.admission,
            pace,
            planner,
            losses=losses,
            retention=retention,
        )
        self.poller: Final = Poller(
            self.board,
            store,
            service,
            self.admission,
            pace,
            chance,
            planner,
            self._answers,
            fatal=self._refused_for_good,
        )
        self.fetcher: Final = Fetcher(
            self.board, service, downloads, refresher, hub, chance, owner=owner, at_once=options.fetches
        )
        self.settler: Final = DoubtSettler(self.board, store, service, pace)
        self.hints: Final = Hints(self.board, store, service, pace, self.poller, self.settler)
        self.scribe: Final = Scribe(self.board, store, receipts, self._deliver)
        self._watcher = Watcher(
            self.board,
            store,
            options.deadlines_s,
            speed_bytes_s=lambda: self.fetcher.speed_bytes_s,
            jumped=self._hurry,
        )
        self._speed = Speedometer()

    # ------------------------------------------------------------ running
    def start(self, group: TaskGroup, recovered: Recovered, outdated: Outdated) -> None:
        """Start every loop in the root task group."""
        message = recovered.message()
        if message:
            self.board.warn(message)
        group.start_soon(self._guard, outdated)

    async def _work(self, outdated: Outdated) -> None:
        with self._scope:
            await self._answers.learn()
            async with anyio.create_task_group() as group:
                # Asking does no harm, whatever is left to be read; all else needs to know every job.
                group.start_soon(self.poller.run, group)
                group.start_soon(self._relay)
                group.start_soon(self._bound_grace)
                if self._options.until_s is not None:
                    group.start_soon(self._expire, self._options.until_s)
                await self.board.load_rest()
                await outdated.check_rest()
                self.scribe.catch_up(await self._store.receipts_due())
                self._start_all(group)
                self._running = True

    def _start_all(self, group: TaskGroup) -> None:
        group.start_soon(self.submitter.run, group)
        group.start_soon(self.fetcher.run, group)
        group.start_soon(self.fetcher.precedence.run)
        group.start_soon(self.settler.run)
        group.start_soon(self.hints.run)
        group.start_soon(self.scribe.run)
        group.start_soon(self._watcher.run)

    async def _guard(self, outdated: Outdated) -> None:
        """Run the loops; an error that no loop can handle ends the run and reaches the user plainly."""
        try:
            await self._work(outdated)
        except BaseExceptionGroup as group:
            failures, rest = group.split(Exception)
            if failures is None:
                raise
            self.failure = _first(failures)
            if rest is not None:
                raise rest from None
        except Exception as error:  # noqa: BLE001 - the run's boundary: kept for the user
            self.failure = error
        finally:
            self.news.set()

    async def _relay(self) -> None:
        """Wake those who wait for the run whenever the board changed."""
        while True:
            await self.board.changed.wait(self._clock)
            self.submitter.wake.set()
            if self.admission.circuit_open:
                self.poller.wake.set()
            self.news.set()

    def _hurry(self) -> None:
        """Look at everything anew: the machine slept, or its clock was set."""
        self.poller.hurry()
        self.fetcher.wake.set()
        self.submitter.wake.set()

    async def _bound_grace(self) -> None:
        """Wait no longer than agreed for the creates under way once the run is stopped."""
        await self._stop_asked.wait(self._clock)
        await anyio.sleep(self._options.create_grace_s)
        self.submitter.abort()

    async def _expire(self, until_s: float) -> None:
        await self._clock.sleep(until_s)
        self.stop(f"--until: {until_s:.0f} s are over; the same command goes on")

    # ------------------------------------------------------------ ending
    def stop(self, reason: str | None = None) -> None:
        """Begin no further create call, and let the run end once those under way have answered (bounded)."""
        self.stopping = True
        self.stopped_because = self.stopped_because or reason
        self._stop_asked.set()
        self.submitter.stop()
        self.news.set()

    def kill(self, reason: str) -> None:
        """End every loop now; creates under way become jobs in doubt."""
        self.stop(reason)
        self.submitter.abort()
        self._scope.cancel()

    @property
    def ended_because(self) -> str | None:
        """Why the run ended before its jobs did, None if it did not."""
        if self.stopped_because is not None:
            return self.stopped_because
        return self.admission.notice() if self.admission.spent and self.board.any_eligible else None

    @property
    def over(self) -> bool:
        """Whether nothing is left that this run could move on by itself."""
        if self.failure is not None:
            return True
        if self.stopping or self._lasting_refusal:
            return self.submitter.creating == 0
        if not self._running:
            return False
        if self.submitter.creating or self.board.any_active or self.settler.busy or not self.scribe.idle:
            return False
        return self.admission.closed_for_good or not self.board.any_eligible

    def _submission_stopped(self, message: str) -> None:
        self.stopped_because = self.stopped_because or message
        self.news.set()

    def _refused_for_good(self, message: str) -> None:
        self._lasting_refusal = True
        self._submission_stopped(message)
        self.submitter.stop()
        self.board.warn(f"the run ends, resumable: {message}", once="refused-for-good")

    def _deliver(self, job: Job) -> None:
        self.ended.append(job)
        self.news.set()

    # ------------------------------------------------------------ looking
    def snapshot(self) -> Snapshot:
        """Return how the run stands now."""
        now, board = self._clock.now(), self.board
        unfetched = self._watcher.unfetched
        first = unfetched.first
        soonest = board.get(first[0]) if first is not None else None
        notices = [self.admission.notice() if board.any_eligible else None, self.fetcher.precedence.notice]
        if self.settler.busy:
            notices.append("looking in the service's list for tasks of jobs in doubt")
        elif waiting := board.number(State.IN_DOUBT):
            doubtful = "1 job" if waiting == 1 else f"{waiting} jobs"
            notices.append(f"{doubtful} in doubt: `avatar-async status` tells what to do")
        return Snapshot(
            counts=board.counts,
            waiting=tuple(
                Waiting(
                    name=job.name,
                    kind=job.kind,
                    remote_status=job.remote_status,
                    progress=self._answers.progress.get(job.id, job.progress),
                    elapsed_s=max(0.0, (now - (job.submitted_at or job.created_at)).total_seconds()),
                )
                for job in board.first_in_state(State.IN_FLIGHT, _ROWS)
            ),
            downloads=tuple(self.fetcher.downloads.values()),
            received_bytes=self.fetcher.received_bytes,
            speed_bytes_s=self._speed.read(self._clock.monotonic(), self.fetcher.received_bytes),
            next_expiry=(soonest.name, first[1]) if first is not None and soonest is not None else None,
            at_risk=unfetched.at_risk(now, self._watcher.late),
            notices=tuple(filter(None, notices)),
            stopping=self.stopping,
        )


def _first(group: BaseExceptionGroup[Exception]) -> Exception:
    """Return one error of a group: ours if there is one."""
    leaves: list[Exception] = []

    def gather(inner: BaseException) -> None:
        if isinstance(inner, BaseExceptionGroup):
            for member in inner.exceptions:
                gather(member)
        elif isinstance(inner, Exception):
            leaves.append(inner)

    gather(group)
    return next((error for error in leaves if isinstance(error, AvatarError)), leaves[0])


async def is_proven(store: JobStore) -> bool:
    """Tell whether a query about a task of this ledger was ever understood."""
    return await store.recall(PROVEN) is not None
