"""Whether the files of an open ledger are still there."""

from pathlib import Path

from avatar_async.errors import LedgerError
from avatar_async.settings.files import real_path


class Staying:
    """Tell whether the files of an open ledger are still where they were.

    SQLite goes on writing to files that were deleted or moved away; all of that would be lost.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        real = real_path(path)
        files = (real, real.with_name(f"{real.name}-wal"))
        self._known = {file: _identity(file) for file in files if file.exists()}

    def check(self) -> None:
        """Do nothing as long as they are.

        Raises:
            LedgerError: One is gone, or another one lies in its place.
        """
        for file, known in self._known.items():
            if _identity(file) != known:
                msg = (
                    f"ledger {self._path}: {file} was deleted, moved or replaced while the run was using it: "
                    "bring it back, or adopt the receipts that there are with --rebuild-ledger"
                )
                raise LedgerError(msg)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
