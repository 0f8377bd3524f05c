"""Many small cases at once: each mostly waits for a process, so that threads do."""

import queue
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from tests.crash.service import Service

T = TypeVar("T")
#: Cases at once: more would make two processors late.
AT_ONCE = 6


def side_by_side(
    case: Callable[[Service, T], object], given: Iterable[T], *, at_once: int = AT_ONCE, **options: Any
) -> None:
    """Call `case` with a service of its own thread and each of `given`; fail with every failure.

    Args:
        case: One case; cases of one service follow each other.
        given: What they are about.
        at_once: Threads, and services.
        options: Of every service.
    """
    failures: list[str] = []
    services: queue.SimpleQueue[Service] = queue.SimpleQueue()

    def run(what: T) -> None:
        service = services.get()
        try:
            case(service, what)
        except Exception as error:  # noqa: BLE001 - told below, with the other ones
            failures.append(f"{what}: {type(error).__name__}: {error}")
        finally:
            services.put(service)

    opened = [Service(**options) for _ in range(at_once)]
    for service in opened:
        services.put(service)
    try:
        with ThreadPoolExecutor(at_once) as threads:
            list(threads.map(run, given))
    finally:
        for service in opened:
            service.__exit__()
    assert not failures, "\n\n".join(failures)
