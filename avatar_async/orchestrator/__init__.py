"""The run of a batch: submit, poll, bring home; everything durable, everything resumable."""

from avatar_async.orchestrator.app import Orchestrator
from avatar_async.orchestrator.arrivals import Download
from avatar_async.orchestrator.events import EndEvent, ProgressEvent, RunEvent, StateEvent, WarningEvent
from avatar_async.orchestrator.options import RunOptions
from avatar_async.orchestrator.snapshot import Snapshot, Waiting

__all__ = [
    "Download",
    "EndEvent",
    "Orchestrator",
    "ProgressEvent",
    "RunEvent",
    "RunOptions",
    "Snapshot",
    "StateEvent",
    "Waiting",
    "WarningEvent",
]
