"""The ledger's tables, one migration a version, and how a file is brought up to date."""

import json
import sqlite3
from collections.abc import Callable, Collection, Sequence
from contextlib import nullcontext
from typing import Any, Final

from avatar_async._jobs.states import State
from avatar_async._storage.upgrading import told
from avatar_async.errors import LedgerError, LedgerVersionError

#: Marks a SQLite file as a ledger of this package (`PRAGMA application_id`, "avas").
APPLICATION_ID = 0x61766173

#: Where an open job is on its way, as `jobs.stage` has it; that of one that ended is NULL. Indexes over open
#: jobs hold on to it, not to the state, so that a job may go back and forth within a stage without a write to
#: any of them: writes to scattered pages are most of what a change costs.
STAGES: Final = {
    State.PLANNED: 1,
    State.SUBMITTING: 2,
    State.IN_DOUBT: 2,
    State.IN_FLIGHT: 3,
    State.READY: 4,
    State.FETCHING: 4,
}
#: Jobs with something to do or wait for, spelt as the partial index spells them: SQLite uses the index only
#: for a query that repeats its condition.
OPEN_CONDITION = "stage IS NOT NULL"
#: The table as read through that index; without statistics SQLite would choose another one.
OPEN_JOBS = "jobs INDEXED BY jobs_open"
#: The table as read through the index of open jobs by stage, which repeats the same condition.
JOBS_BY_STAGE = "jobs INDEXED BY jobs_by_stage"
#: Jobs that ended, spelt as their index does.
ENDED_CONDITION = "stage IS NULL"
#: The table as read through the index of these, by state.
ENDED_JOBS = "jobs INDEXED BY jobs_ended"
#: Open jobs that wait for a person, or whose task the service does not show; spelt as the index does.
LOOK_CONDITION = (
    "(hold IS NOT NULL OR state = 'in_doubt' OR (state = 'in_flight' "
    "AND (error IS NOT NULL OR (settled_by = 'person' AND remote_status IS NULL))))"
)
#: The table as read through that index.
JOBS_TO_LOOK_AT = "jobs INDEXED BY jobs_to_look_at"
#: The table as read through the index of jobs of which there was more than one attempt.
JOBS_SENT_AGAIN = "jobs INDEXED BY jobs_sent_again"
#: The table as read through the index of jobs with a task, by the moment at which its id was learnt.
JOBS_BY_ACCEPTANCE = "jobs INDEXED BY jobs_by_acceptance"
#: Jobs that have, or may have, a task and whose receipt tells of another state; for those that ended spelt as
#: the index does.
RECEIPT_DUE_CONDITION = (
    "(task_id IS NOT NULL OR state = 'in_doubt' OR receipt_state IS NOT NULL) AND receipt_state IS NOT state"
)
#: The table as read through that index.
ENDED_RECEIPTS_DUE = "jobs INDEXED BY jobs_receipt_due"

