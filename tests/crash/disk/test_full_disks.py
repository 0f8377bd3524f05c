"""The disk is full, broken or read-only from any write on: nothing is paid twice or lost, and all is told."""

import errno
import os
import re
import signal
import subprocess
import time
from typing import Any

import pytest

from tests.crash.disk import shim as disks
from tests.crash.disk.shim import Disk
from tests.crash.product import LIMIT_S

#: One of these is told, depending on who meets the error first.
REMEDIES = {
    errno.ENOSPC: ("the disk is full: free some room", "check the disk", "check that its folder exists"),
    errno.EDQUOT: ("your quota of the disk is used up: free some room",),
    errno.EROFS: ("its disk can only be read now: mount it for writing",),
    errno.EIO: ("the disk reports an error: check the disk",),
}
KEPT_TRYING = re.compile(r"task id \d+ cannot be written down: ledger .*--task-id \d+")
#: Operations that no run of two jobs comes to: the test has then tried a whole run.
_MOST = 590


def strike(bench, at, error, **fault):
    """Run while the disk fails; return the exit code, None if the run kept trying to write an id."""
    disk = Disk(root=bench.root, log=bench.log, fault_at=at, error=error, **fault)
    process = bench.driver.start(**disk.environment(bench.library))
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        try:
            return process.wait(0.05)
        except subprocess.TimeoutExpired:
            if KEPT_TRYING.search(bench.product.said()):
                bench.driver.kills.append(time.time())
                bench.product.kill(process)
                return None
    raise AssertionError(bench.product.said())


def check_story(bench, code, error):
    """Look whether the run ended with words and an exit code that a person can work with."""
    said = bench.product.said()
    assert "Traceback" not in said
    assert "a bug in" not in said
    truth = bench.product.service.truth()
    sent = any(truth.words(name) for name in bench.product.names)
    assert code in ((0, 1, None) if sent else (0, 1, 2)), said
    if code:
        assert any(remedy in said for remedy in REMEDIES[error]), said
        assert str(bench.out) in said
    bench.driver.kills.append(time.time())
    bench.driver.check()


WAYS: dict[str, dict[str, Any]] = {
    "once": {"error": errno.ENOSPC, "fault_for": 1},
    "once, short": {"error": errno.ENOSPC, "fault_for": 2, "short": True},
    "fifty times": {"error": errno.ENOSPC, "fault_for": 50},
    "for ever": {"error": errno.ENOSPC},
    "quota": {"error": errno.EDQUOT},
    "read-only": {"error": errno.EROFS, "fault_kinds": disks.CHANGING},
    "broken ledger": {"error": errno.EIO, "fault_kinds": disks.BREAKING, "fault_match": "ledger.db"},
}


@pytest.mark.parametrize("way", WAYS)
def test_a_disk_fails_from_a_write_on_and_the_same_command_goes_on_later(make_bench, way):
    """Every way to fail meets other writes; together they spread over a whole run."""
    number = list(WAYS).index(way)
    for at in range(2 + 17 * number, _MOST, 17 * len(WAYS)):
        bench = make_bench()
        code = strike(bench, at, **WAYS[way])
        check_story(bench, code, WAYS[way]["error"])
        bench.driver.finish()


@pytest.mark.soak
@pytest.mark.timeout(0)
@pytest.mark.parametrize("way", WAYS)
def test_a_disk_fails_from_any_write_on_while_files_of_every_length_come(make_long_bench, way):
    """Each way that files are received and written in meets the error in places of its own."""
    for at in range(2, _MOST, 3):
        bench = make_long_bench()
        code = strike(bench, at, **WAYS[way])
        check_story(bench, code, WAYS[way]["error"])
        bench.driver.finish()


def test_room_that_comes_back_lets_the_same_run_record_what_it_paid_for(make_bench, tmp_path):
    """The id of the accepted task waits for room; nothing else is bought meanwhile."""
    bench, full = make_bench(jobs=3), tmp_path / "full"
    service = bench.product.service
    service.arm("create/handled", number=signal.SIGSTOP)
    disk = Disk(root=bench.root, fault_while=full, fault_match="ledger.db")
    process = bench.driver.start(**disk.environment(bench.library))
    service.tell_pid(process.pid)
    wait_until(service.struck, bench)
    full.touch()
    os.kill(process.pid, signal.SIGCONT)
    wait_until(lambda: KEPT_TRYING.search(bench.product.said()), bench)
    truth = service.truth()
    [(paid, task_id)] = [(name, made) for name in bench.product.names for made in truth.tasks_of(name)]
    assert f"{paid}: task id {task_id} cannot be written down" in bench.product.said()
    full.unlink()
    assert process.wait(LIMIT_S) in (0, 1)
    assert f"{paid}: task id {task_id} is written now: nothing to do" in bench.product.said()
    bench.driver.finish()
    assert (bench.driver.ordered, bench.driver.settled) == (0, 0)


def wait_until(true, bench):
    """Wait for something to become true."""
    deadline = time.monotonic() + LIMIT_S
    while not true():
        assert time.monotonic() < deadline, bench.product.said()
        time.sleep(0.02)
