"""What the contenders of the ledger's section share: their arguments, their steps, what they report.

A transition is one durable commit: the job's row is brought up to date and an entry is added to the
history. A producer makes them one after the other, each awaited, on jobs of its own. Which jobs are taken at
the same time is the order: those side by side, those far apart (each producer goes through a range), or any.
"""

import argparse
import functools
import json
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, Literal, get_args

import anyio
from attrs import field, frozen

#: States of one job's whole way, one transition each.
WAY: Final = ("submitting", "in_flight", "in_flight", "ready", "fetching", "fetching", "fetching", "stored")
#: What a transition is made of when a job's download starts and pauses again and again.
TOGGLE: Final = ("fetching", "ready")

#: Which jobs producers take at the same time.
Order = Literal["consecutive", "apart", "random"]


@frozen(kw_only=True)
class Race:
    """What to do.

    Attributes:
        folder: An empty folder for the database.
        producers: How many make transitions at the same time.
        transitions: How many are made in all.
        jobs: How many jobs the database holds.
        lives: Whether each job goes its whole way, instead of starting and pausing downloads.
        order: Which jobs are taken at the same time.
    """

    folder: Path
    producers: int
    transitions: int
    jobs: int
    lives: bool
    order: Order

    @property
    def states(self) -> tuple[str, ...]:
        """Return the states that a job passes, over and over or once."""
        return WAY if self.lives else TOGGLE

    def steps(self, producer: int) -> Iterator[tuple[int, int]]:
        """Yield the job (from 0) and the step of its way, of each transition of a producer."""
        count = self.transitions // self.producers + (producer < self.transitions % self.producers)
        own = self._own(producer)
        for number in range(count):
            if self.lives:
                yield own[number // len(WAY)], number % len(WAY)
            else:
                yield own[number % len(own)], number // len(own) % len(TOGGLE)

    def _own(self, producer: int) -> Sequence[int]:
        """Return the jobs (from 0) of a producer, as it takes them."""
        if self.order == "apart":
            return range(self.jobs * producer // self.producers, self.jobs * (producer + 1) // self.producers)
        taken = _shuffled(self.jobs) if self.order == "random" else range(self.jobs)
        return taken[producer :: self.producers]


@functools.cache
def _shuffled(jobs: int) -> Sequence[int]:
    """Return the numbers of that many jobs in an order that is always the same."""
    return random.Random(1).sample(range(jobs), jobs)


@frozen(kw_only=True)
class _Watch:
    """Counts what a race takes, without its preparations."""

    waits_s: list[float] = field(factory=list)
    began_s: float = field(factory=time.perf_counter)
    began_cpu_s: float = field(factory=time.process_time)

    async def timed(self, transition: Awaitable[object]) -> None:
        """Await a transition and note how long it took."""
        began_s = time.perf_counter()
        await transition
        self.waits_s.append(time.perf_counter() - began_s)

    def report(self) -> None:
        """Print the figures as the last line."""
        seconds, cpu_s = time.perf_counter() - self.began_s, time.process_time() - self.began_cpu_s
        waits_s = sorted(self.waits_s)
        figures = {
            "seconds": seconds,
            "cpu_s": cpu_s,
            "p50_ms": waits_s[len(waits_s) // 2] * 1e3,
            "p99_ms": waits_s[len(waits_s) * 99 // 100] * 1e3,
            "longest_ms": waits_s[-1] * 1e3,
        }
        print(json.dumps(figures))


async def compete(task: Race, transition: Callable[[int, int], Awaitable[object]]) -> None:
    """Let all producers make their transitions, and print the figures.

    Args:
        task: What to do; its preparations are done.
        transition: Makes one, of a job (from 0) and a step of its way.
    """
    steps = [list(task.steps(producer)) for producer in range(task.producers)]
    watch = _Watch()

    async def produce(producer: int) -> None:
        for number, step in steps[producer]:
            await watch.timed(transition(number, step))

    async with anyio.create_task_group() as group:
        for producer in range(task.producers):
            group.start_soon(produce, producer)
    watch.report()


def run(contender: Callable[[Race], Awaitable[None]]) -> None:
    """Let a contender make the transitions that the arguments ask for, below the folder they name."""
    with tempfile.TemporaryDirectory(dir=sys.argv[1]) as folder:
        anyio.run(contender, _asked(Path(folder), sys.argv[2:]))


def _asked(folder: Path, arguments: Sequence[str]) -> Race:
    """Return what the command line asks for.

    Args:
        folder: Where the database is to be made.
        arguments: Those of the command line.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--producers", type=int, default=64)
    parser.add_argument("--transitions", type=int, default=20_000)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--lives", action="store_true")
    parser.add_argument("--order", choices=get_args(Order), default="consecutive")
    given, _ = parser.parse_known_args(arguments)
    jobs = given.jobs
    if given.lives:
        each = -(-given.transitions // given.producers)
        jobs = given.producers * -(-each // len(WAY))
    return Race(
        folder=folder,
        producers=given.producers,
        transitions=given.transitions,
        jobs=max(jobs, given.producers),
        lives=given.lives,
        order=given.order,
    )
