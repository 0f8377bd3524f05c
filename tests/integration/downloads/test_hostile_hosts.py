"""Many files at once from a host that breaks every rule: no wrong byte has a name, nothing hangs or stays."""

import asyncio
import gc
import os
import random
import secrets
import threading
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import anyio
import pytest

from avatar_async._clock import SystemClock
from avatar_async._jobs.records import Artifact, Job
from avatar_async._jobs.remote import RemoteFile
from avatar_async._jobs.states import State
from avatar_async._storage.downloads import DownloadFolder
from avatar_async.client import AvatarClient
from avatar_async.errors import AvatarError
from avatar_async.requests import Kind
from avatar_async.settings import Settings
from tests.integration.downloads.conftest import Journal
from tests.integration.downloads.hostile import HostileHost
from tests.integration.downloads.takeovers import CERTIFICATE, server_context
from tests.integration.transport.peers import peer

_LIMIT_S = 60.0
_AT_ONCE = 16
#: How the names of threads begin that downloads start.
_OURS = ("avatar-", "small-files")
#: How often it is looked whether anything is left over.
_LOOKS = 100
#: Sieges of each kind in the long run.
_SIEGES = 25


class HurriedClock(SystemClock):
    """Time that passes as ever, but nobody waits long before trying again."""

    async def sleep(self, delay_s: float) -> None:
        """Wait for a moment."""
        await anyio.sleep(min(delay_s, 0.005))


class Siege:
    """Downloads from one hostile host."""

    def __init__(self, host: HostileHost, client: AvatarClient, origin: str, out: Path) -> None:
        self.host, self.client, self.origin, self.out = host, client, origin, out
        self.ends: Counter[str] = Counter()
        self._clock = HurriedClock()
        self._folder = DownloadFolder(out, clock=self._clock, disk_reserve_bytes=0, fetches=_AT_ONCE)
        self._places = anyio.CapacityLimiter(_AT_ONCE)

    async def bring(self, path: str, alone: bool, leave_s: float | None) -> None:
        """Bring a file home, with or without a journal, perhaps cancelled on the way and tried again."""
        async with self._places:
            while True:
                with anyio.move_on_after(leave_s) as scope:
                    try:
                        await (self._alone(path) if alone else self._as_job(path))
                    except AvatarError as error:
                        self.ends[type(error).__name__] += 1
                    else:
                        self.ends["stored"] += 1
                if not scope.cancelled_caught:
                    return
                self.ends["left"] += 1
                leave_s = None

    async def _alone(self, path: str) -> None:
        file = RemoteFile(
            role="other",
            name=path[1:],
            url=self.origin + path,
            size_bytes=len(self.host.files[path]),
            md5=self.host.md5(path) if path.startswith("/1") else None,
        )
        stored = await self.client.download(file, self.out / "alone")
        assert stored.read_bytes() == self.host.files[path], path

    async def _as_job(self, path: str) -> None:
        artifact = Artifact(
            role="other", name="file.bin", url=self.origin + path, size_bytes=len(self.host.files[path])
        )
        job = Job(
            id="1",
            batch="default",
            name="one",
            kind=Kind.TRAINING,
            folder=path[1:],
            task_name="one",
            fingerprint="f",
            state=State.FETCHING,
            created_at=datetime(2026, 3, 1, tzinfo=UTC),
            artifacts=(artifact,),
        )
        journal = Journal()
        with self._folder.engaged():
            stored = await self._folder.fetch(job, artifact, self.client, journal, lambda _done, _total: None)
        assert (self.out / path[1:] / "file.bin").read_bytes() == self.host.files[path], path
        assert stored.sha256 == journal.entries[-1].sha256

    def check(self) -> None:
        """Look whether all that has its final name is right."""
        for path, body in self.host.files.items():
            for file in (self.out / "alone" / path[1:], self.out / path[1:] / "file.bin"):
                if file.exists():
                    assert file.read_bytes() == body, path


def left_over() -> tuple[int, list[str]]:
    """Return how many sockets are open, and which tasks and threads of ours run beside the test's own."""
    open_files = [os.path.realpath(entry) for entry in Path("/proc/self/fd").iterdir()]
    tasks = [task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    threads = [thread.name for thread in threading.enumerate() if thread.name.startswith(_OURS)]
    return sum("socket:" in path for path in open_files), tasks + threads


async def besiege(tmp_path: Path, seed: int, *, tls: bool, files: int, evil: float) -> Siege:
    """Bring files home from a hostile host; check what is there then and what is left over."""
    chance = random.Random(seed)
    host = HostileHost(chance, evil)
    host.make_files(files)
    before, _ = left_over()
    settings = Settings(
        endpoint="http://127.0.0.1:1",
        token="t0ken",
        read_timeout_s=0.3,
        disk_reserve_bytes=0,
        ca_file=CERTIFICATE if tls else None,
    )
    async with peer(host.script, tls=server_context() if tls else None) as met:
        with anyio.fail_after(_LIMIT_S):
            async with AvatarClient(settings=settings, clock=HurriedClock()) as client:
                siege = Siege(host, client, met.origin, tmp_path)
                async with anyio.create_task_group() as group:
                    for path in host.files:
                        alone = chance.random() < 0.5
                        leave_s = chance.uniform(0, 0.1) if chance.random() < 0.2 else None
                        group.start_soon(siege.bring, path, alone, leave_s)
    siege.check()
    gc.collect()
    for _ in range(_LOOKS):  # threads end, and the host's sockets close, a little later
        if left_over() == (before, []):
            break
        await anyio.sleep(0.05)
    assert left_over() == (before, [])
    return siege


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
async def test_no_wrong_byte_has_a_name_and_nothing_hangs_or_stays(tmp_path, tls):
    """Two files of each length, so that one could pass for the other."""
    siege = await besiege(tmp_path, 1, tls=tls, files=60, evil=0.4)
    assert siege.ends["stored"] > 20
    assert len(siege.host.committed) > 12


@pytest.mark.soak
@pytest.mark.timeout(0)
@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
@pytest.mark.parametrize("evil", [0.1, 0.4, 0.9])
async def test_no_host_finds_a_way_among_thousands(tmp_path, evil, tls):
    """What one host in a thousand does happens to somebody."""
    seed = int(os.environ.get("CRASH_SEED") or secrets.randbelow(1 << 32))
    print(f"CRASH_SEED={seed}")
    for number in range(_SIEGES):
        await besiege(tmp_path / str(number), seed + number, tls=tls, files=80, evil=evil)
