"""Running contenders as processes."""

import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from bench.model import Contender
from bench.process import run

_WAITING = """
import os, pathlib, sys, time
own = pathlib.Path(sys.argv[1])
own.with_suffix(".new").write_text(str(os.getpid()))
own.with_suffix(".new").rename(own)
time.sleep(3600)
"""


def test_a_bench_that_is_stopped_ends_its_contender_and_itself(tmp_path):
    """The timer that bounds a contender would keep the interpreter until its time is up."""
    pid_file = tmp_path / "pid"
    command = (sys.executable, "-c", _WAITING, str(pid_file))
    contender = Contender(name="sleeper", command=command, timeout_s=3600)

    def stop() -> None:
        while not pid_file.exists():
            pass
        os.kill(os.getpid(), signal.SIGINT)

    before = set(threading.enumerate())
    stopper = threading.Thread(target=stop)
    stopper.start()
    with pytest.raises(KeyboardInterrupt):
        run(contender, 1.0)
    stopper.join()
    for timer in set(threading.enumerate()) - before:
        timer.join(10)
        assert not timer.is_alive()
    assert not Path(f"/proc/{pid_file.read_text()}").exists()