_VERSION_1 = """
CREATE TABLE binding (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    endpoint TEXT NOT NULL,
    account TEXT NOT NULL
);

CREATE TABLE facts (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE jobs (
    job_id INTEGER PRIMARY KEY,
    batch TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    folder TEXT NOT NULL,
    folder_key TEXT NOT NULL UNIQUE,
    task_name TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    state TEXT NOT NULL,
    attempt INTEGER NOT NULL CHECK (attempt >= 1),
    owner TEXT,
    needs TEXT NOT NULL,
    created_at TEXT NOT NULL,
    not_before TEXT,
    submitted_at TEXT,
    accepted_at TEXT,
    task_id INTEGER,
    remote_status TEXT,
    progress INTEGER,
    last_running_at TEXT,
    finished_at TEXT,
    expires_at TEXT,
    stored_at TEXT,
    error TEXT,
    hold TEXT,
    receipt_state TEXT,
    settled_by TEXT,
    candidates TEXT NOT NULL,
    revision INTEGER NOT NULL UNIQUE,
    UNIQUE (batch, name)
);
CREATE INDEX jobs_by_state ON jobs (state);
CREATE INDEX jobs_open ON jobs (job_id)
    WHERE state IN ('planned', 'submitting', 'in_doubt', 'in_flight', 'ready', 'fetching');
CREATE INDEX jobs_receipt_due ON jobs (job_id)
    WHERE (task_id IS NOT NULL OR state = 'in_doubt' OR receipt_state IS NOT NULL)
    AND receipt_state IS NOT state;
CREATE INDEX jobs_finished ON jobs (kind, finished_at)
    WHERE finished_at IS NOT NULL;

CREATE TABLE requests (
    job_id INTEGER PRIMARY KEY REFERENCES jobs (job_id),
    body TEXT NOT NULL
);

CREATE TABLE artifacts (
    job_id INTEGER NOT NULL REFERENCES jobs (job_id),
    position INTEGER NOT NULL,
    role TEXT NOT NULL,
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    size_bytes INTEGER,
    md5 TEXT,
    state TEXT NOT NULL,
    stored_bytes INTEGER,
    sha256 TEXT,
    etag TEXT,
    verified_offset INTEGER NOT NULL,
    bad_sha256 TEXT,
    note TEXT,
    PRIMARY KEY (job_id, position),
    UNIQUE (job_id, name)
) WITHOUT ROWID;

CREATE TABLE tasks (
    account TEXT NOT NULL,
    task_id INTEGER NOT NULL,
    job_id INTEGER NOT NULL REFERENCES jobs (job_id),
    attempt INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    PRIMARY KEY (account, task_id)
) WITHOUT ROWID;
CREATE INDEX tasks_by_fingerprint ON tasks (fingerprint);

CREATE TABLE intents (
    intent_id INTEGER PRIMARY KEY,
    job_id INTEGER NOT NULL REFERENCES jobs (job_id),
    attempt INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    owner TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    written_at TEXT NOT NULL,
    closed_at TEXT,
    verdict TEXT,
    UNIQUE (job_id, attempt, seq)
);
CREATE INDEX intents_by_fingerprint ON intents (fingerprint);

CREATE TABLE history (
    entry_id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    job_id INTEGER NOT NULL REFERENCES jobs (job_id),
    attempt INTEGER NOT NULL,
    event TEXT NOT NULL,
    from_state TEXT NOT NULL,
    to_state TEXT NOT NULL,
    message TEXT
);
CREATE INDEX history_by_job ON history (job_id);
"""

_VERSION_2 = """
DROP INDEX jobs_open;
CREATE INDEX jobs_open ON jobs (job_id)
    WHERE (state = 'planned' OR state = 'submitting' OR state = 'in_doubt'
    OR state = 'in_flight' OR state = 'ready' OR state = 'fetching');
CREATE INDEX jobs_to_look_at ON jobs (job_id)
    WHERE (hold IS NOT NULL OR state = 'in_doubt' OR (state = 'in_flight'
    AND (error IS NOT NULL OR (settled_by = 'person' AND remote_status IS NULL))));
"""

_VERSION_3 = """
CREATE INDEX jobs_sent_again ON jobs (kind)
    WHERE attempt > 1;
CREATE INDEX jobs_by_acceptance ON jobs (coalesce(accepted_at, created_at))
    WHERE task_id IS NOT NULL;
"""

#: Jobs are written to without a write to indexes that do not tell anything new. A version that does not know
#: the stage must not change a state: it looks for a column `revision`, and fails.
_VERSION_4 = """
ALTER TABLE jobs RENAME COLUMN revision TO added;
ALTER TABLE jobs ADD COLUMN written INTEGER;
ALTER TABLE jobs ADD COLUMN stage INTEGER;
UPDATE jobs INDEXED BY jobs_open SET stage = CASE state
    WHEN 'planned' THEN 1 WHEN 'in_flight' THEN 3 WHEN 'ready' THEN 4 WHEN 'fetching' THEN 4 ELSE 2 END
    WHERE (state = 'planned' OR state = 'submitting' OR state = 'in_doubt'
    OR state = 'in_flight' OR state = 'ready' OR state = 'fetching');
DROP INDEX jobs_open;
DROP INDEX jobs_by_state;
DROP INDEX jobs_receipt_due;
CREATE INDEX jobs_open ON jobs (job_id)
    WHERE stage IS NOT NULL;
CREATE INDEX jobs_by_stage ON jobs (stage)
    WHERE stage IS NOT NULL;
CREATE INDEX jobs_ended ON jobs (state)
    WHERE stage IS NULL;
CREATE INDEX jobs_receipt_due ON jobs (job_id)
    WHERE stage IS NULL AND (task_id IS NOT NULL OR state = 'in_doubt' OR receipt_state IS NOT NULL)
    AND receipt_state IS NOT state;
CREATE TABLE commits (
    revision INTEGER PRIMARY KEY,
    entries TEXT NOT NULL
);
"""

