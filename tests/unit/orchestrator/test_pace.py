"""The pace of all calls: no second sees more of them than allowed."""

import itertools
import math

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_async.errors import ThrottledError
from avatar_async.orchestrator.pace import Pace
from avatar_async.testing import VirtualClock


class Coarse(VirtualClock):
    """A clock that is read in steps, as some machines tell the time."""

    def __init__(self, step_s: float) -> None:
        super().__init__(auto_advance=True)
        self._step_s = step_s

    def monotonic(self) -> float:
        """Return the last step that passed."""
        exact = super().monotonic()
        return math.floor(exact / self._step_s) * self._step_s if self._step_s else exact

    async def sleep(self, delay_s: float) -> None:
        """Wait for at least one step."""
        await super().sleep(max(delay_s, self._step_s))


@given(
    rate=st.floats(0.01, 300) | st.integers(1, 300).map(float),
    idle_s=st.lists(st.floats(0, 3), max_size=20),
    step_s=st.sampled_from([0.0, 1e-6, 0.001, 0.0156]),
)
def test_no_second_sees_more_calls_than_the_rate(rate, idle_s, step_s):
    """Whatever the rate, the clock's grain, and the pauses in between."""

    async def calls() -> list[float]:
        clock = Coarse(step_s)
        pace = Pace(clock, rate)
        at_s = []
        for pause_s in [*idle_s, *[0.0] * 30]:
            await clock.sleep(pause_s)
            await pace.turn()
            at_s.append(clock.monotonic())
        return at_s

    at_s = anyio.run(calls)
    for index, begin_s in enumerate(at_s):
        assert sum(begin_s <= later_s < begin_s + 1.0 for later_s in at_s[index:]) <= max(1, math.floor(rate))


@pytest.mark.parametrize("rate", [0.5, 2.0, 7.3, 150.0])
async def test_those_who_wait_leave_one_after_another(rate):
    """Many loops share one budget; none slips through while another waits."""
    clock = VirtualClock(auto_advance=True)
    pace = Pace(clock, rate)
    at_s = []

    async def caller() -> None:
        await pace.turn()
        at_s.append(clock.monotonic())

    async with anyio.create_task_group() as group:
        for _ in range(12):
            group.start_soon(caller)
    assert all(after - before >= 1 / rate for before, after in itertools.pairwise(at_s))


async def test_a_rest_holds_for_those_who_wait_already():
    """A refusal that comes while others queue stops them too."""
    clock = VirtualClock(auto_advance=True)
    pace = Pace(clock, 1.0)
    await pace.turn()
    pace.rest(ThrottledError("busy", retry_after_s=60.0))
    await pace.turn()
    assert clock.monotonic() >= 60.0
