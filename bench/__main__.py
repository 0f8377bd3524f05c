"""The command line of the bench: `scripts/bench` runs it in the bench's own environment."""

import argparse
import random
import signal
import sys
import tempfile
import textwrap
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Self

from bench import machine, tables
from bench.model import BenchError, Outcome, Place, Section
from bench.registry import chosen, given, sections, values
from bench.results import Report, save
from bench.runner import Spare, race

_ROOT = Path(__file__).parents[1]
#: Rounds of the quick form beside the planned ones for a target that is not met, and the seconds for all.
_MORE_QUICK, _SPARE_QUICK_S = 3, 20
_EXAMPLES = """examples:
  scripts/bench
      everything; writes bench/results.json and bench/results.md
  scripts/bench --quick
      every section with small sizes, in less than three minutes
  scripts/bench --sections large,many
      these alone; the results of the others stay as they were
  scripts/bench --sections large --set large_mib=300 --rounds 7 --out x.json
      another size, more rounds, other results
  scripts/bench --list
      the sections with their settings

exit codes:
  0    every target is met, or missed by no more than its allowance for noise
  1    a target is missed
  2    bad usage, or a contender failed
  130  Ctrl-C or SIGTERM: nothing was written"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sections asked for, print their tables, write the results; return the exit code."""
    known = sections()
    options = _parser().parse_args(arguments)
    if options.list:
        _list(known)
        return 0
    try:
        reports = _run(options, known)
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("bench: stopped; nothing was written", file=sys.stderr)
        return 130
    save(reports, machine.facts(), options.out)
    missed = _missed([outcome for report in reports for outcome in report.outcomes])
    print(f"results: {options.out} and {options.out.with_suffix('.md').name}")
    for line in missed:
        print(line)
    return 1 if missed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Measure avatar-async beside its peers, in interleaved rounds.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--quick", action="store_true", help="small sizes and few rounds")
    parser.add_argument("--sections", metavar="A,B", help="only these sections")
    parser.add_argument("--rounds", type=_positive, metavar="N", help="rounds of every work")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="change a setting (see --list)"
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=_ROOT / "bench" / "results.json",
        metavar="FILE",
        help="the JSON file; the tables go beside it with .md (default bench/results.json)",
    )
    parser.add_argument(
        "--scratch", type=Path, metavar="DIR", help="disk to work on (default: that of the repository)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the order within the rounds")
    parser.add_argument("--list", action="store_true", help="show the sections and their settings")
    return parser


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


def _run(options: argparse.Namespace, known: Sequence[Section]) -> list[Report]:
    wanted = chosen(known, options.sections)
    changes = given(options.set, known)
    chance = random.Random(options.seed)
    spare = Spare(_SPARE_QUICK_S) if options.quick else Spare()
    reports: list[Report] = []
    with tempfile.TemporaryDirectory(prefix="bench-", dir=_disk(options.scratch)) as scratch:
        for section in wanted:
            folder = Path(scratch) / section.name
            folder.mkdir()
            settings = values(section, changes, quick=options.quick)
            place = Place(scratch=folder, settings=settings, quick=options.quick)
            outcomes = _section(section, place, options.rounds, chance, spare)
            reports.append(Report(section=section, outcomes=outcomes, settings=settings, quick=options.quick))
    return reports


def _section(
    section: Section, place: Place, rounds: int | None, chance: random.Random, spare: Spare
) -> list[Outcome]:
    """Run a section's works and print each table as it is there."""
    print(f"## {section.title}\n", flush=True)
    usual = section.quick_rounds if place.quick else section.rounds
    outcomes: list[Outcome] = []
    with section.works(place) as works, _Telling(section.name) as tell:
        for work in works:
            own = usual if work.rounds is None else min(work.rounds, usual) if place.quick else work.rounds
            number = rounds or own
            again, more = (0, _MORE_QUICK) if place.quick else (2, number)
            outcome = race(
                work,
                number,
                chance=chance,
                tell=tell,
                again=again,
                more=more,
                spare=spare,
                brief=place.quick,
            )
            tell.clear()
            print(tables.outcome(outcome) + "\n", flush=True)
            outcomes.append(outcome)
    return outcomes


class _Telling:
    """A line on stderr about what runs now: renewed in place on a terminal, none elsewhere."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._shown = sys.stderr.isatty()
        self._began_s = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.clear()

    def __call__(self, text: str) -> None:
        if self._shown:
            passed_s = time.monotonic() - self._began_s
            sys.stderr.write(f"\r\x1b[K{f'{self._name} {passed_s:4.0f} s  {text}'[:79]}")
            sys.stderr.flush()

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def _disk(asked: Path | None) -> Path:
    """Return the folder to make the scratch folder in: ignored by git, on the disk of the repository."""
    folder = asked or _ROOT / ".bench"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _missed(outcomes: Sequence[Outcome]) -> list[str]:
    return [
        f"missed in {outcome.work.name}: {tables.said(one)} (wanted {tables.wanted(one)})"
        for outcome in outcomes
        for one in outcome.verdicts
        if not one.tolerable
    ]


def _list(known: Sequence[Section]) -> None:
    fill = partial(textwrap.fill, width=79, break_long_words=False, break_on_hyphens=False)
    for section in known:
        print(f"{section.name}: {section.title}")
        for setting in section.settings:
            print(fill(setting.text, initial_indent=f"  {setting.name}: ", subsequent_indent=" " * 6))
            print(f"      {setting.default}{'' if setting.quick is None else f', quick {setting.quick}'}")


if __name__ == "__main__":
    # Servers and lines are cleared away on the way out, however the bench is ended.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
