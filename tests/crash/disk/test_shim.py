"""The disk shim sees and stops what it says, SQLite's own calls included."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crash.disk import shim as disks
from tests.crash.disk.shim import Disk, Operation, read_log

#: What a library does to files, in the ways that matter: by path, by folder, by copies of descriptors.
EVERY_WAY = """
import os, sys
os.chdir(sys.argv[1])
folder = os.open(".", os.O_RDONLY)
one = os.open("one", os.O_WRONLY | os.O_CREAT, dir_fd=folder)
copy = os.dup(one)
os.write(copy, b"abc")
os.pwrite(one, b"X", 1)
os.writev(one, [b"", b"de", b"fg"])
os.fsync(copy)
os.fdatasync(one)
os.ftruncate(one, 2)
os.truncate("one", 9)
os.replace("./one", "../" + os.path.basename(sys.argv[1]) + "/two")
os.rename("two", "three", src_dir_fd=folder, dst_dir_fd=folder)
os.link("three", "four")
os.mkdir("deep")
with open("deep/five", "w") as file:
    file.write("hello")
os.unlink("deep/five")
os.rmdir("deep")
os.fsync(folder)
with open("four", "w"):
    pass
with open(sys.argv[2], "w") as file:
    file.write("elsewhere")
"""
SEEN = "c one|w one|w one|w one|s one|s one|t one|a one|r two|r three|l four|m deep|c deep/five|w deep/five|"
SEEN += "u deep/five|d deep|s .|t four"

WRITES = """
import os, sys
one = os.open(sys.argv[1] + "/one", os.O_WRONLY | os.O_CREAT)
for letter in b"abcdef":
    try:
        print(os.write(one, bytes([letter]) * 4), flush=True)
    except OSError as error:
        print(error.errno, flush=True)
"""

LEDGER = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1] + "/ledger.db", isolation_level=None)
db.execute("PRAGMA journal_mode = WAL")
db.execute("PRAGMA synchronous = FULL")
db.execute("CREATE TABLE t (a)")
print("made", flush=True)
for number in range(5):
    try:
        db.execute("INSERT INTO t VALUES (?)", (number,))
        print("kept", number, flush=True)
    except sqlite3.Error as error:
        print(error.sqlite_errorname, flush=True)
"""


