"""Completion callbacks in the terms of a dialect: the vendor documents that they exist, no more."""

from collections.abc import Callable, Mapping
from typing import Any

from attrs import fields, frozen

from avatar_async._wire.envelope import decode_json, task_id, text
from avatar_async._wire.jsonpath import JsonPath, find, parse_path
from avatar_async.errors import ConfigError, ReplyError
from avatar_async.settings.checks import did_you_mean, is_shown

_MAX_WORD = 100


@frozen(kw_only=True)
class CallbackDialect:
    """A description of the body that the service posts to the account's callback address.

    The defaults are what the embedded emulator sends. They are **unverified**: no public document shows
    the real service's body. Once you know it, write it as `[callback_dialect]` into the profile; absent keys
    keep these defaults.

    Attributes:
        task_id: Where the task's id stands.
        status: Where the task's status stands; it is told, never believed.
    """

    task_id: JsonPath = ("taskId",)
    status: JsonPath = ("status",)

    @classmethod
    def from_mapping(cls, raw: Mapping[str, Any]) -> "CallbackDialect":
        """Return the dialect a profile's table describes.

        Raises:
            ConfigError: Keys are wrong or unknown; names every one.
        """
        problems, given = [], {}
        for key, value in raw.items():
            check = _KEYS.get(key)
            if check is None:
                problems.append(f"callback_dialect.{key} is no known key{did_you_mean(key, _KEYS)}")
                continue
            try:
                given[key] = check(value)
            except ValueError as error:
                problems.append(f"callback_dialect.{key} {error}{is_shown(value)}")
        if "task_id" in given and not given["task_id"]:
            problems.append("callback_dialect.task_id is needed")
        if problems:
            listed = (f"  {problem}" for problem in problems)
            raise ConfigError("\n".join(["the callback dialect is wrong:", *listed]))
        return cls(**given)


_KEYS: Mapping[str, Callable[[Any], JsonPath]] = {item.name: parse_path for item in fields(CallbackDialect)}


@frozen(kw_only=True)
class Callback:
    """What a callback says: a hint at a task, nothing more.

    Attributes:
        task_id: The service's id, a positive int64.
        status: The status it tells, cut and freed of control characters; "" if it tells none.
    """

    task_id: int
    status: str


def decode_callback(dialect: CallbackDialect, body: bytes) -> Callback:
    """Return what a callback's body says.

    Raises:
        ReplyError: It is too long, no JSON, or names no task.
    """
    value = decode_json(body)
    number = task_id(find(value, dialect.task_id))
    if number is None:
        raise ReplyError("the callback names no task where the dialect says")
    said = find(value, dialect.status)
    if isinstance(said, int) and not isinstance(said, bool):
        said = str(said)
    return Callback(task_id=number, status=text(said, _MAX_WORD) or "")
