"""The ledger: durable transitions beside other ways of making them, and what a long ledger costs."""

import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench.contenders.made_ledger import Made
from bench.model import Contender, Place, Section, Setting, Target, Work
from bench.process import prepare

_WAITS: Final = ("seconds", "speed", "p50_ms", "p99_ms", "longest_ms", "cpu_s")
_MIB: Final = 2**20
#: Rounds of works without a target.
_LIKE: Final = 2
#: How the title of a race says which jobs are taken at the same time.
_ORDERS: Final = {
    "consecutive": "side by side",
    "apart": "far apart (each producer goes through a range)",
    "random": "in random order",
}


@contextmanager
def works(place: Place) -> Iterator[Sequence[Work]]:
    """Make the long ledger, and give the works."""
    made = Made(jobs=place.number("ledger_made_jobs"), open_jobs=place.number("ledger_made_open"))
    path = _made(place, made)
    try:
        yield [
            *(_group(place, order) for order in place.text("ledger_order").split("+")),
            *(() if place.quick else (_lives(place), _producers(place))),
            _found(place, path, made),
            _status(place, path),
            _document(place, path),
        ]
    finally:
        shutil.rmtree(place.scratch, ignore_errors=True)
        place.scratch.mkdir(exist_ok=True)


def _made(place: Place, made: Made) -> Path:
    """Make the ledger in a process of its own: what this one once took would count as its children's."""
    command = (sys.executable, "-m", "bench.contenders.made_ledger", str(place.scratch))
    sizes = ("--jobs", str(made.jobs), "--open-jobs", str(made.open_jobs))
    return Path(json.loads(prepare([*command, *sizes], "the long ledger"))["path"])


def _race(
    place: Place, program: str, name: str, *options: str, producers: int | None = None, order: str = ""
) -> Contender:
    return Contender(
        name=name,
        command=place.program(
            f"ledger_{program}",
            place.scratch,
            "--producers",
            producers or place.number("ledger_producers"),
            "--transitions",
            place.number("ledger_transitions"),
            "--jobs",
            place.number("ledger_jobs"),
            "--order",
            order or place.text("ledger_order").split("+")[0],
            *options,
        ),
    )


def _group(place: Place, order: str) -> Work:
    return Work(
        name=f"group_{order}",
        title=(
            f"{place.number('ledger_transitions')} durable transitions, {place.number('ledger_producers')} "
            f"producers, {place.number('ledger_jobs')} jobs {_ORDERS.get(order, order)}, synchronous=FULL"
        ),
        contenders=(
            _race(place, "product", "product", order=order),
            _race(place, "aiosqlite", "aiosqlite", order=order),
            _race(place, "aiosqlite", "aiosqlite, unlocked", "--unlocked", order=order),
            _race(place, "sqlite3", "sqlite3 inline", order=order),
        ),
        amount=place.number("ledger_transitions"),
        unit="transitions",
        columns=_WAITS,
        baseline="aiosqlite",
        targets=(Target(of="product", figure="speed", to=("aiosqlite",), least=15.0),),
        remark=(
            "Each transition is an UPDATE and an INSERT, awaited until it is on disk. aiosqlite and sqlite3 "
            "commit each. Without a lock, producers of one connection commit each other's halves: fast, but "
            "not atomic."
        ),
    )


def _lives(place: Place) -> Work:
    return Work(
        name="lives",
        title="The same with whole lives of jobs: intent, task id, poll, finish, fetch, files, end",
        contenders=(
            _race(place, "product", "product", "--lives"),
            _race(place, "aiosqlite", "aiosqlite", "--lives"),
        ),
        amount=place.number("ledger_transitions"),
        unit="transitions",
        columns=_WAITS,
        baseline="aiosqlite",
        rounds=_LIKE,
        remark="The product also writes intents, task ids and artifacts; aiosqlite only its two rows.",
    )


