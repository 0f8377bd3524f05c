"""When a fault happens: triggers, filters and caps, decided by the seed and the count alone."""

import hashlib
import random
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Literal

from attrs import field, frozen

from avatar_async.emulator.faults.base import Fault
from avatar_async.errors import EmulatorError
from avatar_async.requests import Kind

#: Every place a rule can name.
ENDPOINTS: tuple[str, ...] = (
    "create",
    *(f"create.{kind.value}" for kind in Kind),
    "query",
    "list",
    "token",
    "refresh",
    "file",
    "result",
    "callback",
    "*",
)
_CALLS = frozenset({"create", "query", "list", "token", "refresh", "file"})


def _numbers(given: Iterable[int]) -> tuple[int, ...]:
    return tuple(given)


@frozen(kw_only=True)
class Rule:
    """Say where, when and how often a fault happens.

    With neither `probability` nor `calls`, `every` or `first` it happens at each call. Calls are counted per
    rule, from 1, and only those that `on` and `names` let through. A fault of a task that queries and lists
    show (a wrong id, an odd status) counts how often that task was shown, whatever `per` says.

    Attributes:
        on: Endpoint; `create` is each kind's, `*` every HTTP call that this fault fits.
        fault: What happens.
        probability: Chance for each call, from 0 to 1.
        calls: Numbers of the calls.
        every: Each nth call.
        first: The first n calls.
        at_most: How often it happens at most.
        names: Pattern (`*`, `?`) of job or material names; calls without a name match `*` only.
        per: Whether calls are counted all together, or for each name on its own.
    """

    on: str
    fault: Fault
    probability: float | None = None
    calls: tuple[int, ...] = field(default=(), converter=_numbers)
    every: int | None = None
    first: int | None = None
    at_most: int | None = None
    names: str = "*"
    per: Literal["call", "name"] = "call"

    def __attrs_post_init__(self) -> None:
        problem = self.problem()
        if problem:
            raise EmulatorError(f"fault rule {self.text!r}: {problem}")

    def problem(self) -> str | None:
        """Return what is wrong with it and what to do, or None."""
        if self.on not in ENDPOINTS:
            return f"{self.on!r} is no endpoint; use one of {', '.join(ENDPOINTS)}"
        if not any(fits(self.on, place) for place in self.fault.places):
            return (
                f"{self.fault.name} does not fit {self.on!r}; it fits {', '.join(sorted(self.fault.places))}"
            )
        if sum((self.probability is not None, bool(self.calls), bool(self.every), bool(self.first))) > 1:
            return "give one of a probability, call numbers, every and first, not several"
        if self.probability is not None and not 0 <= self.probability <= 1:
            return f"the probability must lie between 0 and 1 (0% and 100%), not {self.probability:g}"
        if any(number is not None and number < 1 for number in (self.every, self.first, self.at_most)):
            return "every, first and at_most must be 1 or more"
        early = [number for number in self.calls if number < 1]
        if early:
            return f"calls are counted from 1, so there is no call {early[0]}"
        return None

    @property
    def text(self) -> str:
        """Return the rule as a spec writes it."""
        names = "" if self.names == "*" else f"[{self.names}]"
        if self.probability is not None:
            when = f"@{self.probability * 100:g}%"
        elif self.calls:
            when = "@" + "+".join(str(number) for number in self.calls)
        elif self.every:
            when = f"@every{self.every}"
        else:
            when = f"@first{self.first}" if self.first else ""
        each = "/name" if self.per == "name" else ""
        cap = f"x{self.at_most}" if self.at_most else ""
        trigger = f"{when or '@all'}{cap}{each}" if when or cap or each else ""
        return f"{self.on}{names}:{self.fault.text}{trigger}"

    def concerns(self, endpoint: str, names: Sequence[str]) -> bool:
        """Tell whether a call at an endpoint, about these names, is one of this rule's."""
        if not fits(self.on, endpoint) or not any(fits(place, endpoint) for place in self.fault.places):
            return False
        return self.names == "*" or any(fnmatchcase(name, self.names) for name in names)

    def fires(self, number: int, dice: random.Random) -> bool:
        """Tell whether the call of that number is hit; a cap is not looked at."""
        if self.probability is not None:
            return dice.random() < self.probability
        if self.calls:
            return number in self.calls
        if self.every:
            return number % self.every == 0
        return self.first is None or number <= self.first


def _rules(given: Iterable[Rule]) -> tuple[Rule, ...]:
    return tuple(given)


@frozen(kw_only=True)
class FaultPlan:
    """Hold rules and the seed that decides their chances.

    Attributes:
        rules: Looked at in this order; where several hit one call, the first is the outermost.
        seed: Decides chances: the same seed, rules and calls per endpoint give the same faults.
    """

    rules: tuple[Rule, ...] = field(default=(), converter=_rules)
    seed: int = 0

    @property
    def text(self) -> str:
        """Return the plan as one spec."""
        return ",".join([*(rule.text for rule in self.rules), f"seed={self.seed}"])


def fits(pattern: str, endpoint: str) -> bool:
    """Tell whether an endpoint is one of those that a rule or a fault names."""
    if pattern == "*":
        return endpoint == "*" or endpoint.partition(".")[0] in _CALLS
    if endpoint == "*":
        return pattern.partition(".")[0] in _CALLS
    return endpoint == pattern or endpoint.startswith(f"{pattern}.") or pattern.startswith(f"{endpoint}.")


def dice_for(*parts: object) -> random.Random:
    """Return the chances of one decision, the same each time for the same parts."""
    text = "\x1f".join(str(part) for part in parts)
    return random.Random(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big"))
