"""Exit codes, and the one place where errors become messages and exit codes."""

import errno
import inspect
import os
import sys
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager, suppress
from enum import IntEnum
from typing import TYPE_CHECKING, Any, NoReturn

import click

from avatar_async import errors

if TYPE_CHECKING:
    from avatar_async._jobs.records import Job


class ExitCode(IntEnum):
    """What an exit code of the command line means."""

    #: All jobs are stored or abandoned; the command did what it says.
    DONE = 0
    #: Something ended badly, is not finished, or needs a person.
    BAD_END = 1
    #: Bad usage, manifest or configuration; nothing was sent.
    USAGE = 2
    #: SIGHUP, as when the terminal is closed; the same command resumes.
    HUNG_UP = 129
    #: Ctrl-C; the same command resumes.
    INTERRUPTED = 130
    #: SIGTERM; the same command resumes.
    TERMINATED = 143


class _Traces:
    shown: bool = False


class _Screen:
    say: Callable[[str], None] | None = None


class _Interruption:
    words: str = ""


class BrokenRunError(Exception):
    """Carry an error that ended a run which may have sent something: never exit code 2.

    Attributes:
        error: What ended the run.
    """

    def __init__(self, error: errors.AvatarError) -> None:
        super().__init__(str(error))
        self.error = error


_NOTHING_SENT = (
    errors.ConfigError,
    errors.RequestError,
    errors.ManifestError,
    errors.LedgerError,
    errors.JobNotFoundError,
    errors.LifecycleError,
    errors.EmulatorError,
)


#: What writing to a stream fails with where a disk is full or broken.
_CANNOT_WRITE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


def code_for_error(error: errors.AvatarError) -> ExitCode:
    """Return the exit code that an error leads to."""
    return ExitCode.USAGE if isinstance(error, _NOTHING_SENT) else ExitCode.BAD_END


def code_for_jobs(jobs: "Iterable[Job]") -> ExitCode:
    """Return the exit code that the standing of a batch leads to."""
    from avatar_async._jobs.states import State

    good = {State.STORED, State.ABANDONED}
    return ExitCode.DONE if all(job.state in good for job in jobs) else ExitCode.BAD_END


def sole_cause(error: BaseException) -> BaseException:
    """Return the error inside nested groups of one, or the group as it is."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def tell(text: str) -> None:
    """Write to stderr, control characters made visible; on a terminal, long lines break between words."""
    from avatar_async.cli.render.text import printable
    from avatar_async.cli.render.wrap import columns, folded

    lines = text.splitlines() or [""]
    if _Screen.say is not None:
        for line in lines:
            _Screen.say(line)
        return
    width = columns(sys.stderr)
    told = [part for line in lines for part in folded(printable(line), width)]
    sys.stderr.write("".join(f"{line}\n" for line in told))
    sys.stderr.flush()


@contextmanager
def telling(say: Callable[[str], None]) -> Iterator[None]:
    """Tell by a display inside the block: what it draws in place must not be written into."""
    _Screen.say = say
    try:
        yield
    finally:
        _Screen.say = None


def show_traces(wanted: bool) -> None:
    """Show tracebacks of errors on stderr, or do not."""
    _Traces.shown = wanted


def if_interrupted(words: str) -> None:
    """Say what an interruption means from here on, beside that there was one."""
    _Interruption.words = words


def leave(work: Callable[[], Coroutine[Any, Any, int]] | Callable[[], int]) -> NoReturn:
    """Do the work of a command and leave with its exit code, whatever happens.

    Args:
        work: A coroutine function or a function that returns the exit code.
    """
    from avatar_async.cli import logs

    logs.keep_off_screen()
    try:
        code = _code_of(work)
    finally:
        logs.close_log()
    raise click.exceptions.Exit(int(code))


def _code_of(work: Callable[[], Coroutine[Any, Any, int]] | Callable[[], int]) -> int:
    code: object
    try:
        if inspect.iscoroutinefunction(work):
            from avatar_async.cli.signals import run_cancellable

            code = run_cancellable(work)
        else:
            code = work()
        assert isinstance(code, int)
        sys.stdout.flush()
        return code
    except BaseException as raised:  # noqa: BLE001 - this is the boundary
        return _code_of_error(sole_cause(raised))


def _code_of_error(error: BaseException) -> int:
    from avatar_async.cli import logs

    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, KeyboardInterrupt):
        return code_of_interruption(error)
    if isinstance(error, BrokenPipeError):
        _drop_output()
        return ExitCode.BAD_END
    if isinstance(error, BrokenRunError):
        _code_of_error(error.error)
        return ExitCode.BAD_END
    if isinstance(error, errors.AvatarError):
        logs.exception(error)
        tell(f"Error: {_message(error)}")
        _show_trace(error)
        return code_for_error(error)
    if isinstance(error, SystemExit) or not isinstance(error, Exception):
        raise error
    if isinstance(error, OSError) and error.filename:
        logs.exception(error)
        from avatar_async._storage.faults import reason_of

        tell(f"Error: {error.filename}: {reason_of(error)}")
        _show_trace(error)
        return ExitCode.BAD_END
    if isinstance(error, OSError) and error.errno in _CANNOT_WRITE:
        logs.exception(error)
        _drop_output()
        tell(f"Error: the output cannot be written: {error.strerror}")
        _show_trace(error)
        return ExitCode.BAD_END
    logs.exception(error)
    tell(f"Error: this is a bug in avatar-async: {type(error).__name__}: {error}")
    tell(f"       {logs.whereabouts()}")
    _show_trace(error)
    return ExitCode.BAD_END


def code_of_interruption(error: KeyboardInterrupt) -> int:
    """Tell of an interruption and return its exit code."""
    from avatar_async.cli.stopped import told

    line, code = told(error)
    with suppress(OSError):  # the terminal may be what went away
        tell(f"{line}: {_Interruption.words}." if _Interruption.words else f"{line}.")
    return code


def _drop_output() -> None:
    """Send what is still to be written to stdout nowhere, so that no flush fails again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _message(error: errors.AvatarError) -> str:
    if isinstance(error, errors.ManifestError):
        from avatar_async.cli.render.problems import refusal

        return "\n".join(refusal(error))
    from avatar_async.cli.program import program

    # Commands stand on lines of their own.
    return str(error).replace("\n  avatar-async ", f"\n  {program()} ") or type(error).__name__


def _show_trace(error: BaseException) -> None:
    if _Traces.shown:
        import traceback

        from avatar_async.cli import logs

        sys.stderr.write(logs.scrub("".join(traceback.format_exception(error))))
