"""What all requests have in common."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, Literal, Protocol, Self, TypeVar

import attrs

from avatar_async.errors import RequestError
from avatar_async.requests.codec import PLAIN, Writer, compact, plain_key, vendor_key
from avatar_async.requests.fields import specs
from avatar_async.requests.green import KeyedChange
from avatar_async.requests.kinds import Kind
from avatar_async.requests.objects import (
    Place,
    VendorObject,
    VendorReader,
    extra_problems,
    field_problems,
)
from avatar_async.requests.problems import Problem, Rule, join
from avatar_async.requests.refs import Ref
from avatar_async.requests.shapes import Url
from avatar_async.requests.unset import UNSET

PreviewCase = Literal["snake", "camel"]
AnyRequest = TypeVar("AnyRequest", bound="Request")


class Change(Protocol):
    """Be something that makes a request of another one: a preset, or a `GreenScreen`."""

    def apply(self, request: AnyRequest) -> AnyRequest:
        """Return the request with the change made, as it is where the change does not fit."""
        ...


@attrs.frozen(kw_only=True, repr=False)
class Request(VendorObject):
    """Ask the service for one task.

    A request may hold any value: construction never raises, `problems()` tells what is wrong.
    """

    #: What is asked for.
    kind: ClassVar[Kind]
    #: The document and section that describe the body and its `param`.
    body_source: ClassVar[str]
    param_source: ClassVar[str]
    #: Fields that travel inside the JSON text of `param`.
    param_fields: ClassVar[frozenset[str]] = frozenset()
    #: Whether `param` has keys in snake_case, as the previews' examples do.
    snake_param: ClassVar[bool] = False
    name_field: ClassVar[str] = "material_name"

    @property
    def name(self) -> str:
        """The task's name at the service, empty if none is given."""
        value = getattr(self, self.name_field)
        return value if isinstance(value, str) else ""

    def problems(self) -> list[Problem]:
        """Return everything that is wrong with this request, warnings included."""
        body, param = Place("", self.body_source), Place("", self.param_source)
        found: list[Problem] = []
        for name in specs(type(self)):
            found += field_problems(self, name, param if name in self.param_fields else body)
        keys = VendorReader(also_snake=self.snake_param).fields(type(self))
        inner = {key: name for key, name in keys.items() if name in self.param_fields}
        outer = {key: name for key, name in keys.items() if name not in self.param_fields}
        found += extra_problems(self._body_extra(), "extra", body, outer)
        found += extra_problems(self._param_extra(), "param_extra", param, inner)
        if self.param_fields and not isinstance(self._raw_param(), Mapping):
            found.append(body.error("param", self._raw_param(), "a JSON object is needed", Rule.TYPE))
        found += self.rules(param)
        return found

    @classmethod
    def from_vendor(cls, mapping: Any) -> Self:
        """Return the request that the vendor's own JSON describes.

        Args:
            mapping: The body of a create call, its `param` as JSON text or as an object. Keys the
                documents do not name are kept in `extra` (below `param`: in `param_extra`).

        Raises:
            RequestError: This is not a mapping.
        """
        if not isinstance(mapping, Mapping):
            raise RequestError(f"a request is a JSON object, not {type(mapping).__name__}")
        body = {**mapping}
        names = frozenset(specs(cls))
        if "param" in body and (cls.param_fields or "param" in names):
            body["param"] = _decoded(body["param"])
        inner: dict[str, Any] = {}
        if cls.param_fields and isinstance(body.get("param"), Mapping):
            reader = VendorReader(also_snake=cls.snake_param)
            inner, extra = reader.collect(cls, body.pop("param"), "", cls.param_fields)
            inner["param_extra"] = extra
        outer, extra = VendorReader().collect(cls, body, "", names - cls.param_fields)
        return cls(**outer, **inner, extra=extra)

    def to_vendor(self, *, preview_case: PreviewCase = "snake") -> dict[str, Any]:
        """Return the body of the create call, `param` as compact JSON text.

        Args:
            preview_case: How the previews' `param` spells its keys.

        Raises:
            RequestError: A reference is not resolved, or JSON cannot hold a value.
        """
        writer = Writer(vendor_key, merge_extra=True, keep_refs=False)
        body = writer.fields(self, frozenset(specs(type(self))) - self.param_fields)
        if self.param_fields:
            snake = self.snake_param and preview_case == "snake"
            inner = Writer(plain_key, merge_extra=True, keep_refs=False) if snake else writer
            param = inner.fields(self, self.param_fields)
            body["param"] = inner.with_extra(param, self._param_extra(), "param_extra", "")
        body = writer.with_extra(body, self.extra, "extra", "")
        if isinstance(body.get("param"), dict):
            body["param"] = compact(body["param"])
        return body

    def to_plain(self) -> dict[str, Any]:
        """Return the lossless plain form: snake_case keys, JSON-able values, only what is set.

        Raises:
            RequestError: JSON cannot hold a value.
        """
        return self.write(PLAIN)

    def write(self, writer: Writer) -> dict[str, Any]:
        """Return all fields and undocumented keys in the form of a writer.

        Raises:
            RequestError: The writer cannot write a value.
        """
        return writer.with_extra(writer.item(self), self._param_extra(), "param_extra", "")

    def with_changes(self, *changes: Change) -> Self:
        """Return the request with presets or sets of green-screen parameters applied, in order."""
        request = self
        for change in changes:
            request = change.apply(request)
        return request

    def map_keyed(self, change: KeyedChange) -> Self:  # noqa: ARG002 (a hook: takeover is not keyed)
        """Return the request with every object that has green-screen parameters changed."""
        return self

    def with_crf(self, crf: int) -> Self:  # noqa: ARG002 (a hook: only two kinds have it)
        """Return the request with another encoding quality, as it is where there is none."""
        return self

    def refs(self) -> list[Ref]:
        """Return the references in this request, each once."""
        return list(dict.fromkeys(ref for _, ref in self.ref_fields()))

    def ref_fields(self) -> list[tuple[str, Ref]]:
        """Return path and value of every URL field that holds a reference."""
        return [(path, value) for path, value in _url_fields(self, "") if isinstance(value, Ref)]

    def resolve_refs(self, lookup: Callable[[Ref], str]) -> Self:
        """Return the request with every reference replaced by the URL that `lookup` gives."""
        resolved = _resolved(self, lookup)
        assert isinstance(resolved, type(self))
        return resolved

    def urls(self) -> list[tuple[str, str]]:
        """Return path and value of every URL field that holds text."""
        return [(path, value) for path, value in _url_fields(self, "") if isinstance(value, str) and value]

    def _raw_param(self) -> Any:
        extra: Any = self.extra
        return extra.get("param", {}) if isinstance(extra, Mapping) else {}

    def _body_extra(self) -> Any:
        extra: Any = self.extra
        if not self.param_fields or not isinstance(extra, Mapping):
            return extra
        return {key: value for key, value in extra.items() if key != "param"}

    def _param_extra(self) -> Any:
        return getattr(self, "param_extra", {})


def _decoded(param: Any) -> Any:
    if not isinstance(param, str):
        return param
    try:
        decoded = json.loads(param)
    except ValueError:
        return param
    return decoded if isinstance(decoded, dict) else param


def _url_fields(item: VendorObject, path: str) -> Iterator[tuple[str, Any]]:
    for name, spec in specs(type(item)).items():
        value, here = getattr(item, name), join(path, name)
        if value is UNSET:
            continue
        if isinstance(spec.shape, Url):
            yield here, value
        elif isinstance(value, VendorObject):
            yield from _url_fields(value, here)
        elif isinstance(value, tuple):
            for index, inner in enumerate(value):
                if isinstance(inner, VendorObject):
                    yield from _url_fields(inner, f"{here}[{index}]")


def _resolved(value: Any, lookup: Callable[[Ref], str]) -> Any:
    if isinstance(value, Ref):
        return lookup(value)
    if isinstance(value, tuple):
        return tuple(_resolved(inner, lookup) for inner in value)
    if isinstance(value, VendorObject):
        changed = {name: _resolved(getattr(value, name), lookup) for name in specs(type(value))}
        return attrs.evolve(value, **changed)
    return value
