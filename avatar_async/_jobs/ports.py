"""What the orchestrator needs from the outside, as Protocols; documented here once."""

from __future__ import annotations  # a program that only makes calls needs none of the types below

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime

    from avatar_async._jobs.changes import Change
    from avatar_async._jobs.records import Artifact, Job, NewJob, Standing
    from avatar_async._jobs.remote import QueryAnswer, SubmissionReport
    from avatar_async._jobs.states import State
    from avatar_async._jobs.verdicts import SubmissionCodes
    from avatar_async.requests import Kind, Request

Chunk = bytes | bytearray | memoryview  #: a part of a file


class Clock(Protocol):
    """Time, injected so that tests need not wait."""

    def now(self) -> datetime:
        """Return the instant, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds of a clock that never jumps."""
        ...

    async def sleep(self, delay_s: float) -> None:
        """Wait that many seconds; cancellation leaves nothing behind."""
        ...


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


class ArtifactStream(Protocol):
    """An open download."""

    #: HTTP status, 200 or 206.
    status: int
    #: Where in the file the first chunk lies.
    offset: int
    #: Length of the whole file, if told.
    total_bytes: int | None
    #: Strong validator, if there is one.
    etag: str | None

    def chunks(self) -> AsyncIterator[Chunk]:
        """Yield the body as it arrives.

        A chunk that is a view keeps its memory until it is released; then other bytes take its place.

        Raises:
            ConnectionLostError: It broke off.
            TransportTimeoutError: No bytes came for too long.
        """
        ...


class ArtifactSource(Protocol):
    """Where artifacts are downloaded from."""

    def open_artifact(
        self, url: str, *, offset: int = 0, etag: str | None = None
    ) -> AbstractAsyncContextManager[ArtifactStream]:
        """Open a download, from `offset` if the server still has that strong `etag`'s.

        Raises:
            ArtifactRefusedError: The address is refused or gone.
            TransportError: The host cannot be reached or talks nonsense.
            ThrottledError: Too many calls.
            ServiceError: The address needs a token, and none can be had now.
        """
        ...


class Service(ArtifactSource, Protocol):
    """The vendor's service as the orchestrator sees it."""

    #: Origin, such as https://aigc.softsugar.com.
    endpoint: str
    #: The appId, or another stable word for who pays.
    account: str
    #: Whether the query dialect was given by the user, or the endpoint is loopback.
    dialect_trusted: bool
    #: How many task ids one query may hold.
    query_batch: int
    #: Whether the dialect has a list call.
    can_list: bool
    #: What the profile says of envelope codes.
    codes: SubmissionCodes

    async def prepare(self) -> None:
        """Make sure that a valid token is at hand, so that a create call spends no time on it.

        Raises:
            AuthError: The appId or appKey is refused.
            SettingRefusedError: The endpoint is wrong.
            ServiceError, TransportError: The token cannot be had now.
        """
        ...

    async def submit(self, request: Request) -> SubmissionReport:
        """Send one create call on a fresh connection and report what was seen; never sends twice.

        Cancellation leaves the outcome unknown.

        Raises:
            RequestError: The request cannot be written as JSON; nothing was sent.
        """
        ...

    async def renew_token(self, generation: int) -> None:
        """Get a new token unless one newer than that generation is already here.

        Raises:
            AuthError: The appId or appKey is refused, or the token is a fixed one.
            SettingRefusedError: The endpoint is wrong.
            ServiceError, TransportError: The token cannot be had now.
        """
        ...

    async def query_tasks(self, task_ids: Sequence[int]) -> QueryAnswer:
        """Ask for tasks, at most `query_batch`; one that is missing in the answer is unknown there.

        Raises:
            AuthError: The token is refused, also after one renewal.
            ThrottledError: Too many calls.
            ServiceError: Another refusal.
            TransportError: No readable answer.
        """
        ...

    async def find_tasks(
        self, name: str, *, turn: Callable[[], Awaitable[None]] | None = None
    ) -> QueryAnswer:
        """List the tasks of a material or video name; `whole` tells whether these are surely all.

        `turn` is awaited before each call but the first, so that a long list keeps to the poll limit.

        Raises:
            ConfigError: The dialect has no list call.
            ServiceError, TransportError: As for `query_tasks`.
        """
        ...


class FetchJournal(Protocol):
    """Where a download writes down how far it is; each call is durable when it returns."""

    async def record(self, artifact: Artifact) -> None:
        """Record the artifact's new standing.

        Raises:
            ConflictError: The job changed in the meantime; nothing was recorded.
            LedgerError: The store cannot be written.
        """
        ...


class Downloads(Protocol):
    """How artifacts get onto the disk."""

    async def fetch(
        self,
        job: Job,
        artifact: Artifact,
        source: ArtifactSource,
        journal: FetchJournal,
        on_progress: Callable[[int, int | None], None],
    ) -> Artifact:
        """Bring one artifact home and return it as stored; goes on with what is already there.

        `on_progress` gets bytes so far and the total, if known. Cancellation leaves the partial file
        and its journal entry, from which the next call goes on.

        Raises:
            ArtifactRefusedError: The address is refused: ask for a fresh one.
            IntegrityError: The bytes are bad; with `sha256` equal to `artifact.bad_sha256`, twice the same;
                with `short`, only their end is missing, so that the rest may come another time.
            DiskSpaceError: Not enough room.
            UnknownFileError: A file nobody recorded lies at the target.
            DownloadError: A file or folder cannot be written for another reason.
            TransportError, ThrottledError: The connection failed and no bytes came for several tries.
            LedgerError: The journal cannot be written.
        """
        ...

    def give_way(self, after: tuple[float, str] | None, line_bytes_s: float) -> None:
        """Let the downloads of jobs less urgent than `after` pass only what keeps their connections alive.

        Args:
            after: The least `urgency` that goes on as before; None lets all go on.
            line_bytes_s: What the line brings in all, more than 0.
        """
        ...


class Receipts(Protocol):
    """The `job.json` beside a job's files."""

    async def write(self, jobs: Sequence[tuple[Job, Mapping[str, Any]]]) -> list[Exception | None]:
        """Write receipts of different jobs, with their requests, durably: each is the old or the new one.

        Returns:
            For each what kept its receipt from being written: mostly a `DownloadError`.
        """
        ...

    async def present(self, folders: Collection[str]) -> set[str]:
        """Return those of the job folders that hold a receipt."""
        ...
