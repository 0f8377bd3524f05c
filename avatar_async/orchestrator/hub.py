"""How a run's events reach those who listen."""

import weakref
from collections import deque
from collections.abc import AsyncIterator

import anyio

from avatar_async.orchestrator.events import ProgressEvent, RunEvent

#: Progress is dropped for a listener that is this many events behind; nothing else ever is.
_PROGRESS_BACKLOG = 256


class EventHub:
    """Hand each event to every listener; never waits for a slow one."""

    def __init__(self) -> None:
        #: Whoever lets go of an iterator is no listener any more.
        self._listeners: weakref.WeakSet[_Listener] = weakref.WeakSet()
        self._closed = False

    def publish(self, event: RunEvent) -> None:
        """Tell every listener."""
        for listener in tuple(self._listeners):
            listener.put(event)

    def listen(self) -> AsyncIterator[RunEvent]:
        """Return an iterator over every event from now on; it ends when the hub is closed."""
        listener = _Listener()
        if self._closed:
            listener.close()
        self._listeners.add(listener)
        return listener

    def close(self) -> None:
        """End every iterator once it is drained."""
        self._closed = True
        for listener in self._listeners:
            listener.close()


class _Listener:
    """One listener's queue. State, warning and end events are never dropped."""

    def __init__(self) -> None:
        self._queue: deque[RunEvent] = deque()
        self._wake = anyio.Event()
        self._closed = False

    def put(self, event: RunEvent) -> None:
        if isinstance(event, ProgressEvent) and len(self._queue) >= _PROGRESS_BACKLOG:
            return
        self._queue.append(event)
        self._wake.set()

    def close(self) -> None:
        self._closed = True
        self._wake.set()

    def __aiter__(self) -> AsyncIterator[RunEvent]:
        return self

    async def __anext__(self) -> RunEvent:
        while not self._queue:
            if self._closed:
                raise StopAsyncIteration
            self._wake = anyio.Event()
            await self._wake.wait()
        return self._queue.popleft()
