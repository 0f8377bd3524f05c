"""Replies that are written like those before: read into records at once, without dictionaries."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Final, Union

import msgspec
from msgspec import UNSET, Meta, UnsetType

from avatar_async._jobs.remote import LARGEST_TASK_ID
from avatar_async._wire.jsonpath import JsonPath
from avatar_async._wire.plain import UNREADABLE, Scalar, bounded, comes_out_as

#: Longest text of a record, in characters: a longer one has to be cut, which is the careful reader's.
LONGEST_TEXT: Final = 500
#: Most keys of one kind of object.
_MOST_KEYS: Final = 64
#: Longest key that is learned, in characters.
_LONGEST_KEY: Final = 100
#: Nesting of what is not looked at.
_LEVELS: Final = 3
# Types are made of parts that are values, for which there is no other way to write a union.
_Text: Any = Union[Annotated[str, Meta(max_length=LONGEST_TEXT)], None, UnsetType]  # noqa: UP007
_Address: Any = Union[str, None, UnsetType]  # noqa: UP007
_Value: Any = Union[Scalar, UnsetType]  # noqa: UP007
_Other: Any = Union[bounded(_LEVELS), UnsetType]  # noqa: UP007
_TASK: Final[Mapping[str, Any]] = {
    "task_id": Annotated[int, Meta(ge=1, le=LARGEST_TASK_ID)],
    "status": _Text,
    "kind": _Text,
    "name": _Text,
    "progress": _Value,
    "fail_reason": _Text,
    "created_at": _Value,
    "finished_at": _Value,
    "expires_at": _Value,
}
_FILE: Final[Mapping[str, Any]] = {
    "url": _Address,
    "name": _Text,
    "role": _Text,
    "size_bytes": _Value,
    "md5": _Value,
}
_CODE: Final = Annotated[int, Meta(ge=0, le=0)]
#: Values that an object of the shape has.
_REQUIRED: Final = frozenset({"task_id", "code", "on"})


class ReplyShape:
    """What a service's replies look like: the keys of their objects, in the order in which they come.

    A reply of that shape is decoded into objects with attributes, a third of the work. They say what a
    careful reader finds, since the reply is believed only if it comes out of them as it went in. Any other
    reply is that reader's, and may be learned from: the first one, the second, the fourth, the eighth and
    so on, since learning takes a millisecond.

    Args:
        path: Where the list of tasks stands in a reply.
        task: Where the values of `_TASK` stand in a task, and its list of `files`.
        file: Where the values of `_FILE` stand in a file.
        envelope: Whether a reply has a code, which is 0 in these.
    """

    def __init__(
        self, path: JsonPath, *, task: Mapping[str, JsonPath], file: Mapping[str, JsonPath], envelope: bool
    ) -> None:
        self._path = path
        fits = path[:1] != ("code",) if envelope else True
        self._task = _attributes(task) if fits else None
        self._file = _attributes(file)
        self._envelope = envelope
        self._orders: dict[object, Sequence[str]] = {}
        self._others = 0
        self._decoder: msgspec.json.Decoder[Any] | None = None

    def tasks(self, body: bytes) -> list[Any] | None:
        """Return the tasks of a reply of the shape; None if it may have another.

        They have the attributes of `RemoteTask`, and their files those of `RemoteFile`, with raw values;
        what a task or file does not say is `UNSET`.
        """
        if self._decoder is None:
            return None
        try:
            value = self._decoder.decode(body)
            if not comes_out_as(body, value):
                return None
        except UNREADABLE:
            return None
        for _ in self._path:
            value = value.on
        tasks: list[Any] = value
        return tasks

    def learn(self, top: Any) -> None:
        """Learn from a reply of another shape, if it is time to.

        Args:
            top: The reply as a careful reader decoded it; it holds tasks.
        """
        self._others += 1
        if self._task is None or self._file is None or self._others & (self._others - 1):
            return
        above: list[dict[str, Any]] = []
        for key in self._path:
            if type(top) is not dict or not _plain(key):
                return
            above.append(top)
            top = top.get(key)
        if type(top) is not list or any(type(task) is not dict for task in top):
            return
        if self._envelope and not above:
            return
        at = self._task["files"]
        files = [file for task in top for file in _objects(task.get(at))]
        listed: Any = list.__class_getitem__(self._record("file", self._file, _FILE, files))
        types = {**_TASK, "files": Union[listed, None, UnsetType]}  # noqa: UP007
        value: Any = list.__class_getitem__(self._record("task", self._task, types, top))
        for level in range(len(above) - 1, -1, -1):
            keys, types = {"on": self._path[level]}, {"on": value}
            if self._envelope and not level:
                keys["code"], types["code"] = "code", _CODE
            value = self._record(f"level {level}", keys, types, [above[level]])
        self._decoder = msgspec.json.Decoder(value)

    def _record(
        self, what: str, keys: Mapping[str, str], types: Mapping[str, Any], seen: Iterable[Mapping[str, Any]]
    ) -> Any:
        """Return a class for objects like those that were seen now and before.

        Args:
            what: Which kind of object it is.
            keys: The keys of its values, by attribute; all others are read as they are.
            types: What those values may be.
            seen: Objects of this kind.
        """
        order = self._orders.get(what, ())
        for each in {tuple(filter(_plain, mapping)): None for mapping in seen}:
            order = _merged(order, each)
        self._orders[what] = order = order if len(order) <= _MOST_KEYS else ()
        attributes = {key: attribute for attribute, key in keys.items()}
        names: dict[str, str] = {}
        fields: list[Any] = []
        for number, key in enumerate([*order, *(key for key in attributes if key not in order)]):
            attribute = attributes.get(key, f"other_{number}")
            names[attribute] = key
            kind = types.get(attribute, _Other)
            fields.append((attribute, kind) if attribute in _REQUIRED else (attribute, kind, UNSET))
        return msgspec.defstruct("Record", fields, rename=names, kw_only=True, gc=False)


def _attributes(paths: Mapping[str, JsonPath]) -> Mapping[str, str] | None:
    """Return the keys of values, by attribute; None if some stand deeper, or nowhere, or in one place."""
    keys = {name: path[0] for name, path in paths.items() if len(path) == 1 and _plain(path[0])}
    return keys if len({*keys.values()}) == len(paths) else None


def _plain(key: str) -> bool:
    """Tell whether a key is written as it is; a reply with others is never of a shape."""
    return len(key) <= _LONGEST_KEY and key.isprintable() and '"' not in key and "\\" not in key


def _objects(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if type(each) is dict] if type(value) is list else []


def _merged(order: Sequence[str], keys: Sequence[str]) -> Sequence[str]:
    """Return an order of keys that those of an object fit into, and as far as possible those before."""
    merged, at = [*order], 0
    for key in keys:
        if key in merged:
            at = merged.index(key) + 1
        else:
            merged.insert(at, key)
            at += 1
    if [key for key in merged if key in keys] != [*keys]:
        merged = [*keys, *(key for key in order if key not in keys)]
    return merged
