"""Advice on a terminal."""

from hypothesis import given
from hypothesis import strategies as st

from avatar_async.cli.render.wrap import printable_step, wrapped

DOUBT = (
    "-> a task may exist, so it is not sent again by itself; look in the console for 'look 1' and 'look 2'\n"
    "if it is there, with its id:\n"
    "avatar-async resolve 'look  one (1) and run again' --task-id ID --out 'a long name/models'\n"
    "to give it up:\n"
    "avatar-async resolve a --abandon"
)


def test_advice_is_wrapped_between_words_and_each_command_stands_alone():
    """A command broken by a newline would be run in two halves."""
    assert wrapped(DOUBT, width=80, indent="    ", hang="   ") == [
        "    -> a task may exist, so it is not sent again by itself; look in the console",
        "       for 'look 1' and 'look 2'",
        "       if it is there, with its id:",
        "       avatar-async resolve 'look  one (1) and run again' --task-id ID --out 'a long name/models'",
        "       to give it up:",
        "       avatar-async resolve a --abandon",
    ]


def test_nothing_is_wrapped_for_a_pipe():
    """Programs read lines."""
    lines = wrapped(DOUBT, width=None, indent="  ")
    assert lines == ["  " + line for line in DOUBT.split("\n")]
    assert wrapped("-> short", width=80, indent="  ") == ["  -> short"]


def test_words_are_made_printable_and_commands_left_alone():
    """A name with two spaces is another name with one."""
    step = "look for\x1b[31m  it:\navatar-async retry 'two  spaces'"
    assert printable_step(step) == "look for\\x1b[31m it:\navatar-async retry 'two  spaces'"
    assert printable_step("") == ""


@given(st.integers(20, 120), st.text(st.sampled_from("abc "), min_size=1), st.booleans())
def test_no_word_is_lost(width, words, with_command):
    """Whatever the width."""
    text = " ".join(words.split()) + (" then:\navatar-async retry a --out o" if with_command else "")
    lines = wrapped(text, width=width, indent="  ", hang=" ")
    assert " ".join(" ".join(lines).split()) == " ".join(text.split())
