"""Medians over rounds, and ratios taken within a round so that a noisy minute hits both sides."""

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


def judge(target: Target, runs: Mapping[str, Sequence[Figures]]) -> Verdict:
    """Return how a target came out.

    Raises:
        BenchError: A contender or figure that it names does not exist.
    """
    own = _column(runs, target.of, target.figure)
    if not target.to:
        return Verdict(target=target, peer="", value=median(own))
    ratios = {peer: _ratio(target, own, runs, peer) for peer in target.to}
    hardest = min if target.least is not None else max
    peer = hardest(ratios, key=ratios.__getitem__)
    return Verdict(target=target, peer=peer, value=ratios[peer])


def _ratio(target: Target, own: Sequence[float], runs: Mapping[str, Sequence[Figures]], peer: str) -> float:
    theirs = [value + target.plus for value in _column(runs, peer, target.to_figure or target.figure)]
    pairs = list(zip(own, theirs, strict=False))
    if any(value == 0 for _, value in pairs):
        raise BenchError(f"{target.figure} of {peer} is 0: no ratio can be taken")
    return median(mine / value for mine, value in pairs)


def _column(runs: Mapping[str, Sequence[Figures]], contender: str, figure: str) -> list[float]:
    try:
        return [run[figure] for run in runs[contender]]
    except KeyError as error:
        raise BenchError(f"no run of {contender!r} has a figure {figure!r}") from error
