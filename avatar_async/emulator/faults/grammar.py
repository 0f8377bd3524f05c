"""Read fault plans: a compact text, or TOML; everything that is wrong is told at once.

A spec is a list of items, separated by commas, semicolons or line ends:

```
ENDPOINT[NAMES]:FAULT(PARAMETER=VALUE, ...)@WHEN       or       seed=NUMBER
```

`[NAMES]` (a pattern of job names), the parameters and `@WHEN` may be left out. WHEN is one of `5%`, `3` (the
third call), `2+5+9`, `every4`, `first3`, `all`; `x2` after it means twice at most, and `/name` that calls are
counted for each name on its own: `create:reset-after@5%x2`, `query[anchor-*]:back@2/name`.
"""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from attrs import fields

from avatar_async.emulator.faults.base import Fault
from avatar_async.emulator.faults.catalogue import find, names
from avatar_async.emulator.faults.rules import ENDPOINTS, FaultPlan, Rule
from avatar_async.errors import EmulatorError
from avatar_async.settings.checks import did_you_mean

_ITEM = re.compile(
    r"(?P<on>[^:\[(@]*)(?:\[(?P<names>.*?)\])?:(?P<fault>[^(@]*)(?:\((?P<given>.*)\))?(?:@(?P<when>[^@()]*))?",
    re.DOTALL,
)
_WHEN = re.compile(
    r"(?P<what>all|(?P<percent>\d+(?:\.\d+)?)%|(?P<share>\d*\.\d+)|every(?P<every>\d{1,9})|first(?P<first>\d{1,9})"
    r"|(?P<calls>\d{1,9}(?:\+\d{1,9})*))(?:x(?P<most>\d{1,9}))?(?P<each>/name)?"
)
_SEED = re.compile(r"seed\s*=\s*(-?\d{1,18})")
_NOTHING = ("none", "null")
_RULE_KEYS = (
    "on",
    "fault",
    "params",
    "probability",
    "calls",
    "every",
    "first",
    "at_most",
    "names",
    "per",
)


_SHAPE = "write it as ENDPOINT:FAULT@WHEN, such as create:reset-after@5%"


class _ItemError(ValueError):
    """Tell what is wrong with one item, and what to do."""


def read_text(text: str, *, seed: int = 0) -> FaultPlan:
    """Return the plan that a spec describes.

    Args:
        text: The spec.
        seed: Seed if the spec names none.

    Raises:
        EmulatorError: Items are wrong; all of them are told.
    """
    rules: list[Rule] = []
    problems: list[str] = []
    items = list(_items(text))
    if not items:
        raise EmulatorError(f"the fault spec is empty: {_SHAPE}")
    for item in items:
        found = _SEED.fullmatch(item)
        if found:
            seed = int(found[1])
            continue
        try:
            rules.append(_rule_of(item))
        except _ItemError as error:
            problems.append(f"{item}: {error}")
    _refuse("the fault spec", problems)
    return FaultPlan(rules=tuple(rules), seed=seed)


