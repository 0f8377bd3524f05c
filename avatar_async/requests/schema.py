"""JSON Schema of the plain form, for editors."""

from typing import Any

from avatar_async.requests.kinds import Kind
from avatar_async.requests.objects import object_schema
from avatar_async.requests.reading import request_type

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(kind: Kind | str, *, complete: bool = True) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a kind's plain form.

    Args:
        kind: Whose requests are described.
        complete: Whether required fields must be there, at every depth; a fragment to be merged may
            lack them.

    Raises:
        ValueError: There is no such kind.
    """
    schema = object_schema(request_type(kind))
    title = f"{Kind(kind).value} request"
    return {"$schema": DRAFT, "title": title, **(schema if complete else _incomplete(schema))}


def _incomplete(schema: Any) -> Any:
    """Return a schema that requires no field, references aside."""
    if isinstance(schema, list):
        return [_incomplete(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    is_reference = "ref" in schema.get("properties", {})
    return {key: _incomplete(value) for key, value in schema.items() if key != "required" or is_reference}
