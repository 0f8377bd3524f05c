"""What may be lost is told however little is shown, and wherever it can still be written."""

import io
import json
from datetime import UTC, datetime

import pytest

from avatar_async.cli.render.display import Quiet
from avatar_async.cli.render.guarded import GuardedDisplay
from avatar_async.cli.render.jsonlines import JsonLines
from avatar_async.cli.render.lines import PlainLines
from avatar_async.orchestrator.events import WarningEvent

AT = datetime(2026, 1, 1, tzinfo=UTC)
URGENT = WarningEvent(at=AT, job="one", message="task id 815\nis not written down", urgent=True)
CALM = WarningEvent(at=AT, job="one", message="a pause")


class FullDisk(io.StringIO):
    """A stream into a file on a full disk."""

    def write(self, _text):
        raise OSError(28, "No space left on device")


def test_quiet_shows_urgent_warnings_and_no_others():
    """`--quiet` promises what needs attention."""
    errors = io.StringIO()
    for event in (CALM, URGENT):
        Quiet(errors).event(event)
    assert errors.getvalue() == "one: task id 815 is not written down\n"


def test_json_lines_show_them_to_the_person_as_well():
    """A program may read the lines; whoever watches stderr is told too."""
    out, errors = io.StringIO(), io.StringIO()
    for event in (CALM, URGENT):
        JsonLines(out, errors).event(event)
    assert [json.loads(line)["event"] for line in out.getvalue().splitlines()] == ["warning", "warning"]
    assert errors.getvalue() == "one: task id 815 is not written down\n"


@pytest.mark.parametrize("event", [URGENT, CALM])
def test_an_output_on_the_same_full_disk_does_not_swallow_them(event):
    """Output sent to a file usually lies where the ledger lies."""
    errors = io.StringIO()
    display = GuardedDisplay(PlainLines(FullDisk()), on_loss=lambda: None, errors=errors)
    display.event(event)
    display.event(event)
    assert errors.getvalue() == ("one: task id 815 is not written down\n" * 2 if event.urgent else "")
