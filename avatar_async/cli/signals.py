"""Ctrl-C, SIGTERM and a closed terminal: once to stop tidily, twice to leave now."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final

import anyio

from avatar_async.cli.stopped import ASKING, StoppedError, stop, told

_NAMES: Final = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM", signal.SIGHUP: "SIGHUP"}


class Interruption:
    """What the signals of this process have asked for so far.

    Args:
        stop: Called at the first signal: begin to stop, and return at once.
        kill: Called at the second: leave now.
        say: Tells a person what is happening.
    """

    def __init__(
        self, stop: Callable[[], None], kill: Callable[[], None], say: Callable[[str], None]
    ) -> None:
        self._stop = stop
        self._kill = kill
        self._say = say
        #: The first signal that came, None if none did.
        self.first: signal.Signals | None = None
        self._count = 0

    @property
    def exit_code(self) -> int | None:
        """The exit code that tells of the signal, None if none came."""
        return None if self.first is None else 128 + self.first

    def receive(self, number: int) -> None:
        """Act on one signal."""
        self._count += 1
        received = signal.Signals(number)
        if self._count == 1:
            self.first = received
            self._stop()
            self._tell(
                f"{_NAMES[received]}: stopping; create calls under way may still answer (at most 60 s).",
                f"{_NAMES[received]} once more leaves now.",
            )
        elif self._count == 2:
            self._tell("Leaving now; the same command goes on from here.")
            self._kill()
        else:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    def _tell(self, *lines: str) -> None:
        with suppress(OSError):  # the terminal may be what went away
            for line in lines:
                self._say(line)


@contextmanager
def heeding(
    stop: Callable[[], None], kill: Callable[[], None], say: Callable[[str], None]
) -> Iterator[Interruption]:
    """Heed SIGINT, SIGTERM and SIGHUP inside the block, in the running loop; the old handlers come back.

    SIGHUP comes when the terminal is closed; it stays ignored where the caller ignores it (`nohup`).
    """
    interruption = Interruption(stop, kill, say)
    loop = asyncio.get_running_loop()

    def hand_on(number: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(interruption.receive, number)

    ignored = {signal.SIGHUP} if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else set()
    before = {number: signal.signal(number, hand_on) for number in _NAMES.keys() - ignored}
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Cancellable:
    """Work in an event loop of its own that a signal cancels."""

    def __init__(self, work: Callable[[], Awaitable[int]]) -> None:
        self._work = work
        self._inside: tuple[asyncio.AbstractEventLoop, anyio.CancelScope] | None = None
        #: The signal that cancelled it, None if none did.
        self.number: int | None = None

    async def run(self) -> int | None:
        """Return what the work returns, None if it was cancelled."""
        with anyio.CancelScope() as scope:
            self._inside = asyncio.get_running_loop(), scope
            try:
                return await self._work()
            finally:
                self._inside = None
        return None

    def receive(self, number: int, _frame: FrameType | None) -> None:
        """Cancel the work, or leave where it is cancelled already, not begun yet or over."""
        if self._inside is None:
            line, code = told(_error(number))
            with suppress(OSError):
                os.write(2, f"{line}.\n".encode())
            os._exit(code)
        loop, scope = self._inside
        self._inside, self.number = None, number
        loop.call_soon_threadsafe(scope.cancel)


def run_cancellable(work: Callable[[], Awaitable[int]]) -> int:
    """Run work in an event loop; Ctrl-C cancels it, once more ends the process.

    An exception raised by a signal in the midst of a loop can keep a thread or a task from ever being told
    of its end, and so the process from leaving: here none is. Other signals do the same where they end the
    process as Ctrl-C does (`end_like_ctrl_c`).

    Raises:
        KeyboardInterrupt: Ctrl-C cancelled it.
        StoppedError: Another signal did.
    """
    cancellable = _Cancellable(work)
    before = {number: signal.getsignal(number) for number in _NAMES}
    taken = [number for number, handler in before.items() if handler in (signal.default_int_handler, stop)]
    for number in taken:
        signal.signal(number, cancellable.receive)
    try:
        code = anyio.run(cancellable.run)
    finally:
        for number in taken:
            signal.signal(number, before[number])
    if code is not None:
        return code
    raise _error(cancellable.number)


def _error(number: int | None) -> KeyboardInterrupt:
    return StoppedError(number) if number in ASKING else KeyboardInterrupt()
