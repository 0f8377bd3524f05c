"""How one field of the vendor's documents is declared."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

import attrs

from avatar_async.requests.shapes import Shape
from avatar_async.requests.unset import UNSET

_SPEC = "avatar_async.spec"
_Class = TypeVar("_Class", bound=type[Any])


@attrs.frozen(kw_only=True)
class Spec:
    """Hold what the vendor's documents say about one field.

    Attributes:
        wire: The key as the vendor spells it.
        shape: What values are allowed.
        text: The documents' own words, shortened.
        required: Whether the table says it must be sent.
        default: The documented default, `UNSET` if none is.
        always: Whether it is sent even when it was not given.
    """

    wire: str
    shape: Shape
    text: str
    required: bool
    default: Any
    always: bool

    def brief(self) -> str:
        """Return the start of the text and the range, short enough for a message."""
        head = self.text.split(";")[0].split(":")[0]
        return f"{head}; allowed {self.shape.limits()}" if self.shape.limits() else head

    def describe(self) -> str:
        """Return text, default and range as one line of documentation."""
        notes = [
            "required" if self.required else "",
            "" if self.default is UNSET else f"default {_plain_default(self.default)}",
            f"allowed {self.shape.limits()}" if self.shape.limits() else "",
        ]
        noted = "; ".join(note for note in notes if note)
        return f"{self.text} ({noted})" if noted else self.text


def _plain_default(default: Any) -> Any:
    return list(default) if isinstance(default, tuple) else default


def camel(name: str) -> str:
    """Return a snake_case name as the vendor's camelCase."""
    first, *rest = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)


def _kept(shape: Shape, fallback: Callable[[], Any] | None) -> Callable[[Any], Any]:
    def keep(value: Any) -> Any:
        if value is UNSET:
            return UNSET if fallback is None else shape.admit(fallback())
        return shape.admit(value)

    return keep


def option(
    shape: Shape,
    text: str,
    *,
    required: bool = False,
    default: Any = UNSET,
    always: Callable[[], Any] | None = None,
    wire: str | None = None,
) -> Any:
    """Declare a field of a vendor object.

    Args:
        shape: What values are allowed.
        text: What the vendor's documents say about it.
        required: Whether the vendor's table says it must be sent.
        default: The documented default; it is information only and not sent.
        always: Makes the value that is sent when none is given.
        wire: The vendor's key; by default the camelCase form of the name.
    """
    spec = Spec(
        wire=wire or "", shape=shape, text=text, required=required, default=default, always=always is not None
    )
    return attrs.field(default=UNSET, converter=_kept(shape, always), metadata={_SPEC: spec})


def specs(of: type[Any]) -> dict[str, Spec]:
    """Return the documented fields of a class, by Python name."""
    key: Any = of
    return _specs(key)


@functools.cache
def _specs(of: Any) -> dict[str, Spec]:
    found = {}
    for attribute in attrs.fields(of):
        spec = attribute.metadata.get(_SPEC)
        if spec is not None:
            found[attribute.name] = attrs.evolve(spec, wire=spec.wire or camel(attribute.name))
    return found


def documented(of: _Class) -> _Class:
    """Append every field's documented text, default and range to a class's docstring."""
    lines = [f"    {name}: {spec.describe()}" for name, spec in specs(of).items()]
    of.__doc__ = "\n".join([inspect.cleandoc(of.__doc__ or ""), "", "Attributes:", *lines, ""])
    return of
