"""What proves that results are gone, row by row, and what falls short of it."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from attrs import evolve

from avatar_async._jobs.records import Job
from avatar_async._jobs.remote import QueryAnswer, RemoteState, RemoteTask
from avatar_async._jobs.states import State
from avatar_async.errors import (
    ArtifactRefusedError,
    AuthError,
    ConnectionLostError,
    NotSentError,
    ServiceError,
    TransportError,
    TransportTimeoutError,
)
from avatar_async.orchestrator.losses import Losses, LostError
from avatar_async.orchestrator.pace import Pace
from avatar_async.testing import VirtualClock
from tests.jobs_kept import a_job

START_AT = datetime(2026, 3, 1, tzinfo=UTC)
HOUR_S = 3600.0
MINE, OTHER = 7, 8


def job_of(number: int, **fields) -> Job:
    """Make a job whose task has that id."""
    usual = {
        "id": str(number),
        "state": State.READY,
        "created_at": START_AT,
        "submitted_at": START_AT,
        "accepted_at": START_AT,
        "task_id": number,
        "expires_at": START_AT + timedelta(hours=10),
    }
    return a_job(f"job-{number}", **(usual | fields))


class Scene:
    """A job, another one, a service that lists what it is told to, and a clock."""

    def __init__(self, *, batch: int = 100) -> None:
        self.clock = VirtualClock(START_AT, auto_advance=True)
        self.job = job_of(MINE)
        self.others = [job_of(OTHER)]
        self.listed = {MINE, OTHER}
        self.state = RemoteState.SUCCEEDED
        #: What the service's Date says besides the truth, in seconds; None for no Date.
        self.service_ahead_s: float | None = 0.0
        self.asked: list[tuple[int, ...]] = []
        self.error: Exception | None = None
        service = SimpleNamespace(query_batch=batch, query_tasks=self.query)
        store = SimpleNamespace(witness=self.witness)
        pace = Pace(self.clock, 1e9)
        self.losses = Losses(store, service, pace, self.clock, retention=timedelta(days=7))

    async def witness(self, *, besides):
        """Return the task of another job of the ledger."""
        return next((job.task_id for job in self.others if job.id != besides), None)

    async def query(self, ids):
        """Answer for the listed ones."""
        assert len(ids) <= 100
        self.asked.append(tuple(ids))
        if self.error is not None:
            raise self.error
        tasks = tuple(
            RemoteTask(task_id=number, state=self.state, status=self.state.upper())
            for number in ids
            if number in self.listed
        )
        truth = START_AT + timedelta(seconds=self.clock.monotonic())
        date = None if self.service_ahead_s is None else truth + timedelta(seconds=self.service_ahead_s)
        return QueryAnswer(tasks=tasks, asked_at=self.clock.now(), service_at=date)

    async def lost_to(self, *refusals, hours: float = 0.0) -> bool:
        """Ask, then tell of refusals; say whether that proved the loss."""
        self.clock.leap(hours * HOUR_S)
        try:
            await self.losses.ask(self.job)
            for refused in refusals:
                self.losses.check_refused(self.job, refused)
        except LostError:
            return True
        return False


def refused(status: int = 403) -> ArtifactRefusedError:
    """Make a refusal of a file server."""
    return ArtifactRefusedError(f"HTTP {status}", http_status=status)


@pytest.mark.parametrize("status", [403, 404, 410])
async def test_a_refusal_after_a_fresh_query_past_the_expiry_is_proof(status):
    """The address is new, the time is up, and the server has nothing."""
    assert await Scene().lost_to(refused(status), hours=10.01)


@pytest.mark.parametrize(
    "error",
    [
        refused(401),
        NotSentError("refused"),
        TransportError("HTTP 503"),
        TransportTimeoutError("no bytes"),
        ConnectionLostError("reset"),
    ],
    ids=repr,
)
async def test_errors_that_say_nothing_of_the_file_are_no_proof(error):
    """The network, an overloaded server and a login that is asked for pass."""
    assert not await Scene().lost_to(error, hours=24)


@pytest.mark.parametrize("hours", [0.0, 5.0, 9.99])
async def test_a_refusal_before_the_expiry_is_no_proof(hours):
    """Signed addresses run out, and file servers have bad days."""
    assert not await Scene().lost_to(refused(), hours=hours)


async def test_a_refusal_before_the_query_is_no_proof():
    """Only a fresh address counts."""
    scene = Scene()
    scene.clock.leap(24 * HOUR_S)
    scene.losses.check_refused(scene.job, refused())


async def test_a_later_attempt_starts_without_evidence():
    """A retry made a new task with a new expiry."""
    scene = Scene()
    assert await scene.lost_to(refused(), hours=10.01)
    scene.job = evolve(scene.job, attempt=2, expires_at=START_AT + timedelta(days=9))
    assert not await scene.lost_to(refused())
    scene.losses.check_refused(evolve(scene.job, attempt=3), refused())


@pytest.mark.parametrize(
    ("local_s", "service_s", "proof"),
    [
        (0, 0, True),
        (0, 9 * HOUR_S, True),
        (2 * HOUR_S, 0, True),
        (0, -2 * HOUR_S, False),  # the service says it is not over
        (-24 * HOUR_S, 0, False),  # our clock says so
        (0, None, True),
    ],
)
async def test_past_the_expiry_every_clock_must_agree(local_s, service_s, proof):
    """One that is wrong by a day must not turn a bad hour into a loss."""
    scene = Scene()
    scene.service_ahead_s = service_s
    scene.clock.leap(11 * HOUR_S)
    scene.clock.jump(local_s)
    assert await scene.lost_to(refused()) is proof


@pytest.mark.parametrize("service_s", [0.0, None])
async def test_our_clock_set_ahead_is_no_proof(service_s):
    """Neither with the service's Date, nor without: then the time really passed counts."""
    scene = Scene()
    scene.service_ahead_s = service_s
    scene.clock.leap(HOUR_S)
    scene.clock.jump(30 * 24 * HOUR_S)
    assert not await scene.lost_to(refused())
    assert not await scene.lost_to(refused(), hours=8)
    assert await scene.lost_to(refused(), hours=2)