def run(shim: Path, program: str, disk: Disk, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a program on a disk and return what it said."""
    return subprocess.run(
        [sys.executable, "-c", program, str(disk.root), *arguments],
        env={**os.environ, **disk.environment(shim)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder that counts."""
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where the shim tells what it saw."""
    return tmp_path / "log"


def words(operations: list[Operation]) -> str:
    """Return operations as short text."""
    return "|".join(f"{each.kind} {each.path or '.'}" for each in operations)


def test_every_way_to_change_a_file_is_seen_and_works(shim: Path, root: Path, log: Path) -> None:
    """A call that slips by would be a cut or a fault that no test tries."""
    elsewhere = root.parent / "elsewhere"
    result = run(shim, EVERY_WAY, Disk(root=root, log=log), str(elsewhere))
    assert (result.returncode, result.stderr) == (0, "")
    assert words(read_log(log)) == SEEN
    assert [each.number for each in read_log(log)] == list(range(1, 19))
    assert elsewhere.read_text() == "elsewhere"
    assert sorted(each.name for each in root.iterdir()) == ["four", "three"]


def test_what_sqlite_writes_is_seen(shim: Path, root: Path, log: Path) -> None:
    """SQLite writes from C: were its calls not caught, the ledger would pass every test untouched."""
    result = run(shim, LEDGER, Disk(root=root, log=log))
    assert result.returncode == 0
    logged = read_log(log)
    frames = [each for each in logged if each.kind == "w" and each.path == "ledger.db-wal"]
    syncs = [each for each in logged if each.kind == "s" and each.path == "ledger.db-wal"]
    assert len(frames) >= 12
    assert len(syncs) >= 6


@pytest.mark.parametrize(("where", "lines"), [("kill_at", 2), ("kill_mid", 2), ("kill_after", 3)])
def test_the_process_dies_at_the_operation_named(shim: Path, root: Path, where: str, lines: int) -> None:
    """The fourth operation is the third write: before it, in it, after it."""
    result = run(shim, WRITES, Disk(root=root, **{where: 4}))  # type: ignore[arg-type]
    assert result.returncode == -signal.SIGKILL
    assert len(result.stdout.splitlines()) == 2
    assert (root / "one").stat().st_size == 4 * lines + (2 if where == "kill_mid" else 0)


def test_a_kill_can_be_timed_by_some_kinds_of_operations(shim: Path, root: Path, log: Path) -> None:
    """How many writes come before a sync may differ from run to run; the sync is always found."""
    result = run(shim, LEDGER, Disk(root=root, log=log, kill_at=8, kill_kinds=disks.SYNC))
    assert result.returncode == -signal.SIGKILL
    syncs = [each.outcome for each in read_log(log) if each.kind == disks.SYNC]
    assert syncs == [*["done"] * 7, "kill"]


def test_every_operation_of_a_ledger_can_be_the_last(shim: Path, root: Path, log: Path) -> None:
    """What SQLite said to have kept is there whenever the process dies."""
    run(shim, LEDGER, Disk(root=root, log=log))
    last = read_log(log)[-1].number
    for number in range(1, last + 1, 3):
        for leftover in root.iterdir():
            leftover.unlink()
        result = run(shim, LEDGER, Disk(root=root, kill_at=number))
        assert result.returncode == -signal.SIGKILL
        kept = result.stdout.count("kept")
        counted = subprocess.run(
            [sys.executable, "-c", COUNT, str(root)], capture_output=True, text=True, check=True
        )
        assert int(counted.stdout) >= kept


COUNT = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1] + "/ledger.db")
known = db.execute("SELECT count(*) FROM sqlite_master WHERE name = 't'").fetchone()[0]
print(db.execute("SELECT count(*) FROM t").fetchone()[0] if known else 0)
"""


def test_a_disk_is_full_for_so_many_writes(shim: Path, root: Path, log: Path) -> None:
    """The third and fourth growing operation fail, the others work."""
    disk = Disk(root=root, log=log, fault_at=3, fault_for=2, error=errno.EDQUOT)
    result = run(shim, WRITES, disk)
    assert result.stdout.split() == ["4", str(errno.EDQUOT), str(errno.EDQUOT), "4", "4", "4"]
    assert [each.outcome for each in read_log(log)] == ["done", "done", "fail", "fail", *["done"] * 3]
    assert (root / "one").read_bytes() == b"aaaaddddeeeeffff"


def test_a_disk_is_full_for_ever_and_its_last_write_is_short(shim: Path, root: Path) -> None:
    """A real disk takes the first half of a write, and refuses the rest when asked again."""
    result = run(shim, WRITES, Disk(root=root, fault_at=3, short=True))
    assert result.stdout.split() == ["4", "2", *[str(errno.ENOSPC)] * 4]


def test_a_full_disk_has_no_room_when_asked(shim: Path, root: Path) -> None:
    """Code that asks for room ahead must hear the same story."""
    program = """
import os, sys
folder = os.open(sys.argv[1], os.O_RDONLY)
print(os.statvfs(sys.argv[1]).f_bavail, os.fstatvfs(folder).f_bavail)
"""
    assert run(shim, program, Disk(root=root, fault_at=1)).stdout == "0 0\n"
    assert "0 0\n" not in run(shim, program, Disk(root=root)).stdout


def test_faults_end_when_the_file_is_taken_away(shim: Path, root: Path, tmp_path: Path) -> None:
    """Room that comes back while the process runs."""
    full = tmp_path / "full"
    full.touch()
    program = WRITES.replace("one = os", "one = None\nwhile one is None:\n  try: one = os").replace(
        "O_CREAT)\n", "O_CREAT)\n  except OSError: os.unlink(sys.argv[2])\n", 1
    )
    result = run(shim, program, Disk(root=root, fault_while=full), str(full))
    assert result.stdout.split() == ["4"] * 6


def test_a_file_system_turns_read_only_in_the_midst(shim: Path, root: Path) -> None:
    """Then files that exist cannot be opened for writing or removed either."""
    program = """
import os, sys
for attempt in (lambda: open(sys.argv[1] + "/one", "r+").close(), lambda: os.unlink(sys.argv[1] + "/one")):
    try:
        attempt()
        print("worked")
    except OSError as error:
        print(error.errno)
print(os.access(sys.argv[1] + "/one", os.W_OK), os.access(sys.argv[1] + "/one", os.R_OK))
"""
    (root / "one").touch()
    disk = Disk(root=root, fault_at=1, fault_kinds=disks.CHANGING, error=errno.EROFS)
    assert run(shim, program, disk).stdout.split() == [str(errno.EROFS)] * 2 + ["False", "True"]
    assert (root / "one").exists()


def test_only_the_files_named_break(shim: Path, root: Path, log: Path) -> None:
    """A ledger on a broken disk beside files that are sound."""
    disk = Disk(
        root=root,
        log=log,
        fault_at=4,
        fault_kinds=disks.SYNC,
        fault_match="ledger.db-wal",
        error=errno.EIO,
    )
    result = run(shim, LEDGER, disk)
    assert "SQLITE_IOERR_FSYNC" in result.stdout
    assert {each.path for each in read_log(log) if each.outcome == "fail"} == {"ledger.db-wal"}


def test_children_of_the_process_are_left_alone(shim: Path, root: Path) -> None:
    """Only the process under test dies; what it starts is not counted."""
    program = """
import os, subprocess, sys
subprocess.run(["touch", sys.argv[1] + "/by-child"], check=True)
print(sorted(name for name in os.environ if name.startswith("DISK_") or name == "LD_PRELOAD"))
"""
    result = run(shim, program, Disk(root=root, kill_at=1))
    assert (result.returncode, result.stdout) == (0, "[]\n")
    assert (root / "by-child").exists()


def test_a_forked_process_obeys_what_its_own_environment_says(shim: Path, root: Path) -> None:
    """Commands are started by forking a process that has everything imported already."""
    program = """
import os, sys
if os.fork():
    print(os.waitstatus_to_exitcode(os.wait()[1]))
else:
    os.environ.update(DISK_ROOT=sys.argv[1], DISK_KILL_AT="2")
    os.mkdir(sys.argv[1] + "/one")
    os.mkdir(sys.argv[1] + "/two")
"""
    result = subprocess.run(
        [sys.executable, "-c", program, str(root)],
        env={**os.environ, "LD_PRELOAD": str(shim)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert result.stdout == f"{-signal.SIGKILL}\n"
    assert [each.name for each in root.iterdir()] == ["one"]
