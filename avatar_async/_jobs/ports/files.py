"""What lies on the disk, results and receipts, as ports."""

from __future__ import annotations  # a program that only makes calls needs none of the types below

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from avatar_async._jobs.ports.service import ArtifactSource
    from avatar_async._jobs.records import Artifact, Job


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
