"""`status` of a ledger that is too long to be read."""

import json
from datetime import UTC, datetime, timedelta

import anyio
import pytest
from click.testing import CliRunner

from avatar_async._jobs.records import Artifact, JobError
from avatar_async._jobs.states import State
from avatar_async._storage.ledger import Ledger
from avatar_async.cli import listing
from avatar_async.cli.app import app
from avatar_async.orchestrator.status import SPEED

ENDED = 400


@pytest.fixture
def ledger(tmp_path, make_job):
    """A ledger of hundreds of stored jobs, with a few of every other sort behind them."""
    now = datetime.now(UTC)
    gone = JobError(code="not_listed", message="the service does not list it")
    image = Artifact(role="image", name="i.png", url="https://x/?s=1", size_bytes=10**9)
    jobs = [make_job(f"stored-{n:03}", State.STORED, task_id=n + 1) for n in range(ENDED)]
    jobs += [make_job(f"flying-{n}", State.IN_FLIGHT, task_id=1000 + n, submitted_at=now) for n in range(40)]
    jobs += [
        make_job("late", State.READY, task_id=2000, expires_at=now + timedelta(days=2), artifacts=(image,)),
        make_job("missing", State.IN_FLIGHT, task_id=2001, error=gone),
        make_job("mistyped", State.IN_FLIGHT, task_id=2002, settled_by="person"),
        make_job("held", State.READY, task_id=2003, hold="look at it"),
        make_job("doubtful", State.IN_DOUBT, submitted_at=now),
        make_job("broken", State.FAILED, task_id=2004, error=JobError(code="x", message="no face")),
        make_job("child", State.PLANNED, needs=("broken",)),
    ]

    async def keep():
        async with Ledger.open(tmp_path / "ledger.db") as store:
            await store.adopt([(job, {}) for job in jobs])
            await store.remember(SPEED, "1000")

    anyio.run(keep)
    return tmp_path


def shown(folder, *options):
    """Return what `status` prints."""
    told = CliRunner().invoke(app, ["status", "--out", str(folder), *options])
    assert told.exit_code == 0, told.output
    return told.stdout


def test_the_table_shows_what_needs_a_person_and_counts_the_rest(ledger):
    """A million lines hide the one that matters."""
    text = shown(ledger)
    for line in ("missing  ", "mistyped  ", "held  ", "doubtful  ", "broken  ", "child  ", "late  "):
        assert f"\n{line}" in text
    assert "stored-000" not in text
    assert text.count("\nflying-") == 25
    assert "blocked: needs broken (failed)" in text
    assert "its results vanish before they are home" in text
    assert (
        f"{ENDED + 47} jobs: 1 planned, 1 in_doubt, 42 in_flight, 2 ready, {ENDED} stored, 1 failed" in text
    )
    assert f"and {ENDED + 15} more, not shown here: 15 in_flight, {ENDED} stored" in text
    assert f"status --out {ledger} --all" in text


def test_all_shows_every_job(ledger):
    """Nothing may be out of reach."""
    text = shown(ledger, "--all")
    assert text.count("\nstored-") == ENDED
    assert text.count("\nflying-") == 40
    assert "more, not shown" not in text
    assert "42 in_flight" in text


@pytest.mark.parametrize(
    ("options", "number"),
    [(["--state", "failed"], 1), (["--state", "ready", "--state", "in_doubt"], 3), (["--open"], 46)],
)
def test_both_forms_show_the_jobs_asked_for(ledger, options, number):
    """A script wants the failed ones, not a million others."""
    document = json.loads(shown(ledger, "--json", *options))
    assert len(document["jobs"]) == number
    assert sum(document["counts"].values()) == ENDED + 47
    text = shown(ledger, *options)
    assert all(f"\n{job['name']}  " in text for job in document["jobs"])
    assert "\nstored-" not in text


def test_a_state_of_which_there_is_much_is_cut_too(ledger):
    """The same for one state."""
    text = shown(ledger, "--state", "stored")
    assert text.count("\nstored-") == 200
    assert f"and {ENDED - 200} more, not shown here: {ENDED - 200} stored" in text


def test_the_document_is_written_page_by_page_and_tells_the_same(ledger, monkeypatch):
    """It is every job, in memory for a few."""
    sizes = []
    page = Ledger.page

    async def counted(self, **options):
        found = await page(self, **options)
        sizes.append(len(found))
        return found

    whole = json.loads(shown(ledger, "--json"))
    monkeypatch.setattr(Ledger, "page", counted)
    monkeypatch.setattr(listing, "PAGE", 50)
    document = json.loads(shown(ledger, "--json"))
    assert max(sizes) == 50
    assert document == whole
    assert len({job["name"] for job in document["jobs"]}) == len(document["jobs"]) == ENDED + 47


def test_a_ledger_without_jobs_is_a_document_too(tmp_path):
    """A script reads it before the first job is added."""

    async def make():
        async with Ledger.open(tmp_path / "ledger.db"):
            pass

    anyio.run(make)
    document = json.loads(shown(tmp_path, "--json"))
    assert document["jobs"] == []
    assert set(document["counts"].values()) == {0}
    assert "no jobs" in shown(tmp_path)


@pytest.mark.parametrize("read", ["first", "to_look_at", "vanishing"])
async def test_what_the_table_reads_first_needs_no_look_at_ended_jobs(ledger, read):
    """However many there are."""
    async with Ledger.open(ledger / "ledger.db", read_only=True) as store:
        asked = {"first": (State.FAILED,)}.get(read, ())
        steps = []

        def traced(connection):
            connection.set_progress_handler(lambda: steps.append(1), 100)

        await store._reader.call(traced)
        found = await getattr(store, read)(*asked, limit=5)
        assert found
        assert len(steps) < 30
