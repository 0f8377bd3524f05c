"""Instants and waits."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
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


DAYS = st.sampled_from(["2026-02-20", "2026/02/20", "2026-02-30", "20260220", "2026-W08-5", "1999-12-31"])
TIMES = st.sampled_from(["08:01:02", "08:01", "080102", "24:00:00", "08:01:02.5", "08+01:02", "8:01:021", ""])
OFFSETS = st.sampled_from(
    ["", "Z", "z", "+00:00", "+08:00", "-03:30", "+0800", "+08", " ", "+08:00:01", "Z "]
)


@given(
    st.tuples(DAYS, st.sampled_from("T /+"), TIMES, OFFSETS).map("".join)
    | st.datetimes(timezones=st.sampled_from([None, CHINA, UTC])).map(datetime.isoformat)
    | st.text("0123456789-+:TZ ./", max_size=30),
    OFFSETS.filter(lambda offset: len(offset) == 6 or offset == "Z"),
)
@example("1712010100.12345678", "Z")
@example("2000-01-01T07:59:59+08:00", "Z")
@example("0001-01-01T00:00:00+08:00", "Z")
@example("2026-11-20", "+08:00")
@example("2026-11-20T08+01:02", "+08:00")
@example("2026/11/20 08:01:02", "+08:00")
def test_times_written_as_most_are_stand_for_the_same_instants(text, offset):
    """They are read by half of the steps."""
    moments = Moments(zone_of(offset))
    assert moments[text] == moments[text] == moments.read(text)


@pytest.mark.parametrize("value", [None, True, 1, 1714564800, 1714564800.0, "x" * 50, "2024-05-01T12:00:00Z"])
def test_what_was_read_before_changes_nothing(value):
    """Values that are equal or like each other stand side by side in replies."""
    moments = Moments(CHINA)
    for other in (1, True, 0, None, "1", 1714564800, "1714564800"):
        assert moments[other] == Moments(CHINA).read(other)
    assert moments[value] == moments[value] == Moments(CHINA).read(value)


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
