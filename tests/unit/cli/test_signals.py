"""Ctrl-C and SIGTERM."""

import os
import signal

import anyio
import pytest

from avatar_async.cli.signals import heeding


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
async def test_once_stops_and_twice_leaves(number, code):
    """The first lets creates under way answer, the second does not wait."""
    calls: list[str] = []
    said: list[str] = []
    with heeding(lambda: calls.append("stop"), lambda: calls.append("kill"), said.append) as interruption:
        assert interruption.exit_code is None
        for expected in (["stop"], ["stop", "kill"]):
            os.kill(os.getpid(), number)
            with anyio.fail_after(5):
                while calls != expected:
                    await anyio.lowlevel.checkpoint()
    assert interruption.exit_code == code
    assert "Once more to leave now" in said[0]
    assert "goes on from here" in said[1]


async def test_the_old_handlers_come_back():
    """The rest of the program handles its own Ctrl-C."""
    before = signal.getsignal(signal.SIGTERM)
    with heeding(lambda: None, lambda: None, lambda _text: None):
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before
