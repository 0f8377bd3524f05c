"""`status` and `status --json`, from a ledger."""

import json
from datetime import UTC, datetime, timedelta

import anyio
import pytest
from click.testing import CliRunner

from avatar_async._jobs.records import JobError
from avatar_async._jobs.states import State
from avatar_async._storage.ledger import Ledger
from avatar_async.cli.app import app
from avatar_async.orchestrator.status import DEADLINES


@pytest.fixture
def typed(tmp_path, make_job):
    """Run `status` on the ledger of a training that went on for an hour, watched with these deadlines."""

    def run(deadlines_s, *options):
        async def keep():
            async with Ledger.open(tmp_path / "ledger.db") as store:
                submitted_at = datetime.now(UTC) - timedelta(hours=1)
                job = make_job("slow", State.IN_FLIGHT, task_id=7, attempt=1, submitted_at=submitted_at)
                await store.adopt([(job, {})])
                if deadlines_s is not None:
                    await store.remember(DEADLINES, json.dumps(deadlines_s))

        anyio.run(keep)
        shown = CliRunner().invoke(app, ["status", "--out", str(tmp_path), *options])
        assert shown.exit_code == 0
        return shown.stdout

    return run


@pytest.mark.parametrize(
    ("deadlines_s", "late"), [(None, False), ({"training": 7200}, False), ({"training": 60}, True)]
)
def test_a_job_is_overdue_by_the_deadlines_of_the_run(typed, deadlines_s, late):
    """A profile may know better than the defaults how long a kind takes; `status` reads no profile."""
    [job] = json.loads(typed(deadlines_s, "--json"))["jobs"]
    assert job["flags"] == (["overdue"] if late else [])


@pytest.mark.parametrize(("deadline_s", "late"), [(7200, False), (60, True)])
def test_the_table_knows_the_same_deadlines(typed, deadline_s, late):
    """Both forms tell the same."""
    assert ("takes longer than its kind should" in typed({"training": deadline_s})) is late


def test_a_paused_download_tells_why_in_the_table(make_job, table):
    """Whoever looks while nothing moves wants to know what is in the way."""
    error = JobError(code="disk_space", message="needs 54.1 kB, but the disk has 0 bytes free")
    jobs = [
        make_job("paused", State.READY, task_id=7, error=error),
        make_job("next", State.READY, task_id=8),
    ]
    lines = table(jobs, width=100, where="--out m")
    assert "  needs 54.1 kB, but the disk has 0 bytes free" in lines
    assert "  -> a download failed and is tried again; run the same command to go on" in lines
    assert "1 ready: its files are being brought home; run the same command to go on" in lines
