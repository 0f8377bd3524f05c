"""Read the values of options: numbers in a range, durations, sizes, words; each refusal says what to do."""

import re
from collections.abc import Callable
from pathlib import Path

import click

_DURATION = re.compile(
    r"(?:(\d+(?:\.\d+)?)d)?(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s?)?", re.IGNORECASE
)
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?(?:/s)?", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_DAY_S = 86400.0

#: A file or folder, there or not.
PATH = click.Path(path_type=Path)


def whole(low: int, high: int, *, such_as: int) -> Callable[[str], int]:
    """Return a reader of whole numbers from `low` to `high`."""

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            message = f"{text!r} is not a whole number from {low} to {high}; give one such as {such_as}."
            raise click.BadParameter(message)
        return value

    return read


def number(low: float, high: float, *, such_as: float) -> Callable[[str], float]:
    """Return a reader of numbers from `low` to `high`."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            message = f"{text!r} is not a number from {low:g} to {high:g}; give one such as {such_as:g}."
            raise click.BadParameter(message)
        return value

    return read


def one_of(*words: str) -> Callable[[str], str]:
    """Return a reader of one of some words."""

    def read(text: str) -> str:
        if text.lower() not in words:
            message = f"{text!r} is not one of {', '.join(words)}; give one of these words."
            raise click.BadParameter(message)
        return text.lower()

    return read


def duration(text: str) -> float:
    """Return the seconds of a duration such as 90s, 45m, 2h30m or 1d; a bare number is seconds."""
    found = _DURATION.fullmatch(text.strip().replace(" ", ""))
    days, hours, minutes, seconds = (float(part or 0) for part in found.groups()) if found else (0.0,) * 4
    total_s = days * _DAY_S + hours * 3600 + minutes * 60 + seconds
    if not 1 <= total_s <= 366 * _DAY_S:
        message = f"{text!r} is not a duration from 1s to 366d; write it like 90s, 45m, 2h30m or 1d."
        raise click.BadParameter(message)
    return total_s


def size(low: int, high: int) -> Callable[[str], int]:
    """Return a reader of sizes such as 500KB, 20MB or 1GiB; a bare number is bytes."""

    def read(text: str) -> int:
        from decimal import Decimal, InvalidOperation

        found = _SIZE.fullmatch(text.strip())
        value = -1
        if found:
            base = 1024 if found[3] else 1000
            try:
                value = int(Decimal(found[1]) * base ** _POWERS[found[2].lower()])
            except (InvalidOperation, OverflowError):
                value = -1
        if not low <= value <= high:
            message = (
                f"{text!r} is not a size from {low} bytes to {high // 10**9} GB; "
                "write it like 500KB, 20MB or 1GiB (a bare number is bytes)."
            )
            raise click.BadParameter(message)
        return value

    return read


def task_id(text: str) -> int:
    """Return a task id: a whole number that fits 64 bits."""
    from avatar_async._jobs.remote import LARGEST_TASK_ID

    try:
        value = int(text)
    except ValueError:
        value = -1
    if not 0 < value <= LARGEST_TASK_ID:
        message = f"{text!r} is not a task id; give the whole number that the service's console shows."
        raise click.BadParameter(message)
    return value
