"""The durable store of jobs, as a port."""

from __future__ import annotations  # a program that only makes calls needs none of the types below

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from avatar_async._jobs.changes import Change
    from avatar_async._jobs.records import Job, NewJob, Standing
    from avatar_async._jobs.states import State
    from avatar_async.requests import Kind


class JobStore(Protocol):
    """The durable store of jobs; every write is on disk when its call returns.

    Raises:
        LedgerError: From every call: the store cannot be read or written.
    """

    async def bind(self, endpoint: str, account: str, *, rebind: bool = False) -> None:
        """Tie the store to an endpoint origin and account, or check that it is tied to these.

        Raises:
            LedgerMismatchError: It is tied to others and `rebind` is false.
        """
        ...

    async def insert(self, jobs: Sequence[NewJob]) -> list[Job]:
        """Save new jobs as planned, all or none.

        Raises:
            ConflictError: A (batch, name) or folder is taken.
        """
        ...

    async def adopt(self, jobs: Sequence[tuple[Job, Mapping[str, Any]]]) -> list[Job]:
        """Save jobs with their requests as they stand, all or none; ids and revisions are given anew.

        Raises:
            ConflictError: A (batch, name), a folder or a task id is taken.
        """
        ...

    async def apply(self, changes: Sequence[Change]) -> list[Job]:
        """Apply every change, or none, in one durable commit; return the jobs as they stand after.

        Raises:
            ConflictError: A job is not as expected, or a task id is another job's.
            JobNotFoundError: There is no such job.
            LifecycleError: A state does not allow its event.
        """
        ...

    async def get(self, job_id: str) -> Job:
        """Return one job.

        Raises:
            JobNotFoundError: There is no such job.
        """
        ...

    async def find(self, batch: str, names: Collection[str]) -> dict[str, Job]:
        """Return those of the named jobs that exist, by name."""
        ...

    async def jobs(self, *, batch: str | None = None, states: Collection[State] | None = None) -> list[Job]:
        """Return jobs in the order they were added."""
        ...

    async def some(self, job_ids: Collection[str]) -> list[Job]:
        """Return those of the jobs that exist, in the order they were added."""
        ...

    async def open_page(self, batch: str, *, after: str | None = None, limit: int) -> list[Job]:
        """Return the first open jobs of a batch, or the first behind a job, in the order they were added."""
        ...

    async def standings(self, state: State, *, after: str | None = None, limit: int) -> list[Standing]:
        """Return where the first jobs of a state stand, or the first behind a job, as they were added."""
        ...

    async def witness(self, *, besides: str | None = None) -> int | None:
        """Return the id of the newest task that is surely ours and not that job's; None if there is none.

        An id that a person gave is not, until the service has shown its task.
        """
        ...

    async def sent_again(self, kind: Kind) -> list[Job]:
        """Return the jobs of a kind of which there was more than one attempt, as they were added."""
        ...

    async def counts(self) -> dict[State, int]:
        """Return how many jobs are in each state (every state is a key)."""
        ...

    async def request(self, job_id: str) -> dict[str, Any]:
        """Return a job's request in its plain form.

        Raises:
            JobNotFoundError: There is no such job.
        """
        ...

    async def requests(self, job_ids: Collection[str]) -> dict[str, dict[str, Any]]:
        """Return, for those of the jobs that exist, their requests in the plain form."""
        ...

    async def submitted_as(self, fingerprints: Collection[str]) -> dict[str, str]:
        """Return, for those fingerprints ever submitted here, the name of the job that did it."""
        ...

    async def claimed(self, task_ids: Collection[int]) -> dict[int, str]:
        """Return, for those task ids ever given to a job here (any attempt), that job's name."""
        ...

    async def taken_folders(self, folders: Collection[str]) -> set[str]:
        """Return those of the folder names that some file system takes for a job's folder."""
        ...

    async def durations_s(self, kind: Kind, *, limit: int = 200) -> list[float]:
        """Return how long tasks of a kind took that ended, submission to end, in seconds, the latest first.

        At most `limit` of them, spread evenly over the latest ten thousand.
        """
        ...

    async def latest_revision(self) -> int:
        """Return the revision of the latest write to any job; 0 without jobs."""
        ...

    async def written_since(self, revision: int) -> dict[str, int]:
        """Return the latest revision of each job written after that one, by anyone, the earliest first."""
        ...

    async def receipts_due(self) -> list[Job]:
        """Return jobs that have, or may have, a task and whose receipt tells of another state."""
        ...

    async def recall(self, key: str) -> str | None:
        """Return a fact kept with `remember`."""
        ...

    async def remember(self, key: str, value: str) -> None:
        """Keep a small fact about the whole ledger."""
        ...
