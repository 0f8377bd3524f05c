"""What must hold whenever the product is dead, and what must hold once it says that it is done."""

import hashlib
import json
import shutil
import sqlite3
import stat
import tempfile
from pathlib import Path
from typing import Any

from attrs import frozen

from tests.crash.product import Product
from tests.crash.service import Truth

#: What is promised, each named by its breach.
PROMISES = (
    "damaged ledger",
    "paid twice",
    "lost task",
    "needless doubt",
    "wrong file",
    "wrong receipt",
    "unfinished",
)
#: States in which a task may exist that the ledger has no id of.
_UNDECIDED = frozenset({"submitting", "in_doubt"})
#: Files that may lie in the output folder beside the jobs' folders, while no run is alive.
_OWN_FILES = ("ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.db.lock", "ledger.db.runner.lock")
#: Seconds after a reply was sent within which it may not have been written down yet.
_NOTED_S = 1.0


@frozen(kw_only=True)
class LedgerRows:
    """What a ledger holds, read from a copy of its files, so that looking changes nothing.

    Attributes:
        jobs: By name.
        tasks: Every task id that was ever given to a job here, and the job's name.
        artifacts: By job and file name.
        trouble: What SQLite's own checks say, if anything.
    """

    jobs: dict[str, dict[str, Any]]
    tasks: dict[int, str]
    artifacts: dict[tuple[str, str], dict[str, Any]]
    trouble: tuple[str, ...]

    @classmethod
    def read(cls, out: Path) -> "LedgerRows":
        """Read the ledger of an output folder that no process works on; an absent one has no rows."""
        with tempfile.TemporaryDirectory() as scratch:
            for name in ("ledger.db", "ledger.db-wal"):
                if (out / name).exists():
                    shutil.copyfile(out / name, Path(scratch, name))
            connection = sqlite3.connect(Path(scratch, "ledger.db"))
            try:
                return cls._read(connection)
            finally:
                connection.close()

    @classmethod
    def _read(cls, connection: sqlite3.Connection) -> "LedgerRows":
        connection.row_factory = sqlite3.Row
        checked = [row[0] for row in connection.execute("PRAGMA integrity_check")]
        foreign = [str(tuple(row)) for row in connection.execute("PRAGMA foreign_key_check")]
        trouble = (*(line for line in checked if line != "ok"), *foreign)
        if not connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'jobs'").fetchone()[0]:
            return cls(jobs={}, tasks={}, artifacts={}, trouble=trouble)
        jobs = {row["job_id"]: dict(row) for row in connection.execute("SELECT * FROM jobs")}
        tasks = connection.execute("SELECT task_id, job_id FROM tasks").fetchall()
        artifacts = connection.execute("SELECT * FROM artifacts").fetchall()
        return cls(
            jobs={job["name"]: job for job in jobs.values()},
            tasks={row["task_id"]: jobs[row["job_id"]]["name"] for row in tasks},
            artifacts={(jobs[row["job_id"]]["name"], row["name"]): dict(row) for row in artifacts},
            trouble=trouble,
        )


@frozen(kw_only=True)
class Broken:
    """A promise that was not kept.

    Attributes:
        promise: Which one, in a word or two.
        text: How it was broken.
    """

    promise: str
    text: str


def violations(
    product: Product, truth: Truth, *, kills: tuple[float, ...] = (), done: bool = False
) -> list[Broken]:
    """Return every broken promise, empty if all are kept; no process may be at work.

    Args:
        product: The batch.
        truth: What the server saw.
        kills: When processes were killed, in seconds since 1970: what puts a job in doubt.
        done: Whether the run said that everything is stored.
    """
    rows = LedgerRows.read(product.out)
    found = (
        rows.trouble,
        _paid_twice(product, truth),
        _lost(product, truth, rows),
        _needless_doubt(truth, rows, kills),
        _wrong_files(product, truth, rows),
        _wrong_receipts(product, truth, rows),
        _unfinished(product, truth, rows) if done else (),
    )
    return [
        Broken(promise=promise, text=text)
        for promise, texts in zip(PROMISES, found, strict=True)
        for text in texts
    ]


def _paid_twice(product: Product, truth: Truth) -> list[str]:
    """A create call may follow another one only if that was surely refused, or a person orders it."""
    found = []
    for name in product.names:
        made = truth.tasks_of(name)
        may_exist = False
        for word in truth.words(name):
            if word == "arrived":
                if may_exist:
                    found.append(f"{name} was sent again: {truth.words(name)}")
                may_exist = True
            elif word in ("refused", "ordered"):
                may_exist = False
        if len(made) > 1:
            found.append(f"{name} was made {len(made)} times")
    return found


