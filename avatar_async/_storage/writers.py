"""Threads that write, hash, sync and check what downloads bring."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeVar

from avatar_async._storage.crew import Crew

if TYPE_CHECKING:
    from asyncio import Future

T = TypeVar("T")

#: Threads that write at the same time: more would only take the interpreter from each other.
_WRITING: Final = 2
#: Threads that hash, or wait for the disk, at the same time.
_HASHING: Final = 8
_SYNCING: Final = 8
#: Threads that open, name and remove files at the same time, durably.
_FILING: Final = 8
#: Threads that check finished files at the same time.
_CHECKING: Final = 2


class Writers:
    """A few threads, there as long as a download runs."""

    def __init__(self) -> None:
        self._running = 0
        self._crews: dict[str, Crew] = {}
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
                for crew in self._crews.values():
                    crew.end()
                self._crews = {}
                if self._hashing is not None:
                    self._hashing.shutdown(wait=False)
                self._hashing = None

    @property
    def hashing(self) -> Executor:
        """Threads of their own for what writing threads wait for."""
        if self._hashing is None:
            self._hashing = ThreadPoolExecutor(_HASHING, thread_name_prefix="avatar-hash")
        return self._hashing

    def begin(self, call: Callable[..., T], *arguments: object) -> "Future[T]":
        """Run a call that writes on a thread; see `Crew.begin`."""
        return self._crew("avatar-writer", _WRITING).begin(call, *arguments)

    def begin_sync(self, call: Callable[[], T]) -> "Future[T]":
        """Run a call that waits for the disk on a thread, beside those that write; see `Crew.begin`."""
        return self._crew("avatar-sync", _SYNCING).begin(call)

    def begin_filing(self, call: Callable[[], T], *, durable: bool, regardless: bool) -> "Future[T]":
        """Run a call that opens, names or removes files on a thread; see `Crew.begin`.

        Args:
            call: What to run.
            durable: Whether it waits for the disk: then it is run beside those that write, else among them.
            regardless: Whether it is run even if nobody waits for it any more.
        """
        crew = self._crew("avatar-files", _FILING) if durable else self._crew("avatar-writer", _WRITING)
        return crew.begin(call, regardless=regardless)

    def begin_check(self, call: Callable[[], T]) -> "Future[T]":
        """Run a call that reads a whole file on a thread, beside all others; see `Crew.begin`."""
        return self._crew("avatar-check", _CHECKING).begin(call)

    def _crew(self, name: str, most: int) -> Crew:
        if name not in self._crews:
            self._crews[name] = Crew(most, name)
        return self._crews[name]
