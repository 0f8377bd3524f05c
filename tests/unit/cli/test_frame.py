"""One drawing of a run on a terminal."""

import io
from datetime import timedelta
from typing import Any

import pytest

from avatar_async._jobs.states import State
from avatar_async.cli.render.cells import width_of
from avatar_async.cli.render.frame import frame
from avatar_async.cli.render.live import LiveDisplay
from avatar_async.orchestrator import Download, Snapshot, StateEvent, Waiting, WarningEvent


def busy(now, **fields):
    """Return a run in full swing."""
    waiting = tuple(
        Waiting(name=f"主播-{n:04}", kind="training", remote_status="RUNNING", progress=n, elapsed_s=61.0 * n)
        for n in range(8)
    )
    downloads = tuple(
        Download(
            job=f"job-{n}",
            artifact="a-long-artifact-name-with-many-words.zip",
            done_bytes=10**6,
            total_bytes=10**9,
        )
        for n in range(4)
    )
    values: dict[str, Any] = {
        "counts": {State.PLANNED: 400, State.IN_FLIGHT: 16, State.FETCHING: 4, State.STORED: 80},
        "waiting": waiting,
        "downloads": downloads,
        "speed_bytes_s": 12.5e6,
        "next_expiry": ("anchor-17", now + timedelta(days=6, hours=5)),
        "notices": (
            "creates are paused: three unknown verdicts in a row, waiting for a query to succeed" * 2,
        ),
    }
    return Snapshot(**(values | fields))


@pytest.mark.parametrize("width", [24, 40, 60, 80, 200])
@pytest.mark.parametrize("height", [8, 24, 50])
def test_a_drawing_never_outgrows_the_terminal(now, width, height):
    """A wrapped or scrolled line would leave debris behind at each redraw."""
    lines = frame(busy(now), now=now, elapsed_s=3725, width=width, height=height)
    assert max(width_of(line.plain) for line in lines) < width
    assert len(lines) < max(height, 9)


def test_a_drawing_tells_counts_progress_speed_expiry_and_notices(now):
    """What a person wants to know at a glance stands on one screen of 80 by 24."""
    text = "\n".join(line.plain for line in frame(busy(now), now=now, elapsed_s=3725, width=80, height=24))
    assert "80/500 jobs ended" in text
    assert "1:02:05" in text
    assert "planned 400 · in_flight 16 · fetching 4 · stored 80" in text
    assert "12.5 MB/s · next expiry: anchor-17 in 6d 5h" in text
    assert "! creates are paused" in text
    assert "of 16)" in text
    assert "1.0 MB of     1.0 GB   0%" in text


@pytest.mark.parametrize("width", [24, 40, 80, 200])
def test_names_are_told_on_narrow_terminals_and_stand_beside_their_cells_on_wide_ones(now, width):
    """A row without its name tells nothing; one stretched over the screen is hard to follow."""
    lines = [line.plain for line in frame(busy(now), now=now, elapsed_s=1, width=width, height=30)]
    rows = [line for line in lines if "主播-0001" in line]
    assert len(rows) == 1
    assert rows[0].endswith("1:01")
    assert width_of(rows[0]) < 60
    assert any("job-1/a" in line for line in lines)


def test_an_empty_run_can_be_drawn(now):
    """The first drawing comes before the first job."""
    lines = frame(Snapshot(counts={}), now=now, elapsed_s=0, width=80, height=24)
    assert lines[0].plain.startswith("0/0 jobs ended")


def test_a_stopping_run_says_so(now):
    """After Ctrl-C the display must not look as if nothing had happened."""
    lines = frame(busy(now, stopping=True), now=now, elapsed_s=1, width=80, height=24)
    assert "stopping" in lines[-1].plain


def test_ended_jobs_and_warnings_scroll_above_the_drawing(now, monkeypatch):
    """They must survive the redraws."""
    monkeypatch.setenv("TERM", "xterm")
    out = io.StringIO()
    with LiveDisplay(out, lambda: 0.0) as display:
        display.refresh(busy(now))
        display.event(StateEvent(at=now, job="a\x1b[31m", from_state=State.FETCHING, to_state=State.STORED))
        display.event(StateEvent(at=now, job="b", from_state=State.PLANNED, to_state=State.SUBMITTING))
        display.event(WarningEvent(at=now, job="c", message="overdue"))
    text = out.getvalue()
    assert "stored  a\\x1b[31m" in text
    assert "! c: overdue" in text
    assert "submitting  b" not in text
