"""What a person should know and do about a job: flags and the next step."""

import shlex
from collections.abc import Mapping
from datetime import datetime

from avatar_async._jobs.expiry import NOT_LISTED, at_risk
from avatar_async._jobs.records import Job
from avatar_async._jobs.states import REMOTE, TERMINAL, ArtifactState, State
from avatar_async.settings import DEADLINES_S


def overdue(job: Job, now: datetime, deadlines_s: Mapping[str, float] = DEADLINES_S) -> bool:
    """Tell whether the service has worked on it for longer than its kind's deadline (seconds, by kind)."""
    since = job.submitted_at or job.accepted_at
    if job.state is not State.IN_FLIGHT or since is None:
        return False
    return (now - since).total_seconds() > deadlines_s[job.kind]


def flags(job: Job, now: datetime, deadlines_s: Mapping[str, float] = DEADLINES_S) -> tuple[str, ...]:
    """Return the words that mark a job beyond its state, sorted."""
    words = set()
    if overdue(job, now, deadlines_s):
        words.add("overdue")
    if job.state in REMOTE and at_risk(job, now):
        words.add("at_risk")
    if job.hold is not None and job.state not in TERMINAL:
        words.add("held")
    if job.state is State.IN_FLIGHT and job.error is not None and job.error.code == NOT_LISTED:
        words.add("missing")
    if any(artifact.state is ArtifactState.SUSPECT for artifact in job.artifacts):
        words.add("suspect")
    if any(artifact.note for artifact in job.artifacts):
        words.add("noted")
    return tuple(sorted(words))


def unmet_needs(job: Job, states: Mapping[str, State]) -> tuple[str, ...]:
    """Return the needed jobs that are not stored yet."""
    return tuple(name for name in job.needs if states.get(name) is not State.STORED)


def dead_needs(job: Job, states: Mapping[str, State]) -> tuple[str, ...]:
    """Return the needed jobs that cannot become stored without a person."""
    dead = TERMINAL - {State.STORED} | {State.IN_DOUBT}
    return tuple(name for name in job.needs if name not in states or states[name] in dead)


def next_step(job: Job, states: Mapping[str, State], *, where: str = "") -> str:
    """Return one sentence: what happens next, or the exact command a person should type.

    Args:
        job: The job.
        states: State of every job of its batch, by name.
        where: Option that names the ledger, such as `--out models`, put behind commands.
    """
    if job.hold is not None and job.state not in TERMINAL:
        return f"{job.hold}; then: {_command('retry', job.name, where)}"
    match job.state:
        case State.PLANNED:
            return _planned_step(job, states)
        case State.SUBMITTING:
            return "the create call is under way; if no run is active, the next run settles it"
        case State.IN_DOUBT:
            return (
                f"a task may exist, so it is not sent again by itself: look for {job.task_name!r} "
                f"in the console, then: {_command('resolve', job.name, '--task-id ID', where)} (it exists) "
                f"or --resubmit (it does not)"
            )
        case State.REJECTED | State.FAILED:
            return f"mend the cause, then: {_command('retry', job.name, where)} and run again"
        case State.EXPIRED:
            again = _command("retry", job.name, where)
            return f"the results are gone; to pay for a new task: {again} and run again"
        case State.IN_FLIGHT if job.error is not None and job.error.code == NOT_LISTED:
            return (
                f"{job.error.message}: look for the task in the console of this account; asked for at every "
                f"run until it is listed or surely gone; to wait no longer: "
                f"{_command('abandon', job.name, where)}"
            )
        case State.IN_FLIGHT:
            return "the service works on it; run the same command to go on watching"
        case State.READY | State.FETCHING:
            return "its files are being brought home; run the same command to go on"
        case _:
            return ""


def _command(verb: str, name: str, *options: str) -> str:
    """Return the command line for one job, fit to be pasted whatever its name."""
    given = [option for option in options if option]
    if name.startswith("-"):
        return " ".join(["avatar-async", verb, *given, "--", shlex.quote(name)])
    return " ".join(["avatar-async", verb, shlex.quote(name), *given])


def _planned_step(job: Job, states: Mapping[str, State]) -> str:
    dead = dead_needs(job, states)
    if dead:
        listed = ", ".join(f"{need} ({states.get(need, 'unknown')})" for need in dead)
        return f"blocked: needs {listed}; settle that first"
    unmet = unmet_needs(job, states)
    if unmet:
        return f"waits for {', '.join(unmet)}"
    if job.error is not None:
        return f"will be sent again: {job.error.message}"
    return "will be submitted by the next run"


def needs_person(job: Job) -> bool:
    """Tell whether the job waits for a person although it has not ended."""
    return job.state is State.IN_DOUBT or (job.hold is not None and job.state not in TERMINAL)
