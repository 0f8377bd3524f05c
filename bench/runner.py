"""Rounds: in each, every contender of a work runs once, in an order of chance."""

import random
from collections.abc import Callable, Sequence

from bench import process
from bench.model import Contender, Figures, Outcome, Work
from bench.statistic import judge

#: Cores that something else may use before a run is made again.
FOREIGN_CORES = 0.25
Run = Callable[[Contender, float], tuple[Figures, float]]


def race(
    work: Work,
    rounds: int,
    *,
    chance: random.Random,
    tell: Callable[[str], None],
    again: int = 2,
    run: Run = process.run,
) -> Outcome:
    """Run the rounds of a work and judge its targets.

    Args:
        work: What to do.
        rounds: How often each contender runs.
        chance: Shuffles the contenders of each round.
        tell: Gets a line about every run.
        again: Times a disturbed run is made again before the least disturbed one is kept.
        run: Runs a contender once.

    Raises:
        BenchError: A contender failed, or a target names one that does not exist.
    """
    runs: dict[str, list[Figures]] = {contender.name: [] for contender in work.contenders}
    disturbed = 0
    for number in range(1, rounds + 1):
        for contender in _shuffled(work.contenders, chance):
            tell(f"{work.name}, round {number} of {rounds}: {contender.name}")
            if work.virtual:
                figures, quiet = run(contender, work.amount)[0], True
            else:
                figures, quiet = _quiet_run(contender, work.amount, again, run)
            runs[contender.name].append(figures)
            disturbed += not quiet
    verdicts = tuple(judge(target, runs) for target in work.targets)
    return Outcome(work=work, runs=runs, verdicts=verdicts, disturbed=disturbed)


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
