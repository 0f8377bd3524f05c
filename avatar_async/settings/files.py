"""Files that people name: read if they are ordinary ones of a bounded length, and where they really are."""

import errno
import os
import stat
from pathlib import Path


def read_file(path: Path, *, longest_bytes: int) -> bytes:
    """Return what an ordinary file holds.

    Args:
        path: The file; a link to one will do.
        longest_bytes: Most bytes it may hold.

    Raises:
        OSError: It cannot be read, is a device, pipe, socket or folder, or is too long; `strerror` tells.
    """
    # Without O_NONBLOCK, opening a pipe waits until somebody writes into it.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "it is no ordinary file", str(path))
        with os.fdopen(os.dup(descriptor), "rb") as file:
            content = file.read(longest_bytes + 1)
    finally:
        os.close(descriptor)
    if len(content) > longest_bytes:
        raise OSError(errno.EFBIG, f"it is longer than {longest_bytes >> 20} MiB", str(path))
    return content


def real_path(path: Path) -> Path:
    """Return where a path leads, absolute, links followed; one that leads round in a circle stays.

    `Path.resolve` raises a `RuntimeError` for that, which nobody expects.
    """
    return Path(os.path.realpath(path))
