"""How the standing of a ledger is told, for `status --json` and whoever else asks."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from attrs import frozen

from avatar_async._jobs import advice
from avatar_async._jobs.ports import JobStore
from avatar_async._jobs.records import Artifact, Job
from avatar_async._jobs.states import State
from avatar_async.settings import DEADLINES_S

#: Key under which the ledger keeps the deadlines of its latest run.
DEADLINES: Final = "deadlines_s"
#: Key under which the ledger keeps how fast files came home in its latest run, in bytes a second.
SPEED: Final = "fetch_speed_bytes_s"
#: Version of the document's form; it rises when a key changes its meaning or goes away.
SCHEMA_VERSION = 1


async def deadlines_of(store: JobStore) -> Mapping[str, float]:
    """Return after how many seconds a task is overdue, by kind, as the ledger's latest run had it."""
    kept = await store.recall(DEADLINES)
    return DEADLINES_S if kept is None else {**DEADLINES_S, **json.loads(kept)}


async def speed_of(store: JobStore) -> float | None:
    """Return how fast files came home in the ledger's latest run, in bytes a second; None if none did."""
    kept = await store.recall(SPEED)
    return None if kept is None else float(kept)


def counts_of(counts: Mapping[State, int]) -> dict[str, int]:
    """Return how many jobs are in each state as the document tells it."""
    return {state.value: counts.get(state, 0) for state in State}


@frozen(kw_only=True)
class Telling:
    """How the document tells of one job.

    Attributes:
        now: The present instant.
        where: Option that names the ledger.
        deadlines_s: Seconds after which a task is overdue, by kind.
        late: Ids of jobs whose files do not come home in time.
    """

    now: datetime
    where: str
    deadlines_s: Mapping[str, float]
    late: frozenset[str]

    def job(self, job: Job, states: Mapping[tuple[str, str], State]) -> dict[str, Any]:
        """Return a job as the document tells of it.

        Args:
            job: The job.
            states: State of every job that it needs, by batch and name.
        """
        flags = advice.flags(job, self.now, self.deadlines_s, late=job.id in self.late)
        return _job(job, flags, states_of_batch(job, states), self.where)


def states_of_batch(job: Job, states: Mapping[tuple[str, str], State]) -> dict[str, State]:
    """Return the states of the jobs that a job may need, by name."""
    return {name: states[job.batch, name] for name in job.needs if (job.batch, name) in states}


def _job(job: Job, flags: Sequence[str], states: dict[str, State], where: str) -> dict[str, Any]:
    return {
        "name": job.name,
        "kind": job.kind.value,
        "state": job.state.value,
        "remote_status": job.remote_status,
        "task_id": None if job.task_id is None else str(job.task_id),
        "attempt": job.attempt,
        "created_at": _instant(job.created_at),
        "submitted_at": _instant(job.submitted_at),
        "finished_at": _instant(job.finished_at),
        "expires_at": _instant(job.expires_at),
        "stored_at": _instant(job.stored_at),
        "flags": list(flags),
        "error": None if job.error is None else {"code": job.error.code, "message": job.error.message},
        "artifacts": [_artifact(job, artifact) for artifact in job.artifacts],
        "next_step": advice.next_step(job, states, where=where),
    }


def _artifact(job: Job, artifact: Artifact) -> dict[str, Any]:
    stored = artifact.stored_bytes is not None
    return {
        "role": artifact.role,
        "name": artifact.name,
        "path": f"{job.folder}/{artifact.name}",
        "bytes": artifact.stored_bytes if stored else artifact.size_bytes,
        "sha256": artifact.sha256,
        "state": artifact.state.value,
    }


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