@pytest.mark.parametrize("batch", [1, 2, 100])
async def test_left_out_twice_an_hour_apart_while_another_task_answers_is_proof(batch):
    """The service knows its tasks, but not this one; a dialect with one id a call asks twice."""
    scene = Scene(batch=batch)
    scene.listed = {OTHER}
    assert not await scene.lost_to(hours=10.01)
    assert not await scene.lost_to(hours=0.9)
    assert await scene.lost_to(hours=0.2)
    assert max(len(ids) for ids in scene.asked) == min(batch, 2)


async def test_left_out_before_the_expiry_is_no_proof():
    """The first answer before the expiry does not count as one of the two."""
    scene = Scene()
    scene.listed = {OTHER}
    assert not await scene.lost_to(hours=9.0)
    assert not await scene.lost_to(hours=1.1)
    assert not await scene.lost_to(hours=0.5)
    assert await scene.lost_to(hours=0.6)


async def test_left_out_with_every_other_task_is_no_proof():
    """Then the service has lost its memory, or answers for another account."""
    scene = Scene()
    scene.listed = set()
    for _ in range(5):
        assert not await scene.lost_to(hours=11)


async def test_left_out_without_another_task_to_compare_is_no_proof():
    """Nothing tells that the service knows any task of ours."""
    scene = Scene()
    scene.listed, scene.others = {OTHER}, []
    for _ in range(5):
        assert not await scene.lost_to(hours=11)


async def test_an_answer_that_knows_the_task_again_begins_anew():
    """The first time it was left out was a hiccup."""
    scene = Scene()
    scene.listed = {OTHER}
    assert not await scene.lost_to(hours=11)
    scene.listed = {MINE, OTHER}
    assert not await scene.lost_to(hours=2)
    scene.listed = {OTHER}
    assert not await scene.lost_to()
    assert not await scene.lost_to(hours=0.5)
    assert await scene.lost_to(hours=0.6)


async def test_a_clock_set_ahead_does_not_make_an_hour_of_a_minute():
    """The hour between the two answers is measured by a clock that does not jump."""
    scene = Scene()
    scene.listed = {OTHER}
    assert not await scene.lost_to(hours=11)
    scene.clock.jump(24 * HOUR_S)
    assert not await scene.lost_to(hours=0.1)
    assert await scene.lost_to(hours=1)


@pytest.mark.parametrize(
    "error", [AuthError("401"), ServiceError("busy"), TransportError("HTTP 502")], ids=repr
)
async def test_a_query_that_fails_proves_nothing(error):
    """It is the caller's to handle."""
    scene = Scene()
    scene.error = error
    scene.clock.leap(24 * HOUR_S)
    with pytest.raises(type(error)):
        await scene.losses.ask(scene.job)
    scene.losses.check_refused(scene.job, refused())


async def test_a_task_that_vanishes_unfinished_is_lost_only_past_its_last_sign_of_life_plus_seven_days():
    """Its results cannot have vanished earlier, whenever it finished."""
    scene = Scene()
    running_at = START_AT + timedelta(hours=5)
    scene.job = evolve(scene.job, state=State.IN_FLIGHT, expires_at=None, last_running_at=running_at)
    scene.listed = {OTHER}
    for _ in range(17):
        assert not await scene.lost_to(hours=10)
    assert not await scene.lost_to(hours=3.1)
    assert await scene.lost_to(hours=1.1)
