"""A download on its way: `NAME.part` and the file it becomes. Blocking; for worker threads."""

import hashlib
import os
import stat
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Any

from avatar_async._jobs.ports import Chunk
from avatar_async._jobs.records import Artifact
from avatar_async._storage.care import FULL, Care
from avatar_async._storage.checks import examine
from avatar_async._storage.findings import BLOCK_BYTES, Finding, StoppedError
from avatar_async._storage.paths import JobFolder, checked_name, file_errors
from avatar_async._storage.wholewrites import write_all
from avatar_async.errors import UnknownFileError


class Start(Enum):
    """What was found on the disk when a download began."""

    #: The verified file lies under its final name already.
    ADOPTED = "adopted"
    #: The partial file has every byte.
    COMPLETE = "complete"
    #: Bytes are missing, perhaps all.
    OPEN = "open"


class PartFile:
    """One partial file with the digests of what it holds.

    Every call holds a lock, so that the next one waits for a thread nobody waits for any more (a
    cancelled write, a cancelled check); setting `stop` makes long reads end soon.
    """

    def __init__(self, out: Path, folder: str, artifact: Artifact, care: Care = FULL) -> None:
        self._out = out
        self._care = care
        self._folder_name = folder
        self._artifact = artifact
        self._name = checked_name(artifact.name)
        self._part_name = f"{self._name}.part"
        self._lock = threading.Lock()
        #: Held while bytes are made durable, which others may append to; taken before the other lock.
        self._syncing = threading.Lock()
        self._unsynced: OSError | None = None
        self._folder: JobFolder | None = None
        self._descriptor: int | None = None
        self._reset_digests()
        #: Ends long reads when set.
        self.stop = threading.Event()
        #: Where the file will lie.
        self.path = out / folder / self._name
        #: Bytes in the partial file, all of them hashed.
        self.offset = 0
        #: Room that the disk had at the beginning, in bytes.
        self.free_bytes_then = 0
        #: Whether there is nothing to let go of.
        self.closed = False

    def begin(self) -> Start:
        """Look at what is on the disk, and open the partial file at the offset to go on from.

        Raises:
            UnknownFileError: A file nobody recorded lies at the target, or no plain file as the partial one.
            DiskSpaceError, DownloadError: The system refuses.
            StoppedError: `stop` was set.
        """
        with self._lock, file_errors(self.path):
            if self.stop.is_set():
                raise StoppedError
            folder = self._folder = JobFolder.open(self._out, self._folder_name, durable=self._care.durable)
            self.free_bytes_then = folder.free_bytes()
            if folder.look(self._name) is not None:
                self._adopt(folder)
                return Start.ADOPTED
            self._descriptor = self._open_part(folder)
            found = os.fstat(self._descriptor).st_size
            keep = self._trusted_bytes(found)
            if keep != found:  # ext4 writes a file out when it is closed that was ever cut to nothing
                os.ftruncate(self._descriptor, keep)
            self._rehash(keep)
            return self._standing()

    def _open_part(self, folder: JobFolder) -> int:
        """Open the partial file; a link, a pipe or a file with another name beside is not ours to write."""
        found = folder.look(self._part_name)
        if found is not None and not (stat.S_ISREG(found.st_mode) and found.st_nlink == 1):
            raise UnknownFileError(
                f"{self.path}.part: what lies there is no file of this ledger's: move it away"
            )
        return folder.open_file(self._part_name, os.O_RDWR | os.O_CREAT)

    def append(self, chunks: Sequence[Chunk], aside: Executor) -> None:
        """Write bytes behind those there are, and have them hashed meanwhile.

        Args:
            chunks: The bytes; views are released.
            aside: Whose threads hash them.

        Raises:
            DiskSpaceError, DownloadError: The system refuses; what was not written is cut off.
        """
        with self._lock, file_errors(self.path):
            hashed = None
            try:
                descriptor = self._opened()
                if self._care.verify:
                    hashed = aside.submit(self._hash, chunks)
                end = write_all(descriptor, chunks, self.offset)
            except OSError:
                os.ftruncate(self._opened(), self.offset)
                raise
            finally:
                if hashed is not None:
                    hashed.result()
                for chunk in chunks:
                    if isinstance(chunk, memoryview):
                        chunk.release()
            self.offset = end

    def restart(self) -> None:
        """Forget every byte."""
        with self._syncing, self._lock, file_errors(self.path):
            os.ftruncate(self._opened(), 0)
            self._reset_digests()
            self.offset = 0

    def sync(self) -> tuple[int, int]:
        """Make durable what is there now; bytes can be appended meanwhile.

        Returns:
            How many bytes that are, and how much room the disk has.

        Raises:
            DiskSpaceError, DownloadError: The system refuses, now or at an earlier call: then nobody knows
                what is on the disk, whatever later calls say.
        """
        with self._syncing, file_errors(self.path):
            with self._lock:
                descriptor, offset = self._opened(), self.offset
                free = self._free_bytes()
            self._harden(descriptor, os.fdatasync)
            return offset, free

    def _harden(self, descriptor: int, sync: Callable[[int], None]) -> None:
        if not self._care.durable:
            return
        if self._unsynced is not None:
            raise self._unsynced
        try:
            sync(descriptor)
        except OSError as error:
            self._unsynced = error
            raise

    def free_bytes(self) -> int:
        """Return how much room the disk has."""
        with self._lock, file_errors(self.path):
            return self._free_bytes()

    def _free_bytes(self) -> int:
        assert self._folder is not None
        return self._folder.free_bytes()

    @property
    def durable(self) -> bool:
        """Whether what `sync` returns is on the disk indeed."""
        return self._care.durable

    @property
    def verifies(self) -> bool:
        """Whether the bytes are hashed and the content looked at."""
        return self._care.verify

    @property
    def examines(self) -> bool:
        """Whether `examine` has anything to do."""
        return self._care.durable or self._care.verify

    @property
    def sha256(self) -> str:
        """Lowercase hex digest of the bytes so far, if they are hashed."""
        return str(self._sha256.hexdigest())

    @property
    def md5(self) -> str | None:
        """Lowercase hex digest of the bytes so far, if the service announced one and they are hashed."""
        return None if self._md5 is None else str(self._md5.hexdigest())

    def examine(self, *, length_known: bool) -> Finding:
        """Make the complete file durable and look at its content, as far as that is asked for.

        Raises:
            DiskSpaceError, DownloadError: The system refuses.
            StoppedError: `stop` was set.
        """
        with self._syncing, self._lock, file_errors(self.path):
            self._harden(self._opened(), os.fsync)
            if not self._care.verify:
                return Finding()
            with os.fdopen(os.dup(self._opened()), "rb") as handle:
                return examine(
                    handle, self._name, self._artifact.role, length_known=length_known, stop=self.stop
                )

    def publish(self) -> None:
        """Give the file its final name, durably, and let go of it.

        Those may read it then who may look into its folder.

        Raises:
            UnknownFileError: Somebody put a file there meanwhile.
            DiskSpaceError, DownloadError: The system refuses.
        """
        with self._lock, file_errors(self.path):
            assert self._folder is not None
            if self._folder.look(self._name) is not None:
                raise self._unknown()
            os.fchmod(self._opened(), self._folder.file_mode)
            self._folder.rename(self._part_name, self._name, durable=self._care.durable)
            self._let_go()

    def reject(self, *, keep: bool) -> None:
        """Remove the bad bytes, or keep them as `NAME.suspect` for a person."""
        with self._lock, file_errors(self.path):
            assert self._folder is not None
            if keep:
                self._folder.rename(self._part_name, f"{self._name}.suspect")
            else:
                self._folder.remove(self._part_name)

    def close(self) -> None:
        """Let go of the files, once a thread that still reads them has noticed `stop`.

        A partial file that never got a byte is removed.
        """
        self.stop.set()
        with self._syncing, self._lock:
            if self._descriptor is not None:
                with suppress(OSError):
                    self._remove_empty()
            self._let_go()

    def _let_go(self) -> None:
        descriptor, folder = self._descriptor, self._folder
        self._descriptor = self._folder = None
        self.closed = True
        if descriptor is not None:
            os.close(descriptor)
        if folder is not None:
            folder.close()

    def _remove_empty(self) -> None:
        if self._folder is not None and os.fstat(self._opened()).st_size == 0:
            self._folder.remove(self._part_name)

    def _adopt(self, folder: JobFolder) -> None:
        """Take the file at the target as ours if it is the one that was verified."""
        artifact = self._artifact
        if artifact.sha256 is None or folder.size_of_file(self._name) != artifact.stored_bytes:
            raise self._unknown()
        self._descriptor = folder.open_file(self._name, os.O_RDONLY)
        self._rehash(artifact.stored_bytes or 0)
        if self.sha256 != artifact.sha256:
            raise self._unknown()
        folder.remove(self._part_name)
        folder.sync()

    def _trusted_bytes(self, size: int) -> int:
        """Return how many bytes of a partial file of that size can be built upon."""
        artifact = self._artifact
        if artifact.sha256 is not None and artifact.stored_bytes == size:
            return size
        offset = artifact.verified_offset
        whole = offset in self._whole_lengths()
        return offset if offset <= size and (artifact.etag is not None or whole) else 0

    def _whole_lengths(self) -> tuple[int | None, ...]:
        """Return the lengths at which the partial file has every byte: announced, or learnt on the way."""
        return (self._artifact.size_bytes, self._artifact.stored_bytes)

    def _standing(self) -> Start:
        artifact = self._artifact
        if artifact.sha256 is not None and artifact.stored_bytes == self.offset:
            if self.sha256 == artifact.sha256:
                return Start.COMPLETE
            os.ftruncate(self._opened(), 0)
            self._reset_digests()
            self.offset = 0
        complete = self.offset > 0 and self.offset in self._whole_lengths()
        return Start.COMPLETE if complete else Start.OPEN

    def _rehash(self, length: int) -> None:
        self._reset_digests()
        self.offset = 0
        while self.offset < length:
            if self.stop.is_set():
                raise StoppedError
            block = os.pread(self._opened(), min(BLOCK_BYTES, length - self.offset), self.offset)
            if not block:
                break
            self._hash((block,))
            self.offset += len(block)

    def _hash(self, chunks: Sequence[Chunk]) -> None:
        for chunk in chunks:
            self._sha256.update(chunk)
        if self._md5 is not None:
            for chunk in chunks:
                self._md5.update(chunk)

    def _reset_digests(self) -> None:
        self._sha256 = hashlib.sha256()
        wanted = self._artifact.md5 is not None
        self._md5: Any = hashlib.md5(usedforsecurity=False) if wanted else None

    def _opened(self) -> int:
        assert self._descriptor is not None
        return self._descriptor

    def _unknown(self) -> UnknownFileError:
        return UnknownFileError(
            f"{self.path}: a file that is no result of this attempt is in the way, and is kept: move it away"
        )
