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
        complete: Whether required fields must be there; a fragment to be merged may lack them.
    """
    of = request_type(kind)
    title = f"{Kind(kind).value} request"
    return {"$schema": DRAFT, "title": title, **object_schema(of, complete=complete)}
