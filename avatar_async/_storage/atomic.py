"""Small files that are there whole or not at all."""

import glob
import os
import secrets
from pathlib import Path

from avatar_async._storage.folders import sync_folder


def replace_file(path: Path, content: bytes, *, mode: int) -> None:
    """Write a file durably under its name in one step; whatever lay there is gone after.

    One writer of a file at a time: drafts that killed writers left behind are removed.

    Raises:
        OSError: The system refuses; nothing has changed under the name.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    for leftover in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
        leftover.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    try:
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
