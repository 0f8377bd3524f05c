"""A refusal for too many calls stops every loop's calls, whichever loop met it."""

from datetime import timedelta
from typing import Any

import pytest

from avatar_async._jobs.records import Job
from avatar_async._jobs.remote import QueryAnswer
from avatar_async._jobs.states import State
from avatar_async.errors import ThrottledError
from avatar_async.orchestrator.losses import Losses
from avatar_async.orchestrator.pace import Pace
from avatar_async.orchestrator.references import References
from avatar_async.orchestrator.unconfirmed import Unconfirmed
from avatar_async.requests import Ref, VideoPreviewRequest
from avatar_async.testing import VirtualClock
from tests.jobs_kept import MADE_AT, a_job


class Store:
    """Two jobs of ours."""

    asked = a_job("a", task_id=7, state=State.IN_FLIGHT, accepted_at=MADE_AT)
    other = a_job("b", task_id=8, state=State.STORED, accepted_at=MADE_AT)

    async def jobs(self, **_: object) -> list[Job]:
        """Return both."""
        return [self.asked, self.other]

    async def witness(self, **_: object) -> int | None:
        """Return the other one's task."""
        return self.other.task_id

    async def find(self, _batch: str, names: set[str]) -> dict[str, Job]:
        """Return those of these names."""
        return {job.name: job for job in (self.asked, self.other) if job.name in names}


class Busy:
    """A service that has too much to do."""

    query_batch = 1

    async def query_tasks(self, _ids: object) -> QueryAnswer:
        """Refuse."""
        raise ThrottledError("busy", retry_after_s=77.0)


class Quiet:
    """A board without listeners."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock

    def warn(self, *_: object, **__: object) -> None:
        """Tell nobody."""


def parts() -> tuple[Any, Any]:
    """Return a store and a service that is busy."""
    return Store(), Busy()


async def ask_for_a_loss(clock: VirtualClock, pace: Pace) -> None:
    """Ask for a task whose results may be gone."""
    store, service = parts()
    losses = Losses(store, service, pace, clock, retention=timedelta(days=7))
    with pytest.raises(ThrottledError):
        await losses.ask(Store.asked)


async def ask_for_a_reference(_clock: VirtualClock, pace: Pace) -> None:
    """Ask for the present address of another job's model."""
    request = VideoPreviewRequest(material_name="v", url=Ref("b", "model"))
    store, service = parts()
    with pytest.raises(ThrottledError):
        await References(store, service, pace, "default").resolve(request)


async def ask_for_a_witness(clock: VirtualClock, pace: Pace) -> None:
    """Ask for another task, because one that a person named is left out."""
    board: Any = Quiet(clock)
    unconfirmed = Unconfirmed(board, *parts(), pace)
    for _ in range(6):
        answer = QueryAnswer(tasks=(), asked_at=clock.now())
        assert await unconfirmed.left_out(Store.asked, answer) is None
        if clock.monotonic() < 100:
            await clock.sleep(130.0)


@pytest.mark.parametrize("ask", [ask_for_a_loss, ask_for_a_reference, ask_for_a_witness])
async def test_a_refused_question_makes_all_calls_rest(ask):
    """The service asked for quiet, not for quiet from one loop."""
    clock = VirtualClock(auto_advance=True)
    pace = Pace(clock, 10.0)
    await ask(clock, pace)
    refused_s = clock.monotonic()
    await pace.turn()
    assert clock.monotonic() - refused_s >= 76.0
