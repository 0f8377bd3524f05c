"""Ledgers of any length, made fast: the real schema, rows as a year of runs leaves them.

As a program it makes one and prints where it lies: `python -m bench.contenders.made_ledger FOLDER`.
"""

import argparse
import json
import os
import random
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from avatar_async._jobs.states import State
from avatar_async._storage import changes, commits, connect, rows, schema
from avatar_async.requests import Kind
from bench.contenders.made_jobs import WITH_TASK, files_like, job_like, request_like

#: Of how many jobs each kind is, in percent.
KINDS: Final = {
    Kind.IMAGE_PREVIEW: 40,
    Kind.VIDEO_PREVIEW: 25,
    Kind.TRAINING: 20,
    Kind.REBUILD: 10,
    Kind.TAKEOVER: 5,
}
#: How ended jobs ended, in per mille.
ENDS: Final = {
    State.STORED: 960,
    State.FAILED: 20,
    State.REJECTED: 10,
    State.EXPIRED: 5,
    State.ABANDONED: 5,
}
#: Where open jobs stand, in per mille.
STANDINGS: Final = {
    State.IN_FLIGHT: 850,
    State.PLANNED: 120,
    State.READY: 20,
    State.FETCHING: 5,
    State.IN_DOUBT: 5,
}
#: The first task's id; the task of job n is this plus n.
FIRST_TASK: Final = 1_000_000_000
_YEAR: Final = timedelta(days=365)
_TRANSACTION: Final = 50_000
#: Writes that share a commit.
_COMMIT: Final = 64
#: Writes a whole job that was written to since it was added: its revision, then what `rows.job_row` gives.
_INSERT_JOB: Final = rows.INSERT_JOB.replace("(job_id", "(written, job_id").replace("(?", "(?, ?")
#: Odd, so that no two products with it are equal in 256 bits.
_SPREAD: Final = 0x9E3779B97F4A7C15F39CC0605CEDC8341082276BF3A27251F86C6A11D0C18E95
#: Entries of a job's history by where it stands: event, state before and after, message.
_WAY: Final = (
    ("IntentWritten", State.PLANNED, State.SUBMITTING, "by run-1c9e"),
    ("Accepted", State.SUBMITTING, State.IN_FLIGHT, "task 1000000001"),
    ("Polled", State.IN_FLIGHT, State.IN_FLIGHT, "QUEUED"),
    ("Polled", State.IN_FLIGHT, State.IN_FLIGHT, "RUNNING"),
    ("Finished", State.IN_FLIGHT, State.READY, None),
    ("FetchStarted", State.READY, State.FETCHING, "by run-1c9e"),
    ("ArtifactChanged", State.FETCHING, State.FETCHING, "model.zip: stored"),
    ("AllStored", State.FETCHING, State.STORED, None),
)
_STEPS: Final = {State.PLANNED: 0, State.IN_DOUBT: 1, State.IN_FLIGHT: 4, State.READY: 5, State.FETCHING: 6}


@frozen(kw_only=True)
class Made:
    """What a ledger is made of.

    Attributes:
        jobs: How many there are in all.
        open_jobs: How many of them have not ended; they lie scattered over the whole file.
        endpoint: What the ledger is bound to, with `account`.
        standings: Where open jobs stand, in per mille.
        seed: Of the choice of kinds and states.
    """

    jobs: int = 1_000_000
    open_jobs: int = 10_000
    endpoint: str = "http://127.0.0.1:8080"
    account: str = "bench"
    standings: tuple[tuple[State, int], ...] = tuple(STANDINGS.items())
    seed: int = 1


def made_ledger(folder: Path, made: Made) -> Path:
    """Return a ledger of that make, made anew if the folder holds none of today; never write to it.

    A copy is what work goes on: it takes a second a GiB, the making a minute a million jobs.
    """
    today = f"{datetime.now(UTC):%Y%m%d}"
    words = json.dumps(
        [made.endpoint, made.account, made.standings, made.seed, schema.MIGRATIONS, connect.PAGE_BYTES]
    )
    mark = f"{random.Random(words).getrandbits(32):08x}"
    path = folder / f"made-{today}-{made.jobs}-{made.open_jobs}-{mark}.db"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(f".{os.getpid()}.tmp")
        try:
            make(unfinished, made)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
    return path


