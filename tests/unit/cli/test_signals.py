"""Ctrl-C and SIGTERM."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import anyio
import pytest
from click.testing import CliRunner

from avatar_async.cli import exits
from avatar_async.cli.app import app
from avatar_async.cli.signals import heeding, run_cancellable

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
async def test_once_stops_and_twice_leaves(number, code):
    """The first lets creates under way answer, the second does not wait."""
    calls: list[str] = []
    said: list[str] = []
    with heeding(lambda: calls.append("stop"), lambda: calls.append("kill"), said.append) as interruption:
        assert interruption.exit_code is None
        for expected in (["stop"], ["stop", "kill"]):
            os.kill(os.getpid(), number)
            with anyio.fail_after(5):
                while calls != expected:
                    await anyio.lowlevel.checkpoint()
    assert interruption.exit_code == code
    assert code in {*exits.ExitCode}
    assert str(code) in CliRunner().invoke(app, ["run", "--help"]).output
    assert "stopping" in said[0]
    assert "once more leaves now" in said[1]
    assert "goes on from here" in said[2]
    assert all(len(line) < 80 for line in said)


async def test_a_terminal_that_went_away_keeps_no_run_from_stopping():
    """Its messages fail, and it is just then that the run must stop tidily."""
    calls: list[str] = []

    def say(text):
        raise OSError(errno.EIO, "Input/output error")

    with heeding(lambda: calls.append("stop"), lambda: calls.append("kill"), say):
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGHUP)
        with anyio.fail_after(5):
            while calls[-1:] != ["kill"]:
                await anyio.lowlevel.checkpoint()


async def test_nohup_is_respected():
    """Whoever types it wants the run to outlive the terminal."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with heeding(lambda: None, lambda: None, lambda _text: None):
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


async def test_the_old_handlers_come_back():
    """The rest of the program handles its own Ctrl-C."""
    before = signal.getsignal(signal.SIGTERM)
    with heeding(lambda: None, lambda: None, lambda _text: None):
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before


def test_ctrl_c_outside_a_run_cancels_the_work_and_lets_it_tidy_up():
    """Locks and files are let go of before the process leaves."""
    before = signal.getsignal(signal.SIGINT)
    tidied: list[bool] = []

    async def work():
        os.kill(os.getpid(), signal.SIGINT)
        try:
            await anyio.sleep_forever()
        finally:
            tidied.append(True)

    with pytest.raises(KeyboardInterrupt):
        run_cancellable(work)
    assert tidied
    assert signal.getsignal(signal.SIGINT) is before


def test_work_that_ends_although_it_is_cancelled_keeps_its_code():
    """Its last step was done: what it says of that is true."""

    async def work():
        os.kill(os.getpid(), signal.SIGINT)
        return 7

    assert run_cancellable(work) == 7


_STUBBORN = """
import os, signal, anyio, anyio.to_thread
from avatar_async.cli import exits

async def work():
    await anyio.to_thread.run_sync(lambda: None)  # a thread that has to be told of the end
    os.kill(os.getpid(), signal.SIGINT)
    with anyio.CancelScope(shield=True):
        while True:
            await anyio.lowlevel.checkpoint()
            os.kill(os.getpid(), signal.SIGINT)

exits.leave(work)
"""


def test_ctrl_c_twice_leaves_whatever_the_work_is_about():
    """An exception in the midst of the event loop once kept the process from ever leaving."""
    command = [sys.executable, "-c", _STUBBORN]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, done.stderr) == (130, "Interrupted.\n")


_EARLY = """
import os, signal, sys, anyio, click
from avatar_async.cli import exits, stopped

stopped.end_like_ctrl_c()
moment, number = sys.argv[1], int(sys.argv[2])

async def work():
    os.kill(os.getpid(), number)
    await anyio.sleep_forever()

def sync_work():
    os.kill(os.getpid(), number)
    return 0

exits.if_interrupted("nothing was sent")
try:
    exits.leave(work if moment == "loop" else sync_work)
except click.exceptions.Exit as left:
    sys.exit(left.exit_code)
"""


def _early(moment, number, **given):
    command = [sys.executable, "-c", _EARLY, moment, str(int(number))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=30, **given)
    return done.returncode, done.stderr


@pytest.mark.parametrize("moment", ["loop", "before"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_before_anything_heeds_it_is_told_in_one_line(moment, number, code):
    """Who stops a service while it starts wants to know that nothing was paid for."""
    words = f"Interrupted by {number.name}: nothing was sent.\n"
    assert _early(moment, number) == (code, words)


def test_a_hang_up_that_the_caller_ignores_ends_no_start():
    """`nohup` holds from the first moment on."""
    code, said = _early(
        "before", signal.SIGHUP, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)
    )
    assert (code, said) == (0, "")


def test_a_signal_before_the_command_is_loaded_is_told_as_well():
    """The first moments count too, and a usage error is not what happened."""
    script = """
import os, signal, sys
from avatar_async.cli import app, stopped
stopped.end_like_ctrl_c()

def load(self, ctx, name):
    os.kill(os.getpid(), signal.SIGTERM)

app._Commands.get_command = load
sys.argv = ["avatar-async", "run"]
app.run()
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False, timeout=30
    )
    assert (done.returncode, done.stderr) == (143, "Interrupted by SIGTERM.\n")
