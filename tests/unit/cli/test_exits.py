"""Errors become messages and exit codes in one place."""

import anyio
import pytest
import typer

from avatar_async import errors
from avatar_async.cli import exits, logs


def code_of(work):
    """Return the exit code that some work leaves with."""
    with pytest.raises(typer.Exit) as caught:
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
    logs.show_traces(True)
    try:
        assert code_of(raising(errors.ConfigError("x"))) == 2
    finally:
        logs.show_traces(False)
    assert "Traceback" in capsys.readouterr().err


def test_control_characters_in_messages_are_made_visible(capsys):
    """A service's message may hold anything."""
    code_of(raising(errors.RejectedError("\x1b[2Jno")))
    assert capsys.readouterr().err == "Error: \\x1b[2Jno\n"
