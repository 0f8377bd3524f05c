"""Values of a receipt, which anyone may have edited: each is what a ledger can hold, or refused."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from avatar_async._jobs.remote import LARGEST_TASK_ID

_LONGEST_TEXT = 4096
_INT64_MAX = (1 << 63) - 1
_MOST_ATTEMPTS = (1 << 31) - 1


def text(data: Mapping[str, Any], key: str) -> str:
    """Return a text.

    Raises:
        ValueError: It is none, is too long, or holds what no text may.
    """
    value = optional_text(data, key)
    if value is None:
        raise ValueError(f"{key} is missing")
    return value


def optional_text(data: Mapping[str, Any], key: str) -> str | None:
    """Return a text, or None if the receipt has none.

    Raises:
        ValueError: It is no text, is too long, or holds what no text may.
    """
    value = data.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT or not _storable(value):
        raise ValueError(f"{key} is no text that can be kept")
    return value


def texts(data: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Return a list of texts.

    Raises:
        ValueError: It is none.
    """
    value = data[key]
    if not isinstance(value, list) or not all(isinstance(item, str) and _storable(item) for item in value):
        raise ValueError(f"{key} is no list of texts")
    return tuple(value)


def attempt(data: Mapping[str, Any]) -> int:
    """Return the number of the attempt.

    Raises:
        ValueError: It is no number from 1 on.
    """
    value = data["attempt"]
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _MOST_ATTEMPTS:
        raise ValueError("attempt is no number from 1 on")
    return value


def task_id(data: Mapping[str, Any]) -> int | None:
    """Return the task's id, None if the receipt has none.

    Raises:
        ValueError: It is no id that a service gives.
    """
    value = data["task_id"]
    if value is None:
        return None
    if not isinstance(value, str) or not value.isdecimal() or not 0 < int(value) <= LARGEST_TASK_ID:
        raise ValueError("task_id is no id of a task")
    return int(value)


def length(data: Mapping[str, Any], key: str) -> int | None:
    """Return a length in bytes, None if the receipt has none.

    Raises:
        ValueError: It is no length.
    """
    value = data[key]
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _INT64_MAX:
        raise ValueError(f"{key} is no length in bytes")
    return value


def instant(data: Mapping[str, Any], key: str) -> datetime | None:
    """Return an instant in UTC, None if the receipt has none.

    Raises:
        ValueError: It is no instant, or one without a time zone.
    """
    value = optional_text(data, key)
    if value is None:
        return None
    at = datetime.fromisoformat(value)
    if at.tzinfo is None:
        raise ValueError(f"{key} is an instant without a time zone")
    try:
        return at.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{key} is no instant of any calendar") from error


def request(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request.

    Raises:
        ValueError: It is no object, or a ledger could not keep it.
    """
    value = data["request"]
    if not isinstance(value, dict):
        raise ValueError("request is no object")
    json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    return value


def _storable(value: str) -> bool:
    return "\0" not in value and not any("\ud800" <= char <= "\udfff" for char in value)
