"""A job's folder, opened so that no name in it can lead elsewhere."""

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from avatar_async._storage.faults import DISK_FULL
from avatar_async._storage.folders import make_folder, sync_folder
from avatar_async.errors import DiskSpaceError, DownloadError

_FOLDER_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def checked_name(name: str) -> str:
    """Return a name that is one path component.

    Raises:
        DownloadError: It is empty, a dot name, or holds a separator or a NUL.
    """
    if name in {"", ".", ".."} or "/" in name or "\\" in name or "\0" in name:
        msg = f"{name!r} cannot be used as a file name"
        raise DownloadError(msg)
    return name


@contextmanager
def file_errors(path: Path) -> Iterator[None]:
    """Turn the system's errors on a path into ours.

    Raises:
        DiskSpaceError: The disk or the quota is full.
        DownloadError: Anything else the system refuses.
    """
    try:
        yield
    except OSError as error:
        if error.errno in DISK_FULL:
            msg = f"{path}: the disk is full: free some room, the download goes on where it stopped"
            raise DiskSpaceError(msg) from error
        if error.errno in {errno.ELOOP, errno.ENOTDIR}:
            msg = f"{path}: a link or a file lies in the way: move it away"
            raise DownloadError(msg) from error
        msg = f"{path}: {error.strerror or error}"
        raise DownloadError(msg) from error


class JobFolder:
    """An open folder below the output folder; blocking calls, for worker threads."""

    def __init__(self, path: Path, descriptor: int, *, made: bool = False) -> None:
        #: Where it lies, for messages.
        self.path = path
        #: Whether it was missing before.
        self.made = made
        self._descriptor = descriptor

    @staticmethod
    def open(out: Path, folder: str, *, durable: bool = True) -> "JobFolder":
        """Open a job's folder, made if it is missing.

        Args:
            out: The output folder.
            folder: Name of the job's folder in it.
            durable: Whether a folder that is made must outlast a power cut.

        Raises:
            DownloadError: Its name leads out of `out`, it is a link, or the system refuses.
            DiskSpaceError: It cannot be made for want of room.
        """
        [opened] = open_together(out, {folder: durable}).values()
        if isinstance(opened, Exception):
            raise opened
        return opened

    def close(self) -> None:
        """Let go of the folder."""
        os.close(self._descriptor)

    def unmake(self) -> None:
        """Let go of the folder and remove it, if it is empty."""
        self.close()
        with suppress(OSError):
            self.path.rmdir()

    def look(self, name: str) -> os.stat_result | None:
        """Return what lies under a name, links not followed; None if nothing does."""
        try:
            return os.stat(checked_name(name), dir_fd=self._descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def size_of_file(self, name: str) -> int | None:
        """Return the length of the regular file of that name; None if there is none."""
        found = self.look(name)
        return found.st_size if found is not None and stat.S_ISREG(found.st_mode) else None

    @property
    def file_mode(self) -> int:
        """What a file may be that is as open as this folder: never writable by others."""
        return 0o644 & (os.fstat(self._descriptor).st_mode | 0o600)

    def open_file(self, name: str, flags: int, mode: int = 0o600) -> int:
        """Open a file of this folder, never through a link, and return its descriptor."""
        safe = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
        return os.open(checked_name(name), flags | safe, mode, dir_fd=self._descriptor)

    def open_nameless(self, mode: int) -> int | None:
        """Open a new file that has no name until `give_name`, and that is gone if it never gets one.

        Returns:
            Its descriptor; None if that cannot be had here: a file with a name shows why, or can be.
        """
        if not hasattr(os, "O_TMPFILE"):
            return None
        try:
            return os.open(".", os.O_WRONLY | os.O_TMPFILE | os.O_CLOEXEC, mode, dir_fd=self._descriptor)
        except OSError:
            return None

    def give_name(self, descriptor: int, name: str) -> bool:
        """Give a file without a name its name, not durably.

        Returns:
            Whether it has it now; where there is no /proc, or there are no links, it cannot.

        Raises:
            FileExistsError: There is something of that name already; it stays.
        """
        try:
            os.link(
                f"/proc/self/fd/{descriptor}",
                checked_name(name),
                dst_dir_fd=self._descriptor,
                follow_symlinks=True,
            )
        except FileExistsError:
            raise
        except OSError:
            return False
        return True

    def rename(self, old: str, new: str, *, durable: bool = True) -> None:
        """Give a file another name, durably unless told otherwise; a file of that name is replaced."""
        os.replace(
            checked_name(old), checked_name(new), src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor
        )
        if durable:
            self.sync()

    def remove(self, name: str) -> None:
        """Remove a file if it is there."""
        with suppress(FileNotFoundError):
            os.unlink(checked_name(name), dir_fd=self._descriptor)

    def sync(self) -> None:
        """Make the names in the folder durable."""
        os.fsync(self._descriptor)

    def free_bytes(self) -> int:
        """Return how much room the disk has for this user."""
        status = os.fstatvfs(self._descriptor)
        return status.f_bavail * status.f_frsize


def open_together(out: Path, wanted: Mapping[str, bool]) -> dict[str, JobFolder | Exception]:
    """Open job folders, those that are missing made; one forced write makes all new names durable.

    Args:
        out: The output folder.
        wanted: Names of the folders in it, and whether one that is made must outlast a power cut.

    Returns:
        For each name the open folder, or why there is none; see `JobFolder.open`.
    """
    opened: dict[str, JobFolder | Exception] = {}
    made: list[tuple[str, JobFolder]] = []
    for name, durable in wanted.items():
        try:
            folder = _open_or_make(out, name, durable=durable)
        except Exception as error:  # noqa: BLE001 - one folder's mishap is not the others'
            opened[name] = error
            continue
        opened[name] = folder
        if folder.made and durable:
            made.append((name, folder))
    if made:
        try:
            with file_errors(out):
                sync_folder(out)
        except DownloadError as error:
            for name, folder in made:
                folder.unmake()  # so that the next attempt makes it anew, and durable
                opened[name] = error
    return opened


def _open_or_make(out: Path, folder: str, *, durable: bool) -> JobFolder:
    path = out / checked_name(folder)
    with file_errors(path):
        made = False
        try:
            descriptor = os.open(path, _FOLDER_FLAGS)
        except FileNotFoundError:
            made = _make(out, path, durable=durable)
            descriptor = os.open(path, _FOLDER_FLAGS)
    return JobFolder(path, descriptor, made=made)


def _make(out: Path, path: Path, *, durable: bool) -> bool:
    """Make a job's folder, and the output folder if that is missing; return whether it was not there."""
    try:
        path.mkdir(mode=0o755)
    except FileExistsError:
        return False
    except FileNotFoundError:
        if durable:
            make_folder(out)
        else:
            out.mkdir(mode=0o755, parents=True, exist_ok=True)
        with suppress(FileExistsError):
            path.mkdir(mode=0o755)
    return True
