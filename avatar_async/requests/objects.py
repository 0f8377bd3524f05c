"""The base of everything that has fields of the vendor's documents."""

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from avatar_async.requests.addresses import public_value
from avatar_async.requests.fields import specs
from avatar_async.requests.problems import (
    INFERRED_SOURCE,
    Problem,
    Rule,
    Severity,
    join,
    shown,
)
from avatar_async.requests.shapes import Fault, Reader, Shape
from avatar_async.requests.unset import UNSET

#: Plain keys that carry undocumented wire keys.
EXTRA_FIELDS = ("extra", "param_extra")

_PLAIN_SOURCE = "field names of the plain form"


def own_copy(value: Any) -> Any:
    """Return a mapping's copy, so that the giver's later changes do not reach a frozen record."""
    return dict(value) if isinstance(value, Mapping) else value


@attrs.frozen(kw_only=True, repr=False)
class VendorObject:
    """Hold the fields of one object of the vendor's JSON.

    Attributes:
        extra: Undocumented keys, merged into the wire object as they are.
    """

    extra: Mapping[str, Any] = attrs.field(factory=dict, converter=own_copy, hash=False)

    def __repr__(self) -> str:
        values = {name: getattr(self, name) for name in specs(type(self))}
        values |= {name: getattr(self, name, None) or UNSET for name in EXTRA_FIELDS}
        given = [f"{name}={public_value(value)!r}" for name, value in values.items() if value is not UNSET]
        return f"{type(self).__name__}({', '.join(given)})"

    @property
    def severity_of_missing(self) -> Severity:
        """How bad it is that a required field of this object is not given."""
        return Severity.ERROR

    def rules(self, at: "Place") -> Iterator[Problem]:  # noqa: ARG002 (a hook: most objects have no rules)
        """Yield problems between fields of this object."""
        yield from ()


class ObjectOf(Shape):
    """Need an object of one class; a mapping in its plain form is turned into one."""

    wanted = "an object"

    def __init__(self, of: type[VendorObject]) -> None:
        self.of = of

    def admit(self, value: Any) -> Any:  # noqa: D102 (documented by Shape)
        return (
            PlainReader(keep_unknown=True).read(self.of, value, "") if isinstance(value, Mapping) else value
        )

    def read(self, value: Any, reader: Reader, path: str) -> Any:  # noqa: D102 (documented by Shape)
        return reader.read(self.of, value, path) if isinstance(value, Mapping) else value

    def faults(self, value: Any) -> Iterator[Fault]:  # noqa: D102 (documented by Shape)
        if not isinstance(value, self.of):
            yield self._mistyped(value)

    def schema(self) -> dict[str, Any]:  # noqa: D102 (documented by Shape)
        return object_schema(self.of)


