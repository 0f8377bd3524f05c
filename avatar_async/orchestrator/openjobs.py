"""The open jobs of a run by their ids, those that wait folded: see `_jobs.folding`."""

from collections.abc import Iterable, Iterator

from avatar_async._jobs.folding import Folded, folded, unfolded
from avatar_async._jobs.records import Job


class OpenJobs:
    """Jobs by id, in the order in which they came; each look at one that waits makes its record anew."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job | Folded] = {}

    def __len__(self) -> int:
        return len(self._jobs)

    def __iter__(self) -> Iterator[Job]:
        """Yield the jobs that there are at the start, as they are by then; those that left are left out."""
        return self.these(tuple(self._jobs))

    def get(self, job_id: str) -> Job | None:
        """Return a job, None if there is none of that id."""
        kept = self._jobs.get(job_id)
        return unfolded(kept) if isinstance(kept, tuple) else kept

    def revision(self, job_id: str) -> int | None:
        """Return the revision of a job, None if there is none of that id."""
        kept = self._jobs.get(job_id)
        if kept is None:
            return None
        if isinstance(kept, tuple):
            revision: int = kept[0]
            return revision
        return kept.revision

    def put(self, job: Job) -> None:
        """Take up a job, or what became of it."""
        self._jobs[job.id] = folded(job) or job

    def drop(self, job_id: str) -> None:
        """Forget a job, if there is one of that id."""
        self._jobs.pop(job_id, None)

    def these(self, job_ids: Iterable[str]) -> Iterator[Job]:
        """Yield those of the jobs that are here when it is their turn, as they are by then."""
        return (job for job_id in job_ids if (job := self.get(job_id)) is not None)
