"""What a person is told: flags, and the exact command to type."""

import shlex
import shutil
import subprocess
import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from avatar_async._jobs.advice import (
    command,
    dead_needs,
    flags,
    is_unknown_there,
    needs_person,
    next_step,
    overdue,
    quoted,
    unmet_needs,
)
from avatar_async._jobs.planner import poll_limits
from avatar_async._jobs.records import JobError
from avatar_async._jobs.states import OPEN, TERMINAL, ArtifactState, State
from avatar_async.requests import Kind

AWKWARD = [
    "two words",
    "it's",
    'say "hi"',
    "$HOME",
    "a;rm -rf b",
    "`x`",
    "-rf",
    "--out",
    "任务 A",
    "a\\b",
    "*",
]


def commands(step: str) -> list[list[str]]:
    """Read the command lines out of advice as a shell would."""
    return [shlex.split(line) for line in step.split("\n") if line.startswith("avatar-async ")]


RETRY = "avatar-async retry anchor-01 --out models"
STEPS = {
    State.PLANNED: "will be submitted by the next run",
    State.SUBMITTING: "the create call is under way; if no run is active, the next run settles it",
    State.IN_DOUBT: (
        "a task may exist, so it is not sent again by itself; look in the service's console for a training "
        "named 'anchor-01', made between 2026-03-01 11:50 and 12:10 UTC\n"
        "if it is there, with its id:\n"
        "avatar-async resolve anchor-01 --task-id ID --out models\n"
        "if it surely is not there, to send it again:\n"
        "avatar-async resolve anchor-01 --resubmit --out models\n"
        "to give it up:\n"
        "avatar-async resolve anchor-01 --abandon --out models"
    ),
    State.REJECTED: f"mend the cause, type this, and run again:\n{RETRY}",
    State.IN_FLIGHT: "the service works on it; run the same command to go on watching",
    State.READY: "its files are being brought home; run the same command to go on",
    State.FETCHING: "its files are being brought home; run the same command to go on",
    State.STORED: "",
    State.FAILED: f"mend the cause, type this, and run again:\n{RETRY}",
    State.EXPIRED: f"the results are gone; to pay for a new task, type this and run again:\n{RETRY}",
    State.ABANDONED: "",
}


@pytest.mark.parametrize(("state", "step"), STEPS.items())
def test_each_state_has_its_next_step(job_in, state, step):
    """The sentences people act on, and pay by, word for word."""
    assert next_step(job_in(state), {}, where="--out models") == step


@pytest.mark.parametrize("kind", Kind)
def test_a_doubt_names_the_kind_in_english(job_in, kind):
    """An image preview is the one kind that begins with a vowel."""
    step = next_step(job_in(State.IN_DOUBT, kind=kind), {})
    article = "an" if kind is Kind.IMAGE_PREVIEW else "a"
    assert f" console for {article} {kind.value} named " in step


def test_every_state_has_been_thought_of(job_in):
    """Only ends without a remedy have nothing to say."""
    silent = {state for state in State if not next_step(job_in(state), {})}
    assert silent == {State.STORED, State.ABANDONED}


@pytest.mark.parametrize("name", AWKWARD)
@pytest.mark.parametrize("state", [State.IN_DOUBT, State.FAILED, State.REJECTED, State.EXPIRED])
def test_commands_can_be_pasted_whatever_the_name(job_in, state, name):
    """A shell must read the very name, and no option out of it."""
    where = f"--out {shlex.quote('my models')}"
    lines = commands(next_step(job_in(state, name=name), {}, where=where))
    verb = "resolve" if state is State.IN_DOUBT else "retry"
    choices = [["--task-id", "ID"], ["--resubmit"], ["--abandon"]] if verb == "resolve" else [[]]
    for words, choice in zip(lines, choices, strict=True):
        assert words[:2] == ["avatar-async", verb]
        options = [*choice, "--out", "my models"]
        if name.startswith("-"):
            assert words[2:] == [*options, "--", name]
        else:
            assert words[2:] == [name, *options]


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30))
def test_any_name_survives_the_shell(new_job, name):
    """Names are the user's own; nothing in them may run."""
    job = new_job(name=name, state=State.FAILED)
    step = next_step(job, {})
    if quoted(name).startswith("$'"):
        assert any(line.endswith(quoted(name)) for line in step.splitlines())
    else:
        assert commands(step)[0][-1] == name


