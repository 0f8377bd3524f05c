"""Many jobs with one file each, brought home by a run: ledger, receipts and all. Argument: list of files."""

import asyncio
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from avatar_async import AvatarClient, Orchestrator, Settings
from avatar_async._jobs.records import DEFAULT_BATCH, Artifact, Job
from avatar_async._jobs.states import State
from avatar_async._storage.ledger import Ledger
from avatar_async.orchestrator import RunOptions
from avatar_async.requests import Kind
from bench.contenders.figures import Figures
from bench.contenders.many_files import Files, name_of

_ENDPOINT = "http://127.0.0.1:1"


def _ready(number: int, url: str, length: int, now: datetime) -> Job:
    """Return a job whose task has finished and whose file is to be fetched."""
    name = f"job-{number:06}"
    return Job(
        id="0",
        batch=DEFAULT_BATCH,
        name=name,
        kind=Kind.TRAINING,
        folder=name,
        task_name=name,
        fingerprint=name,
        state=State.READY,
        created_at=now,
        submitted_at=now,
        accepted_at=now,
        task_id=1000 + number,
        remote_status="SUCCESS",
        finished_at=now,
        expires_at=now + timedelta(days=7),
        receipt_state=State.READY,
        artifacts=(Artifact(role="model", name=name_of(url), url=url, size_bytes=length),),
    )


async def main(path: str) -> None:
    """Make the ledger, then bring every job's file home."""
    files = Files.load(path)
    now = datetime.now(UTC)
    settings = Settings(endpoint=_ENDPOINT, token="unused", disk_reserve_bytes=0)  # noqa: S106
    with tempfile.TemporaryDirectory(dir=files.folder.parent) as home:
        ledger = Path(home) / "ledger.db"
        async with Ledger.open(ledger) as store:
            await store.bind(_ENDPOINT, "fixed-token")
            await store.adopt(
                [(_ready(number, url, files.length, now), {}) for number, url in enumerate(files.urls)]
            )
        options = RunOptions(fetches=files.at_once, disk_reserve_bytes=0)
        async with AvatarClient(settings=settings) as client:
            figures = Figures()
            async with Orchestrator(client, out=files.folder, ledger=ledger, options=options) as orchestrator:
                stored = [job.state async for job in orchestrator.run()]
            figures.tell()
    if stored != [State.STORED] * len(files.urls):
        sys.exit(f"only {stored.count(State.STORED)} of {len(files.urls)} jobs were stored")


asyncio.run(main(*sys.argv[1:]))
