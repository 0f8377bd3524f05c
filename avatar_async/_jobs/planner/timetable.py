"""When to ask for a task of one kind: its durations, its limits, and a price per poll."""

import math
from collections.abc import Mapping
from typing import Final

from attrs import field, frozen

from avatar_async._jobs.planner.durations import Durations
from avatar_async._jobs.planner.schedules import Schedule, rounded, schedule
from avatar_async.requests import Kind
from avatar_async.settings import DEADLINES_S

#: Finished tasks of a kind before their durations are trusted.
LEARNED_FROM: Final = 5
#: Share of a typical duration that lies between two polls around the median, if polls are plentiful.
_SLACK: Final = 0.05
#: Polls of an average task, if polls are plentiful, at most; and at least, however alike the durations are.
_POLLS, _FEWEST_POLLS = 20.0, 6.0
#: Growth of the spacing with the time waited, before durations are known.
_GROWTH: Final = 0.2
#: The chance per second that a task of unknown duration ends, times the time waited.
_UNKNOWN: Final = 0.5
#: A poll's time varies by this part of the wait before or after it, little enough for durations that come in
#: steps; of the first polls of tasks that began together, more than the budget allows at once, by up to the
#: larger one.
_SPREAD, _SCATTER = 0.003, 0.5
#: Of that scatter, how much all of them are put off: an early poll shows little, and has to be made again.
_PUT_OFF: Final = 0.8
#: Overdue jobs are polled this many times slower.
_OVERDUE_FACTOR: Final = 4.0
#: Longest spacing of all, in seconds, before a task is overdue.
LONGEST_S: Final = 6 * 3600.0


@frozen(kw_only=True)
class PollLimits:
    """Bounds of the spacing between two polls of one task.

    Attributes:
        first_s: Seconds from submission to the first poll, before durations are known.
        min_s: Shortest spacing in seconds.
        max_s: Longest spacing in seconds, unless such tasks take longer or polls are scarce.
        deadline_s: Seconds after which a job is overdue: flagged and polled more slowly.
    """

    first_s: float = 0.5
    min_s: float = 0.5
    max_s: float = 600.0
    deadline_s: float = 86400.0


_LONGEST_S: Mapping[Kind, float] = {
    Kind.TRAINING: 900.0,
    Kind.REBUILD: 600.0,
    Kind.IMAGE_PREVIEW: 30.0,
    Kind.VIDEO_PREVIEW: 60.0,
    Kind.TAKEOVER: 120.0,
}


def poll_limits(deadlines_s: Mapping[str, float] = DEADLINES_S) -> dict[Kind, PollLimits]:
    """Return the bounds for each kind.

    Args:
        deadlines_s: Seconds after which a job is overdue, by kind.
    """
    return {kind: PollLimits(max_s=_LONGEST_S[kind], deadline_s=deadlines_s[kind]) for kind in Kind}


@frozen(kw_only=True, eq=False)
class Timetable:
    """The waits between the polls of tasks of one kind.

    Attributes:
        durations: How long they take.
    """

    durations: Durations = field(factory=Durations)
    _schedules: dict[float, Schedule] = field(factory=dict, init=False, repr=False)
    #: The least price of a poll, in seconds of delay: with it polls are few enough for anyone.
    least_price: float = field(init=False)

    @least_price.default
    def _politely(self) -> float:
        if not self.learned:
            return 0.0
        durations = self.durations
        fine = _SLACK**2 * durations.median_s * 0.4 / durations.spread
        polls = durations.mean_urgency
        return min(max(fine, (polls / _POLLS) ** 2), (polls / _FEWEST_POLLS) ** 2)

    @property
    def learned(self) -> bool:
        """Whether enough tasks have finished to go by their durations."""
        return self.durations.count >= LEARNED_FROM

    def least_price_at(self, age_s: float) -> float:
        """Return the least price for a task of that age, in seconds of delay for a poll."""
        return self.least_price if self.learned else _GROWTH**2 * _UNKNOWN * age_s / 2

    def pull(self, age_s: float) -> float:
        """Return the polls per second that a task of that age is worth under a price of 1."""
        hazard = self.durations.hazard(age_s) if self.learned else _UNKNOWN / max(age_s, 0.5)
        return math.sqrt(hazard / 2)

    def wait_s(
        self, age_s: float, limits: PollLimits, price: float, part: float, *, scatter_s: float = 0.0
    ) -> float:
        """Return the seconds until the next poll of a task.

        Args:
            age_s: Seconds since its submission.
            limits: Bounds for its kind.
            price: Seconds of delay that a poll is worth.
            part: A number in [0, 1) that spreads tasks a little, either way.
            scatter_s: Seconds to spread it by either way, mostly to later, if its spacing allows.
        """
        longest_s = limits.max_s
        if self.learned:
            price = max(price, 1e-9)
            plan = self._schedules.get(price)
            if plan is None:
                plan = self._schedules[price] = schedule(self.durations, price)
            next_s = plan.next_age_s(age_s)
            wait_s = next_s - age_s
            spread_s = min(wait_s, plan.next_age_s(next_s) - next_s)
            longest_s = max(longest_s, self.durations.long_s)
            if price > self.least_price:
                longest_s *= math.sqrt(price / self.least_price)
        else:
            wait_s = min(_GROWTH * age_s, longest_s) if age_s else limits.first_s
            scarce_s = math.sqrt(2 * price * max(age_s, wait_s) / _UNKNOWN)
            wait_s = spread_s = max(wait_s, scarce_s)
            longest_s = max(longest_s, scarce_s)
        longest_s = min(longest_s, LONGEST_S)
        wait_s = min(max(wait_s, limits.min_s), longest_s)
        if age_s > limits.deadline_s:
            slower_s = min(_OVERDUE_FACTOR * wait_s, _OVERDUE_FACTOR * limits.max_s)
            wait_s = spread_s = max(wait_s, slower_s)
        spread_s = min(wait_s, max(spread_s, limits.min_s))
        scatter_s = min(scatter_s, _SCATTER * spread_s)
        return wait_s + (2 * part - 1) * max(_SPREAD * spread_s, scatter_s) + _PUT_OFF * scatter_s

    def price(self, wanted: float, age_s: float, *, sharing: float = 1.0) -> float:
        """Return the price that a task's plan is made for, rounded so that few plans are made.

        Args:
            wanted: The price that the budget asks for.
            age_s: Seconds since the task's submission.
            sharing: How many tasks share a call, so that each is charged a part of it.
        """
        if self.learned:
            return rounded(max(wanted, self.least_price / sharing))
        return rounded(wanted) if wanted > self.least_price_at(age_s) else 0.0
