"""A few threads that do what an event loop begins, and tell it of several results at once."""

import asyncio
import queue
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Final, TypeAlias, TypeVar

T = TypeVar("T")

#: A call, what it is given, who waits for what it brings, and whether it is made even if nobody does.
_Errand: TypeAlias = "tuple[Callable[..., Any], tuple[object, ...], asyncio.Future[Any], bool]"


class Crew:
    """Threads that are started as they are needed, and take calls in the order in which they were begun.

    An executor takes a lock or two for each call and wakes the loop for each result, which costs more than
    most of these calls. Here the loop is woken once for all results that come while it is busy.

    To be used by one event loop.

    Args:
        most: Calls that may run at the same time.
        name: Of the threads.
    """

    def __init__(self, most: int, name: str) -> None:
        self._most: Final = most
        self._name: Final = name
        self._calls: queue.SimpleQueue[_Errand | None] = queue.SimpleQueue()
        self._done: deque[tuple[asyncio.Future[Any], Any, BaseException | None]] = deque()
        #: Whether the loop will look at what is done.
        self._told = False
        #: Calls whose results the loop has not seen.
        self._under_way = 0
        self._threads = 0

    def begin(
        self, call: Callable[..., T], *arguments: object, regardless: bool = False
    ) -> "asyncio.Future[T]":
        """Run a call on a thread, and return what it will bring, without waiting.

        A future that is cancelled or forgotten ends nothing that a thread has begun.

        Args:
            call: What to run.
            arguments: What it is given.
            regardless: Whether it is run even if its future is cancelled before a thread came to it.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        if self._under_way >= self._threads and self._threads < self._most:
            self._threads += 1
            threading.Thread(
                target=self._live, args=(loop,), name=f"{self._name}_{self._threads}", daemon=True
            ).start()
        self._under_way += 1
        self._calls.put((call, arguments, future, regardless))
        return future

    def end(self) -> None:
        """Have the threads end once everything is done that was begun; nothing can be begun any more."""
        for _ in range(self._threads):
            self._calls.put(None)

    def _live(self, loop: asyncio.AbstractEventLoop) -> None:
        while (errand := self._calls.get()) is not None:
            call, arguments, future, regardless = errand
            result: Any = None
            failure: BaseException | None = None
            if regardless or not future.cancelled():
                try:
                    result = call(*arguments)
                except BaseException as error:  # noqa: BLE001 - belongs to who waits, in the loop
                    failure = error
            self._done.append((future, result, failure))
            del errand, call, arguments, future, result, failure  # what they hold must not wait for the next
            if not self._told:
                self._told = True
                try:
                    loop.call_soon_threadsafe(self._tell)
                except RuntimeError:
                    return  # the loop is gone, and with it everybody who waited

    def _tell(self) -> None:
        """Give those who wait what came, in the loop."""
        self._told = False
        while self._done:
            future, result, failure = self._done.popleft()
            self._under_way -= 1
            if future.done():
                continue
            if failure is None:
                future.set_result(result)
            else:
                future.set_exception(failure)
                future.exception()  # seen: asyncio need not complain where nobody waits any more
