"""Settling doubt without a person, where exactly one reading of what the service shows is possible."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from attrs import define

from avatar_async._jobs import events as ev
from avatar_async._jobs.matching import (
    DOUBTFUL,
    Sighting,
    may_be,
    may_have_a_task,
    read,
    same_name,
    sightings,
)
from avatar_async._jobs.ports import JobStore, Service
from avatar_async._jobs.records import BY_CALLBACK, BY_LIST, Job
from avatar_async._jobs.remote import QueryAnswer
from avatar_async._jobs.states import State
from avatar_async.errors import AvatarError, ConflictError, ThrottledError
from avatar_async.orchestrator.board import Board
from avatar_async.orchestrator.pace import Pace
from avatar_async.orchestrator.signal import Signal

#: Seconds before each of the first looks; the run stays for these, then a person is asked.
_FIRST_S: Final = (0.5, 3.0, 10.0)
#: Looks in vain, for the service's sake, after which the run stays for no more.
_PATIENCE: Final = 5
#: Seconds to the first of the later looks, and the longest between two; each doubles the one before.
_LATER_S, _LONGEST_S = 30.0, 600.0
#: Tasks heard of by callback that are kept, and candidates that are recorded.
_MOST_HEARD, _MOST_CANDIDATES = 256, 20


@define
class _Search:
    """How often a job was looked for, and when it is to be looked for next (monotonic seconds)."""

    due_s: float
    answered: int = 0
    failed: int = 0

    @property
    def early(self) -> bool:
        return self.answered < len(_FIRST_S) and self.failed < _PATIENCE

    def next_s(self) -> float:
        """Return the seconds to the next look."""
        if self.answered < len(_FIRST_S):
            return min(_LONGEST_S, _FIRST_S[self.answered] * 2.0 ** min(self.failed, 12))
        return min(_LONGEST_S, _LATER_S * 2.0 ** min(self.answered + self.failed - len(_FIRST_S), 12))


class DoubtSettler:
    """Look each job in doubt up; give it the task that can only be its own.

    Zero matches prove nothing, two need a person. Nothing is ever sent again from here. A task may show
    late, and the service may be down: the looks go on, ever more seldom, as long as the run does.
    """

    def __init__(self, board: Board, store: JobStore, service: Service, pace: Pace) -> None:
        self._board = board
        self._store = store
        self._service = service
        self._pace = pace
        self._searches: dict[str, _Search] = {}
        #: Tasks heard of by callback and shown by a query, the oldest first.
        self._heard: OrderedDict[int, Sighting] = OrderedDict()
        self._wake: Final = Signal()
        board.on_change(self._follow)

    @property
    def busy(self) -> bool:
        """Whether a job in doubt may still be settled without a person, so soon that a run waits for it."""
        return any(search.early for search in self._searches.values())

    def _follow(self, job: Job) -> None:
        if job.state is not State.IN_DOUBT:
            self._searches.pop(job.id, None)
        elif self._service.can_list and job.id not in self._searches:
            self._searches[job.id] = _Search(self._board.clock.monotonic() + _FIRST_S[0])
            self._wake.set()

    async def run(self) -> None:
        """Look for jobs in doubt as they fall due, for ever."""
        clock = self._board.clock
        for job in self._board.in_state(State.IN_DOUBT):
            self._follow(job)
        while True:
            now_s = clock.monotonic()
            due = [job_id for job_id, search in self._searches.items() if search.due_s <= now_s]
            jobs = [job for job in map(self._board.get, due) if job is not None]
            for name in dict.fromkeys(job.task_name for job in jobs):
                await self._look(name, [job for job in jobs if job.task_name == name])
            if not jobs:
                soonest = min((search.due_s for search in self._searches.values()), default=None)
                await self._wake.wait(clock, None if soonest is None else soonest - now_s)

    async def consider(self, answer: QueryAnswer) -> None:
        """Weigh tasks that were heard of by callback, as a query has just shown them.

        Where the service has a list, that is read first: it may show a second candidate.
        """
        fresh = sightings(answer)
        for seen in fresh:
            self._heard.pop(seen.task.task_id, None)
            self._heard[seen.task.task_id] = seen
        while len(self._heard) > _MOST_HEARD:
            self._heard.popitem(last=False)
        concerned = [
            job for job in self._board.in_state(State.IN_DOUBT) if any(may_be(job, seen) for seen in fresh)
        ]
        for name in dict.fromkeys(job.task_name for job in concerned):
            listed = await self._listed(name) if self._service.can_list else ()
            for job in concerned if listed is not None else ():
                if job.task_name == name:
                    await self._settle(job, listed or (), BY_CALLBACK)

    async def _look(self, name: str, jobs: Sequence[Job]) -> None:
        listed = await self._listed(name)
        if listed is not None:
            for job in jobs:
                await self._settle(job, listed, BY_LIST)
        for job in jobs:
            self._plan_next(job, answered=listed is not None)

    async def _listed(self, name: str) -> Sequence[Sighting] | None:
        """Return the service's tasks of a name; None if it cannot be relied on to show all of them now."""
        await self._pace.turn()
        try:
            answer = await self._service.find_tasks(name, turn=self._pace.turn)
        except ThrottledError as error:
            rest_s = self._pace.rest(error)
            self._board.warn(
                f"the list call is refused for now: waiting {rest_s:.0f} s", once="list-throttled"
            )
            return None
        except AvatarError as error:
            self._board.warn(
                f"looking for tasks of jobs in doubt failed: {error}", once=f"list:{type(error).__name__}"
            )
            return None
        if not answer.whole:
            self._board.warn(
                f"the list of tasks named {name!r} cannot be read to its end, so it settles nothing",
                once=f"list-cut:{name}",
            )
            return None
        return sightings(answer)

    def _plan_next(self, job: Job, *, answered: bool) -> None:
        search = self._searches.get(job.id)
        if search is None:
            return
        before = search.early
        search.answered += answered
        search.failed += not answered
        search.due_s = self._board.clock.monotonic() + search.next_s()
        if before and not search.early:
            self._board.warn(
                f"still in doubt: no task named {job.task_name!r} in the list is surely its own, "
                "so a person must decide: status tells how",
                job=job.name,
            )
            self._board.changed.set()

    async def _settle(self, job: Job, listed: Sequence[Sighting], how: str) -> None:
        """Give the job its task if there is one reading; else record which tasks it may be."""
        # Before the claims are read: a job that leaves doubt in between has claimed its task by then.
        doubtful = [other for other in await self._store.jobs(states=DOUBTFUL) if may_have_a_task(other)]
        known = self._heard | {seen.task.task_id: seen for seen in listed}
        possible = {task_id: seen for task_id, seen in known.items() if may_be(job, seen)}
        claimed = await self._store.claimed(possible)
        reading = read(job, doubtful, [seen for task_id, seen in possible.items() if task_id not in claimed])
        event: ev.Event | None = None
        if reading.task_id is not None and not await self._may_be_an_earlier_attempt_of_another(job):
            event = ev.Settled(at=self._board.clock.now(), task_id=reading.task_id, how=how)
        elif (recorded := reading.candidates[:_MOST_CANDIDATES]) != job.candidates:
            event = ev.CandidatesFound(at=self._board.clock.now(), task_ids=recorded)
        if event is None:
            return
        try:
            await self._board.write((job, event))
        except ConflictError:
            return
        if isinstance(event, ev.Settled):
            self._board.warn(f"doubt settled by the {how}: task {event.task_id}", job=job.name)

    async def _may_be_an_earlier_attempt_of_another(self, job: Job) -> bool:
        """Tell whether another job of the name was sent more than once: its first task may be this."""
        return any(
            other.id != job.id and same_name(other.task_name, job.task_name)
            for other in await self._store.sent_again(job.kind)
        )
