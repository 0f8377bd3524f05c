"""What the service's tables say about each field, as data, and the walk that checks a body against it.

This is written from the vendor's documents alone and shares nothing with the client's own request
models: an emulator that checked with the client's rules would never find the client's mistakes.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, Literal

from attrs import define, field, frozen

Type = Literal["string", "url", "integer", "number", "boolean", "object", "array", "color"]


@frozen
class Field:
    """Describe one field of a table.

    Attributes:
        name: The vendor's name.
        type: What it must be; `color` is three integers 0-255, `url` an http or https address.
        required: Whether a body without it is refused.
        choices: The closed set of values, if there is one.
        low: Lowest value of the documented range.
        high: Highest value of the documented range.
        fields: The fields of an object.
        items: What each element of an array must be.
    """

    name: str
    type: Type
    required: bool = False
    choices: tuple[Any, ...] = ()
    low: float | None = None
    high: float | None = None
    fields: tuple["Field", ...] = ()
    items: "Field | None" = None


@define
class Findings:
    """Collect what a check finds.

    Attributes:
        refusals: What makes the body unacceptable, each naming its field.
        clamps: Numbers out of their range and what they were moved to.
        notes: Everything else worth telling, such as undocumented keys.
    """

    refusals: list[str] = field(factory=list)
    clamps: list[str] = field(factory=list)
    notes: list[str] = field(factory=list)


def check_object(
    value: Mapping[str, Any], fields: tuple[Field, ...], path: str, findings: Findings
) -> dict[str, Any]:
    """Return a copy with numbers moved into their ranges; say what is wrong in `findings`.

    Null counts as not given. Undocumented keys are left out and noted.
    """
    cleaned: dict[str, Any] = {}
    known = {each.name for each in fields}
    for name in value:
        if name not in known:
            findings.notes.append(f"{_join(path, name)} is not documented: ignored")
    for each in fields:
        given = value.get(each.name)
        at = _join(path, each.name)
        if given is None or (each.type in {"string", "url"} and given == ""):
            if each.required:
                findings.refusals.append(f"{at} is missing")
            elif given == "":
                cleaned[each.name] = ""
            continue
        cleaned[each.name] = check_value(given, each, at, findings)
    return cleaned


def check_value(value: Any, rule: Field, path: str, findings: Findings) -> Any:
    """Return the value, moved into its range; say what is wrong in `findings`."""
    return _CHECKS[rule.type](value, rule, path, findings)


def _string(value: Any, rule: Field, path: str, findings: Findings) -> Any:
    if not isinstance(value, str):
        return _wrong(value, "a string", path, findings)
    if rule.choices and value.lower() not in rule.choices:
        return _outside(value, rule, path, findings)
    return value


def _url(value: Any, _rule: Field, path: str, findings: Findings) -> Any:
    if not isinstance(value, str) or not value.lower().startswith(("http://", "https://")):
        return _wrong(value, "an http or https URL", path, findings)
    return value


def _boolean(value: Any, _rule: Field, path: str, findings: Findings) -> Any:
    return value if isinstance(value, bool) else _wrong(value, "a boolean", path, findings)


def _integer(value: Any, rule: Field, path: str, findings: Findings) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int_or_none(value):
        return _wrong(value, "an integer", path, findings)
    return _ranged(int(value), rule, path, findings)


def _number(value: Any, rule: Field, path: str, findings: Findings) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return _wrong(value, "a number", path, findings)
    return _ranged(value, rule, path, findings)


def _object(value: Any, rule: Field, path: str, findings: Findings) -> Any:
    if not isinstance(value, Mapping):
        return _wrong(value, "an object", path, findings)
    return check_object(value, rule.fields, path, findings) if rule.fields else dict(value)


def _array(value: Any, rule: Field, path: str, findings: Findings) -> Any:
    if not isinstance(value, list):
        return _wrong(value, "an array", path, findings)
    if rule.required and not value:
        findings.refusals.append(f"{path} is empty")
    if rule.items is None:
        return list(value)
    return [check_value(each, rule.items, f"{path}[{index}]", findings) for index, each in enumerate(value)]


def _color(value: Any, rule: Field, path: str, findings: Findings) -> Any:
    if not isinstance(value, list) or len(value) != 3:
        return _wrong(value, "three integers", path, findings)
    element = Field(rule.name, "integer", low=0, high=255)
    return [check_value(each, element, f"{path}[{index}]", findings) for index, each in enumerate(value)]


_CHECKS: Mapping[str, Callable[[Any, Field, str, Findings], Any]] = {
    "string": _string,
    "url": _url,
    "boolean": _boolean,
    "integer": _integer,
    "number": _number,
    "object": _object,
    "array": _array,
    "color": _color,
}


def int_or_none(value: float) -> int | None:
    """Return the whole number equal to or below a value; None for infinities and NaN."""
    return int(value) if math.isfinite(value) else None


def _ranged(value: float, rule: Field, path: str, findings: Findings) -> float:
    if rule.choices and value not in rule.choices:
        _outside(value, rule, path, findings)
        return value
    moved = value
    if rule.low is not None and value < rule.low:
        moved = type(value)(rule.low)
    if rule.high is not None and value > rule.high:
        moved = type(value)(rule.high)
    if moved != value:
        span = (
            f"{'' if rule.low is None else f'{rule.low:g}'}..{'' if rule.high is None else f'{rule.high:g}'}"
        )
        findings.clamps.append(f"{path} {value!r} is outside {span}: {moved!r} is used")
    return moved


def _wrong(value: Any, wanted: str, path: str, findings: Findings) -> None:
    findings.refusals.append(f"{path} must be {wanted}, not {_shown(value)}")


def _outside(value: Any, rule: Field, path: str, findings: Findings) -> None:
    allowed = ", ".join(str(choice) for choice in rule.choices)
    findings.refusals.append(f"{path} must be one of {allowed}, not {_shown(value)}")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
