"""What goes over the wire, as plain values."""

import json
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

#: Header of each call that has a JSON body.
JSON_HEADERS: Mapping[str, str] = {"Content-Type": "application/json", "Accept": "application/json"}


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


@frozen(kw_only=True)
class Call:
    """A request to send to the service.

    Attributes:
        method: GET, POST and the like.
        path: Path with an encoded query, below the endpoint's origin.
        headers: Without those that the transport sets itself; may hold a token.
        body: Bytes to send.
        secrets: What of it must not come back in any error text.
    """

    method: str = "POST"
    path: str
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)


@frozen(kw_only=True)
class Reply:
    """What the service answered.

    Attributes:
        status: HTTP status.
        headers: To be looked up by names in lowercase; may tell other spellings apart or not.
        body: Whole body; may hold a token.
        secrets: What the service was told and may repeat.
    """

    status: int
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)


def encode_json(value: Any) -> bytes:
    """Return compact JSON in UTF-8, letters unescaped.

    Raises:
        TypeError, ValueError: JSON cannot hold it.
    """
    return _ENCODER.encode(value).encode()
