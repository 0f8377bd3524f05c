"""A person's id is a person's word: held against the service, open to correction until confirmed."""

import json

import pytest

from avatar_async._jobs.states import State
from avatar_async._storage.ledger import Ledger
from avatar_async.errors import ConflictError, LifecycleError
from avatar_async.orchestrator import commands
from avatar_async.requests import Kind
from tests.unit.orchestrator.lost_answers import UNKNOWN, until

BATCH = "default"


async def leave_in_doubt(make, training, *names):
    """Run once, so that jobs are left in doubt."""
    async with make() as runner:
        for name in names:
            await runner.add(name, training(name))
        return [job async for job in runner.run()]


async def test_an_id_of_another_kind_of_task_is_handed_back(orchestrator, service, training, tmp_path):
    """What was asked and what the service says both stand in the error, and the id is free again."""
    service.answers.append(UNKNOWN)
    await leave_in_doubt(orchestrator, training, "a")
    service.tasks[555] = ("somebody else's", Kind.TAKEOVER, service.clock.now())
    async with orchestrator() as runner:
        await runner.resolve("a", task_id=555)
        [job] = [job async for job in runner.run()]
        assert (job.state, job.task_id) == (State.IN_DOUBT, None)
        assert job.error is not None
        assert job.error.code == "wrong_task"
        assert "task 555 is not this job's" in job.error.message
        assert 'a takeover named "somebody else\'s"' in job.error.message
        assert "a training named 'a'" in job.error.message
        assert await runner._open.store.claimed([555]) == {}
        right = service.accept(training("a")).task_id
        await runner.resolve("a", task_id=right)
        assert [job.state async for job in runner.run()] == [State.STORED]
    receipt = json.loads((tmp_path / "out" / "a" / "job.json").read_text())
    assert (receipt["task_id"], receipt["settled_by"]) == (str(right), "person")


async def test_an_id_the_service_does_not_know_is_handed_back(orchestrator, service, training):
    """Not at once: it may show late. Not never: the job would be in flight for ever."""
    service.answers.extend([None, UNKNOWN])
    await leave_in_doubt(orchestrator, training, "known", "typo")
    async with orchestrator() as runner:
        await runner.resolve("typo", task_id=123456)
        began_s = service.clock.monotonic()
        [job] = [job async for job in runner.run()]
    assert (job.state, job.task_id) == (State.IN_DOUBT, None)
    assert job.error is not None
    assert job.error.code == "unknown_task"
    assert "no task 123456" in job.error.message
    assert service.clock.monotonic() - began_s >= 120.0
    assert service.creates == {"known": 1, "typo": 1}


async def test_a_service_that_knows_nothing_at_all_denies_nothing(orchestrator, service, training, clock):
    """An empty answer of a broken service is no proof; but a person may correct the id meanwhile."""
    service.answers.append(UNKNOWN)
    await leave_in_doubt(orchestrator, training, "a")
    async with orchestrator() as runner:
        await runner.resolve("a", task_id=123456)
        iterator = runner.run()
        while len(service.queries) < 40:
            await clock.sleep(30.0)
        [job] = await runner.jobs()
        assert (job.state, job.task_id, job.unseen) == (State.IN_FLIGHT, 123456, True)
        right = service.accept(training("a")).task_id
        await runner.resolve("a", task_id=right)
        assert [job.state async for job in iterator] == [State.STORED]


async def test_a_batch_of_one_dialect_asks_for_a_witness(orchestrator, service, training):
    """Where each query holds one id, another task is asked for before anything is denied."""
    service.query_batch = 1
    service.answers.extend([None, UNKNOWN])
    await leave_in_doubt(orchestrator, training, "known", "typo")
    async with orchestrator() as runner:
        await runner.resolve("typo", task_id=123456)
        [job] = [job async for job in runner.run()]
    assert job.error is not None
    assert (job.state, job.error.code) == (State.IN_DOUBT, "unknown_task")


async def test_a_denied_id_may_be_given_to_the_job_it_belongs_to(orchestrator, service, training):
    """The claim went with the denial."""
    service.answers.extend([UNKNOWN, UNKNOWN])
    await leave_in_doubt(orchestrator, training, "a", "b")
    of_b = service.accept(training("b")).task_id
    async with orchestrator() as runner:
        events = runner.events()
        await runner.resolve("a", task_id=of_b)
        with pytest.raises(ConflictError, match=rf"task {of_b} belongs to job 'a'"):
            await runner.resolve("b", task_id=of_b)
        iterator = runner.run()
        assert f"task {of_b} is not this job's" in await until(events, "a", State.IN_DOUBT)
        await runner.resolve("b", task_id=of_b)
        states = {job.name: job.state async for job in iterator}
    assert states == {"a": State.IN_DOUBT, "b": State.STORED}