@given(st.text(st.characters(exclude_characters="\0"), min_size=1, max_size=20))
def test_no_name_takes_a_command_apart(name):
    """Newlines, escapes and letters that turn the text around are spelt out, on one line."""
    line = command("retry", name)
    assert len(line.splitlines()) == 1
    assert all(unicodedata.category(letter) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} for letter in line)


HIDDEN = [
    "a\nb",
    "tab\there",
    "\x1b[31mred",
    "right\u202eleft",
    "it's\n\\x41",
    "zero\u200bwidth",
    "two  spaces",
]


@pytest.mark.parametrize("name", [*AWKWARD, *HIDDEN, "－全角　空格", "clip (1)", "'", "$'x'", ""])
def test_bash_reads_back_the_very_name(name):
    """Also what no terminal shows."""
    shell = shutil.which("bash")
    assert shell is not None
    said = subprocess.run([shell, "-c", f"printf %s {quoted(name)}"], capture_output=True, check=True)
    assert said.stdout.decode() == name


def test_a_job_in_doubt_names_each_task_that_may_be_its_own(job_in):
    """Found in the service's list, they save a person the search."""
    one = next_step(job_in(State.IN_DOUBT, candidates=(7,)), {})
    assert "if it is task 7:\navatar-async resolve anchor-01 --task-id 7\n" in one
    assert "--task-id ID" not in one
    two = next_step(job_in(State.IN_DOUBT, candidates=(7, 8)), {})
    assert "it lists 2 that may be it" in two
    assert "--task-id 7\n" in two
    assert "--task-id 8\n" in two
    many = next_step(job_in(State.IN_DOUBT, candidates=tuple(range(1, 10))), {})
    assert "--task-id 3\n" in many
    assert "--task-id 4\n" not in many
    assert "if it is another one:\navatar-async resolve anchor-01 --task-id ID\n" in many


def test_a_window_over_midnight_names_both_days(job_in):
    """Who searches a console by date must not search the wrong day."""
    job = evolve(job_in(State.IN_DOUBT), submitted_at=datetime(2026, 3, 1, 23, 55, tzinfo=UTC))
    assert "made between 2026-03-01 23:45 and 2026-03-02 00:05 UTC" in next_step(job, {})


def test_an_id_nobody_has_confirmed_can_be_corrected(job_in):
    """A slip must not keep a job in flight for ever."""
    job = job_in(State.IN_FLIGHT, settled_by="person")
    step = next_step(job, {}, where="--out models")
    assert is_unknown_there(job)
    assert f"a person gave task {job.task_id}" in step
    assert commands(step) == [
        ["avatar-async", "resolve", "anchor-01", "--task-id", "ID", "--out", "models"],
        ["avatar-async", "resolve", "anchor-01", "--resubmit", "--out", "models"],
    ]
    assert not is_unknown_there(evolve(job, remote_status="RUNNING"))


@pytest.mark.parametrize("state", [State.PLANNED, State.READY])
def test_a_held_job_tells_why_and_how_to_let_it_go(job_in, state):
    """The reason comes first, then the command."""
    held = job_in(state, hold="an unknown file lies at model.zip")
    assert next_step(held, {}) == "an unknown file lies at model.zip; then:\navatar-async retry anchor-01"


