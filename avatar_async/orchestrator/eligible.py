"""Which planned jobs may be submitted: those whose needs are stored and that no person holds."""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping

from avatar_async._jobs.records import Job
from avatar_async._jobs.states import State


class EligibleJobs:
    """Planned jobs that need nothing more, oldest first, kept up as jobs change.

    Args:
        job_of: Returns an open job by its id, None if it has ended or is unknown.
    """

    def __init__(self, job_of: Callable[[str], Job | None]) -> None:
        self._job_of = job_of
        #: State of every open job and of every job that an open one needs, by name.
        self._states: dict[str, State] = {}
        self._dependents: dict[str, set[str]] = {}
        self._ids: dict[str, None] = {}

    def __bool__(self) -> bool:
        return bool(self._ids)

    def ids(self, besides: Container[str]) -> Iterator[str]:
        """Yield the ids of the jobs, save some."""
        return (job_id for job_id in self._ids if job_id not in besides)

    def unknown(self, jobs: Iterable[Job]) -> set[str]:
        """Return the names of jobs that these need and of which no state is known."""
        return {need for job in jobs for need in job.needs if need not in self._states}

    def know(self, states: Mapping[str, State]) -> None:
        """Take the states of jobs, by name, of which none is known yet."""
        for name, state in states.items():
            self._states.setdefault(name, state)

    def follow(self, job: Job) -> None:
        """Take note of a job as it is now."""
        self._states[job.name] = job.state
        if job.terminal:
            self._ids.pop(job.id, None)
            return
        for need in job.needs:
            self._dependents.setdefault(need, set()).add(job.id)
        self._place(job)

    def recheck(self, name: str) -> None:
        """Look again at the jobs that need the one of a name."""
        for job_id in self._dependents.get(name, ()):
            job = self._job_of(job_id)
            if job is not None:
                self._place(job)

    def _place(self, job: Job) -> None:
        ready = (
            job.state is State.PLANNED
            and job.hold is None
            and all(self._states.get(need) is State.STORED for need in job.needs)
        )
        if ready:
            self._ids.setdefault(job.id)
        else:
            self._ids.pop(job.id, None)
