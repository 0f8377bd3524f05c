"""Instants and waits, as headers and replies write them."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

from avatar_async._jobs.verdicts import clamped_wait_s

_OLDEST = datetime(2000, 1, 1, tzinfo=UTC)
_MILLISECONDS_FROM = 1e11
#: Longest time that is read, in characters.
_LONGEST = 40
#: Most texts that are remembered.
_MOST_REMEMBERED = 8192


class Moments(dict[Any, datetime | None]):
    """The instants that values stand for, texts remembered: a task tells the same times in every reply.

    They are aware and in UTC; None if a value is none, or one before the year 2000. What is read is ISO 8601
    with or without zone, and seconds or milliseconds since 1970.

    Args:
        zone: Where a time without a zone is read.
    """

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        utc = timedelta()
        #: How far a local time is ahead of UTC, by what is written behind its seconds.
        self._ahead = {"Z": utc, "+00:00": utc}
        if isinstance(zone, timezone):
            self._ahead |= dict.fromkeys(("", str(zone).removeprefix("UTC")), zone.utcoffset(None))

    def __missing__(self, value: Any) -> datetime | None:
        """Read a value that is not remembered; no list and no object."""
        if type(value) is str:
            moment, lasting = self._written(value), len(value) <= _LONGEST
        else:  # of numbers, `true` and 1 would be one key
            moment, lasting = self.read(value), not isinstance(value, (bool, int, float))
        if lasting:
            if len(self) >= _MOST_REMEMBERED:
                self.clear()
            self[value] = moment
        return moment

    def _written(self, text: str) -> datetime | None:
        """Return the instant of a text, at half of the cost if it is written as most are."""
        ahead = self._ahead.get(text[19:])
        if ahead is None or text[4:5] != "-" or len(text) < 19:
            return self.read(text)
        try:
            moment = datetime.fromisoformat(text[:19] + "+00:00") - ahead
        except (ValueError, OverflowError):
            return self.read(text)
        return moment if moment >= _OLDEST else None

    def read(self, value: Any) -> datetime | None:
        """Return the instant of a JSON value, which may be a number, too."""
        try:
            read = _read(value, self._zone)
            moment = read and read.astimezone(UTC)
            return moment if moment is not None and moment >= _OLDEST else None
        except (ValueError, OverflowError, OSError):
            return None


def _read(value: Any, zone: tzinfo) -> datetime | None:
    if isinstance(value, str) and value[4:5] != "-":
        value = value.strip()
        if re.fullmatch(r"[0-9]{9,13}(\.[0-9]{1,9})?", value):
            value = float(value)
        elif re.fullmatch(r"[0-9]{14}", value):
            return datetime.strptime(value, "%Y%m%d%H%M%S").replace(tzinfo=zone)
    if isinstance(value, str):
        value = value.strip()
        if not value or len(value) > _LONGEST:
            return None
        read = datetime.fromisoformat(value.replace("/", "-"))
        return read if read.tzinfo is not None else read.replace(tzinfo=zone)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    seconds = value / 1000 if abs(value) >= _MILLISECONDS_FROM else value
    return datetime.fromtimestamp(seconds, UTC)


def zone_of(offset: str) -> tzinfo:
    """Return the zone of an offset such as +08:00, or Z.

    Raises:
        ValueError: This is no offset.
    """
    if offset.upper() in ("Z", "UTC"):
        return UTC
    match = re.fullmatch(r"([+-])([01][0-9]|2[0-3]):?([0-5][0-9])", offset)
    if match is None:
        raise ValueError("must be an offset such as +08:00, or Z")
    ahead = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return timezone(ahead if match[1] == "+" else -ahead)


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds a Retry-After asks to wait, 0 to 600; None if there is none to read.

    Args:
        headers: Names in lowercase.
        now: Our clock, to which an HTTP date is compared where the service does not tell its own.
    """
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?", value):
        wait_s = float(value)
    else:
        then = http_date(value)
        if then is None:
            return None
        wait_s = (then - (service_at(headers) or now)).total_seconds()
    return clamped_wait_s(wait_s)


def service_at(headers: Mapping[str, str]) -> datetime | None:
    """Return the service's clock, from the `Date` header."""
    return http_date(headers.get("date", ""))


@lru_cache(maxsize=64)
def http_date(value: str) -> datetime | None:
    """Return the instant of an HTTP date, aware, in UTC; None if it is none."""
    if not value or len(value) > 60:
        return None
    try:
        read = parsedate_to_datetime(value)
        return (read if read.tzinfo is not None else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
