"""Sweeps of green-screen parameters: read as people write them, expanded to sets.

`refineth_h=120..200:20` is a range with its step, `blur_ks=1,3,6` a list, `sample_point_bgr=0,255,0/7,200,7`
a list of colours. Several sweeps make a grid, or vary one parameter at a time around the base.
"""

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from attrs import field, frozen

from avatar_async.media.parameter_sets import (
    PREFIX,
    ParameterSet,
    faults,
    field_named,
    is_colour,
    united,
)

#: Values of one sweep, and sets of all together, at most.
MOST_VALUES, MOST_SETS = 1000, 10_000
_EXAMPLES = "refineth_h=120..200:20, blur_ks=1,3,6 or sample_point_bgr=0,255,0/7,200,7"
_SPILL = f"{PREFIX}spill_byalpha"


@frozen(kw_only=True)
class Sweep:
    """Vary one parameter.

    Attributes:
        field: The vendor's name in snake_case.
        values: What it takes, in order, each once.
    """

    field: str
    values: tuple[Any, ...]


@frozen(kw_only=True)
class Wanted:
    """Say which parameter sets are wanted.

    Attributes:
        base: What sweeps vary.
        further: Sets of their own, as presets, files and advice give them.
        sweeps: Parameters to vary, each at most once.
        one_at_a_time: Whether each is varied alone around the base, instead of all in a grid.
    """

    base: ParameterSet = field(factory=ParameterSet)
    further: tuple[ParameterSet, ...] = ()
    sweeps: tuple[Sweep, ...] = ()
    one_at_a_time: bool = False

    @property
    def swept(self) -> int:
        """How many sets the sweeps make, those that are equal counted apart."""
        counts = [len(sweep.values) for sweep in self.sweeps]
        return sum(counts) if self.one_at_a_time or not counts else math.prod(counts)

    def sets(self) -> list[ParameterSet]:
        """Return each different set once: the defaults first, as the reference, then the base."""
        return united([ParameterSet(titles=("default",)), self.base, *self.further, *self._swept()])

    def _swept(self) -> Iterator[ParameterSet]:
        if self.one_at_a_time:
            changes: Iterable[Mapping[str, Any]] = (
                {sweep.field: value} for sweep in self.sweeps for value in sweep.values
            )
        elif self.sweeps:
            names = [sweep.field for sweep in self.sweeps]
            grid = itertools.product(*(sweep.values for sweep in self.sweeps))
            changes = (dict(zip(names, values, strict=True)) for values in grid)
        else:
            changes = ()
        return (self.base.changed(values) for values in changes)


def read_sweeps(texts: Sequence[str]) -> tuple[tuple[Sweep, ...], list[str]]:
    """Return the sweeps that some texts describe, and everything that is wrong with the texts."""
    sweeps: dict[str, Sweep] = {}
    problems: list[str] = []
    for text in texts:
        try:
            sweep = _sweep(text)
        except ValueError as error:
            problems.append(f"--sweep {text}: {error}")
            continue
        if sweep.field in sweeps:
            problems.append(f"--sweep {text}: {sweep.field} is swept twice; write all its values in one list")
        sweeps[sweep.field] = sweep
    return tuple(sweeps.values()), problems


def _sweep(text: str) -> Sweep:
    name, sign, written = text.partition("=")
    if not sign or not written.strip():
        raise ValueError(f"a parameter and its values are needed, such as {_EXAMPLES}")
    field_name, hint = field_named(name)
    if field_name is None:
        raise ValueError(f"{name.strip()} is no parameter of a preview{hint}")
    listed = _colours(written) if is_colour(field_name) else _numbers(written, field_name)
    values = tuple(dict.fromkeys(listed))
    wrong = [line for value in values for line in faults({field_name: value})]
    if wrong:
        count = len(wrong) - 1
        more = f" (and {count} more such value{'' if count == 1 else 's'})" if count else ""
        raise ValueError(f"{wrong[0]} in a preview; sweep within that{more}")
    return Sweep(field=field_name, values=values)


def _numbers(written: str, name: str) -> list[float]:
    numbers: list[Decimal] = []
    for part in written.split(","):
        numbers += _range(part) if ".." in part else [_number(part)]
        if len(numbers) > MOST_VALUES:
            raise ValueError(f"more than {MOST_VALUES} values; take a larger step")
    if name == _SPILL:
        return [float(number) for number in numbers]
    broken = [number for number in numbers if number != number.to_integral_value()]
    if broken:
        raise ValueError(f"{name} is {broken[0]:f}; whole numbers are needed")
    return [int(number) for number in numbers]


def _range(part: str) -> list[Decimal]:
    ends, sign, step_text = part.partition(":")
    first_text, _, last_text = ends.partition("..")
    first, last = _number(first_text), _number(last_text)
    if not sign:
        raise ValueError(f"{part.strip()} has no step; write it as {part.strip()}:STEP")
    step = abs(_number(step_text))
    if not step:
        raise ValueError(f"{part.strip()} has the step 0; give one above 0")
    steps = abs(last - first) / step
    if steps >= MOST_VALUES:
        raise ValueError(f"{part.strip()} makes more than {MOST_VALUES} values; take a larger step")
    direction = step if last >= first else -step
    return [first + direction * number for number in range(int(steps) + 1)]


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number) > 10**6 or len(text.strip()) > 20:
        raise ValueError(f"{text.strip() or 'nothing'!r} is no number; write values such as {_EXAMPLES}")
    return number


def _colours(written: str) -> list[tuple[int, ...]]:
    colours = []
    for part in written.split("/"):
        try:
            colours.append(tuple(int(number) for number in part.split(",")))
        except ValueError:
            told = f"{part.strip() or 'nothing'!r} is no colour"
            raise ValueError(f"{told}; write three numbers, 0,255,0, and / between colours") from None
    return colours
