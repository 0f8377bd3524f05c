"""What a section is made of: works, the contenders that race at them, and targets.

A section is a module in `bench/sections` with a `SECTION`:

    @contextmanager
    def works(place: Place) -> Iterator[Sequence[Work]]:
        with nginx(place.scratch) as server:                     # whatever the contenders need
            yield [
                Work(
                    name="http",
                    title=f"{place.number('large_mib')} MiB over HTTP",
                    contenders=(
                        Contender(name="product", command=place.program("large_product", server.url)),
                        Contender(name="curl", command=("curl", "-so", str(out), server.url)),
                    ),
                    amount=place.number("large_mib"),
                    unit="MiB",
                    targets=(Target(of="product", figure="speed", to=("curl",), least=0.90),),
                )
            ]

    SECTION = Section(
        name="large",
        title="Large downloads",
        settings=(Setting(name="large_mib", default=1024, quick=256, text="size of the file in MiB"),),
        works=works,
    )

Each run of a contender is one process. Its figures are `seconds`, `cpu_s` and `peak_rss_bytes` as the system
counts them, children included (a peak below that of the bench itself is not known, and left out; what it is
at most is `peak_bound_bytes`); what a program prints as its last line, a JSON object of numbers, overrides
and adds to them (so a Python program can leave out its start and its imports). `speed` is made here: the
amount of the work divided by the seconds.
"""

import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from attrs import Factory, field, frozen

#: What one run showed, or the medians over the rounds: value by figure.
Figures = Mapping[str, float]

#: The most that a target may be missed by, however much the rounds differ.
MOST_NOISE = 0.2
_ROOT = Path(__file__).parents[1]


class BenchError(Exception):
    """A contender failed or brought a wrong result; the run cannot be used."""


def _nothing() -> None:
    """Do nothing."""


@frozen(kw_only=True)
class Contender:
    """One way of doing a work.

    Attributes:
        name: Stands in the table.
        command: The program and its arguments.
        before: Makes the ground ready, untimed (empty the folder).
        after: Checks and clears what the run left, untimed; raises BenchError if it is wrong.
        environment: Variables beside those of the bench.
        timeout_s: Seconds after which the run counts as failed.
        server_pids: Processes whose CPU belongs to the race and is no foreign load.
    """

    name: str
    command: Sequence[str]
    before: Callable[[], None] = _nothing
    after: Callable[[], None] = _nothing
    environment: Mapping[str, str] = Factory(dict)
    timeout_s: float = 300.0
    server_pids: Callable[[], Sequence[int]] = tuple


@frozen(kw_only=True)
class Target:
    """What a figure has to be, beside a peer's or by itself.

    Attributes:
        of: The contender that is judged.
        figure: Which of its figures.
        to: Peers; the ratio is taken to the best of them. Empty: the figure itself is judged.
        to_figure: The peers' figure, if it is another one.
        plus: Added to the peer's figure (a budget such as "import aiohttp + 80 ms").
        least: The ratio, or figure, must not be below.
        most: It must not be above.
        allowance: By which part it may miss for the noise of the machine.
        text: How a table says it; made from the above if empty.
    """

    of: str
    figure: str
    to: Sequence[str] = ()
    to_figure: str = ""
    plus: float = 0.0
    least: float | None = None
    most: float | None = None
    allowance: float = 0.05
    text: str = ""

    def __attrs_post_init__(self) -> None:
        if (self.least is None) == (self.most is None):
            raise ValueError(f"a target on {self.figure} of {self.of} needs either least or most")


@frozen(kw_only=True)
class Work:
    """Something that all contenders do.

    Attributes:
        name: Key in the results.
        title: Heading of its table.
        contenders: Who takes part.
        amount: How much one run does, in `unit`.
        unit: Such as "MiB", "files", "calls".
        columns: Figures of the table, in order.
        baseline: The contender all others are shown as a ratio of; none if empty.
        targets: What must hold.
        rounds: How often each runs, if not as often as the section says.
        virtual: Whether all figures are counts or of virtual time, which no other load can change.
        remark: A sentence below the table.
    """

    name: str
    title: str
    contenders: Sequence[Contender]
    amount: float = 1.0
    unit: str = ""
    columns: Sequence[str] = ("seconds", "speed", "cpu_s", "peak_rss_bytes")
    baseline: str = ""
    targets: Sequence[Target] = ()
    rounds: int | None = None
    virtual: bool = False
    remark: str = ""


