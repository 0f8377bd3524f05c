"""A disk that dies, fills up or turns read-only at a chosen operation, for one child process.

`build(folder)` compiles `shim.c`; `Disk(...).environment(library)` is what a child process is started with.
Only calls on paths below `Disk.root` count. The process's own children are left alone.
"""

import errno
import os
import subprocess
from pathlib import Path

from attrs import field, frozen

SOURCE = Path(__file__).with_name("shim.c")

#: Kinds of operations, as they stand in the log.
CREATE, WRITE, SYNC, TRUNCATE, GROW = "c", "w", "s", "t", "a"
RENAME, LINK, UNLINK, MKDIR, RMDIR = "r", "l", "u", "m", "d"
#: Opening a file that exists for writing: no operation of its own, but it can fail.
OPEN = "o"

#: Kinds that take room, and so fail on a full disk.
GROWING = CREATE + WRITE + GROW + RENAME + LINK + MKDIR
#: Kinds that fail on a disk that is broken.
BREAKING = WRITE + SYNC
#: Kinds that fail on a file system that is mounted for reading only.
CHANGING = GROWING + TRUNCATE + UNLINK + RMDIR + OPEN


@frozen(kw_only=True)
class Disk:
    """What happens to a process's files; operations are counted from 1.

    Attributes:
        root: The folder that counts.
        log: File that gets a line for each operation (see `read_log`).
        journal: File that gets each operation with its bytes (see `durable.py`).
        kill_at: SIGKILL just before this operation.
        kill_mid: SIGKILL in the middle of this operation: half of a write is done.
        kill_after: SIGKILL just after this operation.
        kill_kinds: Which kinds of operations are counted for these three; None for all.
        fault_at: The first operation of `fault_kinds` that fails, counted among those of these kinds.
        fault_for: How many of them fail from there on; None for all.
        fault_while: They fail as long as this file exists.
        fault_kinds: Which kinds of operations fail.
        fault_match: Only operations on paths that contain this text fail, and count for `fault_at`.
        error: The number of the error they fail with.
        short: Whether the first write that fails does half of its bytes before the next one fails.
    """

    root: Path
    log: Path | None = None
    journal: Path | None = None
    kill_at: int | None = None
    kill_mid: int | None = None
    kill_after: int | None = None
    kill_kinds: str | None = None
    fault_at: int | None = None
    fault_for: int | None = None
    fault_while: Path | None = None
    fault_kinds: str = GROWING
    fault_match: str | None = None
    error: int = field(default=errno.ENOSPC)
    short: bool = False

    def environment(self, library: Path) -> dict[str, str]:
        """Return the variables to add to the child's environment."""
        wanted = {
            "DISK_ROOT": self.root.resolve(),
            "DISK_LOG": self.log,
            "DISK_JOURNAL": self.journal,
            "DISK_KILL_AT": self.kill_at,
            "DISK_KILL_MID": self.kill_mid,
            "DISK_KILL_AFTER": self.kill_after,
            "DISK_KILL_KINDS": self.kill_kinds,
            "DISK_FAULT_AT": self.fault_at,
            "DISK_FAULT_FOR": self.fault_for,
            "DISK_FAULT_WHILE": self.fault_while,
            "DISK_FAULT_KINDS": self.fault_kinds,
            "DISK_FAULT_MATCH": self.fault_match,
            "DISK_ERRNO": self.error,
            "DISK_SHORT": 1 if self.short else None,
            "LD_PRELOAD": library,
        }
        return {name: str(value) for name, value in wanted.items() if value is not None}


@frozen(kw_only=True)
class Operation:
    """One line of the log.

    Attributes:
        number: Which operation it was, from 1.
        fault_number: How many operations of `Disk.fault_kinds` there were up to this one.
        kind: Its kind.
        outcome: `done`, `fail` (by the shim) or `kill` (the process died before it was done).
        length: Bytes written, or the new length of the file.
        path: Where, relative to the root.
    """

    number: int
    fault_number: int
    kind: str
    outcome: str
    length: int
    path: str


def build(folder: Path) -> Path:
    """Compile the shim into a folder and return the library; the compiler runs once a folder."""
    library = folder / "shim.so"
    if not library.exists():
        draft = folder / f"shim.{os.getpid()}.so"
        options = ["-O2", "-Wall", "-Wextra", "-shared", "-fPIC"]
        subprocess.run(["gcc", *options, "-o", str(draft), str(SOURCE), "-ldl", "-lpthread"], check=True)
        draft.replace(library)
    return library


def read_log(path: Path) -> list[Operation]:
    """Return the operations of a log, in the order they were made."""
    found = []
    for line in path.read_text().splitlines():
        number, fault_number, kind, outcome, length, where = line.split(" ", 5)
        found.append(
            Operation(
                number=int(number),
                fault_number=int(fault_number),
                kind=kind,
                outcome=outcome,
                length=int(length),
                path=where,
            )
        )
    return found