def _lost(product: Product, truth: Truth, rows: LedgerRows) -> list[str]:
    """Every task is known to the ledger, or its job is under suspicion."""
    found = []
    for name in product.names:
        for task_id in truth.tasks_of(name):
            job = rows.jobs.get(name)
            if job is None:
                found.append(f"{name} has task {task_id} and is not in the ledger")
            elif job["task_id"] != task_id and job["state"] not in _UNDECIDED:
                found.append(
                    f"{name} has task {task_id}, but the ledger says {job['state']} {job['task_id']}"
                )
    for task_id, name in rows.tasks.items():
        task = truth.tasks.get(str(task_id))
        if task is None or task["name"] != name:
            found.append(f"{name} was given task {task_id}, which is not its own")
    return found


def _needless_doubt(truth: Truth, rows: LedgerRows, kills: tuple[float, ...]) -> list[str]:
    """A job whose create was answered is in doubt only if a kill came before the answer was written down."""
    found = []
    for name, job in rows.jobs.items():
        journal = truth.journal.get(name, [])
        if job["state"] != "in_doubt" or not journal or journal[-1][1] != "replied":
            continue
        arrived = max(at for at, word in journal if word == "arrived")
        replied = journal[-1][0]
        if not any(arrived - _NOTED_S <= kill <= replied + _NOTED_S for kill in kills):
            found.append(f"{name} is in doubt although it was answered: {journal}, killed at {kills}")
    return found


def _wrong_files(product: Product, truth: Truth, rows: LedgerRows) -> list[str]:
    """What has a final name is whole and right."""
    found = []
    for path in sorted(product.out.glob("*/*")):
        name, folder = path.name, path.parent.name
        if path.parent.is_dir() and folder not in product.names:
            found.append(f"{path} belongs to no job")
        if name.startswith(".") or name.endswith(".part") or name == "job.json":
            continue
        right = {truth.tasks[str(task_id)]["files"].get(name) for task_id in truth.tasks_of(folder)}
        if hashlib.sha256(path.read_bytes()).hexdigest() not in right:
            found.append(f"{path} has {path.stat().st_size} bytes that no task of its job offers")
    for (job, name), artifact in rows.artifacts.items():
        if artifact["state"] == "stored" and not (product.out / job / name).is_file():
            found.append(f"{job}/{name} is stored as the ledger says, and not there")
    return found


def _wrong_receipts(product: Product, truth: Truth, rows: LedgerRows) -> list[str]:
    """A receipt can always be read, and tells of the job's own task."""
    found = []
    for path in sorted(product.out.glob("*/job.json")):
        try:
            receipt = json.loads(path.read_bytes())
        except ValueError as error:
            found.append(f"{path} cannot be read: {error}")
            continue
        if stat.S_IMODE(path.stat().st_mode) != 0o600:
            found.append(f"{path} may be read by others")
        name, task_id = receipt["name"], receipt["task_id"]
        if name != path.parent.name or name not in rows.jobs:
            found.append(f"{path} tells of {name}, which the ledger does not know")
        if task_id is not None and int(task_id) not in truth.tasks_of(name):
            found.append(f"{path} tells of task {task_id}, which is not its own")
    return found


def _unfinished(product: Product, truth: Truth, rows: LedgerRows) -> list[str]:
    """Done: every job stored, every file of every task there, nothing left over."""
    found = []
    if set(rows.jobs) != set(product.names):
        found.append(f"the ledger's jobs are {sorted(rows.jobs)}")
    for name, job in rows.jobs.items():
        if job["state"] != "stored":
            found.append(f"{name} is {job['state']}, not stored: {job['error'] or job['hold']}")
            continue
        offered = truth.tasks[str(job["task_id"])]["files"]
        lying = {path.name for path in (product.out / name).iterdir()}
        if lying != {*offered, "job.json"}:
            found.append(f"{name} holds {sorted(lying)}, its task offers {sorted(offered)}")
        for file, digest in offered.items():
            if rows.artifacts.get((name, file), {}).get("sha256") != digest:
                found.append(f"{name}/{file} has another SHA-256 in the ledger")
        receipt = json.loads((product.out / name / "job.json").read_bytes())
        told = {item["name"]: (item["sha256"], item["state"]) for item in receipt["artifacts"]}
        if receipt["state"] != "stored" or receipt["task_id"] != str(job["task_id"]):
            found.append(f"the receipt of {name} says {receipt['state']} {receipt['task_id']}")
        if told != {file: (digest, "stored") for file, digest in offered.items()}:
            found.append(f"the receipt of {name} tells of {told}")
    own = {path.name for path in product.out.iterdir() if path.is_file()}
    found += [f"{name} is left over" for name in sorted(own - set(_OWN_FILES))]
    return found
