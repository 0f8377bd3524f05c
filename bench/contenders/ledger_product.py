"""The ledger of avatar-async under producers that each await their transitions."""

from datetime import UTC, datetime, timedelta

from attrs import evolve

from avatar_async._jobs import events as ev
from avatar_async._jobs.changes import change
from avatar_async._jobs.records import Artifact, Job
from avatar_async._jobs.states import ArtifactState, State
from avatar_async._storage.ledger import Ledger
from avatar_async.requests import Kind
from bench.contenders.ledger_race import Race, compete, run

_OWNER = "run-1c9e"
_FILE = Artifact(
    role="image",
    name="preview.png",
    url=f"https://cdn.example.com/results/preview.png?Expires=1799999999&Signature={'0a' * 32}",
    size_bytes=409600,
)
_STORED = evolve(_FILE, state=ArtifactState.STORED, stored_bytes=409600, sha256="9f" * 32)


def _new(number: int, *, planned: bool) -> Job:
    name = f"job-{number:07}"
    now = datetime.now(UTC)
    job = Job(
        id="",
        batch="default",
        name=name,
        kind=Kind.IMAGE_PREVIEW,
        folder=name,
        task_name=name,
        fingerprint=f"{number:064x}",
        created_at=now,
    )
    if planned:
        return job
    return evolve(
        job,
        state=State.READY,
        submitted_at=now,
        accepted_at=now,
        task_id=1_000_000_000 + number,
        remote_status="SUCCESS",
        progress=100,
        finished_at=now,
        expires_at=now + timedelta(days=7),
        artifacts=(_FILE,),
        receipt_state=State.READY,
    )


def _of_a_life(number: int, step: int) -> ev.Event:
    at = datetime.now(UTC)
    match step:
        case 0:
            return ev.IntentWritten(at=at, owner=_OWNER)
        case 1:
            return ev.Accepted(at=at, task_id=1_000_000_000 + number)
        case 2:
            return ev.Polled(at=at, remote_status="RUNNING", progress=10)
        case 3:
            until = at + timedelta(days=7)
            return ev.Finished(
                at=at, remote_status="SUCCESS", finished_at=at, expires_at=until, artifacts=(_FILE,)
            )
        case 4:
            return ev.FetchStarted(at=at, owner=_OWNER)
        case 5:
            return ev.ArtifactChanged(at=at, artifact=evolve(_FILE, state=ArtifactState.FETCHING))
        case 6:
            return ev.ArtifactChanged(at=at, artifact=_STORED)
        case _:
            return ev.AllStored(at=at)


def _of_a_toggle(_number: int, step: int) -> ev.Event:
    at = datetime.now(UTC)
    if step == 0:
        return ev.FetchStarted(at=at, owner=_OWNER)
    return ev.FetchPaused(at=at, not_before=None, error=None)


async def _run(task: Race) -> None:
    event_of = _of_a_life if task.lives else _of_a_toggle
    async with Ledger.open(task.folder / "ledger.db") as ledger:
        jobs = await ledger.adopt([(_new(number, planned=task.lives), {}) for number in range(task.jobs)])

        async def transition(number: int, step: int) -> None:
            [jobs[number]] = await ledger.apply([change(jobs[number], event_of(number, step))])

        await compete(task, transition)


if __name__ == "__main__":
    run(_run)
