"""The faults of a running emulator: changeable, counted, and logged for replay."""

import json
import random
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import anyio.to_thread
from attrs import field, frozen

from avatar_async._jobs.ports import Clock
from avatar_async.emulator.faults.plans import read_spec
from avatar_async.emulator.faults.rules import FaultPlan, Rule, dice_for
from avatar_async.emulator.store import Store

#: Name of the log in the emulator's data folder, one JSON object a line.
FAULT_LOG = "faults.jsonl"


@frozen(kw_only=True)
class Fired:
    """Record one fault that happened.

    Attributes:
        at: When, by the emulator's clock.
        endpoint: Which call, such as `create.training`.
        names: Job or material names it was about.
        fault: Name of the fault.
        rule: The rule as a spec writes it.
        number: Which of the rule's calls it was.
        name: The name the calls were counted for; None if they were counted all together.
        basis: What decides how it happens; the same at each replay.
    """

    at: datetime
    endpoint: str
    names: tuple[str, ...]
    fault: str
    rule: str
    number: int
    name: str | None
    basis: tuple[object, ...] = field(repr=False)

    @property
    def dice(self) -> random.Random:
        """Return the chances of this hit, from their beginning."""
        return dice_for(*self.basis)


class Faults:
    """Decide which calls are hit, and remember which were.

    Decisions depend on the seed, the rule and how many calls the rule has seen, never on time or on other
    endpoints. Counts of the plan's rules outlive a restart on the same data folder; rules added later
    count anew.

    Attributes:
        fired: What happened in this run, oldest first.
    """

    def __init__(self, plan: FaultPlan, clock: Clock, log: Path, store: Store) -> None:
        self._clock = clock
        self._log = log
        self._calls = store.fault_calls
        self._used = store.fault_hits
        self._counts = store.received.faults
        self._store = store
        self._seed = plan.seed
        self._rules: dict[str, Rule] = {}
        self.fired: list[Fired] = []
        for rule in plan.rules:
            self._rules[self._key(rule)] = rule

    @property
    def plan(self) -> FaultPlan:
        """Return the rules in force."""
        return FaultPlan(rules=tuple(self._rules.values()), seed=self._seed)

    @property
    def counts(self) -> Counter[str]:
        """Count what happened by name of the fault, over all runs on the same data folder."""
        return Counter(self._counts)

    def add(self, *rules: Rule | str) -> None:
        """Put rules into force, counting their calls from now on.

        Args:
            rules: Rules, or specs as `--faults` takes them; a seed in them counts from now on.

        Raises:
            EmulatorError: A spec is wrong.
        """
        for each in rules:
            if isinstance(each, Rule):
                self._add(each)
                continue
            plan = read_spec(each, seed=self._seed)
            self._seed = plan.seed
            for rule in plan.rules:
                self._add(rule)

    def clear(self, on: str | None = None) -> None:
        """Take all rules, or those of one endpoint, out of force; what happened stays recorded."""
        self._rules = {key: rule for key, rule in self._rules.items() if on is not None and rule.on != on}

    def concerning(self, endpoint: str, names: Sequence[str]) -> list[tuple[str, Rule]]:
        """Return the rules in force that a call is one of, with their keys."""
        return [(key, rule) for key, rule in self._rules.items() if rule.concerns(endpoint, names)]

    def decide(
        self, key: str, rule: Rule, endpoint: str, names: Sequence[str], *, each: bool
    ) -> Fired | None:
        """Count a call and tell whether it is hit; nothing is recorded yet.

        Args:
            key: The rule's key.
            rule: The rule.
            endpoint: The call.
            names: What it is about.
            each: Count for each name on its own, whatever the rule says.
        """
        name = names[0] if (each or rule.per == "name") and names else None
        counter = key if name is None else f"{key}\x1f{name}"
        self._calls[counter] += 1
        number = self._calls[counter]
        basis = (rule.on, rule.fault.text, name, number)
        if not rule.fires(number, dice_for(self._seed, "happens", *basis)):
            return None
        if rule.at_most is not None and self._used[key] >= rule.at_most:
            return None
        self._used[key] += 1
        return Fired(
            at=self._clock.now(),
            endpoint=endpoint,
            names=tuple(names),
            fault=rule.fault.name,
            rule=rule.text,
            number=number,
            name=name,
            basis=(self._seed, "how", *basis),
        )

    async def record(self, fired: Fired) -> None:
        """Remember that a fault happened, on disk before anyone notices it."""
        self._counts[fired.fault] += 1
        line = {
            "at": fired.at.isoformat(),
            "endpoint": fired.endpoint,
            "names": fired.names,
            "fault": fired.fault,
            "rule": fired.rule,
            "number": fired.number,
            "name": fired.name,
            "seed": self._seed,
        }
        await self._store.keep_counts()
        await anyio.to_thread.run_sync(_append, self._log, json.dumps(line) + "\n")
        self.fired.append(fired)

    def _add(self, rule: Rule) -> None:
        key = self._key(rule)
        for tally in (self._calls, self._used):
            for counter in [each for each in tally if each == key or each.startswith(f"{key}\x1f")]:
                tally[counter] = 0
        self._rules[key] = rule

    def _key(self, rule: Rule) -> str:
        key, number = rule.text, 2
        while key in self._rules:
            key, number = f"{rule.text}#{number}", number + 1
        return key


def _append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as stream:
        stream.write(text)
