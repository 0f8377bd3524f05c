"""The best times to ask for a task under a price per poll: found exactly, on a grid, in one sweep.

With ``left(t)`` the share of tasks that last longer than t, a task asked for at age t and next at age u
costs ``price * left(t)`` and is noticed late by ``left(t) * (u - t)`` less the integral of ``left`` from t
to u. From the end of the grid backwards, the best next age for each age is the lowest of a set of lines in
``left(t)``, and since ``left`` only grows on that way, each line is looked at a constant number of times.
"""

import math
from array import array
from bisect import bisect_right
from typing import Final

from attrs import frozen

from avatar_async._jobs.planner.durations import Durations

#: Prices are rounded to powers of this, so that few schedules are ever made.
_STEP: Final = math.sqrt(2.0)
#: Points of the grid within which it does not tell the best time.
_COARSE: Final = 3


@frozen(kw_only=True, eq=False)
class Schedule:
    """When to ask next, for every age at which a task was found running.

    Attributes:
        ages_s: Ages in seconds.
        next_s: The best age at which to ask next.
    """

    ages_s: "array[float]"
    next_s: "array[float]"

    def next_age_s(self, age_s: float) -> float:
        """Return the best age at which to ask a task next that runs at that age, in seconds."""
        ages_s, next_s = self.ages_s, self.next_s
        right = bisect_right(ages_s, age_s)
        if right >= len(ages_s):
            last_s = ages_s[-1]
            return age_s + (next_s[-1] - last_s) * math.sqrt(age_s / last_s)
        low_s, high_s = ages_s[right - 1], ages_s[right]
        before_s, after_s = next_s[right - 1], next_s[right]
        if after_s - high_s > 2 * (before_s - low_s):
            # Beyond a time when many end comes one when hardly any does: between them there is no best age,
            # and to miss the last of those many costs more than to ask once too often.
            return before_s if before_s > age_s else after_s
        return before_s + (after_s - before_s) * (age_s - low_s) / (high_s - low_s)


def rounded(price: float) -> float:
    """Return the price that a schedule is made for instead of `price`."""
    return _STEP ** round(math.log(max(price, 1e-12)) / math.log(_STEP))


def schedule(durations: Durations, price: float) -> Schedule:
    """Return the schedule that costs least: seconds unnoticed, plus `price` seconds for each poll."""
    ages_s, left = durations.ages_s, durations.left
    last = len(ages_s) - 1
    dense_s = _dense(durations, price)
    slopes = [0.0] * (last + 1)
    costs = [0.0] * (last + 1)
    next_s = array("d", bytes(8 * (last + 1)))
    tail_s = math.sqrt(2 * price * ages_s[last] / durations.steepness)
    next_s[last] = ages_s[last] + tail_s
    # What is still to come at the end of the grid, at the best even spacing of a power tail.
    slopes[0] = ages_s[last]
    costs[0] = left[last] * (tail_s + price)
    low, high = 0, 1
    for index in range(last - 1, -1, -1):
        share, age_s = left[index], ages_s[index]
        low = min(low, high - 1)
        while low + 1 < high and share * slopes[low + 1] + costs[low + 1] <= share * slopes[low] + costs[low]:
            low += 1
        # Within a few points of the grid it is too coarse for the best time, but polls are dense there.
        near = index + _COARSE <= last and slopes[low] <= ages_s[index + _COARSE]
        next_s[index] = min(dense_s[index] if near else slopes[low], next_s[index + 1])
        cost = share * (price - age_s) + share * slopes[low] + costs[low]
        while high - low > 1 and (costs[high - 1] - costs[high - 2]) * (slopes[high - 1] - age_s) >= (
            cost - costs[high - 1]
        ) * (slopes[high - 2] - slopes[high - 1]):
            high -= 1
        slopes[high], costs[high] = age_s, cost
        high += 1
    return Schedule(ages_s=ages_s, next_s=next_s)


def _dense(durations: Durations, price: float) -> "array[float]":
    """Return for every age the next one if polls are dense: by which the root of the price more are due."""
    ages_s, urgency = durations.ages_s, durations.urgency
    last, root = len(ages_s) - 1, math.sqrt(price)
    found = array("d", bytes(8 * (last + 1)))
    ahead = 1
    for index in range(last + 1):
        wanted = urgency[index] + root
        while ahead <= last and urgency[ahead] < wanted:
            ahead += 1
        if ahead <= last:
            low_s, step = ages_s[ahead - 1], urgency[ahead] - urgency[ahead - 1]
            found[index] = low_s + (ages_s[ahead] - low_s) * (wanted - urgency[ahead - 1]) / step
        else:
            more = (wanted - urgency[last]) / math.sqrt(2 * durations.steepness)
            found[index] = (math.sqrt(ages_s[last]) + more) ** 2
    return found
