"""One look at a run, for those who render it."""

from collections.abc import Mapping
from datetime import datetime

from attrs import frozen

from avatar_async._jobs.states import State
from avatar_async.orchestrator.arrivals import Download


@frozen(kw_only=True)
class Waiting:
    """A task the service works on.

    Attributes:
        name: The job's name.
        kind: What it makes.
        remote_status: The service's own word, None before the first poll.
        progress: 0 to 100, None if it is not told.
        elapsed_s: Seconds since its submission.
    """

    name: str
    kind: str
    remote_status: str | None
    progress: int | None
    elapsed_s: float


@frozen(kw_only=True)
class Snapshot:
    """A run at one instant.

    Attributes:
        counts: Jobs of the ledger in each state.
        waiting: Some of the tasks the service works on, the oldest first.
        downloads: What is on its way to the disk.
        received_bytes: Bytes received in this run.
        speed_bytes_s: Bytes a second over the last few seconds.
        next_expiry: Name and instant of the unfetched job whose results vanish first.
        at_risk: How many unfetched jobs may lose their results: little time left, or too slow a line.
        notices: Why something waits that could go on.
        stopping: Whether the run is being ended.
    """

    counts: Mapping[State, int]
    waiting: tuple[Waiting, ...] = ()
    downloads: tuple[Download, ...] = ()
    received_bytes: int = 0
    speed_bytes_s: float = 0.0
    next_expiry: tuple[str, datetime] | None = None
    at_risk: int = 0
    notices: tuple[str, ...] = ()
    stopping: bool = False
