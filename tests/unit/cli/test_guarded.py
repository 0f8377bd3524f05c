"""A run outlives what shows it."""

import errno
import io

from avatar_async.cli.render.display import Quiet
from avatar_async.cli.render.guarded import GuardedDisplay
from avatar_async.orchestrator import EndEvent, Snapshot


class Fragile(Quiet):
    """Show nothing, and fail from some call on."""

    def __init__(self, good):
        super().__init__(io.StringIO())
        self.good = good
        self.calls = []

    def _call(self, name):
        self.calls.append(name)
        if len(self.calls) > self.good:
            raise OSError(errno.EPIPE, "Broken pipe")

    def event(self, event):
        self._call("event")

    def refresh(self, snapshot):
        self._call("refresh")

    def say(self, text):
        self._call("say")

    def __exit__(self, kind, error, trace):
        self._call("exit")


def test_a_reader_that_leaves_stops_the_run_once_and_fails_nothing(now):
    """Create calls under way go on to their answers."""
    lost = []
    fragile = Fragile(good=1)
    with GuardedDisplay(fragile, lambda: lost.append(1)) as display:
        display.say("a")
        assert not lost
        display.event(EndEvent(at=now, counts={}))
        display.event(EndEvent(at=now, counts={}))
        display.say("b")
        display.refresh(Snapshot(counts={}))
    assert isinstance(display.lost, BrokenPipeError)
    assert lost == [1]
    assert fragile.calls == ["say", "event", "exit"]


def test_a_display_that_can_write_shows_everything(now):
    """The guard is not seen."""
    lost = []
    fragile = Fragile(good=99)
    with GuardedDisplay(fragile, lambda: lost.append(1)) as display:
        display.event(EndEvent(at=now, counts={}))
        display.refresh(Snapshot(counts={}))
        display.say("b")
    assert fragile.calls == ["event", "refresh", "say", "exit"]
    assert not lost
    assert display.lost is None