@frozen(kw_only=True)
class Setting:
    """A size, count or name that `--set name=value` changes.

    Attributes:
        name: Unique among all sections.
        default: For the full form.
        quick: For the quick form; the default if None.
        text: What it is, with its unit.
        least: The smallest that a number may be.
        most: The largest.
    """

    name: str
    default: float | str
    quick: float | str | None = None
    text: str = ""
    least: float = 1
    most: float = math.inf


@frozen(kw_only=True)
class Place:
    """Where and with what a section runs.

    Attributes:
        scratch: An empty folder of the section's own, on the disk of the repository unless told otherwise.
        settings: Every setting of the section by name.
        quick: Whether this is the quick form.
    """

    scratch: Path
    settings: Mapping[str, float | str]
    quick: bool

    def number(self, name: str) -> int:
        """Return a setting that is a whole number.

        Raises:
            BenchError: It is none.
        """
        value = float(self.settings[name])
        if not value.is_integer():
            raise BenchError(f"{name}={value:g}: give a whole number")
        return int(value)

    def real(self, name: str) -> float:
        """Return a setting that is a number."""
        return float(self.settings[name])

    def text(self, name: str) -> str:
        """Return a setting as text."""
        return str(self.settings[name])

    def program(self, name: str, *arguments: object) -> tuple[str, ...]:
        """Return the command that runs `bench/contenders/NAME.py` with these arguments."""
        path = _ROOT / "bench" / "contenders" / f"{name}.py"
        if not path.is_file():
            raise BenchError(f"there is no contender {name}")
        return (sys.executable, str(path), *map(str, arguments))


@frozen(kw_only=True)
class Section:
    """A subject with its own sizes and servers.

    Attributes:
        name: As `--sections` takes it.
        title: Heading in the results.
        works: Opens servers and data, and gives the works; closed after the last round.
        settings: What can be changed.
        rounds: Rounds of the full form.
        quick_rounds: Rounds of the quick form.
        order: Where it stands among the sections.
        about: A sentence or two on method, below the heading.
    """

    name: str
    title: str
    works: Callable[[Place], AbstractContextManager[Sequence[Work]]]
    settings: Sequence[Setting] = ()
    rounds: int = 5
    quick_rounds: int = 3
    order: int = 50
    about: str = ""


@frozen(kw_only=True)
class Verdict:
    """How a target came out.

    Attributes:
        target: The target.
        peer: The best peer, empty for a figure by itself.
        value: The ratio (median over the rounds of the ratio within a round), or the figure.
        noise: How far that median is off, as a part of it: its standard error as the rounds show it.
    """

    target: Target
    peer: str
    value: float
    noise: float = 0.0

    @property
    def allowance(self) -> float:
        """By which part the target may be missed: as it says, or more where the rounds differ much."""
        return max(self.target.allowance, min(self.noise, MOST_NOISE))

    @property
    def met(self) -> bool:
        """Whether the target holds as it stands."""
        return self._holds(0.0)

    @property
    def tolerable(self) -> bool:
        """Whether it holds within the allowance for noise."""
        return self._holds(self.allowance)

    def _holds(self, allowance: float) -> bool:
        if self.target.least is not None:
            return self.value >= self.target.least * (1.0 - allowance)
        assert self.target.most is not None
        return self.value <= self.target.most * (1.0 + allowance)


@frozen(kw_only=True)
class Outcome:
    """A work after its rounds.

    Attributes:
        work: What was done.
        runs: Figures of every round by contender, in the order of the rounds.
        verdicts: Of each target.
        disturbed: Runs that were kept although something else used the machine.
    """

    work: Work
    runs: Mapping[str, Sequence[Figures]]
    verdicts: Sequence[Verdict] = field(factory=tuple)
    disturbed: int = 0

    def medians(self) -> Iterator[tuple[str, Figures]]:
        """Yield each contender's name with the medians of its figures."""
        from bench.statistic import medians

        for contender in self.work.contenders:
            yield contender.name, medians(self.runs[contender.name])
