"""When to ask for which task next: a pure function of what is known, told the time by its caller.

Few polls early, the end noticed soon, never more polls than the budget allows. What tasks of a kind took
becomes a distribution (`durations`, fed by `study`), the distribution under a price per poll a schedule
(`schedules`, within the bounds of `timetable`), the budget a price (`prices`), and the plans a queue.
"""

from avatar_async._jobs.planner.durations import Durations, Life
from avatar_async._jobs.planner.instants import LONGEST_PAUSE_S, pause_left_s, took_s
from avatar_async._jobs.planner.planner import PollPlanner
from avatar_async._jobs.planner.timetable import LEARNED_FROM, PollLimits, Timetable, poll_limits

__all__ = [
    "LEARNED_FROM",
    "LONGEST_PAUSE_S",
    "Durations",
    "Life",
    "PollLimits",
    "PollPlanner",
    "Timetable",
    "pause_left_s",
    "poll_limits",
    "took_s",
]
