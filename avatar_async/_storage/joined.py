"""Jobs read together with their artifacts."""

import sqlite3
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from avatar_async._jobs.records import Artifact, Job
from avatar_async._storage import rows

_ARTIFACTS: Final = (
    f"SELECT {rows.ARTIFACT_COLUMNS} FROM artifacts "  # noqa: S608 - constants only
    "WHERE job_id IN (SELECT value FROM json_each(?)) ORDER BY job_id, position"
)


def jobs_of(connection: sqlite3.Connection, query: str, values: Sequence[Any]) -> list[Job]:
    """Return the jobs of a query for `rows.JOB_COLUMNS`, in its order.

    Args:
        connection: A connection in a transaction, so that jobs and artifacts agree.
        query: SQL of this package, never of a user.
        values: Values of its placeholders.
    """
    found = connection.execute(query, values).fetchall()
    artifacts = connection.execute(_ARTIFACTS, (rows.to_json([row[0] for row in found]),))
    of_job: dict[Any, tuple[Artifact, ...]] = {
        key: tuple(map(rows.artifact_of, group)) for key, group in groupby(artifacts, key=itemgetter(0))
    }
    return [rows.job_of(row, of_job.get(row[0], ())) for row in found]
