"""Threads that write and hash what downloads bring."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final, TypeVar

T = TypeVar("T")

#: Threads that write and hash at the same time.
_THREADS: Final = 8


class Writers:
    """A few threads, there as long as a download runs."""

    def __init__(self) -> None:
        self._running = 0
        self._threads: ThreadPoolExecutor | None = None
        self._hashing: ThreadPoolExecutor | None = None

    @contextmanager
    def engaged(self) -> Iterator[None]:
        """Count a download in; when the last one leaves, the threads end with what they do."""
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1
            if not self._running:
                for threads in (self._threads, self._hashing):
                    if threads is not None:
                        threads.shutdown(wait=False)
                self._threads = self._hashing = None

    @property
    def hashing(self) -> Executor:
        """Threads of their own for what writing threads wait for."""
        if self._hashing is None:
            self._hashing = ThreadPoolExecutor(_THREADS, thread_name_prefix="avatar-hash")
        return self._hashing

    def begin(self, call: Callable[..., T], *arguments: object) -> "asyncio.Future[T]":
        """Run a call on a thread and return what it will bring, without waiting.

        A future that is cancelled or forgotten ends nothing that its thread has begun.
        """
        if self._threads is None:
            self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="avatar-writer")
        future = asyncio.get_running_loop().run_in_executor(self._threads, call, *arguments)
        future.add_done_callback(_look_at)
        return future


def _look_at(future: "asyncio.Future[T]") -> None:
    """See the error of a call that nobody waits for any more."""
    if not future.cancelled():
        future.exception()