async def test_an_unconfirmed_id_is_corrected_or_taken_back_without_a_run(
    orchestrator, service, training, tmp_path, clock
):
    """Each choice works on the ledger alone, and lets the wrong id go."""
    service.answers.extend([UNKNOWN, UNKNOWN, UNKNOWN])
    await leave_in_doubt(orchestrator, training, "fixed", "resent", "gone")
    right = service.accept(training("fixed")).task_id
    async with Ledger.open(tmp_path / "out" / "ledger.db") as ledger:

        async def order(name, **choice):
            return await commands.resolve(ledger, BATCH, name, at=clock.now(), **choice)

        for number, name in enumerate(("fixed", "resent", "gone")):
            assert (await order(name, task_id=900 + number)).unseen
        assert (await order("fixed", task_id=right)).task_id == right
        resent = await order("resent", resubmit=True)
        assert (resent.state, resent.attempt, resent.task_id) == (State.PLANNED, 2, None)
        assert (await order("gone", abandon=True)).state is State.ABANDONED
        assert await ledger.claimed([900, 901, right]) == {right: "fixed"}
    async with orchestrator() as runner:
        async for _ in runner.run():
            pass
        states = {job.name: job.state for job in await runner.jobs()}
    assert states == {"fixed": State.STORED, "resent": State.STORED, "gone": State.ABANDONED}
    assert service.creates == {"fixed": 1, "resent": 2, "gone": 1}


async def test_a_confirmed_id_is_not_open_to_correction(orchestrator, service, training):
    """From then on it is the service's word."""
    service.duration_s = 1e9
    service.answers.append(UNKNOWN)
    await leave_in_doubt(orchestrator, training, "a")
    right = service.accept(training("a")).task_id
    async with orchestrator() as runner:
        await runner.resolve("a", task_id=right)
        runner.run()
        while (await runner.jobs())[0].remote_status is None:
            await service.clock.sleep(0.1)
        with pytest.raises(LifecycleError, match=rf"'a' is in_flight, not in_doubt.*task {right}"):
            await runner.resolve("a", task_id=1)
        with pytest.raises(LifecycleError, match="not in_doubt"):
            await runner.resolve("a", resubmit=True)


@pytest.mark.parametrize("task_id", [0, -1, 2**63, 2**70])
async def test_a_number_that_is_no_task_id_is_refused(orchestrator, service, training, task_id):
    """In words, before the ledger sees it."""
    service.answers.append(UNKNOWN)
    await leave_in_doubt(orchestrator, training, "a")
    async with orchestrator() as runner:
        with pytest.raises(ValueError, match="is no task id"):
            await runner.resolve("a", task_id=task_id)
        [job] = await runner.jobs()
    assert job.state is State.IN_DOUBT


async def test_the_id_of_an_earlier_attempt_is_refused(orchestrator, service, training):
    """That attempt's task failed; the one in doubt is another."""
    service.failing.add("a")
    [job] = await leave_in_doubt(orchestrator, training, "a")
    first = job.task_id
    service.answers.append(UNKNOWN)
    async with orchestrator() as runner:
        await runner.retry("a")
        async for _ in runner.run():
            pass
        with pytest.raises(ConflictError, match=f"task {first} was made by an earlier attempt"):
            await runner.resolve("a", task_id=first)
        [job] = await runner.jobs()
    assert (job.state, job.attempt) == (State.IN_DOUBT, 2)


@pytest.mark.parametrize(
    "choice", [{}, {"resubmit": True, "abandon": True}, {"task_id": 5, "resubmit": True}]
)
async def test_exactly_one_choice_is_taken(orchestrator, service, training, choice):
    """Two orders at once contradict each other."""
    service.answers.append(UNKNOWN)
    await leave_in_doubt(orchestrator, training, "a")
    async with orchestrator() as runner:
        with pytest.raises(ValueError, match="exactly one"):
            await runner.resolve("a", **choice)


async def test_a_resubmission_is_a_new_attempt_with_an_intent_of_its_own(
    orchestrator, service, training, tmp_path
):
    """Each create call is promised before it leaves, and the old promise stays on record."""
    service.answers.append(UNKNOWN)
    await leave_in_doubt(orchestrator, training, "a")
    async with orchestrator() as runner:
        await runner.resolve("a", resubmit=True)
        [job] = [job async for job in runner.run()]
    assert (job.state, job.attempt) == (State.STORED, 2)
    async with Ledger.open(tmp_path / "out" / "ledger.db", read_only=True) as ledger:
        intents = await ledger.intents(job.id)
    assert [(intent.attempt, intent.seq, intent.verdict) for intent in intents] == [
        (1, 1, "unknown"),
        (2, 1, "accepted"),
    ]
