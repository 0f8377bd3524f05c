"""A run as plain lines and as JSON lines."""

import io
import json

import pytest

from avatar_async._jobs.states import State
from avatar_async.cli.render.display import Quiet, display_for
from avatar_async.cli.render.jsonlines import JsonLines
from avatar_async.cli.render.lines import PlainLines
from avatar_async.orchestrator import EndEvent, ProgressEvent, StateEvent, WarningEvent


class Terminal(io.StringIO):
    """Be a stream that a person sees."""

    def isatty(self):
        return True


KEYS = ["at", "event", "job", "from", "to", "bytes", "total", "message"]


@pytest.fixture
def events(now):
    """Return one event of each sort."""
    return [
        StateEvent(at=now, job="a", from_state=None, to_state=State.PLANNED),
        StateEvent(at=now, job="a", from_state=State.PLANNED, to_state=State.REJECTED, message="3333\nbad"),
        ProgressEvent(at=now, job="a", artifact="m.zip", done_bytes=5, total_bytes=10),
        ProgressEvent(at=now, job="a", artifact="m.zip", done_bytes=10, total_bytes=10),
        WarningEvent(at=now, message="creates are paused"),
        EndEvent(at=now, counts={State.STORED: 2, State.FAILED: 0}),
    ]


def test_plain_lines_tell_each_change_once_and_downloads_at_their_end(events):
    """A log file must be readable, and one event one line."""
    out = io.StringIO()
    with PlainLines(out) as display:
        for event in events:
            display.event(event)
    assert out.getvalue().splitlines() == [
        "2026-05-04T12:00:00Z a: planned",
        "2026-05-04T12:00:00Z a: planned -> rejected (3333 bad)",
        "2026-05-04T12:00:00Z a: m.zip has arrived, 10 bytes",
        "2026-05-04T12:00:00Z warning: creates are paused",
        "2026-05-04T12:00:00Z end: 2 stored",
    ]


def test_json_lines_have_exactly_the_documented_keys(events):
    """Programs rely on them."""
    out, errors = io.StringIO(), io.StringIO()
    with JsonLines(out, errors) as display:
        for event in events:
            display.event(event)
        display.say("Ctrl-C: stopping")
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [list(line) for line in lines] == [KEYS] * len(events)
    assert [line["event"] for line in lines] == ["state", "state", "progress", "progress", "warning", "end"]
    assert errors.getvalue() == "Ctrl-C: stopping\n"


def test_the_display_fits_the_options_and_the_stream(monkeypatch):
    """A pipe gets lines, a terminal a drawing, and `--json` wins over both."""
    pipe = io.StringIO()
    terminal = Terminal()

    def chosen(out, **options):
        values = {"json": False, "quiet": False} | options
        return type(display_for(**values, out=out, errors=pipe, monotonic=lambda: 0.0)).__name__

    monkeypatch.setenv("TERM", "xterm")
    assert chosen(pipe) == "PlainLines"
    assert chosen(terminal) == "LiveDisplay"
    assert chosen(terminal, json=True, quiet=True) == "JsonLines"
    assert chosen(terminal, quiet=True) == Quiet.__name__
    monkeypatch.setenv("TERM", "dumb")
    assert chosen(terminal) == "PlainLines"
