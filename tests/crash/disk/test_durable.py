"""The model of a power cut loses what POSIX lets a disk lose, and keeps what was synced."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crash.disk.durable import Disk as DurableDisk
from tests.crash.disk.shim import Disk

WRITE = "d = os.open('one', os.O_RDWR | os.O_CREAT); os.write(d, b'new')"
SYNC_FILE = "os.fsync(d)"
SYNC_FOLDER = "os.fsync(os.open('.', os.O_RDONLY))"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The disk."""
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


def after_cut(shim: Path, root: Path, steps: tuple[str, ...], seed: int | None = None) -> dict[str, bytes]:
    """Run steps, cut the power, and return the files that are there."""
    durable, journal = DurableDisk(root), root.parent / "journal"
    journal.unlink(missing_ok=True)
    program = "import os, sys; os.chdir(sys.argv[1])\n" + "\n".join(steps)
    subprocess.run(
        [sys.executable, "-c", program, str(root)],
        env={**os.environ, **Disk(root=root, journal=journal).environment(shim)},
        check=True,
        timeout=30,
    )
    durable.replay(journal).put_back(seed)
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if not path.is_dir()}


@pytest.mark.parametrize(
    ("steps", "kept"),
    [
        ((WRITE,), {}),
        ((WRITE, SYNC_FILE), {}),
        ((WRITE, SYNC_FOLDER), {"one": b""}),
        ((WRITE, SYNC_FOLDER, SYNC_FILE), {"one": b"new"}),
        ((WRITE, SYNC_FILE, SYNC_FOLDER), {"one": b"new"}),
        ((WRITE, SYNC_FILE, SYNC_FOLDER, "os.write(d, b'er')"), {"one": b"new"}),
        ((WRITE, SYNC_FILE, SYNC_FOLDER, "os.ftruncate(d, 1)", SYNC_FILE), {"one": b"n"}),
        ((WRITE, SYNC_FILE, SYNC_FOLDER, "os.unlink('one')"), {"one": b"new"}),
        ((WRITE, SYNC_FILE, SYNC_FOLDER, "os.unlink('one')", SYNC_FOLDER), {}),
        ((WRITE, SYNC_FILE, SYNC_FOLDER, "os.rename('one', 'two')"), {"one": b"new"}),
        ((WRITE, SYNC_FILE, SYNC_FOLDER, "os.rename('one', 'two')", SYNC_FOLDER), {"two": b"new"}),
        (("os.mkdir('in'); os.chdir('in')", WRITE, SYNC_FILE, SYNC_FOLDER), {}),
        (
            ("os.mkdir('in')", SYNC_FOLDER, "os.chdir('in')", WRITE, SYNC_FILE, SYNC_FOLDER),
            {"in/one": b"new"},
        ),
    ],
)
def test_only_what_was_synced_survives_the_harshest_cut(shim, root, steps, kept):
    """A file needs its own sync and its folder's."""
    assert after_cut(shim, root, steps) == kept


def test_what_lay_there_before_survives(shim, root):
    """It is as durable as files get."""
    (root / "old").mkdir()
    (root / "old" / "one").write_bytes(b"old")
    steps = ("os.chdir('old')", "open('one', 'w').write('new')", "os.mkdir('gone')")
    assert after_cut(shim, root, steps) == {"old/one": b"old"}


def test_other_cuts_leave_any_part_of_what_was_not_synced(shim, root):
    """Sectors and names reach the disk in any order; a rename is never seen half done."""
    steps = (
        "d = os.open('one', os.O_RDWR | os.O_CREAT)",
        "os.write(d, b'a' * 1024)",
        SYNC_FILE,
        SYNC_FOLDER,
        "os.pwritev(d, [b'b' * 1024], 0)",
        "os.mkdir('in')",
        "os.rename('one', 'two')",
    )
    seen = set()
    for seed in range(40):
        for leftover in root.iterdir():
            leftover.rmdir() if leftover.is_dir() else leftover.unlink()
        [(name, content)] = after_cut(shim, root, steps, seed).items()
        seen.add((name, content[:512], content[512:], (root / "in").exists()))
        assert len(content) == 1024
    assert {name for name, *_ in seen} == {"one", "two"}
    assert {(first[:1], last[:1]) for _, first, last, _ in seen} == {
        (b"a", b"a"),
        (b"a", b"b"),
        (b"b", b"a"),
        (b"b", b"b"),
    }
    assert {made for *_, made in seen} == {True, False}
