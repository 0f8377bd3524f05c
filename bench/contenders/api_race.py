"""A race of calls: so many open at once, each asking for the same tasks."""

import asyncio
import json
import resource
import sys
import time
from collections.abc import Awaitable, Callable, Sequence

from attrs import frozen

#: Path of the query call at the bench's server.
QUERY_PATH = "/query"
#: Calls whose time is reported.
COUNTED = 1000
TOKEN = "bench-token-0123456789abcdef0123456789abcdef"  # noqa: S105 - of no account
#: What every contender sends beside its body.
HEADERS = {
    "Authorization": f"Bearer {TOKEN}",
    "Content-Type": "application/json",
    "Accept": "application/json",
}


@frozen(kw_only=True)
class Race:
    """What the command line asks of a contender.

    Attributes:
        origin: The server.
        tasks: Tasks asked for in one call.
        calls: How many calls.
        open: How many of them at once.
    """

    origin: str
    tasks: int
    calls: int
    open: int

    @property
    def url(self) -> str:
        """The address of the query call."""
        return f"{self.origin}{query_path(self.tasks)}"

    @property
    def task_ids(self) -> Sequence[int]:
        """The ids to ask for."""
        return ids(self.tasks)

    @property
    def body(self) -> bytes:
        """The body of each call."""
        return body(self.tasks)


def read() -> Race:
    """Return the race that the command line describes: origin, tasks, calls, open."""
    origin, tasks, calls, open_ = sys.argv[1:]
    return Race(origin=origin, tasks=int(tasks), calls=int(calls), open=int(open_))


def query_path(tasks: int) -> str:
    """Return the path whose reply holds that many tasks."""
    return f"{QUERY_PATH}/{tasks}"


def ids(tasks: int) -> Sequence[int]:
    """Return the ids of that many tasks."""
    return range(8_100_000_001, 8_100_000_001 + tasks)


def body(tasks: int) -> bytes:
    """Return the body that asks for that many tasks."""
    return json.dumps({"taskIds": list(ids(tasks))}, separators=(",", ":")).encode()


async def race(race: Race, call: Callable[[], Awaitable[object]]) -> None:
    """Make the calls, so many at once, and print how long they took; a few go before, untimed.

    Args:
        race: How many.
        call: Makes one, and returns what it found, which is the same for all.
    """
    expected = await _spread(call, race.open, race.open)
    before, began_s = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    found = await _spread(call, race.calls, race.open)
    seconds, after = time.perf_counter() - began_s, resource.getrusage(resource.RUSAGE_SELF)
    if found != expected:
        raise SystemExit("two calls were answered differently")
    report(race.calls, seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def report(calls: int, seconds: float, cpu_s: float) -> None:
    """Print what `COUNTED` calls take, whatever number was made."""
    share = COUNTED / calls
    figures = {"seconds": seconds * share, "cpu_s": cpu_s * share}
    sys.stdout.write(json.dumps(figures) + "\n")


async def _spread(call: Callable[[], Awaitable[object]], calls: int, open_: int) -> object:
    left = calls
    last: object = None

    async def work() -> None:
        nonlocal left, last
        while left > 0:
            left -= 1
            last = await call()

    async with asyncio.TaskGroup() as group:
        for _ in range(min(open_, calls)):
            group.create_task(work())
    return last
