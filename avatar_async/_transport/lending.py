"""Whether this version of aiohttp lends its connections: what is used beside its documented interface."""

from collections.abc import Callable
from functools import lru_cache
from inspect import signature
from typing import Any, Final

#: What is needed of the protocols that read its connections.
NEEDED: Final = (
    "__weakref__",
    "closed",
    "connection_lost",
    "data_received",
    "read",
    "set_response_params",
    "should_close",
)


def lends(protocol: Any) -> bool:
    """Tell whether the connection that a protocol reads can be taken from it and be given back.

    Without that, aiohttp sends and reads everything itself.
    """
    return all_lend(type(protocol))


def all_lend(kind: Any) -> bool:
    """Tell whether that can be done with all protocols of a class."""
    return _has(kind, NEEDED)


@lru_cache(maxsize=16)
def _has(kind: Any, names: tuple[str, ...]) -> bool:
    """Tell whether protocols of a class have all that; one itself would make futures on being asked."""
    return all(hasattr(kind, name) for name in names) and _takes(
        kind.set_response_params, read_until_eof=True, auto_decompress=False
    )


def _takes(function: Callable[..., Any], **options: object) -> bool:
    try:
        signature(function).bind(None, **options)
    except (TypeError, ValueError):
        return False
    return True
