"""aiosqlite as people write it: each transition is an UPDATE, an INSERT and a commit.

The connection is shared, so a lock keeps what belongs together in one transaction. With `--unlocked` there is
none: then a commit takes along what others have half done, and a failure would roll back theirs.
"""

import contextlib
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial

import aiosqlite
import anyio

from bench.contenders.ledger_race import Race, compete, run
from bench.contenders.ledger_recipe import ENTRY, PRAGMAS, SCHEMA, UPDATE, new_rows


@contextlib.asynccontextmanager
async def _opened(task: Race) -> AsyncIterator[aiosqlite.Connection]:
    async with aiosqlite.connect(task.folder / "jobs.db") as db:
        for pragma in PRAGMAS:
            await db.execute(pragma)
        await db.executescript(SCHEMA)
        await db.executemany("INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", new_rows(task.jobs))
        await db.commit()
        yield db


async def _run(task: Race, *, locked: bool) -> None:
    async with _opened(task) as db:
        lock = anyio.Lock() if locked else contextlib.nullcontext()
        states = task.states

        async def transition(number: int, step: int) -> None:
            at = datetime.now(UTC).isoformat()
            async with lock:
                await db.execute(UPDATE, (states[step], "run-1c9e", at, number, states[step - 1]))
                await db.execute(ENTRY, (at, number, states[step - 1], states[step], None))
                await db.commit()

        await compete(task, transition)


if __name__ == "__main__":
    run(partial(_run, locked="--unlocked" not in sys.argv))
