"""The planner's decisions, timed: who is due, and when each of them is asked for next."""

import json
import random
import sys
import tracemalloc
from time import perf_counter, process_time
from typing import Final

from avatar_async._jobs.planner.planner import PollPlanner
from avatar_async._jobs.planner.timetable import poll_limits
from avatar_async.requests import Kind

#: Ids a call, and how a table says it.
SIZES: Final = {1: "one id a call", 100: "100 ids a call"}

#: The pace of the clock: a second for so many decisions.
_STEP_S: Final = 1 / 50_000
#: Tasks that memory is measured with.
_SAMPLE: Final = 5_000


def _planner(number: int, batch: int, chance: random.Random) -> PollPlanner:
    """Return a planner with so many tasks of two kinds, each begun some time ago."""
    planner = PollPlanner(calls_per_s=5.0, batch=batch, limits=poll_limits())
    for kind, median_s in ((Kind.TRAINING, 7200.0), (Kind.VIDEO_PREVIEW, 30.0)):
        planner.know(kind, [median_s * chance.lognormvariate(0, 0.5) for _ in range(200)])
    for index in range(number):
        kind = Kind.VIDEO_PREVIEW if index % 4 == 0 else Kind.TRAINING
        job_id = f"{index:032x}"
        planner.begin(job_id, kind, since_s=-chance.random() * 7200.0, now_s=0.0)
        planner.plan(job_id, now_s=0.0, part=chance.random())
    return planner


def main(number: int, batch: int, decisions: int) -> None:
    """Time so many decisions; print their figures.

    Every task is wanted at once, again and again, as after a machine has slept; what is learned and priced
    meanwhile is part of it.
    """
    chance = random.Random(1)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    sample = _planner(_SAMPLE, batch, chance)
    bytes_per_task = (tracemalloc.get_traced_memory()[0] - before) / len(sample)
    tracemalloc.stop()
    planner = _planner(number, batch, chance)
    made, now_s = 0, 1.0
    began_s, began_cpu_s = perf_counter(), process_time()
    while made < decisions:
        due_s = planner.next_due_s()
        if due_s is None or due_s > now_s:
            planner.hurry(now_s)
        for job_id in planner.take(now_s):
            planner.plan(job_id, now_s=now_s, part=chance.random())
            made += 1
            now_s += _STEP_S
    figures = {
        "seconds": perf_counter() - began_s,
        "cpu_s": process_time() - began_cpu_s,
        "bytes_per_task": bytes_per_task,
    }
    figures["speed"] = made / figures["cpu_s"]
    print(json.dumps(figures))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
