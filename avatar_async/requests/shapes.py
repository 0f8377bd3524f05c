"""What a field's value may look like: how it is admitted, judged and described."""

# ruff: noqa: ARG002, D102 (Shape documents its methods once)

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from enum import IntEnum
from typing import Any, Protocol
from urllib.parse import urlsplit

import attrs

from avatar_async.requests.addresses import LONGEST_URL, public_url
from avatar_async.requests.problems import Rule, Severity, is_encodable
from avatar_async.requests.refs import ROLES, Ref, ref_fault

_PRINTABLE = re.compile(r"[^\s\x00-\x1f\x7f\ud800-\udfff]+")


@attrs.frozen(kw_only=True)
class Fault:
    """Say what is wrong with a value, before it is known which field it belongs to."""

    value: Any
    text: str
    rule: Rule
    severity: Severity = Severity.ERROR
    at: str = ""


class Reader(Protocol):
    """Turn mappings into objects while a request is read."""

    def read(self, of: type[Any], mapping: Any, path: str) -> Any:
        """Return an object of a class made of a mapping that stood at a path."""


class Shape:
    """Admit any value and find nothing wrong with it: the base of all shapes."""

    #: What is needed, as a message says it.
    wanted = "any value"

    def admit(self, value: Any) -> Any:
        """Return the value as the record keeps it; never raise."""
        return value

    def read(self, value: Any, reader: Reader, path: str) -> Any:
        """Return what a value of pasted JSON or a manifest becomes."""
        return value

    def faults(self, value: Any) -> Iterator[Fault]:
        """Yield everything that is wrong with a value."""
        yield from ()

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the plain form."""
        return {}

    def limits(self) -> str:
        """Return the range as documentation shows it, empty if there is none."""
        return ""

    def _mistyped(self, value: Any) -> Fault:
        return Fault(value=value, text=f"{self.wanted} is needed", rule=Rule.TYPE)


def _within(value: float, low: float | None, high: float | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)


def _span(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f"{low} to {high}"
    return f"{low} or more" if low is not None else f"{high} or less"


@attrs.frozen(kw_only=True)
class _Ranged(Shape, ABC):
    low: float | None = None
    high: float | None = None
    advised: tuple[float, float] | None = None
    #: Whether the range is our reading only: outside it is a warning.
    inferred: bool = False

    @abstractmethod
    def _fits(self, value: Any) -> bool:
        """Tell whether a value has the type."""

    def faults(self, value: Any) -> Iterator[Fault]:
        if not self._fits(value):
            yield self._mistyped(value)
        elif not _within(value, self.low, self.high):
            text = f"allowed is {_span(self.low, self.high)}"
            if self.inferred:
                yield Fault(value=value, text=text, rule=Rule.INFERRED, severity=Severity.WARNING)
            else:
                yield Fault(value=value, text=text, rule=Rule.RANGE)
        elif self.advised is not None and not _within(value, *self.advised):
            text = f"{_span(*self.advised)} is recommended"
            yield Fault(value=value, text=text, rule=Rule.RANGE, severity=Severity.WARNING)

    def _bounds(self) -> dict[str, Any]:
        if self.inferred:
            return {}
        bounds = {"minimum": self.low, "maximum": self.high}
        return {key: bound for key, bound in bounds.items() if bound is not None}

    def limits(self) -> str:
        if self.low is None and self.high is None:
            return ""
        advised = f", {_span(*self.advised)} recommended" if self.advised else ""
        return _span(self.low, self.high) + advised


@attrs.frozen(kw_only=True)
class Integer(_Ranged):
    """Need an integer, within a range if one is documented."""

    wanted = "an integer"

    def _fits(self, value: Any) -> bool:
        return isinstance(value, int) and not isinstance(value, bool)

    def schema(self) -> dict[str, Any]:
        return {"type": "integer", **self._bounds()}


@attrs.frozen(kw_only=True)
class Number(_Ranged):
    """Need a finite number, integers included, within a range if one is documented."""

    wanted = "a number"

    def _fits(self, value: Any) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return isinstance(value, int) or math.isfinite(value)

    def schema(self) -> dict[str, Any]:
        return {"type": "number", **self._bounds()}


class Boolean(Shape):
    """Need true or false."""

    wanted = "true or false"

    def faults(self, value: Any) -> Iterator[Fault]:
        if not isinstance(value, bool):
            yield self._mistyped(value)

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@attrs.frozen(kw_only=True)
class Text(Shape):
    """Need text; `filled` text may not be blank."""

    wanted = "text"
    filled: bool = False

    def faults(self, value: Any) -> Iterator[Fault]:
        if not isinstance(value, str) or not is_encodable(value):
            yield self._mistyped(value)
        elif self.filled and not value.strip():
            yield Fault(value=value, text="it may not be empty", rule=Rule.MISSING)

    def schema(self) -> dict[str, Any]:
        return {"type": "string", **({"minLength": 1} if self.filled else {})}


class Identifier(Shape):
    """Need an id: an integer or text."""

    wanted = "an integer or text"

    def faults(self, value: Any) -> Iterator[Fault]:
        if isinstance(value, bool) or not isinstance(value, int | str):
            yield self._mistyped(value)

    def schema(self) -> dict[str, Any]:
        return {"type": ["integer", "string"]}


class Url(Shape):
    """Need an http or https URL, or a `Ref` to another job's artifact."""

    wanted = "an http or https URL"

    def read(self, value: Any, reader: Reader, path: str) -> Any:
        ref = Ref.from_plain(value) if isinstance(value, dict) else None
        return value if ref is None else ref

    def faults(self, value: Any) -> Iterator[Fault]:
        if isinstance(value, Ref):
            text = ref_fault(value)
            if text is not None:
                yield Fault(value=value.to_plain(), text=text, rule=Rule.TYPE)
        elif not isinstance(value, str):
            yield self._mistyped(value)
        elif not value.strip():
            yield Fault(value=value, text="it may not be empty", rule=Rule.MISSING)
        elif len(value) > LONGEST_URL:
            text = f"at most {LONGEST_URL} characters are allowed, these are {len(value)}"
            yield Fault(value=public_url(value), text=text, rule=Rule.RANGE)
        elif not self._reachable(value):
            yield self._mistyped(public_url(value))

    @staticmethod
    def _reachable(value: str) -> bool:
        try:
            parts = urlsplit(value)
            port_ok = parts.port is None or parts.port > 0
        except ValueError:
            return False
        host_given = parts.scheme in ("http", "https") and bool(parts.hostname)
        return host_given and port_ok and _PRINTABLE.fullmatch(value) is not None

    def schema(self) -> dict[str, Any]:
        ref = {
            "type": "object",
            "description": "An artifact of another job of the same batch.",
            "properties": {
                "ref": {"type": "string", "minLength": 1, "description": "Name of the other job."},
                "role": {"enum": list(ROLES), "default": "model"},
                "index": {"type": "integer", "minimum": 0, "default": 0},
            },
            "required": ["ref"],
            "additionalProperties": False,
        }
        return {"anyOf": [{"type": "string", "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://"}, ref]}


