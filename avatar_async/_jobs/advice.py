"""What a person should know and do about a job: flags and the next step."""

import shlex
import unicodedata
from collections.abc import Mapping
from datetime import datetime

from avatar_async._jobs.expiry import NOT_LISTED, at_risk
from avatar_async._jobs.matching import WINDOW
from avatar_async._jobs.records import Job
from avatar_async._jobs.states import REMOTE, TERMINAL, ArtifactState, State
from avatar_async.requests import Kind
from avatar_async.settings import DEADLINES_S

#: Candidates that a command is shown for.
_MOST_CANDIDATES = 3


def overdue(job: Job, now: datetime, deadlines_s: Mapping[str, float] = DEADLINES_S) -> bool:
    """Tell whether the service has worked on it for longer than its kind's deadline (seconds, by kind)."""
    since = job.submitted_at or job.accepted_at
    if job.state is not State.IN_FLIGHT or since is None:
        return False
    return (now - since).total_seconds() > deadlines_s[job.kind]


def flags(
    job: Job, now: datetime, deadlines_s: Mapping[str, float] = DEADLINES_S, *, late: bool = False
) -> tuple[str, ...]:
    """Return the words that mark a job beyond its state, sorted.

    Args:
        job: The job.
        now: The present instant.
        deadlines_s: Seconds after which a task is overdue, by kind.
        late: Whether the line is too slow to bring its files home in time.
    """
    words = set()
    if overdue(job, now, deadlines_s):
        words.add("overdue")
    if job.state in REMOTE and (late or at_risk(job, now)):
        words.add("at_risk")
    if job.hold is not None and job.state not in TERMINAL:
        words.add("held")
    if job.unseen:
        words.add("unconfirmed")
    if job.state is State.IN_FLIGHT and job.error is not None and job.error.code == NOT_LISTED:
        words.add("missing")
    for artifact in job.artifacts:
        if artifact.state is ArtifactState.SUSPECT:
            words.add("suspect")
        if artifact.note:
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
    """Return what happens next, or what a person should do: each exact command is a line of its own.

    Args:
        job: The job.
        states: State of every job of its batch, by name.
        where: Option that names the ledger, such as `--out models`, put behind commands.
    """
    if job.hold is not None and job.state not in TERMINAL:
        return f"{' '.join(job.hold.split())}; then:\n{command('retry', job.name, where)}"
    match job.state:
        case State.PLANNED:
            return _planned_step(job, states)
        case State.SUBMITTING:
            return "the create call is under way; if no run is active, the next run settles it"
        case State.IN_DOUBT:
            return _doubt_step(job, where)
        case State.REJECTED | State.FAILED:
            return f"mend the cause, type this, and run again:\n{command('retry', job.name, where)}"
        case State.EXPIRED:
            again = command("retry", job.name, where)
            return f"the results are gone; to pay for a new task, type this and run again:\n{again}"
        case State.IN_FLIGHT if job.unseen:
            return _unseen_step(job, where)
        case State.IN_FLIGHT if job.error is not None and is_unknown_there(job):
            return (
                f"{' '.join(job.error.message.split())}: look for the task in the console of this account; "
                f"asked for at every run until it is listed or surely gone; to wait no longer:\n"
                f"{command('abandon', job.name, where)}"
            )
        case State.IN_FLIGHT:
            return "the service works on it; run the same command to go on watching"
        case State.READY if job.error is not None:
            return "a download failed and is tried again; run the same command to go on"
        case State.READY | State.FETCHING:
            return "its files are being brought home; run the same command to go on"
        case _:
            return ""


def command(verb: str, name: str, *options: str) -> str:
    """Return the command line for one job on one line, fit to be pasted whatever its name."""
    given = [option for option in options if option]
    if name.startswith("-"):
        return " ".join(["avatar-async", verb, *given, "--", quoted(name)])
    return " ".join(["avatar-async", verb, quoted(name), *given])


def quoted(text: str) -> str:
    """Return a text as a shell reads it back, on one line; what a terminal would not show is spelt out.

    Only a text with such characters needs bash, zsh or ksh.
    """
    if not any(_is_hidden(letter) for letter in text):
        return shlex.quote(text)
    return "$'" + "".join(_spelt(letter) for letter in text) + "'"


def a_kind(kind: Kind) -> str:
    """Return a kind with its article."""
    return f"an {kind}" if kind is Kind.IMAGE_PREVIEW else f"a {kind}"


def _is_hidden(letter: str) -> bool:
    return unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def _spelt(letter: str) -> str:
    if _is_hidden(letter):
        lone = "surrogateescape" if "\udc80" <= letter <= "\udcff" else "surrogatepass"
        return "".join(f"\\x{byte:02x}" for byte in letter.encode("utf-8", lone))
    return f"\\{letter}" if letter in "\\'" else letter


def _doubt_step(job: Job, where: str) -> str:
    when = ""
    if job.submitted_at is not None:
        first, last = job.submitted_at - WINDOW, job.submitted_at + WINDOW
        day = "" if first.date() == last.date() else f"{last:%Y-%m-%d} "
        when = f", made between {first:%Y-%m-%d %H:%M} and {day}{last:%H:%M} UTC"
    head = (
        "a task may exist, so it is not sent again by itself; look in the service's console for "
        f"{a_kind(job.kind)} named {job.task_name!r}{when}"
    )
    if len(job.candidates) > 1:
        head += f"; it lists {len(job.candidates)} that may be it"
    lines = [head]
    for task_id in job.candidates[:_MOST_CANDIDATES]:
        lines += [f"if it is task {task_id}:", command("resolve", job.name, f"--task-id {task_id}", where)]
    if not job.candidates:
        lines += ["if it is there, with its id:", command("resolve", job.name, "--task-id ID", where)]
    elif len(job.candidates) > _MOST_CANDIDATES:
        lines += ["if it is another one:", command("resolve", job.name, "--task-id ID", where)]
    lines += [
        "if it surely is not there, to send it again:",
        command("resolve", job.name, "--resubmit", where),
    ]
    return "\n".join([*lines, "to give it up:", command("resolve", job.name, "--abandon", where)])


def _unseen_step(job: Job, where: str) -> str:
    head = (
        f"a person gave task {job.task_id}, which the service has not shown yet: a run asks for it; "
        "if the id is mistyped:"
    )
    return "\n".join(
        [
            head,
            command("resolve", job.name, "--task-id ID", where),
            "if there is no task, to send it again:",
            command("resolve", job.name, "--resubmit", where),
        ]
    )


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


def is_unknown_there(job: Job) -> bool:
    """Tell whether a person should look at a job in flight, since the service does not show its task."""
    left_out = job.error is not None and job.error.code == NOT_LISTED
    return job.unseen or (job.state is State.IN_FLIGHT and left_out)
