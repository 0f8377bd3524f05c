"""Where in a reply a value stands: keys and list indexes, written `data.files.0.url`."""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, TypeAlias

#: Keys to follow, one after the other; none means the value itself.
JsonPath: TypeAlias = tuple[str, ...]
#: Finds several values of an object.
Pick: TypeAlias = Callable[[dict[str, Any]], Sequence[Any]]


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


def picker(paths: Sequence[JsonPath | None]) -> Pick:
    """Return what finds, in an object, the values at several paths; None for what is not there.

    Args:
        paths: At least two; None is nowhere.
    """
    keys = [path[0] for path in paths if path is not None and len(path) == 1]
    if len(keys) < len(paths):
        return lambda value: [None if path is None else find(value, path) for path in paths]
    pick_all = itemgetter(*keys)

    def pick(value: dict[str, Any]) -> Sequence[Any]:
        try:
            return pick_all(value)  # type: ignore[no-any-return]
        except KeyError:
            return [*map(value.get, keys)]

    return pick
