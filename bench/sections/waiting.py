"""Many tasks in flight: what each costs while it waits, and how soon a large ledger is taken up."""

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from bench.model import BenchError, Contender, Place, Section, Setting, Target, Work
from bench.process import prepare

#: Of a resumed ledger's open jobs, those not submitted yet, in per mille.
_PLANNED = 120
#: From this many jobs on, what a process costs by itself is little beside them.
_MANY = 10_000
_MIB = 2**20
_COLUMNS = (
    "bytes_per_job",
    "cpu_us_per_poll",
    "cpu_us_per_id",
    "ids_per_s",
    "lag_p50_ms",
    "lag_p99_ms",
    "lag_max_ms",
    "tasks",
    "peak_rss_bytes",
)
_RESUME_COLUMNS = (
    "first_poll_s",
    "seconds",
    "imported_s",
    "all_known_s",
    "lag_p99_ms",
    "lag_max_ms",
    "cpu_s",
    "peak_rss_bytes",
)


@contextmanager
def works(place: Place) -> Iterator[Sequence[Work]]:
    """Make the ledgers, and yield a work for each number of tasks and one for the resumption."""
    numbers = [int(number) for number in place.text("waiting_jobs").split("+")]
    yield [*(_waiting(place, number) for number in numbers), _resuming(place)]


def _waiting(place: Place, number: int) -> Work:
    rate, seconds = place.real("waiting_poll_rate"), place.real("waiting_s")
    one, many = _ledger(place, 1, 1), _ledger(place, number, number)
    small, large = place.scratch / "small" / "ledger.db", place.scratch / "large" / "ledger.db"

    def fresh() -> None:
        _copy(one, small)
        _copy(many, large)

    def product(name: str, rate: float, seconds: float) -> Contender:
        command = place.program("waiting_product", small, large, number, rate, seconds)
        return Contender(name=name, command=command, before=fresh)

    many_jobs = number >= _MANY
    return Work(
        name=f"waiting_{number}",
        title=f"{number:,} tasks in flight, {rate:g} query calls a second",
        contenders=(
            product("avatar-async", rate, seconds),
            product("avatar-async, each asked once", 1000.0, 0.0),
            Contender(
                name="a sleeping task each",
                command=place.program("waiting_recipe", number, min(number / 4, rate * 100), seconds),
            ),
        ),
        amount=number,
        unit="jobs",
        columns=_COLUMNS,
        targets=(
            Target(of="avatar-async", figure="lag_p99_ms", most=20.0),
            Target(of="avatar-async", figure="tasks", most=60.0, text="asyncio tasks"),
            *(_memory(of) for of in ("avatar-async", "avatar-async, each asked once") if many_jobs),
        ),
        remark=(
            "Memory a job is what the process grew by since it ran one job. The sleeping tasks keep nothing "
            "durable and make one call an id, whose HTTP is not counted here; avatar-async asks for 100 ids "
            "a call and writes what it hears to its ledger."
        ),
    )


def _memory(of: str) -> Target:
    return Target(of=of, figure="bytes_per_job", most=2048.0, text=f"bytes a waiting job, {of}")


def _resuming(place: Place) -> Work:
    jobs, still = place.number("resume_jobs"), place.number("resume_open")
    if still > jobs:
        raise BenchError("resume_open is more than resume_jobs")
    source, ledger = _ledger(place, jobs, still, _PLANNED), place.scratch / "resume" / "ledger.db"
    with_task = _in_flight(source)
    return Work(
        name="resume",
        title=f"A ledger of {jobs:,} jobs, {still:,} of them open",
        contenders=(
            Contender(
                name="avatar-async",
                command=place.program("waiting_resume", ledger, with_task),
                before=lambda: _copy(source, ledger),
            ),
        ),
        amount=jobs,
        unit="jobs",
        columns=_RESUME_COLUMNS,
        targets=(
            Target(of="avatar-async", figure="first_poll_s", most=2.0, text="seconds to the first poll"),
            Target(
                of="avatar-async", figure="seconds", most=2.0, text="seconds from the start of the process"
            ),
            Target(
                of="avatar-async", figure="peak_rss_bytes", most=300.0 * _MIB, text="most memory, in bytes"
            ),
            Target(of="avatar-async", figure="lag_p99_ms", most=20.0),
        ),
        remark="`first_poll_s` counts from the orchestrator's block, `s` from the start of the process.",
    )


def _in_flight(path: Path) -> int:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        found = connection.execute("SELECT count(*) FROM jobs WHERE state = 'in_flight'").fetchone()
    return int(found[0])


def _ledger(place: Place, jobs: int, still: int, planned: int = 0) -> Path:
    """Return a ledger that is only read, made if it is not there yet.

    Raises:
        BenchError: It cannot be made.
    """
    command = place.program("waiting_ledger", place.scratch / "made", jobs, still, planned)
    return Path(prepare(command, f"a ledger of {jobs} jobs").strip())


def _copy(source: Path, target: Path) -> None:
    shutil.rmtree(target.parent, ignore_errors=True)
    target.parent.mkdir(parents=True)
    shutil.copyfile(source, target)


SECTION = Section(
    name="waiting",
    title="Waiting for many tasks",
    works=works,
    settings=(
        Setting(
            name="waiting_jobs",
            default="100+1000+10000+100000",
            quick="10000",
            text="numbers of tasks in flight, one work each",
        ),
        Setting(name="waiting_poll_rate", default=20.0, least=0.01, text="query calls a second, at most"),
        Setting(
            name="waiting_s", default=8.0, quick=1.0, least=0.1, text="seconds that the waiting is watched"
        ),
        Setting(name="resume_jobs", default=1_000_000, quick=20_000, text="jobs of the ledger taken up"),
        Setting(name="resume_open", default=100_000, quick=2_000, text="how many of them are open"),
    ),
    rounds=3,
    quick_rounds=1,
    order=60,
    about=(
        "The service is a function in the contender's process that takes 20 ms a call, so that CPU and "
        "memory are those of the orchestrator, its ledger included. Lag is how late a sleeper of 2 ms wakes."
    ),
)
