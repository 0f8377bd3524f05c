"""The standard library's sqlite3, on the event loop's own thread: it stands still at every commit."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import anyio
import anyio.lowlevel

from bench.contenders.ledger_race import Race, compete, run
from bench.contenders.ledger_recipe import ENTRY, PRAGMAS, SCHEMA, UPDATE, new_rows


async def _run(task: Race) -> None:
    with closing(sqlite3.connect(task.folder / "jobs.db")) as db:
        for pragma in PRAGMAS:
            db.execute(pragma)
        db.executescript(SCHEMA)
        db.executemany("INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", new_rows(task.jobs))
        db.commit()
        states = task.states

        async def transition(number: int, step: int) -> None:
            at = datetime.now(UTC).isoformat()
            with db:
                db.execute(UPDATE, (states[step], "run-1c9e", at, number, states[step - 1]))
                db.execute(ENTRY, (at, number, states[step - 1], states[step], None))
            await anyio.lowlevel.checkpoint()

        await compete(task, transition)


if __name__ == "__main__":
    run(_run)
