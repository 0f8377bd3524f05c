"""Folders that outlast a power cut: made, and their names made durable."""

import os
from itertools import pairwise
from pathlib import Path

from avatar_async._storage.faults import reason_of
from avatar_async.errors import ConfigError


def make_folder(path: Path) -> None:
    """Make a folder and those above it, durably; what was there already is made durable too.

    Who made the folder a moment ago, a shell or a process that was killed, may not have seen to it.

    Raises:
        OSError: The system refuses.
    """
    above = [path, *path.absolute().parents]
    missing = {folder for folder in above if not folder.exists()}
    path.mkdir(mode=0o755, parents=True, exist_ok=True)
    device = path.stat().st_dev
    sync_folder(path)
    for name, holder in pairwise(above):
        if holder.stat().st_dev != device:
            return
        try:
            sync_folder(holder)
        except OSError:
            # Folders of others may not be open to us; only what was made here must be seen through.
            if name in missing:
                raise


def prepare_out(out: Path) -> None:
    """Make the output folder, durably, and see that files can be made in it.

    To be called before anything is paid for that shall be brought there.

    Raises:
        ConfigError: It cannot be used.
    """
    # Always the same name: what a killed process left is taken away by the next.
    probe = out / ".probe.tmp"
    try:
        make_folder(out)
        os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        probe.unlink(missing_ok=True)
    except OSError as error:
        msg = f"the output folder {out} cannot be used: {reason_of(error)}"
        raise ConfigError(msg) from error


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable.

    Raises:
        OSError: The system refuses.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
