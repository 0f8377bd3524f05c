"""Times and foreign text for people."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_async.cli.render.cells import fit, fit_middle, width_of
from avatar_async.cli.render.text import clock_text, countdown_text, one_line, printable, span_text

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "clock", "span"),
    [(5, "0:05", "5s"), (72, "1:12", "1m"), (3723, "1:02:03", "1h 02m"), (90_000, "1d 01:00", "1d 1h")],
)
def test_times_are_short_and_unambiguous(seconds, clock, span):
    """A running time and a countdown have different forms."""
    assert (clock_text(seconds), span_text(seconds)) == (clock, span)


def test_a_countdown_says_past_after_its_end():
    """Negative times help nobody, and that results are gone takes a proof."""
    assert countdown_text(NOW - timedelta(seconds=1), NOW) == "past"
    assert countdown_text(NOW + timedelta(days=6, hours=23), NOW) == "6d 23h"
    assert countdown_text(None, NOW) == "-"


def test_control_characters_of_others_do_not_reach_the_terminal():
    """A job name or a service's message could otherwise clear the screen or forge lines."""
    assert printable("a\x1b[2Jb\u202ec") == "a\\x1b[2Jb\\u202ec"
    assert printable("a\u200fb\u2028c\u061cd") == "a\\u200fb\\u2028c\\u061cd"
    assert one_line("first\r\nsecond\tthird") == "first second third"


@given(text=st.text(), cells=st.integers(min_value=5, max_value=60))
def test_fitted_text_fills_its_column_exactly(text, cells):
    """Wide and combining characters must not shift the columns after them."""
    for fitted in (fit(text, cells), fit(text, cells, right=True), fit_middle(text, cells)):
        assert width_of(fitted) == cells
        assert "\n" not in fitted


def test_a_long_name_keeps_its_beginning_and_its_end():
    """Numbered names differ at the end."""
    fitted = fit_middle("presenter-in-front-of-the-green-screen-0017", 20)
    assert fitted.startswith("presente")
    assert fitted.endswith("0017")
