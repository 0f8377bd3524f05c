"""What the text of a CSV cell means, which depends on the field it is for."""

import json
from typing import Any

from avatar_async.manifests.keys import JOB_KEYS
from avatar_async.manifests.layers import Steps
from avatar_async.requests import Kind, request_type
from avatar_async.requests.fields import specs
from avatar_async.requests.objects import ObjectOf
from avatar_async.requests.shapes import Boolean, ListOf, Shape, Text, Url


def cell_value(text: str, kind: Kind | None, steps: Steps) -> Any:
    """Return the value of a cell, text where it cannot be read as what its field needs.

    Text fields take the cell as it is; URL fields too, save a reference written as JSON. Any other
    field takes JSON. Lists of names may be written with blanks between the names.
    """
    if steps[0] in JOB_KEYS:
        return _job_value(text, str(steps[0]))
    shape = None if kind is None else _shape_at(kind, steps)
    if isinstance(shape, Text) or (isinstance(shape, Url) and not text.lstrip().startswith("{")):
        return text
    if isinstance(shape, Boolean) and text.strip().lower() in ("true", "false"):
        return text.strip().lower() == "true"
    return _json_or_text(text)


def _job_value(text: str, key: str) -> Any:
    if key in ("name", "kind", "request"):
        return text.strip() if key == "kind" else text
    return _json_or_text(text) if text.lstrip().startswith("[") else text.split()


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _shape_at(kind: Kind, steps: Steps) -> Shape | None:
    shape: Shape = ObjectOf(request_type(kind))
    for step in steps:
        if isinstance(shape, ListOf) and isinstance(step, int):
            shape = shape.item
        elif isinstance(shape, ObjectOf) and step in specs(shape.of):
            shape = specs(shape.of)[str(step)].shape
        else:
            return None
    return shape
