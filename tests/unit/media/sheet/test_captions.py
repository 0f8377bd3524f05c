"""Words of a contact sheet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_async.media.sheet.captions import (
    colour_of,
    difference_texts,
    latin,
    short_name,
    value_text,
    visible,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain 主播 é", "plain 主播 é"),
        ("a\u202egpj.exe", "a\\u202egpj.exe"),
        ("two\nlines\r\x00", "two\\nlines\\r\\x00"),
        ("half \udc80", "half \\udc80"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
    ],
)
def test_nothing_hides_in_text(text, shown):
    """A name that turns itself around looks like another file."""
    assert visible(text) == shown


@given(st.text())
def test_the_overview_writes_only_what_every_font_has(text):
    """Names come in any script; the letters at hand are Latin."""
    written = latin(text)
    assert written.encode("latin-1").decode("latin-1") == written
    assert written.isprintable()


@given(st.text(alphabet=st.characters(codec=None)))
def test_visible_text_can_be_written_and_shows(text):
    """A page is UTF-8; broken file names are not."""
    shown = visible(text)
    assert shown.encode("utf-8").decode("utf-8") == shown


def test_parameters_are_called_as_people_call_them():
    """What all names share says nothing."""
    names = ["green_params_refineth_h_bgr", "green_params_sample_point_bgr", "green_params_blur_ks", "own"]
    assert [short_name(name) for name in names] == ["refineth_h", "sample_point_bgr", "blur_ks", "own"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (160, "160"),
        (0.5, "0.5"),
        (1 / 3, "0.333333"),
        ([1, 2, 3], "1, 2, 3"),
        ({"color": [1, 2, 3]}, "1, 2, 3"),
    ],
)
def test_values_are_written_short(value, text):
    """They stand in small chips."""
    assert value_text(value) == text


def test_without_a_difference_it_says_so():
    """An empty caption would look like a fault."""
    assert difference_texts({}) == ["all defaults"]
    assert difference_texts({"green_params_blur_ks": 5}) == ["blur_ks 5"]


def test_a_colour_is_known_in_its_own_order():
    """The sample is blue, green, red; the background red, green, blue."""
    assert colour_of("green_params_sample_point_bgr", [255, 1, 2]) == (2, 1, 255)
    assert colour_of("green_params_sample_background", {"color": [255, 1, 2]}) == (255, 1, 2)
    for none in ([1, 2], [1, 2, 300], "abc", None, 5, [True, 1, 2]):
        assert colour_of("green_params_sample_background", none) is None
