"""Let the emulator misbehave as real services and networks do: seeded, scripted, counted, replayable.

```python
plan = FaultPlan(
    seed=7,
    rules=[
        Rule(on="create", fault=Reset(when="after"), probability=0.05),
        Rule(on="query", fault=Status(code=429, retry_after="2"), calls=[3]),
        Rule(on="file", fault=Truncate(share=0.5), first=2, names="anchor-*", per="name"),
    ],
)
async with Emulator(data, faults=plan) as emulator:
    emulator.faults.add("list:503@first2", Rule(on="result", fault=Corrupt()))
    ...
    assert emulator.faults.counts["reset"] == 1
    emulator.faults.clear()
```

The same plan as a spec:
`create:reset-after@5%,query:429(retry_after=2)@3,file[anchor-*]:truncate@first2/name,seed=7`.
What happened is logged in `faults.jsonl` in the data folder; `@.../faults.jsonl` as a spec repeats it.
A fault that happens `after` a call is handled really has the task made, and counted.
"""

from avatar_async.emulator.faults.answers import EndToken, Garbage, Redirect, Status
from avatar_async.emulator.faults.base import Fault
from avatar_async.emulator.faults.catalogue import FAULTS, listing
from avatar_async.emulator.faults.connection import Delay, Hang, Reset, Slow, Truncate
from avatar_async.emulator.faults.live import Faults, Fired
from avatar_async.emulator.faults.plans import plan_from_log, read_spec
from avatar_async.emulator.faults.results import Corrupt, Fail, Rename, Vanish, WrongMd5, WrongSize
from avatar_async.emulator.faults.rules import ENDPOINTS, FaultPlan, Rule
from avatar_async.emulator.faults.shown import (
    ExtraTask,
    LeaveOut,
    OtherTask,
    Put,
    Say,
    Times,
    Twice,
    WrongId,
)
from avatar_async.emulator.faults.transfers import (
    EarlyEnd,
    Flip,
    Gzip,
    NoRange,
    OtherLength,
    Revoke,
    Validator,
    WrongRange,
)

__all__ = [
    "ENDPOINTS",
    "FAULTS",
    "Corrupt",
    "Delay",
    "EarlyEnd",
    "EndToken",
    "ExtraTask",
    "Fail",
    "Fault",
    "FaultPlan",
    "Faults",
    "Fired",
    "Flip",
    "Garbage",
    "Gzip",
    "Hang",
    "LeaveOut",
    "NoRange",
    "OtherLength",
    "OtherTask",
    "Put",
    "Redirect",
    "Rename",
    "Reset",
    "Revoke",
    "Rule",
    "Say",
    "Slow",
    "Status",
    "Times",
    "Truncate",
    "Twice",
    "Validator",
    "Vanish",
    "WrongId",
    "WrongMd5",
    "WrongRange",
    "WrongSize",
    "listing",
    "plan_from_log",
    "read_spec",
]
