"""The circuit, the limit and the pauses, told of outcomes one by one."""

import random

import pytest

from avatar_async.errors import ThrottledError
from avatar_async.orchestrator.admission import CIRCUIT_AFTER, Admission
from avatar_async.orchestrator.pace import Pace, spacing_s
from avatar_async.testing import VirtualClock


@pytest.fixture
def still_clock():
    """A clock that moves only when told."""
    return VirtualClock()


@pytest.fixture
def admission(still_clock):
    """Admission of a ledger whose dialect was proven."""
    return Admission(still_clock, random.Random(1), max_in_flight=16, max_creates=None, proven=True)


def test_the_circuit_opens_after_three_unknown_outcomes_though_queries_go_well(admission):
    """Creates may be broken alone: a good poll in between is no good create."""
    for _ in range(CIRCUIT_AFTER - 1):
        admission.unknown()
        admission.queried(own_task=True)
    assert admission.allows(0, 0)
    admission.unknown()
    assert admission.circuit_open
    assert not admission.allows(0, 0)
    admission.queried(own_task=False)
    assert not admission.circuit_open


def test_after_the_circuit_one_create_at_a_time_and_longer_pauses(admission, still_clock):
    """Each further doubt costs a person's time: they come fewer and fewer."""
    for _ in range(CIRCUIT_AFTER):
        admission.unknown()
    admission.queried(own_task=False)
    assert admission.allows(0, 0)
    assert not admission.allows(1, 1)
    pauses = []
    for _ in range(8):
        admission.unknown()
        admission.queried(own_task=False)
        pauses.append(admission.pause_s)
        still_clock._passed_s += admission.pause_s
        assert admission.allows(0, 0)
    assert pauses == sorted(pauses)
    assert pauses[0] >= 10.0
    assert pauses[-1] == 600.0
    admission.accepted()
    assert admission.allows(1, 1)
    assert admission.notice() is None


def test_busy_halves_the_limit_but_not_below_what_is_accepted(admission, still_clock):
    """One 429 must not make a batch crawl; what the service already holds is a better guess."""
    admission.throttled(0.0, outstanding=1)
    assert admission.limit == 8
    admission.throttled(0.0, outstanding=7)
    assert admission.limit == 7
    for _ in range(10):
        admission.throttled(0.0, outstanding=0)
    assert admission.limit == 1
    still_clock._passed_s += 1000.0
    assert admission.limit == 16


@pytest.mark.parametrize(
    ("asked_s", "least_s", "most_s"), [(None, 5, 7), (-5.0, 0, 1), (1e9, 600, 602), (30.0, 30, 32)]
)
def test_a_wait_asked_for_is_clamped(admission, asked_s, least_s, most_s):
    """Ten minutes at most, nothing below zero."""
    assert least_s <= admission.throttled(asked_s, outstanding=4) <= most_s
    assert not admission.allows(0, 0)


class SteadyOnly:
    """A machine whose wall clock cannot be trusted at all."""

    def __init__(self) -> None:
        self.steady_s = 5000.0

    def now(self):
        raise AssertionError("a wall clock may jump by a day")

    def monotonic(self) -> float:
        return self.steady_s

    async def sleep(self, delay_s: float) -> None:
        self.steady_s += delay_s


async def test_no_pause_and_no_pace_hangs_on_the_wall_clock():
    """A clock set by a day must neither hold creates back for a day nor let a storm through."""
    clock = SteadyOnly()
    admission = Admission(clock, random.Random(1), max_in_flight=4, max_creates=None, proven=True)
    assert admission.throttled(600.0, outstanding=2) <= 601.0
    admission.not_sent("no network")
    for _ in range(2 * CIRCUIT_AFTER):
        admission.unknown()
        admission.queried(own_task=True)
    assert not admission.allows(0, 0)
    assert admission.notice() is not None
    clock.steady_s += 1300.0
    assert admission.allows(0, 0)
    assert admission.limit == 4
    pace = Pace(clock, rate=2.0)
    for _ in range(4):
        await pace.turn()
    assert pace.rest(ThrottledError("busy", retry_after_s=30.0)) == 30.0
    await pace.turn()
    assert clock.steady_s == pytest.approx(6300.0 + 3 * spacing_s(2.0) + 30.0, abs=1e-6)


def test_outcomes_of_creates_that_left_before_the_circuit_opened_lengthen_no_pause(admission):
    """Many answers lost at one moment are one event."""
    for _ in range(16):
        admission.unknown()
    assert admission.circuit_open
    admission.queried(own_task=False)
    assert admission.allows(0, 0)
    assert admission.pause_s == 0.0
