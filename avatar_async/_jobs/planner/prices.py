"""What a poll costs: as many seconds of delay as make the polls of all tasks fit into the budget.

Under a common price per poll the mean delay is least, whatever kinds of tasks run. If polls are plentiful,
each kind's own least price holds. A price that swings wastes polls, so it looks ahead: it never falls far
below the one that the same tasks will need when most of them are about to end.
"""

import math
from collections.abc import Sequence
from typing import Final

from attrs import frozen

#: Share of the price's root that is kept while tasks are few, of what is needed when they are most.
_FORESIGHT: Final = 0.8
#: Steps of the search for a price, and the highest one there is.
_HALVINGS: Final = 50
_HIGHEST: Final = 1e15


@frozen
class Demand:
    """Polls per second of the tasks of one kind under a price of 1, and the least price for them."""

    pull: float
    least_price: float


def price_for(demands: Sequence[Demand], polls_per_s: float) -> float:
    """Return the price at which these tasks want no more than so many polls a second, 0 if any will do."""
    if _wanted(demands, 0.0) <= polls_per_s:
        return 0.0
    low, high = 1e-9, _HIGHEST
    for _ in range(_HALVINGS):
        middle = math.sqrt(low * high)
        if _wanted(demands, middle) > polls_per_s:
            low = middle
        else:
            high = middle
    return high


def _wanted(demands: Sequence[Demand], price: float) -> float:
    return math.fsum(
        demand.pull / math.sqrt(max(price, demand.least_price, 1e-12)) for demand in demands if demand.pull
    )


def steady_price(forecast: Sequence[Sequence[Demand]], polls_per_s: float) -> float:
    """Return the price for now, with an eye on what is to come.

    Args:
        forecast: Demands by kind, now and at later instants.
        polls_per_s: What may be spent.
    """
    return _FORESIGHT**2 * max((price_for(demands, polls_per_s) for demands in forecast), default=0.0)
