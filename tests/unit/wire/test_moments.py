"""Instants and waits."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_async._wire.moments import Moments, http_date, retry_after_s, service_at, zone_of

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
CHINA = timezone(timedelta(hours=8))


@pytest.mark.parametrize(
    "value",
    [
        "2024-05-01T12:00:00Z",
        "2024-05-01T12:00:00+00:00",
        "2024-05-01T20:00:00+08:00",
        "2024-05-01T20:00:00",
        "2024-05-01 20:00:00",
        "2024/05/01 20:00:00",
        "20240501200000",
        1714564800,
        1714564800.0,
        1714564800000,
        "1714564800",
        "1714564800000",
    ],
)
def test_every_spelling_of_an_instant_is_read(value):
    """Nobody knows which one the service uses; naive times are read in the dialect's zone."""
    assert Moments(CHINA).read(value) == NOW


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        0,
        "0",
        -1,
        True,
        "soon",
        "0001-01-01T00:00:00",
        "9999-12-31T23:59:59-12:00",
        1e300,
        [],
        {},
        10**30,
    ],
)
def test_what_is_no_instant_is_none(value):
    """Zero means "not yet" in many services; the first day of 1970 would expire everything."""
    assert Moments(CHINA).read(value) is None


@given(st.text() | st.floats() | st.integers() | st.none() | st.booleans())
def test_any_value_is_read_or_none(value):
    """Decoders never raise for what the service writes."""
    read = Moments(CHINA).read(value)
    assert read is None or read.tzinfo is UTC


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0", 0),
        ("7", 7),
        ("1.5", 1.5),
        ("-3", 0),
        ("99999999", 600),
        ("9" * 40, 600),
        ("Wed, 01 May 2024 12:00:30 GMT", 30),
        ("Wed, 01 May 2024 11:00:00 GMT", 0),
        ("Wed, 01 May 2025 11:00:00 GMT", 600),
        ("soon", None),
        ("", None),
        ("nan", None),
        ("inf", None),
    ],
)
def test_retry_after_is_clamped(value, expected):
    """A service that asks for a year must not stop a batch for a year."""
    assert retry_after_s({"retry-after": value}, NOW) == expected


@pytest.mark.parametrize("days", [-1, 0, 1])
def test_retry_after_as_a_date_is_counted_from_the_services_own_clock(days):
    """A machine whose clock is a day off must neither storm the service nor wait for ten minutes."""
    headers = {"retry-after": "Wed, 01 May 2024 12:00:30 GMT", "date": "Wed, 01 May 2024 12:00:00 GMT"}
    assert retry_after_s(headers, NOW + timedelta(days=days)) == 30


@given(st.text())
def test_any_header_is_read_or_none(value):
    """Headers come from strangers."""
    http_date(value)
    wait_s = retry_after_s({"retry-after": value}, NOW)
    assert wait_s is None or 0 <= wait_s <= 600


def test_service_clock_is_its_date_header():
    """Used to settle doubt by time."""
    assert service_at({"date": "Wed, 01 May 2024 12:00:00 GMT"}) == NOW
    assert service_at({}) is None


@pytest.mark.parametrize("offset", ["8", "+8", "+25:00", "Asia/Shanghai", ""])
def test_zone_must_be_an_offset(offset):
    """Names need a zone database that not every machine has."""
    with pytest.raises(ValueError, match="offset"):
        zone_of(offset)


def test_zones_are_read():
    """With and without colon, and Z."""
    assert zone_of("+08:00") == zone_of("+0800") == CHINA
    assert zone_of("Z") is UTC
    assert zone_of("-03:30") == timezone(-timedelta(hours=3, minutes=30))
