"""Medians over rounds, and ratios taken within a round so that a noisy minute hits both sides."""

import math
from collections.abc import Mapping, Sequence
from statistics import median

from bench.model import BenchError, Figures, Target, Verdict


def medians(runs: Sequence[Figures]) -> Figures:
    """Return the median of each figure that every run has."""
    shared = set.intersection(*(set(run) for run in runs)) if runs else set()
    return {name: median(run[name] for run in runs) for name in sorted(shared)}


def spread(values: Sequence[float]) -> float:
    """Return the distance of the extremes as a part of the median; 0 for a single value."""
    middle = median(values)
    return (max(values) - min(values)) / middle if middle else 0.0


def noise(values: Sequence[float]) -> float:
    """Return the standard error of the median as a part of it, from the median distance to it; 0 for one."""
    middle = median(values)
    if len(values) < 2 or not middle:
        return 0.0
    distance = median(abs(value - middle) for value in values)
    return 1.4826 * 1.2533 * distance / math.sqrt(len(values)) / abs(middle)


def judge(target: Target, runs: Mapping[str, Sequence[Figures]]) -> Verdict:
    """Return how a target came out.

    Raises:
        BenchError: A contender or figure that it names does not exist.
    """
    own = _column(runs, target.of, target.figure)
    if not target.to:
        return Verdict(target=target, peer="", value=median(own), noise=noise(own))
    ratios = {peer: _ratios(target, own, runs, peer) for peer in target.to}
    hardest = min if target.least is not None else max
    peer = hardest(ratios, key=lambda name: median(ratios[name]))
    return Verdict(target=target, peer=peer, value=median(ratios[peer]), noise=noise(ratios[peer]))


def _ratios(
    target: Target, own: Sequence[float], runs: Mapping[str, Sequence[Figures]], peer: str
) -> list[float]:
    theirs = [value + target.plus for value in _column(runs, peer, target.to_figure or target.figure)]
    pairs = list(zip(own, theirs, strict=False))
    if any(value == 0 for _, value in pairs):
        raise BenchError(f"{target.figure} of {peer} is 0: no ratio can be taken")
    return [mine / value for mine, value in pairs]


def _column(runs: Mapping[str, Sequence[Figures]], contender: str, figure: str) -> list[float]:
    try:
        return [run[figure] for run in runs[contender]]
    except KeyError as error:
        raise BenchError(f"no run of {contender!r} has a figure {figure!r}") from error
