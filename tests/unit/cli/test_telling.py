"""Messages on a terminal: whole words, whole commands, and nothing written into what is drawn there."""

import io
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_async.cli import exits
from avatar_async.cli.app import app
from avatar_async.cli.manner import Manner
from avatar_async.cli.render.wrap import folded
from avatar_async.cli.session import conduct
from avatar_async.errors import LedgerError
from avatar_async.orchestrator import Orchestrator, RunEvent, Snapshot

LONG = (
    "Error: job 'look' is stored, not in_doubt: there is nothing to resolve (it has task 30084489220041294)"
)
NOTE = "note: video previews are emulated up to 10 s"
COMMANDS = ["avatar-async retry anchor-01 --out models", "  avatar-async init    # then fill it in"]


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self):
        return True


@pytest.fixture
def terminals(monkeypatch):
    """Return a block in which both streams of this process are terminals of 80 columns, and given."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")

    @contextmanager
    def opened():
        with redirect_stdout(Terminal()) as out, redirect_stderr(Terminal()) as told:
            yield out, told

    return opened


class Running:
    """An orchestrator that tells something in the middle of its run, as an embedded service does."""

    async def __aenter__(self):
        return self

    async def __aexit__(self, *exception):
        """Leave nothing behind."""

    async def events(self):
        told: list[RunEvent] = []
        for event in told:
            yield event

    async def run(self):
        exits.tell(NOTE)
        for job in self.jobs():
            yield job

    def jobs(self):
        raise LedgerError("enough")

    def snapshot(self):
        return Snapshot(counts={})

    def stop(self):
        """Do nothing."""

    def kill(self):
        """Do nothing."""


async def conducted():
    """Conduct a run that tells something in its middle."""

    async def feed(_orchestrator):
        """Add nothing."""

    with pytest.raises(exits.BrokenRunError):
        await conduct(cast("Orchestrator", Running()), feed, Manner())


def test_a_message_on_a_terminal_breaks_between_words(terminals):
    """A terminal breaks in the middle of them."""
    with terminals() as (_, told):
        exits.tell(LONG)
    lines = told.getvalue().splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert lines[1].startswith("  ")
    assert " ".join(" ".join(lines).split()) == LONG


def test_a_message_in_a_file_keeps_its_lines(capsys):
    """Whoever searches a log reads lines."""
    exits.tell(LONG)
    assert capsys.readouterr().err == f"{LONG}\n"


async def test_what_is_told_during_a_run_is_not_written_into_its_drawing(terminals):
    """Lines that the drawing does not know of break it: old frames would stay on the screen."""
    with terminals() as (out, told):
        await conducted()
        assert NOTE in out.getvalue()
        assert told.getvalue() == ""
        exits.tell("afterwards")
        assert told.getvalue() == "afterwards\n"


async def test_what_is_told_during_a_run_goes_to_a_file_if_that_is_where_errors_go(terminals):
    """Nothing is drawn there, and data and messages stay apart."""
    with terminals(), redirect_stderr(io.StringIO()) as log:
        await conducted()
    assert log.getvalue() == f"{NOTE}\n"


def test_a_wrong_command_line_breaks_between_words(terminals):
    """It is what is read most."""
    with terminals() as (_, shown), pytest.raises(SystemExit) as left:
        app.main(["run", "b.toml", "--out", "o", "--bandwidth", "fast"], prog_name="avatar-async")
    assert left.value.code == 2
    lines = shown.getvalue().splitlines()
    assert all(len(line) <= 80 for line in lines)
    told = " ".join(" ".join(lines).split())
    assert "Error: Invalid value for '--bandwidth': 'fast' is not a size from 1024 bytes" in told


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_never_folded(command):
    """Pasted from two lines it would be run in two halves."""
    assert folded(command, 20) == [command]


@given(st.integers(20, 120), st.text(st.sampled_from("abc "), min_size=1), st.sampled_from(["", "  "]))
def test_folding_loses_no_word_and_keeps_the_indent(width, words, indent):
    """Whatever the width."""
    line = f"{indent}x {' '.join(words.split())}"
    lines = folded(line, width)
    assert " ".join(" ".join(lines).split()) == " ".join(line.split())
    assert all(each.startswith(indent) for each in lines)
    assert folded(line, None) == [line]
