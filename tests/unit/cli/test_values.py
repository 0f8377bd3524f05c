"""Reading the values of options."""

import click
import pytest

from avatar_async.cli import values


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("90s", 90),
        ("45m", 2700),
        ("2h30m", 9000),
        ("1d", 86400),
        ("1d 2h", 93600),
        ("0.5h", 1800),
    ],
)
def test_durations_are_read_with_their_units(text, seconds):
    """`--until 2h30m` must mean what it says."""
    assert values.duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "-5", "2x", "h", "30m2h", "inf", "nan", "367d", "1e3"])
def test_a_bad_duration_is_refused_with_the_range_and_a_way_out(text):
    """The message must suffice to type it right the second time."""
    with pytest.raises(click.BadParameter) as caught:
        values.duration(text)
    assert "from 1s to 366d" in str(caught.value)
    assert "2h30m" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [
        ("2048", 2048),
        ("20MB", 20_000_000),
        ("1.5m", 1_500_000),
        ("1GiB", 2**30),
        ("500KB/s", 500_000),
        ("4k", 4000),
    ],
)
def test_sizes_are_read_with_their_units(text, size_bytes):
    """MB is a million, MiB is 2**20."""
    assert values.size(1024, 10**12)(text) == size_bytes


@pytest.mark.parametrize("text", ["", "12", "-20MB", "MB", "20 parsecs", "9999TB", "nan"])
def test_a_bad_size_is_refused_with_the_range_and_a_way_out(text):
    """A bandwidth of some bytes would stall a run without a word."""
    with pytest.raises(click.BadParameter, match="write it like 500KB"):
        values.size(1024, 10**12)(text)


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "many", "", "100001"])
def test_a_bad_whole_number_is_refused_with_the_range(text):
    """Option, value, range and remedy stand in one message."""
    with pytest.raises(click.BadParameter, match="whole number from 1 to 100000; give one such as 16"):
        values.whole(1, 100_000, such_as=16)(text)


@pytest.mark.parametrize("text", ["nan", "0", "x", "1001"])
def test_a_bad_number_is_refused_with_the_range(text):
    """NaN compares false with everything and must not slip through."""
    with pytest.raises(click.BadParameter, match=r"from 0\.001 to 1000"):
        values.number(0.001, 1000, such_as=5)(text)


def test_words_are_read_without_case_and_others_refused():
    """The choices are told."""
    read = values.one_of("strict", "warn", "off")
    assert read("WARN") == "warn"
    with pytest.raises(click.BadParameter, match="strict, warn, off"):
        read("loose")


@pytest.mark.parametrize("text", ["0", "-3", "12x", str(2**63)])
def test_a_task_id_is_a_positive_64_bit_number(text):
    """A mistyped id must not reach the ledger."""
    with pytest.raises(click.BadParameter, match="is not a task id"):
        values.task_id(text)
