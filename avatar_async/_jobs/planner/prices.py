"""What a poll costs: as many seconds of delay as make the polls of all tasks fit into the budget.

Under a common price per poll the mean delay is least, whatever kinds of tasks run. If polls are plentiful,
each kind's own least price holds. A price that swings wastes polls, so it looks ahead: it never falls far
below the one that the same tasks will need when most of them are about to end.
"""

import math
from collections.abc import Sequence
from typing import Final

from attrs import frozen

#: The lowest price told apart from none, and the highest one there is.
_LEAST: Final = 1e-12
_HIGHEST: Final = 1e15


@frozen
class Demand:
    """Polls per second of the tasks of one kind under a price of 1, and the least price for them."""

    pull: float
    least_price: float


@frozen(kw_only=True)
class Pricing:
    """How a price follows what is needed.

    Attributes:
        foresight: Share of its root that it keeps while tasks are few, of what they need when they are most.
        memory: Medians over which one that is no longer needed falls to a third.
        forgetting: How fast a task forgets the price that it was planned for: this power of its age.
    """

    foresight: float
    memory: float
    forgetting: float


def price_for(demands: Sequence[Demand], polls_per_s: float) -> float:
    """Return the price at which these tasks want no more than so many polls a second, 0 if any will do."""
    wanting = sorted((max(demand.least_price, _LEAST), demand.pull) for demand in demands if demand.pull > 0)
    # Those whose least price is higher want as much at any lower one.
    settled = math.fsum(pull / math.sqrt(least) for least, pull in wanting)
    if settled <= polls_per_s:
        return 0.0
    moved = 0.0
    for place, (least, pull) in enumerate(wanting):
        settled -= pull / math.sqrt(least)
        moved += pull
        above = wanting[place + 1][0] if place + 1 < len(wanting) else _HIGHEST
        spare = polls_per_s - max(settled, 0.0)
        if spare > 0 and moved <= spare * math.sqrt(above):
            return max((moved / spare) ** 2, least)
    return _HIGHEST


def steady_price(
    forecast: Sequence[Sequence[Demand]], polls_per_s: float, *, foresight: float = 1.0
) -> float:
    """Return the price for now, with an eye on what is to come.

    Args:
        forecast: Demands by kind, now and at later instants.
        polls_per_s: What may be spent.
        foresight: Share of the price's root that is kept while tasks are few, of what they need when most.
    """
    return foresight**2 * max((price_for(demands, polls_per_s) for demands in forecast), default=0.0)
