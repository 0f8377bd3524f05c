"""The open jobs in memory, and the one way to write: ledger first, then here, then whoever listens."""

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from itertools import islice
from typing import Final

import anyio.lowlevel

from avatar_async._jobs import events as ev
from avatar_async._jobs.changes import change
from avatar_async._jobs.ports import Clock, JobStore
from avatar_async._jobs.records import Job, NewJob
from avatar_async._jobs.states import State
from avatar_async.errors import ConflictError
from avatar_async.orchestrator.eligible import EligibleJobs
from avatar_async.orchestrator.events import StateEvent, WarningEvent
from avatar_async.orchestrator.hub import EventHub
from avatar_async.orchestrator.openjobs import OpenJobs
from avatar_async.orchestrator.signal import Signal

#: States in which a job moves on without a person.
_ACTIVE: Final = frozenset({State.SUBMITTING, State.IN_FLIGHT, State.READY, State.FETCHING})
#: Times the counts are read in a row before the next look at the ledger has to do.
_COUNTINGS: Final = 5
#: Jobs that are read and taken up without a pause, and those that are read before anything else begins.
_PAGE: Final = 100
_AT_ONCE: Final = 2000


class Board:
    """Index of one batch's open jobs. Holds nothing that the ledger does not.

    Loops read it freely (it lives in the event loop's thread) and change it only through `write`.
    """

    def __init__(self, store: JobStore, clock: Clock, hub: EventHub, batch: str) -> None:
        self._store = store
        self.clock: Final = clock
        self.batch: Final = batch
        self._hub = hub
        self._jobs = OpenJobs()
        self._by_state: dict[State, dict[str, None]] = {state: {} for state in State}
        self._counts: Counter[State] = Counter()
        #: Revision of each job that ended while it was here.
        self._ended: dict[str, int] = {}
        self._absorbed = 0
        #: The latest open job that was read, and whether all were.
        self._cursor: str | None = None
        self._loaded = False
        #: How many jobs move on without a person and without a new create call.
        self._moving = 0
        self._recount_due = False
        #: How many insertions are under way, whose jobs a look at the ledger may or may not count.
        self._inserting = 0
        self._eligible = EligibleJobs(self._jobs.get)
        self._warned: set[str] = set()
        self._listeners: list[Callable[[Job], None]] = []
        #: Woken by every change; for those who wait for the end of the run.
        self.changed: Final = Signal()
        #: The latest write when the board was loaded.
        self.loaded_revision = 0

    # ------------------------------------------------------------ reading
    def get(self, job_id: str) -> Job | None:
        """Return an open job, None if it has ended or is unknown."""
        return self._jobs.get(job_id)

    def open_jobs(self) -> Iterable[Job]:
        """Yield the open jobs in the order they were added."""
        return iter(self._jobs)

    def in_state(self, state: State) -> Iterable[Job]:
        """Yield the open jobs that are in a state, save those that leave it before it is their turn."""
        found = self._jobs.these(tuple(self._by_state[state]))
        return (job for job in found if job.state is state)

    def first_in_state(self, state: State, number: int) -> tuple[Job, ...]:
        """Return the open jobs that are in a state for longest, at most so many."""
        return tuple(self._jobs.these(islice(self._by_state[state], number)))

    def knows(self, job_id: str, revision: int) -> bool:
        """Tell whether a job was seen here as that write left it, or later."""
        return self._revision(job_id) >= revision

    def number(self, *states: State) -> int:
        """Return how many open jobs are in these states."""
        return sum(len(self._by_state[state]) for state in states)

    @property
    def counts(self) -> Mapping[State, int]:
        """Return how many jobs of the ledger are in each state."""
        return {state: self._counts[state] for state in State}

    def eligible(self, *, besides: Container[str] = ()) -> Iterable[Job]:
        """Return the planned jobs that may be submitted, oldest first, save those of some ids."""
        return self._jobs.these(self._eligible.ids(besides))

    @property
    def any_eligible(self) -> bool:
        """Whether a planned job may be submitted as far as its needs go."""
        return bool(self._eligible)

    @property
    def any_active(self) -> bool:
        """Whether a job moves on without a person and without a new create call."""
        return self._moving > 0

    # ------------------------------------------------------------ changing
    def on_change(self, listener: Callable[[Job], None]) -> None:
        """Call `listener(job)` after each change of a job, in the loop's thread."""
        self._listeners.append(listener)

    async def load(self) -> None:
        """Read the open jobs and the states of those they need; of very many, only the first."""
        self.loaded_revision = await self._store.latest_revision()
        while len(self._jobs) < _AT_ONCE and await self._load_page():
            pass
        await self._recount()

    async def load_rest(self) -> None:
        """Read the open jobs that `load` left, a few at a time, so that others get their turn."""
        if self._loaded:
            return
        while await self._load_page():
            pass
        await self._recount()

    async def _load_page(self) -> bool:
        """Take up some more open jobs; return whether more may be left."""
        jobs = await self._store.open_page(self.batch, after=self._cursor, limit=_PAGE)
        await self._learn_needs(jobs)
        for job in jobs:
            self.absorb(job, tell=False)
        self._loaded = len(jobs) < _PAGE
        if jobs:
            self._cursor = jobs[-1].id
        return not self._loaded

    async def insert(self, jobs: Sequence[NewJob]) -> list[Job]:
        """Save new jobs of this batch, all or none, take them up and count them; return them as saved.

        Cancelled, they may still be saved: then they are taken up like those that somebody else saves.

        Raises:
            ConflictError: A name or a folder is taken.
            LedgerError: The ledger cannot be written.
        """
        self._inserting += 1
        try:
            saved = await self._store.insert(jobs)
            for first in range(0, len(saved), _PAGE):
                page = saved[first : first + _PAGE]
                await self._learn_needs(page)
                for job in page:
                    if not self.knows(job.id, job.revision):
                        self._counts[job.state] += 1
                    self.absorb(job)
                await anyio.lowlevel.checkpoint()
        except BaseException:
            self._recount_due = True
            raise
        finally:
            self._inserting -= 1
        if self._recount_due:
            await self._recount()
        return saved

    async def take_up(self, jobs: Sequence[Job]) -> None:
        """Take up jobs, as the ledger has them now, that somebody else may have added or changed."""
        await self._learn_needs(jobs)
        strange = any(
            job.revision > self.loaded_revision and not self.knows(job.id, job.revision) for job in jobs
        )
        for number, job in enumerate(jobs, start=1):
            self.absorb(job, tell=job.revision > self.loaded_revision)
            if number % _PAGE == 0:
                await anyio.lowlevel.checkpoint()
        if strange or self._recount_due:
            await self._recount()
        self.changed.set()

    async def write(self, *pairs: tuple[Job, ev.Event]) -> list[Job]:
        """Write events to the ledger as one durable commit, then here; return the jobs after.

        Raises:
            ConflictError: A job changed in the meantime; nothing was written, the board now shows it anew.
            LedgerError: The ledger cannot be written.
        """
        try:
            after = await self._store.apply([change(job, event) for job, event in pairs])
        except ConflictError:
            await self.take_up([await self._store.get(job.id) for job, _ in pairs])
            raise
        for job in after:
            self.absorb(job)
        return after

    async def write_each(self, pairs: Iterable[tuple[Job, ev.Event]]) -> list[Job]:
        """Write events in one commit if possible, else one by one, leaving out jobs that changed."""
        pairs = list(pairs)
        if not pairs:
            return []
        try:
            return await self.write(*pairs)
        except ConflictError:
            pass
        after: list[Job] = []
        for job, event in pairs:
            try:
                after += await self.write((job, event))
            except ConflictError as error:
                self.warn(f"{job.name}: {error}", job=job.name)
        return after

    def absorb(self, job: Job, *, tell: bool = True) -> None:
        """Take up a job as the ledger has it, whoever wrote it."""
        if job.batch != self.batch or job.revision <= self._revision(job.id):
            return
        before = self._jobs.get(job.id)
        if before is None and job.terminal:
            if job.id in self._ended or not self._loaded:
                self._ended[job.id] = job.revision
            return
        if before is not None:
            self._counts[before.state] -= 1
            self._counts[job.state] += 1
        self._absorbed += 1
        self._index(before, job)
        if before is None or before.state is not job.state:
            self._eligible.recheck(job.name)
            if tell:
                self._tell(before, job)
        for listener in self._listeners:
            listener(job)
        self.changed.set()

    def warn(
        self, message: str, *, job: str | None = None, once: str | None = None, urgent: bool = False
    ) -> None:
        """Tell listeners what a person should know; with `once`, only the first time for that key."""
        if once is not None:
            if once in self._warned:
                return
            self._warned.add(once)
        self._hub.publish(WarningEvent(at=self.clock.now(), job=job, message=message, urgent=urgent))

    # ------------------------------------------------------------ inside
    async def _learn_needs(self, jobs: Iterable[Job]) -> None:
        """Read the states of jobs that these need and that are not here."""
        wanted = self._eligible.unknown(jobs)
        if wanted:
            found = await self._store.find(self.batch, wanted)
            self._eligible.know({name: job.state for name, job in found.items()})

    async def _recount(self) -> None:
        """Read the counts anew at a moment when nothing was written meanwhile, or else at the next look."""
        self._recount_due = True
        for _ in range(_COUNTINGS):
            mark = self._absorbed
            counts = await self._store.counts()
            if self._inserting:
                return
            if mark == self._absorbed:
                self._counts = Counter(counts)
                self._recount_due = False
                return

    def _revision(self, job_id: str) -> int:
        """Return the latest revision of a job that was seen here, -1 if none was."""
        revision = self._jobs.revision(job_id)
        return self._ended.get(job_id, -1) if revision is None else revision

    def _tell(self, before: Job | None, after: Job) -> None:
        self._hub.publish(
            StateEvent(
                at=self.clock.now(),
                job=after.name,
                from_state=before.state if before else None,
                to_state=after.state,
                message=after.hold or (after.error.message if after.error else ""),
            )
        )

    def _index(self, before: Job | None, job: Job) -> None:
        if before is not None:
            self._by_state[before.state].pop(job.id, None)
            self._moving -= _moves(before)
        self._moving += _moves(job)
        if job.terminal:
            self._ended[job.id] = job.revision
            self._jobs.drop(job.id)
        else:
            self._jobs.put(job)
            self._by_state[job.state][job.id] = None
        self._eligible.follow(job)


def _moves(job: Job) -> bool:
    return job.state in _ACTIVE and job.hold is None
