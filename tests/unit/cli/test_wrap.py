"""Advice on a terminal."""

from hypothesis import given
from hypothesis import strategies as st

from avatar_async.cli.render.wrap import wrapped

DOUBT = (
    "-> a task may exist, so it is not sent again by itself: look for 'look 1' in the console, then: "
    "avatar-async resolve 'look one' --task-id ID --out models (it exists) or --resubmit (it does not)"
)


def test_advice_is_wrapped_between_words_and_its_command_stands_alone():
    """A command broken by a newline would be run in two halves."""
    assert wrapped(DOUBT, width=80, indent="    ", hang="   ") == [
        "    -> a task may exist, so it is not sent again by itself: look for 'look 1' in",
        "       the console, then:",
        "       avatar-async resolve 'look one' --task-id ID --out models",
        "       (it exists) or --resubmit (it does not)",
    ]


def test_what_fits_and_what_goes_into_a_pipe_stays_on_one_line():
    """Programs read lines."""
    assert wrapped(DOUBT, width=None, indent="  ") == ["  " + DOUBT]
    assert wrapped("-> avatar-async retry a", width=80, indent="  ") == ["  -> avatar-async retry a"]


@given(st.integers(20, 120), st.text(st.sampled_from("abc "), min_size=1), st.booleans())
def test_no_word_is_lost(width, words, with_command):
    """Whatever the width."""
    text = " ".join(words.split()) + (
        " then: avatar-async retry a --out o and run again" if with_command else ""
    )
    lines = wrapped(text, width=width, indent="  ", hang=" ")
    assert " ".join(" ".join(lines).split()) == " ".join(text.split())
