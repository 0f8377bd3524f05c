"""Find a fault plan: in a spec, in a TOML file, or in the log of an earlier run."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from attrs import evolve

from avatar_async.emulator.faults.grammar import read_file, read_text
from avatar_async.emulator.faults.rules import FaultPlan, Rule
from avatar_async.errors import EmulatorError


def read_spec(text: str, *, seed: int = 0) -> FaultPlan:
    """Return the plan that a text describes or names.

    Args:
        text: A spec, `@FILE.toml` for a plan in a file, or `@FILE.jsonl` for the log of a run to repeat.
        seed: Seed if none is named.

    Raises:
        EmulatorError: It cannot be read; everything that is wrong is told.
    """
    if not text.startswith("@"):
        return read_text(text, seed=seed)
    path = Path(text[1:])
    return plan_from_log(path) if path.suffix == ".jsonl" else read_file(path, seed=seed)


def plan_from_log(path: Path) -> FaultPlan:
    """Return the plan that repeats what a run's log tells, call by call, on a fresh data folder.

    Raises:
        EmulatorError: The file, or a line of it, cannot be read.
    """
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        numbers: dict[tuple[str, str | None], list[int]] = {}
        for line in lines:
            numbers.setdefault((line["rule"], line["name"]), []).append(line["number"])
        rules = [_scripted(text, name, given) for (text, name), given in numbers.items()]
        return FaultPlan(rules=rules, seed=lines[-1]["seed"] if lines else 0)
    except OSError as error:
        raise EmulatorError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise EmulatorError(f"{path} is no log of faults: {type(error).__name__}") from error


def _scripted(text: str, name: str | None, numbers: Iterable[int]) -> Rule:
    rule = read_text(text).rules[0]
    bare: dict[str, Any] = {"probability": None, "every": None, "first": None, "at_most": None}
    names = rule.names if name is None else _literally(name)
    return evolve(rule, **bare, calls=tuple(sorted(set(numbers))), names=names)


def _literally(name: str) -> str:
    return "".join("?" if each in "[]" else f"[{each}]" if each in "*?" else each for each in name)
