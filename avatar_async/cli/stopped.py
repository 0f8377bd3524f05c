"""SIGTERM and SIGHUP while nothing heeds them in its own way: they end a command as Ctrl-C does."""

import signal
from types import FrameType
from typing import Final

#: The signals beside Ctrl-C that ask a command to end.
ASKING: Final = (signal.SIGTERM, signal.SIGHUP)


class StoppedError(KeyboardInterrupt):
    """Tell that a signal other than Ctrl-C came.

    Attributes:
        number: Which one.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def stop(number: int, _frame: FrameType | None) -> None:
    """End what is under way.

    Raises:
        StoppedError: Always.
    """
    raise StoppedError(number)


def end_like_ctrl_c() -> None:
    """Have the other signals end this process as Ctrl-C does; one that is ignored (`nohup`) stays so."""
    for number in ASKING:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, stop)


def told(error: KeyboardInterrupt) -> tuple[str, int]:
    """Return the words that tell of an interruption, and its exit code."""
    if isinstance(error, StoppedError):
        return f"Interrupted by {signal.Signals(error.number).name}", 128 + error.number
    return "Interrupted", 128 + signal.SIGINT
