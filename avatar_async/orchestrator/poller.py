"""When to ask: one poller for all tasks the service works on."""

import math
import random
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from anyio.abc import TaskGroup

from avatar_async._jobs.planner import PollPlanner
from avatar_async._jobs.ports import JobStore, Service
from avatar_async._jobs.records import Job
from avatar_async._jobs.states import State
from avatar_async.errors import AuthError, AvatarError, RejectedError, ThrottledError
from avatar_async.orchestrator.admission import Admission
from avatar_async.orchestrator.answers import Answers
from avatar_async.orchestrator.board import Board
from avatar_async.orchestrator.pace import Pace
from avatar_async.orchestrator.signal import Signal
from avatar_async.orchestrator.unconfirmed import SOON_S

#: Polls refused for the token running, after which the run ends.
_AUTH_FAILURES: Final = 3
#: Query calls under way at once.
_AT_ONCE: Final = 8
#: A hint whose time comes within this many seconds counts as heeded by a poll now.
_AHEAD_S: Final = 0.25
#: To the first poll of a task, in seconds, where it is to show that the service knows our tasks.
_UNPROVEN_S: Final = 0.5
#: A task accepted longer ago than this, in seconds, is taken up from an earlier run.
_YOUNG_S: Final = 30.0
#: Between two polls of one task that hints cause, in seconds.
_HINTS_S: Final = 2.0
#: Between two questions that only test whether the service answers, in seconds.
_PROBE_S: Final = 5.0
_LONGEST_BACKOFF_S: Final = 60.0


