"""Threads that write and hash what downloads bring."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final, TypeVar

T = TypeVar("T")

#: Threads that write at the same time: more would only take the interpreter from each other.
_WRITING: Final = 2
#: Threads that hash, or wait for the disk, at the same time.
_HASHING: Final = 8
_SYNCING: Final = 8


class Writers:
    """A few threads, there as long as a download runs."""

    def __init__(self) -> None:
        self._running = 0
        self._threads: ThreadPoolExecutor | None = None
        self._hashing: ThreadPoolExecutor | None = None
        self._syncing: ThreadPoolExecutor | None = None

    @contextmanager
    def engaged(self) -> Iterator[None]:
        """Count a download in; when the last one leaves, the threads end with what they do."""
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1
            if not self._running:
                for threads in (self._threads, self._hashing, self._syncing):
                    if threads is not None:
                        threads.shutdown(wait=False)
                self._threads = self._hashing = self._syncing = None

    @property
    def hashing(self) -> Executor:
        """Threads of their own for what writing threads wait for."""
        if self._hashing is None:
            self._hashing = ThreadPoolExecutor(_HASHING, thread_name_prefix="avatar-hash")
        return self._hashing

    def begin(self, call: Callable[..., T], *arguments: object) -> "asyncio.Future[T]":
        """Run a call that writes on a thread, and return what it will bring, without waiting.

        A future that is cancelled or forgotten ends nothing that its thread has begun.
        """
        if self._threads is None:
            self._threads = ThreadPoolExecutor(_WRITING, thread_name_prefix="avatar-writer")
        return _begun(self._threads, call, *arguments)

    def begin_sync(self, call: Callable[[], T]) -> "asyncio.Future[T]":
        """Run a call that waits for the disk on a thread, beside those that write; see `begin`."""
        if self._syncing is None:
            self._syncing = ThreadPoolExecutor(_SYNCING, thread_name_prefix="avatar-sync")
        return _begun(self._syncing, call)


def _begun(threads: Executor, call: Callable[..., T], *arguments: object) -> "asyncio.Future[T]":
    future = asyncio.get_running_loop().run_in_executor(threads, call, *arguments)
    future.add_done_callback(_look_at)
    return future


def _look_at(future: "asyncio.Future[T]") -> None:
    """See the error of a call that nobody waits for any more."""
    if not future.cancelled():
        future.exception()
