"""Fixtures for every test."""

import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import aiohttp
import anyio.lowlevel
import hypothesis
import pytest
from aioresponses import aioresponses

# A busy machine is no fault of the code: no example has a deadline. `--hypothesis-profile=ci` wins over this.
hypothesis.settings.register_profile("local", deadline=None)
hypothesis.settings.load_profile("local")


def pytest_configure() -> None:
    """Heed the signals that tests send, though whoever started them in the background had them ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


_TICK = timedelta(microseconds=1)


class JumpingClock:
    """A clock that stands still until something sleeps, and then jumps; it remembers how far."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 1, 12, tzinfo=UTC)
        self.slept: list[float] = []

    def now(self) -> datetime:
        """Return the instant it stands at."""
        return self.at

    def monotonic(self) -> float:
        """Return that instant in seconds."""
        return self.at.timestamp()

    async def sleep(self, delay_s: float) -> None:
        """Jump ahead; like any clock, never by nothing."""
        self.slept.append(delay_s)
        self.at += max(timedelta(seconds=delay_s), _TICK) if delay_s > 0 else timedelta()
        await anyio.lowlevel.checkpoint()


@pytest.fixture
def clock() -> JumpingClock:
    """Return a clock that nobody waits for."""
    return JumpingClock()


class _Response(aiohttp.ClientResponse):
    """A response made without a writer, as aioresponses 0.7.9 makes it (pnuckowski/aioresponses#289)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("stream_writer", SimpleNamespace(output_size=0))
        super().__init__(*args, **kwargs)


@pytest.fixture
def mocked_http(monkeypatch: pytest.MonkeyPatch) -> Iterator[aioresponses]:
    """Answer aiohttp's requests without sockets; for simple units only, never for downloads."""
    monkeypatch.setattr("aioresponses.core.ClientResponse", _Response)
    with aioresponses() as mocked:
        yield mocked
