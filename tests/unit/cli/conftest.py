"""Jobs in any state, as the ledger would give them."""

from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from avatar_async._jobs.expiry import burden, overtaken
from avatar_async._jobs.states import State
from avatar_async.cli.app import app
from avatar_async.cli.render.table import Table
from avatar_async.settings import DEADLINES_S
from tests.jobs_kept import a_job

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


@pytest.fixture
def now():
    """Return the present instant of these tests."""
    return NOW


@pytest.fixture
def make_job():
    """Return a maker of jobs; fields not given are those of a fresh job."""

    def make(name="anchor-01", state=State.PLANNED, **fields):
        return a_job(name, **({"created_at": NOW - timedelta(hours=3), "state": state} | fields))

    return make


@pytest.fixture
def table(now):
    """Return what writes the table of jobs as plain lines, as `status` does."""

    def lines(jobs, *, width, where, speed_bytes_s=None):
        unfetched = [job for job in jobs if job.state in {State.READY, State.FETCHING}]
        late = overtaken(map(burden, unfetched), now, speed_bytes_s)
        written = Table(now=now, width=width, where=where, deadlines_s=DEADLINES_S, late=late, fitted_to=jobs)
        states = {(job.batch, job.name): job.state for job in jobs}
        each = [line for job in jobs for line in written.lines(job, states)]
        return [line.plain for line in (written.heading(), *each, *written.outlook())]

    return lines


@pytest.fixture
def typed(tmp_path, monkeypatch):
    """Run a command in this process, in an empty folder and without an account."""
    for name in ("APP_ID", "APP_KEY", "TOKEN", "ENDPOINT", "PROFILE"):
        monkeypatch.delenv(f"AVATAR_{name}", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return lambda *args: CliRunner().invoke(app, [str(arg) for arg in args])
