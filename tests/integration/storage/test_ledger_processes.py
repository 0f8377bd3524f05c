"""The ledger under kills and among several processes."""

import os
import subprocess
import sys
import textwrap
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest

import avatar_async
from avatar_async._jobs.states import State
from avatar_async._storage.ledger import Ledger
from avatar_async._storage.lock import RunnerLock
from avatar_async.errors import LedgerLockedError

#: Where the package and these tests are found by another process.
PYTHONPATH = os.pathsep.join([str(Path(avatar_async.__file__).parents[1]), str(Path(__file__).parents[3])])

PRELUDE = """
import os
import sys
from datetime import UTC, datetime

import anyio

from avatar_async._jobs import events as ev
from avatar_async._jobs.changes import Change, change
from avatar_async._storage.ledger import Ledger
from avatar_async._storage.lock import RunnerLock
from tests.jobs_kept import a_new_job

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
path = sys.argv[1]


def new_job(name):
    return a_new_job(name, request={"text": "x" * 500})


def say(text):
    print(text, flush=True)
"""


@contextmanager
def process(body, path):
    """Run a script beside this one; killed at the end if it still lives."""
    script = PRELUDE + textwrap.dedent(body)
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": PYTHONPATH},
    )
    try:
        with child:
            yield child
            child.kill()
    finally:
        child.kill()


async def line_of(child):
    """Return the next line a process says, without blocking the loop."""
    assert child.stdout is not None
    return (await anyio.to_thread.run_sync(child.stdout.readline)).strip()


WRITER = """
async def produce(store, number):
    for turn in range(100_000):
        [job] = await store.insert([new_job(f"job-{number}-{turn}")])
        await store.apply([change(job, ev.IntentWritten(at=NOW, owner="run-1"))])
        say(job.name)


async def main():
    async with Ledger.open(path) as store, anyio.create_task_group() as tasks:
        for number in range(16):
            tasks.start_soon(produce, store, number)


anyio.run(main)
"""


async def test_what_was_answered_survives_a_kill(tmp_path):
    """An intent that is lost would let a create call be sent twice."""
    path = tmp_path / "ledger.db"
    answered: set[str] = set()
    for _ in range(2):
        with process(WRITER.replace("job-{number}", f"job-{len(answered)}-{{number}}"), path) as child:
            for _ in range(120):
                answered.add(await line_of(child))
            child.kill()
            assert child.stdout is not None
            rest = child.stdout.read().split("\n")
            answered.update(rest[:-1])
    async with Ledger.open(path) as store:
        states = {job.name: job.state for job in await store.jobs()}
        assert {states[name] for name in answered} == {State.SUBMITTING}
        jobs = await store.jobs(states={State.SUBMITTING})
        verdicts = [each.verdict for job in jobs[:20] for each in await store.intents(job.id)]
        assert verdicts == [None] * 20
        problems = await store._reader.call(lambda db: db.execute("PRAGMA integrity_check").fetchall())
        assert problems == [("ok",)]


async def test_a_command_beside_a_busy_runner_is_made_and_noticed(tmp_path, new_job_of):
    """`abandon` works while a run writes all the time, and the run sees it."""
    path = tmp_path / "ledger.db"
    command = """
    async def main():
        async with Ledger.open(path, create=False) as store:
            [job] = (await store.find("default", ["target"])).values()
            order = Change(
                job_id=job.id, state=job.state, attempt=job.attempt, owner=Change.ANY_OWNER,
                event=ev.GivenUp(at=NOW),
            )
            [job] = await store.apply([order])
            say(job.state)


    anyio.run(main)
    """
    async with RunnerLock(path), Ledger.open(path) as store:
        [target] = await store.insert([new_job_of("target")])
        noticed = []
        with process(command, path) as child:
            async with anyio.create_task_group() as tasks:

                async def keep_writing():
                    number = 0
                    while True:
                        await store.insert([new_job_of(f"other-{number}")])
                        number += 1

                tasks.start_soon(keep_writing)
                assert await line_of(child) == "abandoned"
                noticed = await store.some(await store.written_since(target.revision))
                tasks.cancel_scope.cancel()
        assert [job.state for job in noticed if job.name == "target"] == [State.ABANDONED]


async def test_two_processes_may_make_the_ledger_at_once(tmp_path):
    """Neither may see a half-made one."""
    path = tmp_path / "ledger.db"
    body = """
    async def main():
        say("ready")
        sys.stdin.readline()
        async with Ledger.open(path) as store:
            for number in range(20):
                await store.insert([new_job(f"{os.getpid()}-{number}")])
        say("done")


    anyio.run(main)
    """
    with process(body, path) as one, process(body, path) as two:
        for child in (one, two):
            assert await line_of(child) == "ready"
        for child in (one, two):
            assert child.stdin is not None
            child.stdin.write("go\n")
            child.stdin.flush()
        assert [await line_of(one), await line_of(two)] == ["done", "done"]
    async with Ledger.open(path, read_only=True) as store:
        jobs = await store.jobs()
    assert len(jobs) == len({job.revision for job in jobs}) == 40


HOLDER = """
async def main():
    async with RunnerLock(path):
        say("held")
        await anyio.to_thread.run_sync(sys.stdin.readline)
    say("free")
    await anyio.to_thread.run_sync(sys.stdin.readline)


anyio.run(main)
"""


async def test_a_second_runner_is_refused_and_told_who_runs(tmp_path):
    """Two runners would submit everything twice."""
    path = tmp_path / "ledger.db"
    with process(HOLDER, path) as child:
        assert await line_of(child) == "held"
        with pytest.raises(LedgerLockedError, match=rf"process {child.pid} on .*resolve, retry and abandon"):
            async with RunnerLock(path):
                pass
        holder = await RunnerLock(path).holder()
        assert holder is not None
        assert holder.pid == child.pid
        assert child.stdin is not None
        child.stdin.write("\n")
        child.stdin.flush()
        assert await line_of(child) == "free"
        async with RunnerLock(path) as lock:
            holder = await lock.holder()
            assert holder is not None
            assert holder.pid == os.getpid()
    assert await lock.holder() is None


async def test_a_killed_runner_lets_go(tmp_path):
    """Nobody should have to remove lock files by hand."""
    path = tmp_path / "ledger.db"
    with process(HOLDER, path) as child:
        assert await line_of(child) == "held"
        child.kill()
        child.wait()
        async with RunnerLock(path):
            pass


async def test_one_process_cannot_run_a_ledger_twice(tmp_path):
    """Two Orchestrators in one application are two runners too."""
    async with RunnerLock(tmp_path / "ledger.db"):
        with pytest.raises(LedgerLockedError):
            async with RunnerLock(tmp_path / "ledger.db"):
                pass
    async with RunnerLock(tmp_path / "ledger.db"):
        pass


async def test_a_link_to_a_ledger_shares_its_lock(tmp_path):
    """Two names of one file are one ledger."""
    path, link = tmp_path / "ledger.db", tmp_path / "elsewhere" / "link.db"
    async with Ledger.open(path):
        pass
    link.parent.mkdir()
    link.symlink_to(path)
    async with RunnerLock(path):
        with pytest.raises(LedgerLockedError):
            async with RunnerLock(link):
                pass
