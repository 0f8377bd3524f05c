"""What a run leaves behind, in words and as a table."""

from datetime import timedelta

import pytest

from avatar_async._jobs.records import Artifact, JobError
from avatar_async._jobs.states import ArtifactState, State
from avatar_async.cli import exits
from avatar_async.cli.render.cells import width_of
from avatar_async.cli.render.results import results
from avatar_async.cli.render.summary import summary


@pytest.fixture
def mixed(make_job, now):
    """Return jobs of every sort."""
    model = Artifact(
        role="model",
        name="model.zip",
        url="https://x/?s=1",
        state=ArtifactState.STORED,
        stored_bytes=2_000_000,
    )
    return [
        make_job("good", State.STORED, stored_at=now, task_id=9_007_199_254_740_993, artifacts=(model,)),
        make_job("lost reply", State.IN_DOUBT, error=JobError(code="timeout", message="no answer in 60 s")),
        make_job("bad", State.REJECTED, error=JobError(code=3333, message="crf is wrong")),
        make_job("child", State.PLANNED, needs=("bad",)),
        make_job("flying", State.IN_FLIGHT, task_id=7, submitted_at=now - timedelta(minutes=4)),
        make_job("home", State.READY, task_id=8, expires_at=now + timedelta(hours=5)),
        make_job("waiting", State.PLANNED),
    ]


def test_the_summary_names_the_exact_command_for_each_job_that_needs_a_person(mixed):
    """Somebody at 3 a.m. must be able to copy it."""
    text = "\n".join(summary(mixed, out="models", where="--out models", stopped_because=None))
    assert "7 jobs: 2 planned, 1 in_doubt, 1 rejected, 1 in_flight, 1 ready, 1 stored" in text
    assert "1 verified file, 2.0 MB, in models" in text
    assert "3 jobs need attention:" in text
    assert "avatar-async resolve 'lost reply' --task-id ID --out models" in text
    assert "  bad (rejected)\n    crf is wrong\n    -> mend the cause" in text
    assert "avatar-async retry bad --out models" in text
    assert "blocked: needs bad (rejected)" in text
    assert "waiting" not in text


def test_the_summary_of_many_bad_jobs_is_bounded(make_job):
    """Five thousand lines would bury the cause."""
    jobs = [make_job(f"bad-{n}", State.FAILED) for n in range(500)]
    lines = summary(jobs, out="m", where="--out m", stopped_because="the appKey is refused")
    assert len(lines) < 80
    assert "  and 480 more: avatar-async status --out m" in lines
    assert lines[-1] == "Stopped early: the appKey is refused"


def test_a_batch_is_done_only_if_every_job_is_stored_or_abandoned(make_job, mixed):
    """The exit code is what scripts act on."""
    good = [make_job("a", State.STORED), make_job("b", State.ABANDONED)]
    assert exits.code_for_jobs(good) == exits.ExitCode.DONE
    assert exits.code_for_jobs(mixed) == exits.ExitCode.BAD_END
    assert exits.code_for_jobs([*good, make_job("c", State.IN_FLIGHT)]) == exits.ExitCode.BAD_END


@pytest.mark.parametrize("name", ["anchor", "主播" * 20, "x" * 300])
def test_the_table_keeps_its_columns_and_cuts_no_name(make_job, mixed, now, table, name):
    """A name is what a person copies into the next command."""
    jobs = [*mixed, make_job(name, State.IN_FLIGHT, task_id=2**63 - 1, submitted_at=now)]
    lines = table(jobs, width=80, where="--out models")
    assert any(line.split("  ")[0] == name for line in lines)
    head = lines[0]
    for line in lines:
        if "in_flight" in line and "  " in line and "in_flight:" not in line:
            before = line[: line.index("in_flight")]
            assert width_of(before) == head.index("STATE")
    assert all(width_of(line) <= 80 for line in lines if not line.startswith("  ") and line != name)
    assert str(2**63 - 1) in "\n".join(lines)


def test_the_table_tells_age_expiry_and_what_to_do(mixed, table):
    """Everything `status` promises."""
    text = "\n".join(table(mixed, width=80, where="--out models"))
    assert "5h 00m" in text
    assert "its results vanish soon" in text
    assert (
        "  -> mend the cause, type this, and run again:\n     avatar-async retry bad --out models\n" in text
    )
    assert "1 in_flight: the service works on it; run the same command to go on watching" in text
    assert "9007199254740993" in text


@pytest.mark.parametrize("width", [30, 40, 50, 80, 200])
def test_results_leave_columns_out_rather_than_wrap(make_job, width):
    """A wrapped table cannot be read."""
    artifact = Artifact(role="model", name="model.zip", url="https://x/", stored_bytes=10**6)
    jobs = [make_job(name="anchor-01", state=State.STORED, artifacts=(artifact,))]
    head, row = [line.plain for line in results(jobs, width=width)]
    assert max(width_of(head), width_of(row)) <= width
    assert ("KIND" in head) == (width >= 50)
    assert ("model.zip" in row) == (width >= 40)
    assert row.index("stored") == head.index("STATE")


def test_the_results_fit_the_terminal(mixed):
    """The last thing the demo shows."""
    lines = [line.plain for line in results(mixed, width=80)]
    assert all(width_of(line) <= 80 for line in lines)
    assert "2.0 MB  model.zip" in lines[1]
