"""A thread that does small errands on files for the event loop, all that wait in one go."""

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Final, Generic, TypeVar

import anyio
from attrs import define, field

#: Errands that are done in one go at most, so that the first is not answered too late.
GROUP_SIZE: Final = 64
#: Seconds for which errands that are here wait for those that are about to come.
_PATIENCE_S: Final = 0.001
#: Most groups that are handed over without waiting after waits in vain.
_MOST_HASTY: Final = 64


@define(eq=False, kw_only=True)
class Errand:
    """Something to be done in the thread.

    Attributes:
        withdrawn: Set by who no longer wants it; what is not done yet is left out then.
        error: Why it failed, once it is done.
    """

    withdrawn: bool = False
    error: Exception | None = None
    _answer: "asyncio.Future[None] | None" = field(default=None, init=False)
    _done: bool = field(default=False, init=False)

    def begin(self) -> None:
        """Forget that it was done before."""
        self._done = False

    def settle(self) -> None:
        """Wake who waits; to be called in the loop."""
        self._done = True
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(None)

    async def wait(self) -> None:
        """Wait until it is done, in vain or not; cancelled, it goes on."""
        if not self._done:
            self._answer = asyncio.get_running_loop().create_future()
            await self._answer


E = TypeVar("E", bound=Errand)


class FileThread(Generic[E]):
    """One thread that lives while somebody may call.

    A hop to a thread and back costs more than a small file's way to the disk. The thread takes all errands
    that wait at once and wakes the loop once for all of them, so that the more there is to do, the less each
    one costs.

    Args:
        serve: Does errands, in the thread; notes each one's error in it.
        name: The thread's name.
    """

    def __init__(self, serve: Callable[[Sequence[E]], None], *, name: str) -> None:
        self._serve = serve
        self._name = name
        self._users = 0
        self._calls: queue.SimpleQueue[list[E] | None] | None = None
        #: What came up and is not handed over yet, and how much of it in the turns of the loop before.
        self._gathered: list[E] = []
        self._seen = 0
        #: Errands that are said to come soon, and the end of the time in which they are waited for.
        self._expected = 0
        self._waiting: asyncio.TimerHandle | None = None
        #: Groups that are handed over at once, and how many it will be after the next wait in vain.
        self._hasty, self._hastier = 0, 1

    def __enter__(self) -> None:
        """Keep the thread, once it is started, for the block."""
        self._users += 1

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._users -= 1
        if not self._users and self._calls is not None:
            self._calls.put(None)
            self._calls = None

    def expect(self) -> None:
        """Note that an errand is about to come; to be followed by `came`, whatever happens."""
        self._expected += 1

    def came(self) -> None:
        """Note that an expected errand comes up now, or never will."""
        self._expected -= 1
        if not self._expected:
            self._wait_no_more()

    def _wait_no_more(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting, self._hastier = None, 1
            loop = asyncio.get_running_loop()
            loop.call_soon(self._give, loop)

    async def do(self, errand: E) -> None:
        """Have an errand done, within the thread's block; cancelled, it is withdrawn and its answer awaited.

        Raises:
            Exception: What the errand's `error` says.
        """
        errand.begin()
        if not self._gathered:
            loop = asyncio.get_running_loop()
            loop.call_soon(self._hand_over, loop)
        self._gathered.append(errand)
        if len(self._gathered) == GROUP_SIZE:
            self._wait_no_more()
        try:
            await errand.wait()
        except BaseException:
            errand.withdrawn = True
            with anyio.CancelScope(shield=True):
                await errand.wait()
            raise
        if errand.error is not None:
            raise errand.error

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        """Give the thread what came up, which wakes it once.

        Loop and thread hold the interpreter in turns, and each change costs more than a file: so as long as
        more comes up in each turn of the loop, or all that is expected may come at any moment, the thread
        sleeps on. Where it takes its time, as over a long line, waiting for it would be time lost: after a
        wait in vain so many groups go at once, and more after the next one.
        """
        if len(self._gathered) < GROUP_SIZE:
            if self._seen < len(self._gathered):
                self._seen = len(self._gathered)
                loop.call_soon(self._hand_over, loop)
                return
            if self._expected and not self._hasty:
                self._waiting = loop.call_later(_PATIENCE_S, self._waited_in_vain, loop)
                return
        self._hasty = max(self._hasty - 1, 0)
        self._give(loop)

    def _waited_in_vain(self, loop: asyncio.AbstractEventLoop) -> None:
        self._waiting = None
        self._hasty, self._hastier = self._hastier, min(2 * self._hastier, _MOST_HASTY)
        self._give(loop)

    def _give(self, loop: asyncio.AbstractEventLoop) -> None:
        self._seen = 0
        gathered, self._gathered = self._gathered, []
        if self._calls is None:
            self._calls = queue.SimpleQueue()
            threading.Thread(
                target=self._live, args=(self._calls, loop), name=self._name, daemon=True
            ).start()
        self._calls.put(gathered)

    def _live(self, calls: "queue.SimpleQueue[list[E] | None]", loop: asyncio.AbstractEventLoop) -> None:
        last = False
        while not last:
            errands: list[E] = []
            more = calls.get()
            while more is not None:
                errands += more
                if len(errands) >= GROUP_SIZE:
                    break
                try:
                    more = calls.get_nowait()
                except queue.Empty:
                    break
            last = more is None
            if errands:
                self._do_all(errands)
                try:
                    loop.call_soon_threadsafe(_settle, errands)
                except RuntimeError:
                    return  # the loop is gone, and with it everybody who waited

    def _do_all(self, errands: Sequence[E]) -> None:
        try:
            self._serve(errands)
        except Exception as error:  # noqa: BLE001 - nobody may wait for ever
            for errand in errands:
                errand.error = errand.error or error


def _settle(errands: Sequence[Errand]) -> None:
    for errand in errands:
        errand.settle()
