"""Opening a long ledger and finding its open jobs, as a run does when it begins.

`found` reads who they are and where they stand through the partial index, `rows` all their columns, `decoded`
makes jobs of them page by page as the board does, `scanned` is `found` without an index.
"""

import json
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

import anyio

from avatar_async._jobs.records import DEFAULT_BATCH
from avatar_async._storage import rows, schema
from avatar_async._storage.connect import open_reader
from avatar_async._storage.ledger import Ledger

_PAGE = 1000
_STANDING = "job_id, name, kind, state, attempt, task_id, submitted_at, coalesce(written, added)"


def _rows(path: Path, table: str, columns: str) -> dict[str, float]:
    with closing(open_reader(path)) as connection:
        began_s = time.perf_counter()
        found = _fetched(connection, table, columns)
        return {"seconds": time.perf_counter() - began_s, "found": len(found)}


def _fetched(connection: sqlite3.Connection, table: str, columns: str) -> list[tuple[object, ...]]:
    query = f"SELECT {columns} FROM {table} WHERE {schema.OPEN_CONDITION}"  # noqa: S608
    return connection.execute(f"{query} ORDER BY job_id").fetchall()


async def _decoded(path: Path) -> dict[str, float]:
    began_s = time.perf_counter()
    async with Ledger.open(path) as ledger:
        open_s = time.perf_counter() - began_s
        began_s = time.perf_counter()
        found, last = 0, None
        while page := await ledger.open_page(DEFAULT_BATCH, after=last, limit=_PAGE):
            found += len(page)
            last = page[-1].id
        return {"seconds": time.perf_counter() - began_s, "open_ms": open_s * 1e3, "found": found}


def main() -> None:
    """Read the ledger of the first argument in the way of the second and print what it took."""
    path, how = Path(sys.argv[1]), sys.argv[2]
    match how:
        case "found":
            figures = _rows(path, schema.OPEN_JOBS, _STANDING)
        case "rows":
            figures = _rows(path, schema.OPEN_JOBS, rows.JOB_COLUMNS)
        case "scanned":
            figures = _rows(path, "jobs NOT INDEXED", _STANDING)
        case _:
            figures = anyio.run(_decoded, path)
    if figures["found"] != int(sys.argv[3]):
        sys.exit(f"{figures['found']} open jobs instead of {sys.argv[3]}")
    print(json.dumps({"find_ms": figures["seconds"] * 1e3, **figures}))


if __name__ == "__main__":
    main()
