"""What callbacks hint at: tasks to be asked for soon, and never more than that."""

from collections import OrderedDict
from itertools import islice
from typing import Final

from avatar_async._jobs.ports import JobStore, Service
from avatar_async._jobs.records import Job
from avatar_async._jobs.remote import LARGEST_TASK_ID
from avatar_async._jobs.states import State
from avatar_async.errors import AvatarError, ThrottledError
from avatar_async.orchestrator.board import Board
from avatar_async.orchestrator.doubt import DoubtSettler
from avatar_async.orchestrator.pace import Pace
from avatar_async.orchestrator.poller import Poller
from avatar_async.orchestrator.signal import Signal

#: Unknown ids kept at most; older ones make way.
MOST_KEPT: Final = 1024
#: Seconds between two queries for unknown ids, and until the same id is asked for again.
SPACING_S, AGAIN_S = 1.0, 60.0
_LONGEST_WAIT_S: Final = 60.0


class Hints:
    """Have hinted tasks queried, however many hints come: under the poll limit, in bounded memory.

    A task of ours is polled soon. An unknown id is queried only while jobs are in doubt, since it may be
    the task of one of them.
    """

    def __init__(
        self,
        board: Board,
        store: JobStore,
        service: Service,
        pace: Pace,
        poller: Poller,
        settler: DoubtSettler,
    ) -> None:
        self._board = board
        self._store = store
        self._service = service
        self._pace = pace
        self._poller = poller
        self._settler = settler
        #: Jobs in flight by task id, and the other way round.
        self._job_of: dict[int, str] = {}
        self._task_of: dict[str, int] = {}
        #: Unknown ids, the oldest first; and when those asked for were asked for (monotonic seconds).
        self._strange: OrderedDict[int, None] = OrderedDict()
        self._asked_s: OrderedDict[int, float] = OrderedDict()
        self._failures = 0
        self._wake: Final = Signal()
        board.on_change(self._follow)

    def _follow(self, job: Job) -> None:
        known = self._task_of.pop(job.id, None)
        if known is not None:
            self._job_of.pop(known, None)
        if job.state is State.IN_FLIGHT and job.task_id is not None:
            self._task_of[job.id] = job.task_id
            self._job_of[job.task_id] = job.id
        elif job.state is State.IN_DOUBT:
            self._wake.set()

    def take(self, task_id: int) -> None:
        """Note that something happened to a task; returns at once."""
        job_id = self._job_of.get(task_id)
        if job_id is not None:
            self._poller.hasten(job_id)
            return
        now_s = self._board.clock.monotonic()
        asked_s = self._asked_s.get(task_id)
        if not 0 < task_id <= LARGEST_TASK_ID or (asked_s is not None and now_s - asked_s < AGAIN_S):
            return
        self._strange.setdefault(task_id)
        _trim(self._strange)
        self._wake.set()

    async def run(self) -> None:
        """Query unknown ids while jobs are in doubt, for ever."""
        clock = self._board.clock
        while True:
            if self._strange and self._board.number(State.IN_DOUBT):
                await clock.sleep(await self._ask())
            else:
                await self._wake.wait(clock)

    async def _ask(self) -> float:
        """Make one query for the oldest unknown ids; return the seconds to wait before the next."""
        ids = list(islice(self._strange, self._service.query_batch))
        for task_id in await self._store.claimed(ids):
            self._strange.pop(task_id, None)
            if task_id in self._job_of:
                self._poller.hasten(self._job_of[task_id])
        ids = [task_id for task_id in ids if task_id in self._strange]
        if not ids:
            return 0.0
        await self._pace.turn()
        try:
            answer = await self._service.query_tasks(ids)
        except ThrottledError as error:
            return self._pace.rest(error)
        except AvatarError as error:
            self._failures += 1
            self._board.warn(f"a query about a callback failed: {error}", once=f"hint:{type(error).__name__}")
            return min(_LONGEST_WAIT_S, SPACING_S * 2.0 ** min(self._failures, 6))
        self._failures = 0
        for task_id in ids:
            self._strange.pop(task_id, None)
            self._asked_s[task_id] = self._board.clock.monotonic()
        _trim(self._asked_s)
        await self._settler.consider(answer)
        return SPACING_S


def _trim(kept: OrderedDict[int, None] | OrderedDict[int, float]) -> None:
    while len(kept) > MOST_KEPT:
        kept.popitem(last=False)