@attrs.frozen
class Choice(Shape):
    """Need one integer of a closed set; other integers are kept and reported."""

    of: type[IntEnum]
    without: frozenset[int] = frozenset()

    @property
    def allowed(self) -> tuple[int, ...]:
        """The values allowed here, ascending."""
        return tuple(sorted(int(member) for member in self.of if member not in self.without))

    def admit(self, value: Any) -> Any:
        if type(value) is int and value in self.of._value2member_map_:
            return self.of(value)
        return value

    def faults(self, value: Any) -> Iterator[Fault]:
        if isinstance(value, bool) or not isinstance(value, int):
            yield Fault(value=value, text=f"one of {self.limits()} is needed", rule=Rule.TYPE)
        elif value not in self.allowed:
            yield Fault(value=value, text=f"allowed is one of {self.limits()}", rule=Rule.CHOICE)

    def schema(self) -> dict[str, Any]:
        return {"enum": list(self.allowed)}

    def limits(self) -> str:
        return ", ".join(map(str, self.allowed))


@attrs.frozen
class ListOf(Shape):
    """Need a list of one shape, of an exact length if one is documented."""

    wanted = "a list"
    item: Shape
    length: int | None = attrs.field(default=None, kw_only=True)
    at_least: int = attrs.field(default=0, kw_only=True)

    def _mistyped(self, value: Any) -> Fault:
        needed = self.wanted if self.length is None else f"a list of {self.length} values"
        return Fault(value=value, text=f"{needed} is needed", rule=Rule.TYPE)

    def admit(self, value: Any) -> Any:
        return tuple(map(self.item.admit, value)) if isinstance(value, list | tuple) else value

    def read(self, value: Any, reader: Reader, path: str) -> Any:
        if not isinstance(value, list | tuple):
            return value
        return [self.item.read(item, reader, f"{path}[{index}]") for index, item in enumerate(value)]

    def faults(self, value: Any) -> Iterator[Fault]:
        if not isinstance(value, tuple) or (self.length is not None and len(value) != self.length):
            yield self._mistyped(value)
            return
        if len(value) < self.at_least:
            yield Fault(value=value, text=f"at least {self.at_least} item is needed", rule=Rule.MISSING)
        for index, item in enumerate(value):
            for fault in self.item.faults(item):
                yield attrs.evolve(fault, at=f"[{index}]{fault.at}")

    def schema(self) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": "array", "items": self.item.schema()}
        if self.length is not None:
            return {**schema, "minItems": self.length, "maxItems": self.length}
        return {**schema, "minItems": self.at_least} if self.at_least else schema

    def limits(self) -> str:
        return f"each {self.item.limits()}" if self.item.limits() else ""