def read_file(path: Path, *, seed: int = 0) -> FaultPlan:
    """Return the plan of a TOML file: `seed`, and tables `[[rules]]`.

    Raises:
        EmulatorError: It cannot be read, or rules are wrong; all of them are told.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise EmulatorError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise EmulatorError(f"{path} is not TOML: {error}") from error
    problems = [
        f"{key}: unknown; a fault plan has seed and [[rules]]"
        for key in table
        if key not in {"seed", "rules"}
    ]
    given = table.get("seed", seed)
    if isinstance(given, bool) or not isinstance(given, int):
        problems.append(f"seed = {given!r}: must be a whole number")
        given = seed
    entries = table.get("rules", [])
    if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
        problems.append("rules: must be written as [[rules]] tables")
        entries = []
    rules = []
    for number, entry in enumerate(entries, 1):
        try:
            rules.append(_rule_of_table(entry))
        except _ItemError as error:
            problems.append(f"[[rules]] {number}: {error}")
    _refuse(str(path), problems)
    return FaultPlan(rules=tuple(rules), seed=given)


def _refuse(where: str, problems: list[str]) -> None:
    if not problems:
        return
    count = "1 place" if len(problems) == 1 else f"{len(problems)} places"
    lines = "".join(f"\n  {each}" for each in problems)
    raise EmulatorError(
        f"{where} is wrong in {count}; `avatar-async emulator --faults list` shows what there is{lines}"
    )


def _items(text: str) -> Iterator[str]:
    depth, quoted, item = 0, False, ""
    for each in text:
        if depth and each == '"':
            quoted = not quoted
        if not quoted:
            depth += (each in "([") - (each in ")]")
        if each in ",;\n" and depth <= 0 and not quoted:
            if item.strip():
                yield item.strip()
            item, depth = "", 0
        else:
            item += each
    if item.strip():
        yield item.strip()


def _rule_of(item: str) -> Rule:
    found = _ITEM.fullmatch(item)
    if found is None:
        raise _ItemError(_misshape(item))
    on, names_pattern = found["on"].strip(), found["names"]
    given = dict(_parameters(found["given"] or ""))
    fault = _fault(found["fault"].strip(), given)
    return _rule({"on": on, "fault": fault, "names": names_pattern or "*", **_when(found["when"])})


def _misshape(item: str) -> str:
    if re.match(r"seed\s*=", item):
        return "the seed must be a whole number of at most 18 digits, such as seed=7"
    for opening, closing in ("()", "[]"):
        if item.count(opening) > item.count(closing):
            return f"{opening} is not closed: {closing} is missing"
    return _SHAPE


def _when(text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    found = _WHEN.fullmatch(text.strip())
    if found is None:
        raise _ItemError(
            f"@{text} says no time; use @5%, @3 (the third call), @2+5, @every4, @first3 or @all, "
            "then x2 (at most twice) and /name (counted for each name)"
        )
    when: dict[str, Any] = {"per": "name" if found["each"] else "call"}
    if found["percent"] or found["share"]:
        when["probability"] = float(found["percent"]) / 100 if found["percent"] else float(found["share"])
    when |= {key: int(found[key]) for key in ("every", "first") if found[key] is not None}
    if found["calls"]:
        when["calls"] = tuple(int(number) for number in found["calls"].split("+"))
    if found["most"]:
        when["at_most"] = int(found["most"])
    return when


def _parameters(text: str) -> Iterator[tuple[str, Any]]:
    for part in re.findall(r'(?:[^,"]|"(?:[^"\\]|\\.)*")+', text):
        name, sign, value = part.partition("=")
        if not part.strip():
            continue
        if not sign:
            raise _ItemError(f"{part.strip()!r} is no parameter; write name=value")
        yield name.strip(), _value(value.strip())


def _value(text: str) -> Any:
    if text in _NOTHING:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _rule_of_table(entry: Mapping[str, Any]) -> Rule:
    for key in entry:
        if key not in _RULE_KEYS:
            raise _ItemError(
                f"{key} is unknown{did_you_mean(key, _RULE_KEYS)}; a rule has {', '.join(_RULE_KEYS)}"
            )
    missing = [key for key in ("on", "fault") if key not in entry]
    if missing:
        raise _ItemError(f"{' and '.join(missing)} is missing; each rule needs on and fault")
    given = entry.get("params", {})
    if not isinstance(given, dict):
        raise _ItemError("params must be a table, such as {retry_after = 2}")
    fault = _fault(str(entry["fault"]), given)
    return _rule({key: value for key, value in entry.items() if key != "params"} | {"fault": fault})


def _rule(values: Mapping[str, Any]) -> Rule:
    on = values["on"]
    if on not in ENDPOINTS:
        raise _ItemError(f"{on!r} is no endpoint{did_you_mean(on, ENDPOINTS)}; use {', '.join(ENDPOINTS)}")
    _check_table(values)
    try:
        return Rule(**values)
    except EmulatorError as error:
        raise _ItemError(str(error).partition(": ")[2] or str(error)) from error


def _check_table(values: Mapping[str, Any]) -> None:
    for key, expected in (("every", int), ("first", int), ("at_most", int), ("names", str), ("per", str)):
        value = values.get(key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, expected)):
            raise _ItemError(f"{key} = {value!r} must be a {'whole number' if expected is int else 'word'}")
    if values.get("per", "call") not in {"call", "name"}:
        raise _ItemError(f"per = {values['per']!r} must be call or name")
    chance = values.get("probability")
    if chance is not None and (isinstance(chance, bool) or not isinstance(chance, int | float)):
        raise _ItemError(f"probability = {chance!r} must be a number from 0 to 1")
    calls = values.get("calls", ())
    if not isinstance(calls, list | tuple) or not all(type(each) is int for each in calls):
        raise _ItemError(f"calls = {calls!r} must be a list of whole numbers")


def _fault(name: str, given: Mapping[str, Any]) -> Fault:
    known = find(name)
    if known is None:
        hint = "" if name.isdigit() else did_you_mean(name, names())
        raise _ItemError(
            f"{name!r} is no fault{hint}; use {', '.join(names())}, or an HTTP status from 200 to 599"
        )
    declared = {each.name: each for each in fields(known.type)}
    values = dict(known.given)
    for key, value in given.items():
        if key not in declared:
            allowed = ", ".join(declared) or "none"
            raise _ItemError(
                f"{name} has no parameter {key!r}{did_you_mean(key, declared)}; it has {allowed}"
            )
        values[key] = _typed(name, key, value, declared[key].type)
    try:
        return known.type(**values)
    except ValueError as error:
        raise _ItemError(f"{name}: {error}") from error


def _typed(fault: str, key: str, value: Any, wanted: Any) -> Any:
    options = get_args(wanted) or (wanted,)
    if type(None) in options and (value is None or value in _NOTHING):
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if bool in options:
        if isinstance(value, bool):
            return value
        raise _ItemError(f"{fault}: {key} must be true or false, not {value!r}")
    if float in options:
        if is_number:
            return float(value)
        raise _ItemError(f"{fault}: {key} must be a number, not {value!r}")
    if int in options:
        if is_number and isinstance(value, int):
            return value
        raise _ItemError(f"{fault}: {key} must be a whole number, not {value!r}")
    return value if isinstance(value, str) else json.dumps(value)