#: The script at index n brings a ledger from version n to n + 1; a published one never changes.
MIGRATIONS: tuple[str, ...] = (_VERSION_1, _VERSION_2, _VERSION_3, _VERSION_4)


def of_state(state: State) -> tuple[str, str, tuple[Any, ...]]:
    """Return the table, condition and parameters to read the jobs of a state by in the order of `job_id`."""
    stage = STAGES.get(state)
    if stage is None:
        return ENDED_JOBS, f"{ENDED_CONDITION} AND state = ?", (state.value,)
    return JOBS_BY_STAGE, "stage = ? AND state = ?", (stage, state.value)


def of_states(states: Collection[State]) -> tuple[str, str, tuple[Any, ...]]:
    """Return the same for several, all of them open or none, in any order."""
    words = "state IN (SELECT value FROM json_each(?))"
    value = json.dumps([state.value for state in states])
    stages = sorted({STAGES[state] for state in states if state in STAGES})
    if not stages:
        return ENDED_JOBS, f"{ENDED_CONDITION} AND {words}", (value,)
    if len(stages) == len(set(STAGES.values())):
        return OPEN_JOBS, f"{OPEN_CONDITION} AND {words}", (value,)
    places = ", ".join("?" * len(stages))
    return JOBS_BY_STAGE, f"stage IN ({places}) AND {words}", (*stages, value)


def version_of(connection: sqlite3.Connection) -> int:
    """Return the version the file was written by; 0 for an empty file.

    Raises:
        LedgerError: It is a SQLite file of another program.
    """
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    application: int = connection.execute("PRAGMA application_id").fetchone()[0]
    tables: int = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if (tables or version) and application != APPLICATION_ID:
        msg = "it is a SQLite file of another program, not a ledger: name another file with --ledger"
        raise LedgerError(msg)
    return version


def migrate(connection: sqlite3.Connection, migrations: Sequence[str] = MIGRATIONS) -> None:
    """Bring the file to the newest version, each step in its own transaction.

    Raises:
        LedgerError: It is a SQLite file of another program.
        LedgerVersionError: It was written by a newer version of this package.
    """
    version = version_of(connection)
    check_not_newer(version, migrations)
    if version == len(migrations):
        return
    scripts = [_statements(script) for script in migrations]
    with told(connection, sum(map(len, scripts[version:]))) if version else nullcontext(_nothing) as step:
        while version < len(migrations):
            _bring(connection, version, scripts[version], step)
            version = version_of(connection)
            check_not_newer(version, migrations)


def _bring(
    connection: sqlite3.Connection, version: int, statements: Sequence[str], step: Callable[[], object]
) -> None:
    """Bring the file from one version to the next, unless somebody else did by now."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        if version_of(connection) == version:
            for statement in statements:
                connection.execute(statement)
                step()
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {version + 1}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _nothing() -> None:
    """Tell nobody of a new file."""


def check_not_newer(version: int, migrations: Sequence[str] = MIGRATIONS) -> None:
    """Refuse a ledger this code does not know.

    Raises:
        LedgerVersionError: It was written by a newer version of this package.
    """
    if version > len(migrations):
        msg = (
            f"it has schema {version}, but this avatar-async knows schemas up to {len(migrations)}: "
            "use the version that wrote it, or a newer one"
        )
        raise LedgerVersionError(msg)


def _statements(script: str) -> list[str]:
    statements, start = [], 0
    for position, letter in enumerate(script):
        if letter == ";" and sqlite3.complete_statement(script[start : position + 1]):
            statements.append(script[start : position + 1])
            start = position + 1
    return statements