@pytest.mark.parametrize("state", sorted(TERMINAL - {State.STORED} | {State.IN_DOUBT}))
def test_a_need_that_ended_badly_blocks(job_in, state):
    """Waiting for it would be waiting for ever."""
    job = job_in(State.PLANNED, needs=("base", "other"))
    states = {"base": state, "other": State.STORED}
    assert dead_needs(job, states) == ("base",)
    assert next_step(job, states) == f"blocked: needs base ({state}); settle that first"


def test_a_need_nobody_knows_blocks(job_in):
    """A job that was never added will never be stored."""
    job = job_in(State.PLANNED, needs=("ghost",))
    assert next_step(job, {}) == "blocked: needs ghost (unknown); settle that first"


@pytest.mark.parametrize("state", sorted(OPEN - {State.IN_DOUBT}))
def test_a_need_under_way_is_waited_for(job_in, state):
    """It may still come."""
    job = job_in(State.PLANNED, needs=("base",))
    assert unmet_needs(job, {"base": state}) == ("base",)
    assert dead_needs(job, {"base": state}) == ()
    assert next_step(job, {"base": state}) == "waits for base"


def test_met_needs_are_not_mentioned(job_in):
    """Nothing stands in the way any more."""
    job = job_in(State.PLANNED, needs=("base",))
    assert next_step(job, {"base": State.STORED}) == "will be submitted by the next run"


def test_a_paused_download_is_not_said_to_go_on(job_in):
    """The reason stands beside it."""
    error = JobError(code="disk_space", message="the disk is full")
    paused = evolve(job_in(State.READY), error=error)
    assert next_step(paused, {}) == "a download failed and is tried again; run the same command to go on"


def test_a_put_back_job_says_why_it_was_not_sent(job_in):
    """The user may mend it meanwhile."""
    job = job_in(State.PLANNED, error=JobError(code="not_sent", message="connection refused"))
    assert next_step(job, {}) == "will be sent again: connection refused"


@pytest.mark.parametrize("field", ["submitted_at", "accepted_at"])
def test_a_job_is_overdue_after_its_kinds_deadline(job_in, field):
    """Adopted tasks, which we never submitted, count from their adoption."""
    job = job_in(State.IN_FLIGHT)
    job = evolve(job, submitted_at=None, accepted_at=None)
    job = evolve(job, **{field: job.created_at})
    deadline = timedelta(seconds=poll_limits()[job.kind].deadline_s)
    assert not overdue(job, job.created_at + deadline)
    assert overdue(job, job.created_at + deadline + timedelta(seconds=1))


@pytest.mark.parametrize("state", [state for state in State if state is not State.IN_FLIGHT])
def test_only_work_of_the_service_can_be_overdue(job_in, state):
    """Our own doings have other words."""
    job = job_in(state)
    assert not overdue(job, job.created_at + timedelta(days=365))


def test_flags_name_everything_that_is_odd_sorted(job_in):
    """`status --json` promises these words."""
    job = job_in(State.READY)
    odd = tuple(
        evolve(job.artifacts[0], name=name, state=state, note=note)
        for name, state, note in [
            ("a", ArtifactState.SUSPECT, None),
            ("b", ArtifactState.STORED, "md5 does not agree"),
        ]
    )
    job = evolve(job, artifacts=odd, hold="look", expires_at=job.created_at + timedelta(hours=3))
    assert flags(job, job.created_at) == ("at_risk", "held", "noted", "suspect")
    assert flags(job_in(State.PLANNED), job.created_at) == ()


def test_a_stored_job_is_never_at_risk(job_in):
    """Its files are home."""
    job = job_in(State.STORED)
    assert flags(job, job.created_at + timedelta(days=30)) == ()


@pytest.mark.parametrize("state", list(State))
def test_only_doubt_and_holds_need_a_person(job_in, state):
    """The exit code rests on it."""
    assert needs_person(job_in(state)) is (state is State.IN_DOUBT)
    assert needs_person(job_in(state, hold="look")) is (state not in TERMINAL)