def make(path: Path, made: Made) -> None:
    """Write a whole new ledger to a path where there is none."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        path.chmod(0o600)
        pages = (f"page_size = {connect.PAGE_BYTES}", "cache_size = -400000")
        for pragma in (*pages, "journal_mode = OFF", "synchronous = OFF"):
            connection.execute(f"PRAGMA {pragma}")
        schema.migrate(connection)
        changes.bind(connection, made.endpoint, made.account, rebind=False)
        indexes = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        ).fetchall()
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        _fill(connection, made)
        for _, statement in indexes:
            connection.execute(statement)
        connection.execute("PRAGMA journal_mode = WAL")


def standings(made: Made) -> Iterator[tuple[int, Kind, State]]:
    """Yield number (from 1), kind and state of every job, the same ones for the same make."""
    chance = random.Random(made.seed)
    unfinished = set(chance.sample(range(1, made.jobs + 1), made.open_jobs))
    kinds = chance.choices(list(KINDS), list(KINDS.values()), k=9973)
    ends = chance.choices(list(ENDS), list(ENDS.values()), k=9929)
    still = dict(made.standings)
    opens = chance.choices(list(still), list(still.values()), k=9907)
    for number in range(1, made.jobs + 1):
        states = opens if number in unfinished else ends
        yield number, kinds[number % len(kinds)], states[number % len(states)]


def _fill(connection: sqlite3.Connection, made: Made) -> None:
    now = datetime.now(UTC)
    patterns = {
        (kind, state): _Pattern(kind, state, made, now)
        for kind in KINDS
        for state in {*ENDS, *dict(made.standings)}
    }
    tables = (
        _INSERT_JOB,
        "INSERT INTO requests (job_id, body) VALUES (?, ?)",
        f"INSERT INTO artifacts ({rows.ARTIFACT_COLUMNS}) VALUES ({rows.ARTIFACT_PLACES})",  # noqa: S608
        "INSERT INTO tasks (account, task_id, job_id, attempt, fingerprint) VALUES (?, ?, ?, 1, ?)",
        (
            "INSERT INTO intents (job_id, attempt, seq, owner, fingerprint, written_at, closed_at, verdict) "
            "VALUES (?, 1, 1, 'run-1c9e', ?, ?, ?, ?)"
        ),
    )
    entries: list[commits.Entry] = []
    waiting: tuple[list[Any], ...] = tuple([] for _ in tables)
    for number, kind, state in standings(made):
        entries += patterns[kind, state].add(number, waiting)
        if number % _TRANSACTION == 0 or number == made.jobs:
            connection.execute("BEGIN")
            for statement, values in zip(tables, waiting, strict=True):
                connection.executemany(statement, values)
                values.clear()
            for first in range(0, len(entries), _COMMIT):
                commits.note(connection, entries[first : first + _COMMIT])
            entries.clear()
            connection.execute("COMMIT")


class _Pattern:
    """The rows of jobs of one kind and state, into which each one's own values are put."""

    def __init__(self, kind: Kind, state: State, made: Made, now: datetime) -> None:
        self._kind, self._state, self._made = kind, state, made
        ended = state not in STANDINGS
        #: Ended jobs are spread over a year, open ones began within the last hours.
        self._since = now - (_YEAR if ended else timedelta(hours=3))
        self._step = (_YEAR - timedelta(days=8) if ended else timedelta(hours=2)) / made.jobs
        self._account = json.dumps([made.endpoint, made.account])
        self._columns = rows.OWN_COLUMNS.split(", ")
        self._job = rows.job_row(job_like(kind, state, now), 0, "")[: len(self._columns)]
        self._steps = () if state is State.PLANNED else _WAY[: _STEPS.get(state, len(_WAY))]
        self._artifacts = [
            rows.artifact_row(0, position, artifact)
            for position, artifact in enumerate(files_like(kind, state))
        ]
        self._body = rows.to_json(request_like(kind).to_plain())

    def add(self, number: int, tables: Sequence[list[Any]]) -> Iterator[commits.Entry]:
        """Add the rows of one job to those that wait for each table, and yield what was written to it."""
        jobs, requests, artifacts, tasks, intents = tables
        began = self._since + self._step * number
        at = [rows.to_text(began + timedelta(minutes=minutes)) for minutes in (0, 1, 2, 40, 45)]
        name, fingerprint = f"{self._kind}-{number:07}", f"{number * _SPREAD % 2**256:064x}"
        own = {
            "job_id": number,
            "name": name,
            "folder": name,
            "task_name": name,
            "fingerprint": fingerprint,
            "created_at": at[0],
            "submitted_at": at[1],
            "accepted_at": at[2],
            "last_running_at": at[3],
            "finished_at": at[3],
            "expires_at": rows.to_text(began + timedelta(days=7)),
            "stored_at": at[4],
            "task_id": FIRST_TASK + number,
        }
        row = [
            own.get(column, value) if value is not None else None
            for column, value in zip(self._columns, self._job, strict=True)
        ]
        # Numbers for all that any job was given: its own first, then one for each write.
        revision = self._made.jobs + number * len(_WAY)
        latest = revision + len(self._steps) if self._steps else None
        jobs.append((latest, *row, number, schema.STAGES.get(self._state), name))
        requests.append((number, self._body.replace("NAME", name)))
        artifacts.extend(
            (number, *row[1:4], row[4].replace("NAME", name), *row[5:]) for row in self._artifacts
        )
        if self._state is State.PLANNED:
            return
        if self._state in WITH_TASK:
            tasks.append((self._account, FIRST_TASK + number, number, fingerprint))
        verdict = {State.IN_DOUBT: "unknown", State.REJECTED: "refused"}.get(self._state, "accepted")
        intents.append((number, fingerprint, at[1], at[2], verdict))
        for place, (event, before, after, message) in enumerate(self._steps):
            told = (at[1 + place // 3], 1, event, before.value, after.value, message)
            yield (revision + place + 1, number, revision + place if place else number, *told)


def main() -> None:
    """Make the ledger that the arguments ask for and print its path and what it took, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--jobs", type=int, default=Made().jobs)
    parser.add_argument("--open-jobs", type=int, default=Made().open_jobs)
    given = parser.parse_args()
    began = time.perf_counter()
    path = made_ledger(given.folder, Made(jobs=given.jobs, open_jobs=given.open_jobs))
    took_s = time.perf_counter() - began
    json.dump({"path": str(path), "bytes": path.stat().st_size, "took_s": round(took_s, 3)}, sys.stdout)


if __name__ == "__main__":
    main()
