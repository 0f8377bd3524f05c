"""A job given as the vendor's own JSON: its request, and where each field of it was written."""

import json
from collections.abc import Iterator
from typing import Any

from avatar_async.errors import RequestError
from avatar_async.manifests.layers import Layer, Steps
from avatar_async.requests import Kind, from_vendor, request_type
from avatar_async.requests.fields import specs
from avatar_async.requests.objects import EXTRA_FIELDS, ObjectOf
from avatar_async.requests.shapes import ListOf, Shape


def vendor_layer(kind: Kind, given: Any, written: Layer) -> Layer:
    """Return the plain fields of a request in the vendor's form.

    Args:
        kind: What is asked for.
        given: The vendor's JSON, as an object or as text.
        written: The job, which has it under `request`.

    Raises:
        RequestError: It is no JSON object, or holds what cannot be sent.
    """
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError) as error:
            message = f"request is not JSON: {error}"
            raise RequestError(message) from None
    fields = from_vendor(kind, given).to_plain()
    spots = {}
    for steps in _all_steps(fields, ()):
        for wire in _wire_steps(kind, steps):
            if ("request", *wire) in written.spots:
                spots[steps] = written.spots["request", *wire]
    return Layer(fields, spots)


def _all_steps(value: Any, steps: Steps) -> Iterator[Steps]:
    inner: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    for step, item in inner:
        yield (*steps, step)
        yield from _all_steps(item, (*steps, step))


def _wire_steps(kind: Kind, steps: Steps) -> list[Steps]:
    of = request_type(kind)
    inside: Steps = ("param",) if steps[0] in {*of.param_fields, "param_extra"} else ()
    wire: Steps = ()
    shape: Shape = ObjectOf(of)
    for number, step in enumerate(steps):
        if step in EXTRA_FIELDS:
            wire = (*wire, *steps[number + 1 :])
            break
        if isinstance(shape, ObjectOf) and step in specs(shape.of):
            spec = specs(shape.of)[str(step)]
            wire, shape = (*wire, spec.wire), spec.shape
        else:
            wire = (*wire, step)
            shape = shape.item if isinstance(shape, ListOf) else Shape()
    return [(*inside, *wire), (*inside, *steps)]
