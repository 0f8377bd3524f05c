"""Pauses and durations as told by instants that a clock, set meanwhile, may have spoilt."""

from datetime import datetime
from typing import Final

#: Seconds by which a wall clock may be wrong without harm to what is learnt.
_CLOCK_ERROR_S: Final = 60.0
#: Longest pause that is ever noted in a job, in seconds, with something to spare.
LONGEST_PAUSE_S: Final = 900.0


def pause_left_s(not_before: datetime | None, now: datetime) -> float:
    """Return for how many seconds a job is still to be left alone, 0 if it is not.

    An instant farther off than any pause we make was noted before the clock was set back: the pause is over.
    """
    left_s = 0.0 if not_before is None else (not_before - now).total_seconds()
    return left_s if 0 < left_s <= LONGEST_PAUSE_S else 0.0


def took_s(
    submitted_at: datetime,
    finished_at: datetime,
    last_running_at: datetime | None,
    *,
    age_s: float | None = None,
) -> float | None:
    """Return how long a task took, for learning; None where the clocks that tell it cannot be right.

    Args:
        submitted_at: When its intent was written.
        finished_at: When it finished, as well as it can be known.
        last_running_at: The latest poll that found it unfinished.
        age_s: Seconds since its submission by a clock that does not jump, if this run has watched it.
    """
    ended_at = max(finished_at, last_running_at or finished_at)
    seconds = (ended_at - submitted_at).total_seconds()
    if seconds <= 0:
        return None
    if age_s is not None and seconds > age_s + _CLOCK_ERROR_S:
        return None
    return seconds
