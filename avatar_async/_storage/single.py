"""Bringing one file home without a ledger."""

from datetime import datetime
from pathlib import Path

import anyio.to_thread

from avatar_async._jobs.names import safe_file_names
from avatar_async._jobs.ports import ArtifactSource, Clock
from avatar_async._jobs.records import DEFAULT_BATCH, Artifact, Job
from avatar_async._jobs.remote import RemoteFile
from avatar_async._storage.care import FULL, Care
from avatar_async._storage.downloads import DownloadFolder
from avatar_async.requests import Kind


class SingleDownloads:
    """Downloads that nobody keeps a journal of: each begins anew, and is verified all the same.

    Args:
        clock: The time.
        disk_reserve_bytes: What a download leaves free on the disk.
        bandwidth_bytes_s: Bytes a second, at most, for the downloads below one folder.
    """

    def __init__(self, *, clock: Clock, disk_reserve_bytes: int, bandwidth_bytes_s: float | None) -> None:
        self._clock = clock
        self._disk_reserve_bytes = disk_reserve_bytes
        self._bandwidth_bytes_s = bandwidth_bytes_s
        self._homes: dict[Path, DownloadFolder] = {}

    async def fetch(
        self, file: RemoteFile, folder: Path | str, source: ArtifactSource, care: Care = FULL
    ) -> Path:
        """Store a file in a folder and return where it is; cancellation leaves a `.part` beside it.

        Raises:
            DownloadError, TransportError: As for `Downloads.fetch`.
        """
        place = await anyio.to_thread.run_sync(Path(folder).resolve)
        home = self._homes.get(place.parent)
        if home is None:
            home = self._homes[place.parent] = DownloadFolder(
                place.parent,
                clock=self._clock,
                disk_reserve_bytes=self._disk_reserve_bytes,
                bandwidth_bytes_s=self._bandwidth_bytes_s,
            )
        (name,) = safe_file_names([file.name])
        artifact = Artifact(role=file.role, name=name, url=file.url, size_bytes=file.size_bytes, md5=file.md5)
        job = _lone_job(place.name, self._clock.now())
        await home.fetch(job, artifact, source, _NoJournal(), _no_progress, care=care)
        return place / name


class _NoJournal:
    """Forget how far a download is: nobody will go on with it."""

    async def record(self, artifact: Artifact) -> None:
        """Do nothing."""


def _no_progress(_done_bytes: int, _total_bytes: int | None) -> None:
    """Do nothing."""


def _lone_job(folder: str, now: datetime) -> Job:
    """Return the job a single download stands for."""
    return Job(
        id=folder,
        batch=DEFAULT_BATCH,
        name=folder,
        kind=Kind.TRAINING,
        folder=folder,
        task_name=folder,
        fingerprint="",
        created_at=now,
    )
