"""Errors become messages and exit codes in one place."""

import errno
import os
import shlex
import subprocess
import sys
from pathlib import Path

import anyio
import click
import pytest

from avatar_async import errors
from avatar_async.cli import exits, logs

ROOT = Path(__file__).parents[3]


def code_of(work):
    """Return the exit code that some work leaves with."""
    with pytest.raises(click.exceptions.Exit) as caught:
        exits.leave(work)
    return caught.value.exit_code


def raising(error):
    """Return work that fails."""

    async def work():
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.ConfigError("a"), 2),
        (errors.ManifestError("a"), 2),
        (errors.RequestChangedError("a"), 2),
        (errors.LedgerLockedError("a"), 2),
        (errors.LedgerMismatchError("a"), 2),
        (errors.JobNotFoundError("a"), 2),
        (errors.LifecycleError("a"), 2),
        (errors.EmulatorError("a"), 2),
        (errors.AuthError("a"), 1),
        (errors.NotSentError("a"), 1),
        (errors.DiskSpaceError("a"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_each_error_has_its_exit_code(error, code, capsys):
    """2 means that nothing was sent: scripts may mend and try again."""
    assert code_of(raising(error)) == code
    assert "Traceback" not in capsys.readouterr().err


def test_an_error_inside_task_groups_is_told_as_itself(capsys):
    """People know nothing of exception groups."""

    async def work():
        async with anyio.create_task_group() as group:
            group.start_soon(raising(errors.ConfigError("poll_rate is wrong")))
        return 0

    assert code_of(work) == 2
    assert capsys.readouterr().err == "Error: poll_rate is wrong\n"


def test_an_unexpected_error_is_owned_up_to_without_a_traceback(capsys):
    """A traceback helps only those who asked for one."""
    assert code_of(raising(KeyError("task"))) == 1
    err = capsys.readouterr().err
    assert "this is a bug in avatar-async: KeyError" in err
    assert "--log-file" in err
    assert "Traceback" not in err


def test_an_unexpected_error_leaves_its_traceback_in_the_log(tmp_path, capsys):
    """And says where."""
    log = tmp_path / "run.log"

    async def work():
        logs.open_log(log)
        raise KeyError("task")

    try:
        assert code_of(work) == 1
    finally:
        logs.close_log()
    assert str(log) in capsys.readouterr().err
    assert "Traceback" in log.read_text()


def test_tracebacks_are_shown_when_asked_for(capsys):
    """`--debug` is for those who mend."""
    exits.show_traces(True)
    try:
        assert code_of(raising(errors.ConfigError("x"))) == 2
    finally:
        exits.show_traces(False)
    assert "Traceback" in capsys.readouterr().err


def test_control_characters_in_messages_are_made_visible(capsys):
    """A service's message may hold anything."""
    code_of(raising(errors.RejectedError("\x1b[2Jno")))
    assert capsys.readouterr().err == "Error: \\x1b[2Jno\n"


@pytest.mark.parametrize("options", [["schema"], ["--help"], ["status"]])
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_bug(options, closed, tmp_path):
    """Daemons and cron jobs close them; a file of ours must never take their numbers."""
    command = shlex.join([sys.executable, "-m", "avatar_async", *options])
    done = subprocess.run(
        ["sh", "-c", f"{command} {closed}"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == (2 if options == ["status"] else 0), done
    assert "a bug" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_full_disk_under_the_output_is_told_as_such(tmp_path):
    """It is no bug, and no traceback helps."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "avatar_async", "schema"],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == "Error: the output cannot be written: No space left on device\n"


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "free some room"),
        (errno.EROFS, "mount it for writing"),
        (errno.EACCES, "check the rights"),
    ],
)
def test_a_file_that_cannot_be_written_is_told_with_its_name_and_a_remedy(capsys, number, remedy):
    """`No space left on device` alone helps nobody."""
    assert code_of(raising(OSError(number, os.strerror(number), "looks/previews"))) == 1
    told = capsys.readouterr().err
    assert told.startswith("Error: looks/previews: ")
    assert remedy in told


def test_a_reader_that_leaves_is_no_error_to_tell_of(tmp_path):
    """`| head -1` is how people look."""
    done = subprocess.run(
        ["sh", "-c", f"{shlex.quote(sys.executable)} -m avatar_async schema | head -1"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("{\n", "")


def test_what_breaks_a_run_that_has_begun_is_told_but_never_with_the_code_for_nothing_sent(capsys):
    """A ledger on a full disk may have tasks in it that are paid for."""
    error = errors.LedgerError("the disk is full")
    assert code_of(raising(error)) == 2
    assert code_of(raising(exits.BrokenRunError(error))) == 1
    assert capsys.readouterr().err == "Error: the disk is full\n" * 2
