"""Bringing one file home without a ledger."""

import os
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

import anyio
from attrs import define

from avatar_async._jobs.names import safe_file_name
from avatar_async._jobs.ports import ArtifactSource, Clock
from avatar_async._jobs.records import DEFAULT_BATCH, Artifact, Job
from avatar_async._jobs.remote import RemoteFile
from avatar_async._storage.care import Care
from avatar_async._storage.downloads import DownloadFolder
from avatar_async._storage.writers import Writers
from avatar_async.requests import Kind
from avatar_async.settings.files import real_path

#: By what is done: whether it is verified, and made durable.
_CARES: Final = {
    (verify, durable): Care(verify=verify, durable=durable)
    for verify in (False, True)
    for durable in (False, True)
}


class SingleDownloads:
    """Downloads that nobody keeps a journal of: each begins anew, and is verified all the same.

    Args:
        clock: The time.
        disk_reserve_bytes: What a download leaves free on the disk.
        bandwidth_bytes_s: Bytes a second, at most, for the downloads below one folder.
        fetches: Downloads that are wanted at the same time below one folder; see `DownloadFolder`.
    """

    def __init__(
        self, *, clock: Clock, disk_reserve_bytes: int, bandwidth_bytes_s: float | None, fetches: int
    ) -> None:
        self._clock = clock
        self._disk_reserve_bytes = disk_reserve_bytes
        self._bandwidth_bytes_s = bandwidth_bytes_s
        self._fetches = fetches
        self._writers = Writers()
        self._homes: dict[Path, DownloadFolder] = {}
        #: Folders that downloads are under way to, by the path that was given.
        self._places: dict[str, _Place] = {}
        #: Who looks where such a path leads.
        self._looks: dict[str, anyio.Lock] = {}

    async def fetch(
        self, file: RemoteFile, folder: Path | str, source: ArtifactSource, *, verify: bool, durable: bool
    ) -> Path:
        """Store a file in a folder and return where it is; cancellation may leave a `.part` beside it.

        Args:
            file: What the service offers.
            folder: Where to put it.
            source: What it is read from.
            verify: See `Care`.
            durable: The same.

        Raises:
            DownloadError, TransportError: As for `Downloads.fetch`.
        """
        name = safe_file_name(file.name)
        artifact = Artifact(role=file.role, name=name, url=file.url, size_bytes=file.size_bytes, md5=file.md5)
        given = os.fspath(folder)
        if not given.startswith(os.sep):
            given = os.path.abspath(given)  # noqa: PTH100, ASYNC240 - looks at no disk, follows no link
        care = _CARES[verify, durable]
        place = self._places.get(given)
        if place is not None:
            return await self._fetch(given, place, artifact, source, care)
        # The thread that looks where the folder is goes on with the download.
        with self._writers.engaged():
            return await self._fetch(given, await self._found(given, care), artifact, source, care)

    async def _fetch(
        self, given: str, place: "_Place", artifact: Artifact, source: ArtifactSource, care: Care
    ) -> Path:
        place.downloads += 1
        try:
            await place.home.fetch_alone(place.job, artifact, source, care)
        finally:
            place.downloads -= 1
            if not place.downloads:
                # Where a link in the path leads may be another place by the next time.
                self._places.pop(given, None)
        return place.path / artifact.name

    async def _found(self, given: str, care: Care) -> "_Place":
        """Return where a path leads; who asks for it at the same time waits for one look at the disk."""
        lock = self._looks.setdefault(given, anyio.Lock())
        try:
            async with lock:
                if given not in self._places:
                    look = self._writers.begin_filing(
                        partial(real_path, Path(given)), durable=care.durable, regardless=False
                    )
                    self._places[given] = self._place(await look)
                return self._places[given]
        finally:
            if not lock.statistics().tasks_waiting:
                self._looks.pop(given, None)

    def _place(self, path: Path) -> "_Place":
        home = self._homes.get(path.parent)
        if home is None:
            home = self._homes[path.parent] = DownloadFolder(
                path.parent,
                clock=self._clock,
                disk_reserve_bytes=self._disk_reserve_bytes,
                bandwidth_bytes_s=self._bandwidth_bytes_s,
                fetches=self._fetches,
                writers=self._writers,
            )
        return _Place(path=path, home=home, job=_lone_job(path.name, self._clock.now()))


@define(kw_only=True)
class _Place:
    """A folder that downloads are under way to.

    Attributes:
        path: Where it really is.
        home: The downloads of the folder above it.
        job: What its downloads stand for.
        downloads: How many are under way.
    """

    path: Path
    home: DownloadFolder
    job: Job
    downloads: int = 0


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