class VendorReader:
    """Read the vendor's own JSON; keys it does not know go to `extra`."""

    def __init__(self, *, also_snake: bool = False) -> None:
        self._also_snake = also_snake

    def fields(self, of: type[Any]) -> dict[str, str]:
        """Return field names by the keys this reader takes."""
        known = {spec.wire: name for name, spec in specs(of).items()}
        return {**known, **{name: name for name in specs(of)}} if self._also_snake else known

    def collect(
        self, of: type[Any], mapping: Mapping[str, Any], path: str, only: frozenset[str]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the values of some fields by Python name, and every other key as it came."""
        known, given, extra = self.fields(of), dict[str, Any](), dict[str, Any]()
        for key, value in mapping.items():
            name = known.get(key)
            if name is None or name not in only or name in given:
                extra[key] = value
            else:
                given[name] = specs(of)[name].shape.read(value, self, join(path, name))
        return given, extra

    def read(self, of: type[Any], mapping: Any, path: str) -> Any:
        """Return an object of a class made of the vendor's JSON."""
        given, extra = self.collect(of, mapping, path, frozenset(specs(of)))
        return of(**given, extra=extra)


class PlainReader:
    """Read the plain snake_case form; keys it does not know become problems, or extra if so wished."""

    def __init__(self, *, keep_unknown: bool = False) -> None:
        self._keep_unknown = keep_unknown
        self.problems: list[Problem] = []

    def read(self, of: type[Any], mapping: Any, path: str) -> Any:
        """Return an object of a class made of the known keys of a mapping."""
        given, unknown = dict[str, Any](), dict[str, Any]()
        extras = [name for name in EXTRA_FIELDS if name in attrs.fields_dict(of)]
        for key, value in mapping.items():
            spec = specs(of).get(key)
            here = join(path, str(key))
            if spec is not None:
                given[key] = spec.shape.read(value, self, here)
            elif key not in extras and self._keep_unknown:
                unknown[key] = value
            elif key not in extras:
                self._report(
                    here, value, f"{here} is not a field of this kind{_hint(of, str(key))}", Rule.UNKNOWN
                )
            elif isinstance(value, Mapping):
                given[key] = value
            else:
                self._report(here, value, f"{here} is {shown(value)}; an object is needed", Rule.TYPE)
        if unknown:
            given["extra"] = {**given.get("extra", {}), **unknown}
        return of(**given)

    def _report(self, path: str, value: Any, message: str, rule: Rule) -> None:
        problem = Problem(
            path=path,
            value=public_value(value),
            message=message,
            severity=Severity.ERROR,
            source=_PLAIN_SOURCE,
            rule=rule,
        )
        self.problems.append(problem)


def _hint(of: type[Any], key: str) -> str:
    nested = _homes(of, key)
    if nested:
        return f" (did you mean {' or '.join(nested)}?)"
    spellings = {name: name for name in (*specs(of), "extra")}
    spellings |= {spec.wire: name for name, spec in specs(of).items()}
    near = difflib.get_close_matches(key, spellings, n=1, cutoff=0.5)
    if near:
        return f" (did you mean {spellings[near[0]]}?)"
    return "; a key the documents do not name belongs under extra"


def _homes(of: type[Any], key: str) -> list[str]:
    homes = []
    for name, spec in specs(of).items():
        item = getattr(spec.shape, "item", spec.shape)
        if isinstance(item, ObjectOf):
            index = "" if item is spec.shape else "[0]"
            homes += [f"{name}{index}.{inner}" for inner in specs(item.of) if inner == key]
            homes += [f"{name}{index}.{home}" for home in _homes(item.of, key)]
    return homes


@attrs.frozen
class Place:
    """Know where an object stands in a request, and make problems of its fields.

    Attributes:
        path: The object's path, empty for the request itself.
        source: The vendor's document and section that describe the object.
    """

    path: str
    source: str

    def path_of(self, name: str) -> str:
        """Return the path of a field of the object."""
        return join(self.path, name)

    def error(self, name: str, value: Any, text: str, rule: Rule) -> Problem:
        """Return the error that a field has."""
        return self.problem(name, value, text, rule, Severity.ERROR)

    def warning(self, name: str, value: Any, text: str, rule: Rule) -> Problem:
        """Return the warning that a field has."""
        return self.problem(name, value, text, rule, Severity.WARNING)

    def missing(self, name: str, text: str, severity: Severity = Severity.ERROR) -> Problem:
        """Return the problem of a field that is needed and not given."""
        return self.problem(name, UNSET, text, Rule.MISSING, severity)

    def problem(self, name: str, value: Any, text: str, rule: Rule, severity: Severity) -> Problem:
        """Return a field's problem, its message made of path, value and text."""
        path = self.path_of(name)
        state = "is missing" if value is UNSET else f"is {shown(value)}"
        return Problem(
            path=path,
            value=public_value(value),
            message=f"{path} {state}; {text}",
            severity=severity,
            source=INFERRED_SOURCE if rule is Rule.INFERRED else self.source,
            rule=rule,
        )


def field_problems(item: VendorObject, name: str, at: Place) -> Iterator[Problem]:
    """Yield the problems of one field of an object, nested objects included."""
    spec, value = specs(type(item))[name], getattr(item, name)
    if value is UNSET:
        if spec.required:
            yield at.missing(name, f"it is required ({spec.brief()})", item.severity_of_missing)
        return
    for fault in spec.shape.faults(value):
        yield at.problem(name + fault.at, fault.value, fault.text, fault.rule, fault.severity)
    if isinstance(value, VendorObject):
        yield from object_problems(value, Place(at.path_of(name), at.source))
    elif isinstance(value, tuple):
        for index, inner in enumerate(value):
            if isinstance(inner, VendorObject):
                yield from object_problems(inner, Place(at.path_of(f"{name}[{index}]"), at.source))


def object_problems(item: VendorObject, at: Place) -> Iterator[Problem]:
    """Yield every problem of a nested object and of what lies below it."""
    for name in specs(type(item)):
        yield from field_problems(item, name, at)
    yield from extra_problems(item.extra, "extra", at, VendorReader().fields(type(item)))
    yield from item.rules(at)


def extra_problems(extra: Any, name: str, at: Place, documented: Mapping[str, str]) -> Iterator[Problem]:
    """Yield a warning for every key that stands beside the fields.

    Args:
        extra: The keys and their values.
        name: What the mapping is called.
        at: The object that has it.
        documented: Fields by the keys that are sent for them.
    """
    if not isinstance(extra, Mapping):
        yield at.error(name, extra, "an object is needed", Rule.TYPE)
        return
    for key, value in extra.items():
        field, here = documented.get(key), f"{name}.{key}"
        if field is None:
            text = "the documents do not name this key; it is sent as it is"
            yield at.warning(here, value, text, Rule.UNKNOWN)
        else:
            yield at.warning(here, value, f"it is sent, unchecked, in place of {field}", Rule.EFFECT)


def object_schema(of: type[Any]) -> dict[str, Any]:
    """Return the JSON Schema of a class's plain form."""
    properties: dict[str, Any] = {}
    for name, spec in specs(of).items():
        properties[name] = {"description": spec.describe(), **spec.shape.schema()}
        if spec.default is not UNSET:
            default = spec.default
            properties[name]["default"] = list(default) if isinstance(default, tuple) else default
    for name in EXTRA_FIELDS:
        if name in attrs.fields_dict(of):
            properties[name] = {"type": "object", "description": "Undocumented keys, sent as they are."}
    schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    required = [name for name, spec in specs(of).items() if spec.required and not spec.always]
    return {**schema, "required": required} if required else schema
