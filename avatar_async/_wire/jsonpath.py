"""Where in a reply a value stands: keys and list indexes, written `data.files.0.url`."""

from typing import Any, TypeAlias

#: Keys to follow, one after the other; none means the value itself.
JsonPath: TypeAlias = tuple[str, ...]


def parse_path(value: Any) -> JsonPath:
    """Return the path a profile gives: keys with dots between, or a list of keys that may hold dots.

    Raises:
        ValueError: It is neither.
    """
    if isinstance(value, str):
        return tuple(key for key in value.split(".") if key)
    if isinstance(value, (list, tuple)) and all(isinstance(key, str) and key for key in value):
        return tuple(value)
    raise ValueError("must be a path such as data.status, or a list of keys")


def find(value: Any, path: JsonPath) -> Any:
    """Return what stands at a path; None if nothing does."""
    if len(path) == 1 and type(value) is dict:  # as most are
        return value.get(path[0])
    for key in path:
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and key.isdecimal() and len(key) < 7 and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value
