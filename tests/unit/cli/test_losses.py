"""Lost results and results at risk, as the command line tells them."""

from datetime import timedelta
from pathlib import Path

import anyio
import pytest
from click.testing import CliRunner

from avatar_async._jobs.records import Artifact, JobError
from avatar_async._jobs.states import State
from avatar_async._storage.ledger import Ledger
from avatar_async.cli.app import app
from avatar_async.cli.manner import Manner
from avatar_async.cli.places import Place
from avatar_async.cli.render.frame import frame
from avatar_async.cli.render.summary import loss_lines
from avatar_async.cli.session import Outcome, conclude
from avatar_async.orchestrator.snapshot import Snapshot


@pytest.fixture
def lost(make_job, now):
    """Return a job whose results are gone."""
    error = JobError(code="expired", message="the service says that the results are gone", at=now)
    return make_job("a b", State.EXPIRED, task_id=7, error=error, expires_at=now)


@pytest.mark.parametrize("manner", [Manner(), Manner(json=True), Manner(quiet=True)])
def test_a_run_that_lost_results_says_so_on_stderr_and_ends_with_1(lost, make_job, capsys, manner):
    """However it is shown: somebody paid for them."""
    outcome = Outcome(jobs=[lost, make_job("c", State.STORED)], stopped_because=None, signal_code=None)
    place = Place(out=Path("out"), ledger=Path("out/ledger.db"), where="--out out")
    assert conclude(outcome, place, manner, "avatar-async run m.toml --out out") == 1
    told = capsys.readouterr()
    assert "RESULTS LOST of 1 job, gone before they were fetched: a b" in told.err
    assert "avatar-async retry 'a b' --out out" in told.err + told.out


def test_nothing_is_said_where_nothing_is_lost(make_job):
    """Not in every run."""
    assert loss_lines([make_job("a"), make_job("b", State.FAILED)]) == []


def test_many_losses_are_counted_and_some_named(lost):
    """A batch may hold thousands."""
    [line] = loss_lines([lost] * 25)
    assert "25 jobs" in line
    assert line.endswith("and 5 more")


def test_the_table_says_when_results_were_lost(lost, table):
    """And why, and what to type."""
    text = "\n".join(table([lost], width=200, where="--out out"))
    assert "lost at 2026-05-04T12:00:00Z: the service says that the results are gone" in text
    assert "avatar-async retry 'a b' --out out" in text


@pytest.mark.parametrize(
    ("hours", "speed", "words"),
    [
        (30, None, None),
        (30, 1e6, None),
        (30, 10.0, "vanish before they are home"),
        (3, None, "vanish soon"),
        (-3, None, "were to vanish before now"),
    ],
)
def test_the_table_tells_the_risk_of_each_job(make_job, now, table, hours, speed, words):
    """Little time, too slow a line, or past its time without proof of a loss."""
    model = Artifact(role="model", name="m.zip", url="http://x/m.zip", size_bytes=10**7)
    job = make_job("a", State.READY, expires_at=now + timedelta(hours=hours), artifacts=(model,))
    text = "\n".join(table([job], width=100, where="", speed_bytes_s=speed))
    assert words in text if words else "vanish" not in text
    assert "gone" not in text


def test_the_display_counts_jobs_at_risk(now):
    """They stand in its last line."""
    shown = Snapshot(counts={State.READY: 3}, at_risk=2)
    lines = frame(shown, now=now, elapsed_s=1, width=100, height=24)
    assert "2 at risk" in lines[-1].plain


def test_a_retry_says_that_it_costs_again(lost, tmp_path):
    """The new attempt is a new task."""

    async def keep():
        async with Ledger.open(tmp_path / "ledger.db") as store:
            await store.adopt([(lost, {})])

    anyio.run(keep)
    done = CliRunner().invoke(app, ["retry", "a b", "--out", str(tmp_path)])
    assert done.exit_code == 0
    assert "now planned" in done.stdout
    assert "new task, which the service may charge for: a b" in done.stderr
