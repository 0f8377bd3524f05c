"""The stream of jobs that ended, as `Orchestrator.run()` gives it out."""

from collections import deque
from collections.abc import AsyncIterator, Iterable

from avatar_async._jobs.ports import Clock
from avatar_async._jobs.records import Job
from avatar_async.orchestrator.events import EndEvent
from avatar_async.orchestrator.hub import EventHub
from avatar_async.orchestrator.loops import Loops


class EndedJobs:
    """Hands each ended job out once a block, to whichever iterator asks first."""

    def __init__(self, loops: Loops, hub: EventHub, clock: Clock) -> None:
        self._loops = loops
        self._hub = hub
        self._clock = clock
        self._seen: set[tuple[str, int]] = set()
        #: Whether the user saw the error that broke the run.
        self.told_failure = False

    def known(self, jobs: Iterable[Job]) -> None:
        """Hand out jobs that had ended before they were added in this block."""
        for job in jobs:
            if job.terminal:
                self._loops.ended.append(job)
        self._loops.news.set()

    def iterate(self) -> AsyncIterator[Job]:
        """Return a plain iterator; leaving it early leaves nothing behind."""
        return _Iterator(self)

    async def next_ended(self) -> Job | None:
        """Return the next ended job, None when the run is over.

        Raises:
            AvatarError: The run broke.
        """
        loops = self._loops
        while True:
            while loops.ended:
                job = loops.ended.popleft()
                key = (job.id, job.attempt)
                if key not in self._seen:
                    self._seen.add(key)
                    return job
            if loops.failure is not None:
                self.told_failure = True
                raise loops.failure
            if loops.over:
                return None
            await loops.news.wait(self._clock)

    def leftovers(self) -> deque[Job]:
        """Tell that the run ended; return the open jobs, which wait for a person, unless it was stopped."""
        loops = self._loops
        self._hub.publish(
            EndEvent(at=self._clock.now(), message=loops.ended_because or "", counts=dict(loops.board.counts))
        )
        return deque() if loops.stopping else deque(loops.board.open_jobs())


class _Iterator:
    def __init__(self, jobs: EndedJobs) -> None:
        self._jobs = jobs
        self._leftovers: deque[Job] | None = None

    def __aiter__(self) -> AsyncIterator[Job]:
        return self

    async def __anext__(self) -> Job:
        if self._leftovers is None:
            job = await self._jobs.next_ended()
            if job is not None:
                return job
            self._leftovers = self._jobs.leftovers()
        if not self._leftovers:
            raise StopAsyncIteration
        return self._leftovers.popleft()
