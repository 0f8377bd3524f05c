"""Output folders and ledgers that cannot be used: one clear line, the right exit code, nothing sent."""

import errno
import os
import shutil
import signal
import sqlite3
import time

import pytest

from tests.crash.disk import shim as disks
from tests.crash.disk.shim import Disk
from tests.crash.product import LIMIT_S


def refused(bench, *words, code=2, disk=None, options=()):
    """Run, and look whether it was refused with these words in one line and nothing was sent."""
    assert bench.run(*options, disk=disk) == code, bench.product.said()
    lines = [line for line in bench.product.said().splitlines() if line and not line.startswith("$ ")]
    [line] = lines[-1:]
    assert len(lines) == 1, bench.product.said()
    assert line.startswith("Error: ")
    for word in words:
        assert word in line
    assert not any(bench.product.service.truth().words(name) for name in bench.product.names)


def test_a_folder_that_may_not_be_written_is_refused(make_bench):
    """The shim refuses as the kernel does to everybody but root, who runs some of these tests."""
    bench = make_bench()
    bench.out.mkdir()
    disk = Disk(root=bench.root, fault_at=1, fault_kinds=disks.CHANGING, error=errno.EACCES)
    refused(bench, str(bench.out), "Permission denied", disk=disk)


def test_a_file_system_that_can_only_be_read_is_refused(make_bench):
    """Nothing can be promised there."""
    bench = make_bench()
    bench.out.mkdir()
    disk = Disk(root=bench.root, fault_at=1, fault_kinds=disks.CHANGING, error=errno.EROFS)
    refused(bench, str(bench.out), "can only be read", disk=disk)


def test_a_folder_apart_from_its_ledger_is_tried_before_anything_is_paid_for(make_bench, tmp_path):
    """Results that have nowhere to go are found out about too late otherwise."""
    bench = make_bench()
    bench.out.mkdir()
    disk = Disk(root=bench.root, fault_at=1, fault_kinds=disks.CHANGING, error=errno.EACCES)
    ledger = str(tmp_path / "elsewhere" / "ledger.db")
    refused(bench, str(bench.out), "Permission denied", disk=disk, options=("--ledger", ledger))


def test_a_file_in_place_of_the_folder_is_refused(make_bench):
    """It is somebody's."""
    bench = make_bench()
    bench.out.write_text("mine")
    refused(bench, str(bench.out), "name a folder")
    assert bench.out.read_text() == "mine"


def test_a_file_in_place_of_a_parent_is_refused(make_bench):
    """No folder can be made below it."""
    bench = make_bench()
    bench.out.write_text("mine")
    bench.out = bench.product.out = bench.out / "deep" / "er"
    refused(bench, str(bench.out), "Not a directory")


def test_missing_parents_are_made(make_bench):
    """They are the user's wish; that they outlast a power cut is tested elsewhere."""
    bench = make_bench()
    bench.out = bench.product.out = bench.out / "deep" / "er"
    bench.driver.finish()


def a_folder(path):
    """Put a folder there."""
    path.mkdir()


def another_database(path):
    """Put the SQLite file of another program there."""
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE bookmarks (url)")
    connection.close()


def garbage(path):
    """Put bytes there that mean nothing."""
    path.write_bytes(b"not a database, but long enough to look at" * 100)


def newer(path):
    """Put a ledger of a later version there."""
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA application_id = 0x61766173")
        connection.execute("PRAGMA user_version = 99")
    connection.close()


@pytest.mark.parametrize(
    ("put", "words"),
    [
        (a_folder, "folder"),
        (another_database, "another program"),
        (garbage, "not a SQLite file"),
        (newer, "use the version that wrote it"),
    ],
)
def test_what_is_no_ledger_is_left_alone(make_bench, put, words):
    """Whoever put it there wants it back as it was."""
    bench = make_bench()
    bench.out.mkdir()
    put(bench.out / "ledger.db")
    before = None if put is a_folder else (bench.out / "ledger.db").read_bytes()
    refused(bench, "ledger.db", words)
    assert before is None or (bench.out / "ledger.db").read_bytes() == before


@pytest.mark.parametrize("left_bytes", [0, 3000, 9000])
def test_a_ledger_that_lost_its_end_is_not_started_anew(make_bench, left_bytes):
    """The receipts tell what was paid for; the remedy is named, and works."""
    bench = make_bench()
    bench.driver.finish()
    os.truncate(bench.out / "ledger.db", left_bytes)
    before = bench.product.service.truth().journal
    assert bench.run() == 2, bench.product.said()
    assert "--rebuild-ledger" in bench.product.said()
    assert "Traceback" not in bench.product.said()
    (bench.out / "ledger.db").unlink()
    assert bench.run("--rebuild-ledger") == 0, bench.product.said()
    assert bench.product.service.truth().journal == before


def test_a_folder_deleted_in_the_midst_ends_the_run_at_once(make_bench):
    """Every further intent would be kept nowhere."""
    bench = make_bench(jobs=4)
    service = bench.product.service
    service.arm("query/arrived", number=signal.SIGSTOP)
    process = bench.driver.start()
    service.tell_pid(process.pid)
    deadline = time.monotonic() + LIMIT_S
    while not service.struck():
        assert time.monotonic() < deadline, bench.product.said()
        time.sleep(0.02)
    made = sum(len(service.truth().words(name)) for name in bench.product.names)
    shutil.rmtree(bench.out)
    os.kill(process.pid, signal.SIGCONT)
    assert process.wait(LIMIT_S) == 1, bench.product.said()
    assert "was deleted, moved or replaced while the run was using it" in bench.product.said()
    assert "Traceback" not in bench.product.said()
    assert sum(len(service.truth().words(name)) for name in bench.product.names) == made


def test_status_works_where_nothing_can_be_written(make_bench):
    """An archive on a read-only disk can still be looked at."""
    bench = make_bench()
    bench.driver.finish()
    disk = Disk(root=bench.root, log=bench.log, fault_at=1, fault_kinds=disks.CHANGING, error=errno.EROFS)
    process = bench.product.start("status", "--out", str(bench.out), **disk.environment(bench.library))
    assert process.wait(LIMIT_S) == 0, bench.product.said()
    assert bench.product.names[0] in bench.product.said()
