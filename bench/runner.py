"""Rounds: in each, every contender of a work runs once, in an order of chance."""

import math
import random
import time
from collections.abc import Callable, Sequence

from attrs import define, field

from bench import process
from bench.model import Contender, Figures, Outcome, Target, Verdict, Work
from bench.statistic import judge

#: Cores that something else may use before a run is made again.
FOREIGN_CORES = 0.25
Run = Callable[[Contender, float], tuple[Figures, float]]


@define
class Spare:
    """The time that rounds beyond the planned ones may take, all works together.

    Attributes:
        left_s: What is left of it, in seconds; the last round may take longer.
    """

    left_s: float = math.inf


def race(
    work: Work,
    rounds: int,
    *,
    chance: random.Random,
    tell: Callable[[str], None],
    again: int = 2,
    more: int = 0,
    spare: Spare | None = None,
    brief: bool = False,
    run: Run = process.run,
    now: Callable[[], float] = time.monotonic,
) -> Outcome:
    """Run the rounds of a work and judge its targets.

    Args:
        work: What to do.
        rounds: How often each contender runs.
        chance: Shuffles the contenders of each round.
        tell: Gets a line about every run.
        again: Times a disturbed run is made again before the least disturbed one is kept.
        more: Rounds for the contenders of targets that are not met after the others; all rounds count.
        spare: The time that these may take; it is lessened by what they took. None: as long as it takes.
        brief: Whether contenders that no target names run in the first round alone.
        run: Runs a contender once.
        now: A clock, in seconds.

    Raises:
        BenchError: A contender failed, or a target names one that does not exist.
    """
    course = _Course(work=work, chance=chance, tell=tell, again=again, run=run)
    judged = work.contenders if not brief else _named(work, work.targets)
    for number in range(1, rounds + 1):
        course.go(work.contenders if number == 1 else judged, number, rounds)
    verdicts = course.judged()
    doubted = _named(work, [verdict.target for verdict in verdicts if not verdict.met])
    if doubted and not work.virtual:
        spare = spare or Spare()
        for number in range(rounds + 1, rounds + more + 1):
            if spare.left_s <= 0:
                break
            began_s = now()
            course.go(doubted, number, rounds + more)
            spare.left_s -= now() - began_s
        verdicts = course.judged()
    return Outcome(work=work, runs=course.runs, verdicts=verdicts, disturbed=course.disturbed)


def _named(work: Work, targets: Sequence[Target]) -> Sequence[Contender]:
    """Return the contenders that these targets are about."""
    names = {name for target in targets for name in (target.of, *target.to)}
    return [contender for contender in work.contenders if contender.name in names]


@define(kw_only=True)
class _Course:
    """A work under way."""

    work: Work
    chance: random.Random
    tell: Callable[[str], None]
    again: int
    run: Run
    runs: dict[str, list[Figures]] = field(factory=dict)
    disturbed: int = 0

    def go(self, contenders: Sequence[Contender], number: int, last: int) -> None:
        """Run these contenders once."""
        for contender in _shuffled(contenders, self.chance):
            self.tell(f"{self.work.name}, round {number} of {last}: {contender.name}")
            self.runs.setdefault(contender.name, []).append(self._figures(contender))

    def _figures(self, contender: Contender) -> Figures:
        if self.work.virtual:
            return self.run(contender, self.work.amount)[0]
        figures, quiet = _quiet_run(contender, self.work.amount, self.again, self.run)
        self.disturbed += not quiet
        return figures

    def judged(self) -> tuple[Verdict, ...]:
        """Judge every target by all rounds so far."""
        return tuple(judge(target, self.runs) for target in self.work.targets)


def _shuffled(contenders: Sequence[Contender], chance: random.Random) -> list[Contender]:
    return chance.sample(list(contenders), len(contenders))


def _quiet_run(contender: Contender, amount: float, again: int, run: Run) -> tuple[Figures, bool]:
    """Run a contender until nothing else used the machine, or keep the least disturbed run.

    The choice looks at the load alone, never at the result.
    """
    best: tuple[float, Figures] | None = None
    for _ in range(1 + again):
        figures, foreign = run(contender, amount)
        if foreign <= FOREIGN_CORES:
            return figures, True
        if best is None or foreign < best[0]:
            best = (foreign, figures)
    assert best is not None
    return best[1], False