def _producers(place: Place) -> Work:
    most = place.number("ledger_most_producers")
    return Work(
        name="producers",
        title="The product and aiosqlite by the number of producers",
        contenders=(
            *(_race(place, "product", f"product, {number}", producers=number) for number in (1, 16, most)),
            _race(place, "aiosqlite", "aiosqlite, 1", producers=1),
        ),
        amount=place.number("ledger_transitions"),
        unit="transitions",
        columns=_WAITS,
        baseline="aiosqlite, 1",
        rounds=_LIKE,
    )


def _found(place: Place, path: Path, made: Made) -> Work:
    ways = {
        "found": "product",
        "rows": "product, every column",
        "decoded": "product, jobs in memory",
        "scanned": "without an index",
    }
    if place.quick:
        del ways["rows"], ways["scanned"]
    return Work(
        name="found",
        title=f"Finding {made.open_jobs} open jobs among {made.jobs}",
        contenders=tuple(
            Contender(name=name, command=place.program("ledger_open", path, way, made.open_jobs))
            for way, name in ways.items()
        ),
        amount=made.open_jobs,
        unit="open jobs",
        columns=("find_ms", "open_ms", "cpu_s", "peak_rss_bytes"),
        targets=(
            Target(
                of="product",
                figure="find_ms",
                most=50.0 * max(1.0, made.open_jobs / 10_000),
                text="finding <= 50 ms for 10,000 open jobs",
            ),
        ),
        remark=(
            "The product finds who they are and where they stand. `open_ms` is what opening the ledger for "
            "writing and reading takes before that."
        ),
    )


def _status(place: Place, path: Path) -> Work:
    command = _status_of(path)
    opens = (Contender(name="status --json --open", command=(*command, "--json", "--open")),)
    return Work(
        name="status",
        title="`avatar-async status` on that ledger, from the start of the process",
        contenders=(Contender(name="status", command=command), *(() if place.quick else opens)),
        amount=place.number("ledger_made_jobs"),
        unit="jobs",
        columns=("seconds", "cpu_s", "peak_rss_bytes"),
        rounds=place.number("ledger_status_rounds"),
        targets=(
            Target(of="status", figure="seconds", most=1.0, text="status < 1 s"),
            Target(of="status", figure="peak_bound_bytes", most=300.0 * _MIB, text="status < 300 MiB"),
        ),
        remark="`--open` tells of the jobs that have not ended.",
    )


def _document(place: Place, path: Path) -> Work:
    """Return the work that takes half a minute a million jobs; one round says what its memory is."""
    return Work(
        name="status_json",
        title="Every job of that ledger as JSON, one a line",
        contenders=(Contender(name="status --json", command=(*_status_of(path), "--json")),),
        amount=place.number("ledger_made_jobs"),
        unit="jobs",
        columns=("seconds", "speed", "cpu_s", "peak_rss_bytes"),
        rounds=1,
        targets=(
            Target(of="status --json", figure="peak_bound_bytes", most=300.0 * _MIB, text="--json < 300 MiB"),
        ),
    )


def _status_of(path: Path) -> tuple[str, ...]:
    return (sys.executable, "-m", "avatar_async", "status", "--ledger", str(path))


SECTION = Section(
    name="ledger",
    title="The ledger",
    works=works,
    settings=(
        Setting(name="ledger_transitions", default=20_000, quick=3_000, text="transitions in all"),
        Setting(name="ledger_producers", default=64, text="producers that each await their transitions"),
        Setting(
            name="ledger_order",
            default="consecutive+apart+random",
            quick="random",
            text="which jobs are taken at the same time: consecutive, apart, random; joined by +",
        ),
        Setting(name="ledger_most_producers", default=1_000, text="the most producers of the comparison"),
        Setting(name="ledger_jobs", default=10_000, quick=4_000, text="jobs in the racing databases"),
        Setting(name="ledger_made_jobs", default=1_000_000, quick=10_000, text="jobs of the long ledger"),
        Setting(name="ledger_made_open", default=10_000, quick=1_000, text="of which are open"),
        Setting(name="ledger_status_rounds", default=3, quick=1, text="rounds of status"),
    ),
    rounds=5,
    quick_rounds=2,
    order=60,
    about="Every contender is a process; its database is made before the clock starts.",
)