class Poller:
    """Ask for each task when the planner says so, many ids a call where the dialect can."""

    def __init__(
        self,
        board: Board,
        store: JobStore,
        service: Service,
        admission: Admission,
        pace: Pace,
        chance: random.Random,
        planner: PollPlanner,
        answers: Answers,
        *,
        fatal: Callable[[str], None],
    ) -> None:
        self._board = board
        self._store = store
        self._service = service
        self._admission = admission
        self._pace = pace
        self._chance = chance
        self._answers = answers
        self._fatal = fatal
        self._planner = planner
        self._under_way = 0
        #: Whether a query call waits for its turn; it takes whatever is due by then.
        self._claiming = False
        self._failures = 0
        self._auth_failures = 0
        #: When tasks that were hinted at are due, and when each was last asked for because of a hint.
        self._hinted_s: dict[str, float] = {}
        self._heeded_s: dict[str, float] = {}
        self._probe_at_s = 0.0
        #: Woken when a task was added or a call came back.
        self.wake: Final = Signal()
        board.on_change(self._follow)

    async def run(self, group: TaskGroup) -> None:
        """Start query calls in `group` as they fall due, for ever."""
        clock = self._board.clock
        for job in self._board.in_state(State.IN_FLIGHT):
            self._begin(job, resumed=True)
        while True:
            wait_s = self._wait_s()
            if wait_s is not None and wait_s <= 0:
                self._under_way += 1
                self._claiming = True
                group.start_soon(self._poll)
            elif self._admission.circuit_open and not len(self._planner):
                await self._probe()
            else:
                await self.wake.wait(clock, wait_s)

    def _wait_s(self) -> float | None:
        """Return the seconds until a query call may begin, None if only a wake-up can tell."""
        due_s = self._planner.next_due_s()
        if due_s is not None and not self._claiming and self._under_way < _AT_ONCE:
            return due_s - self._board.clock.monotonic()
        return _PROBE_S if self._admission.circuit_open else None

    def _follow(self, job: Job) -> None:
        """Keep the queue in step with the board."""
        if job.state is State.IN_FLIGHT:
            if job.id not in self._planner:
                self._begin(job)
                self.wake.set()
        elif job.id in self._planner:
            self._hinted_s.pop(job.id, None)
            self._heeded_s.pop(job.id, None)
            self._answers.forget(job)

    def _begin(self, job: Job, *, resumed: bool = False) -> None:
        """Plan a task's first poll of this run: at once if it is older, else when it is worth one.

        From here on its age goes by a clock that never jumps.
        """
        now_s = self._board.clock.monotonic()
        age_s = self._passed_s(job.accepted_at or job.created_at)
        due_s = now_s if resumed or age_s > _YOUNG_S else None
        if due_s is not None and job.submitted_at is not None:
            age_s = self._passed_s(job.submitted_at)
        self._planner.begin(job.id, job.kind, since_s=now_s - age_s, now_s=now_s, due_s=due_s)
        if due_s is None:
            soonest_s = math.inf if self._admission.proven and not job.unseen else _UNPROVEN_S
            self._planner.plan(job.id, now_s=now_s, part=self._chance.random(), soonest_s=soonest_s)

    def _passed_s(self, instant: datetime) -> float:
        return max(0.0, (self._board.clock.now() - instant).total_seconds())

    def hasten(self, job_id: str) -> None:
        """Ask for a task soon, since something hints that it moved; many hints are as good as one."""
        if job_id not in self._planner:
            return
        now_s = self._board.clock.monotonic()
        due_s = max(now_s, self._heeded_s.get(job_id, now_s - _HINTS_S) + _HINTS_S)
        self._hinted_s.setdefault(job_id, due_s)
        self._planner.hasten(job_id, due_s, now_s=now_s)
        self.wake.set()

    def hurry(self) -> None:
        """Ask for every task anew, at the pace of all queries: the machine slept, or its clock was set."""
        self._planner.hurry(self._board.clock.monotonic())
        self.wake.set()

    # ------------------------------------------------------------ one call
    async def _poll(self) -> None:
        """Make one query call for the tasks that are due when its turn comes."""
        await self._pace.turn()
        now_s = self._board.clock.monotonic()
        ids = self._planner.take(now_s)
        jobs = [job for job in map(self._board.get, ids) if job is not None and job.task_id is not None]
        for job_id in ids:
            if self._hinted_s.get(job_id, math.inf) <= now_s + _AHEAD_S:
                del self._hinted_s[job_id]
                self._heeded_s[job_id] = now_s
        self._claiming = False
        self.wake.set()
        rest_s: float | None = None
        try:
            if jobs:
                rest_s = await self._ask(jobs)
        finally:
            self._under_way -= 1
            self._replan(jobs, rest_s)

    async def _ask(self, jobs: Sequence[Job]) -> float | None:
        """Query and digest; return for how many seconds these tasks are to be left alone, if told."""
        try:
            answer = await self._service.query_tasks([job.task_id for job in jobs if job.task_id is not None])
        except ThrottledError as error:
            rest_s = self._pace.rest(error)
            self._board.warn(f"the service asks to poll less: waiting {rest_s:.0f} s", once="poll-throttled")
            return rest_s
        except AuthError as error:
            self._auth_failures += 1
            if self._auth_failures >= _AUTH_FAILURES:
                self._fatal(f"the service refuses the token for queries: {error}")
            return self._failed(error)
        except AvatarError as error:
            return self._failed(error)
        self._failures = self._auth_failures = 0
        await self._answers.take(jobs, answer)
        return None

    def _failed(self, error: AvatarError) -> float:
        """Count a failed call; return how long to leave the service alone (full jitter)."""
        self._failures += 1
        self._board.warn(f"a query failed, polling goes on: {error}", once=f"poll:{type(error).__name__}")
        return self._chance.uniform(0.5, min(_LONGEST_BACKOFF_S, 2.0 ** min(self._failures, 6)))

    def _replan(self, jobs: Sequence[Job], rest_s: float | None) -> None:
        now_s = self._board.clock.monotonic()
        for before in jobs:
            job = self._board.get(before.id)
            if job is None or job.state is not State.IN_FLIGHT:
                self._planner.drop(before.id, now_s=now_s)
                continue
            soonest_s = SOON_S if job.unseen or self._answers.in_question(job) else math.inf
            self._planner.plan(
                job.id,
                now_s=now_s,
                part=self._chance.random(),
                hint_s=rest_s,
                soonest_s=min(soonest_s, max(0.0, self._hinted_s.get(job.id, math.inf) - now_s)),
            )
        self.wake.set()

    async def _probe(self) -> None:
        """Ask whether the service answers at all, while creates are paused and no task is polled.

        Where no task is known, a made-up id is asked for: that it is refused in so many words is an answer.
        """
        clock = self._board.clock
        if clock.monotonic() < self._probe_at_s:
            await self.wake.wait(clock, self._probe_at_s - clock.monotonic())
            return
        self._probe_at_s = clock.monotonic() + _PROBE_S
        known = await self._store.witness()
        await self._pace.turn()
        try:
            await self._service.query_tasks([1 if known is None else known])
        except ThrottledError as error:
            self._probe_at_s = clock.monotonic() + max(_PROBE_S, self._pace.rest(error))
            return
        except AvatarError as error:
            if known is not None or not isinstance(error, RejectedError):
                self._probe_at_s = clock.monotonic() + max(_PROBE_S, self._failed(error))
                return
        self._failures = 0
        self._admission.queried(own_task=False)
        self._board.changed.set()
