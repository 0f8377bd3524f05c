"""What a person orders: stop at once, adopt, resolve, retry, abandon; and what is told when disks fail."""

import anyio
import pytest

from avatar_async._jobs import events as ev
from avatar_async._jobs.remote import SubmissionReport
from avatar_async._jobs.states import State
from avatar_async._storage.ledger import Ledger
from avatar_async.errors import ConflictError, JobNotFoundError, LedgerError, LifecycleError
from avatar_async.orchestrator import WarningEvent
from avatar_async.requests import Kind
from tests.unit.orchestrator.lost_answers import UNKNOWN, unheard


async def test_kill_ends_the_run_at_once_and_leaves_the_callers_block_alone(orchestrator, service, training):
    """A second Ctrl-C must not take the summary with it."""

    async def hang(fake, request):
        runner.kill()
        await anyio.sleep_forever()

    service.answers.append(hang)
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        assert [job async for job in runner.run()] == []
        [job] = await runner.jobs()
        reached = True
    assert reached
    assert job.state is State.IN_DOUBT
    assert service.creates["a"] == 1


async def test_a_task_made_elsewhere_is_adopted_and_brought_home(orchestrator, service, training, tmp_path):
    """The results of a console or of another tool are worth as much."""
    task_id = service.accept(training("elsewhere")).task_id
    for _ in range(2):
        async with orchestrator() as runner:
            job = await runner.adopt(task_id)
            assert job.name == f"task-{task_id}"
            ended = [job.state async for job in runner.run()]
        assert ended == [State.STORED]
    assert not service.creates
    assert (tmp_path / "out" / f"task-{task_id}" / "model.zip").read_bytes() == service.bodies["elsewhere"]


async def test_many_tasks_are_asked_for_together_and_under_the_poll_limit(orchestrator, service, training):
    """A console's page of tasks must not become a burst of calls, one for each."""
    task_ids = [service.accept(training(f"made-{number}")).task_id for number in range(5)]
    service.query_batch = 2
    asked = len(service.queries)
    async with orchestrator(poll_rate=1.0) as runner:
        began_s = service.clock.monotonic()
        jobs = await runner.adopt_all([*task_ids, task_ids[0]])
        assert service.clock.monotonic() - began_s >= 2.0
    assert [job.task_id for job in jobs] == task_ids
    assert [len(ids) for _, ids in service.queries[asked:]] == [2, 2, 1]


async def test_every_unknown_task_is_named_and_none_is_adopted(orchestrator, service, training):
    """Who typed two wrong ids learns of both, and types the command once more only."""
    task_id = service.accept(training("made")).task_id
    async with orchestrator() as runner:
        with pytest.raises(JobNotFoundError, match="tasks 12345, 12346"):
            await runner.adopt_all([task_id, 12345, 12346])
        assert await runner.jobs() == []


async def test_an_unknown_task_is_not_adopted(orchestrator):
    """A typing error must not become a job."""
    async with orchestrator() as runner:
        with pytest.raises(JobNotFoundError, match="12345"):
            await runner.adopt(12345, kind=Kind.TRAINING)
        assert await runner.jobs() == []


async def test_an_adopted_job_cannot_be_sent_anew(orchestrator, service, training):
    """Its request is not known, so there is nothing to send."""
    service.failing.add("elsewhere")
    task_id = service.accept(training("elsewhere")).task_id
    async with orchestrator() as runner:
        job = await runner.adopt(task_id)
        async for _ in runner.run():
            pass
        with pytest.raises(LifecycleError, match="made elsewhere"):
            await runner.retry(job.name)
    assert not service.creates


async def test_resolving_takes_a_task_id_only_once(orchestrator, service, training):
    """One task cannot be two jobs' result."""
    service.answers.extend([UNKNOWN, UNKNOWN])
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        await runner.add("b", training("b"))
        async for _ in runner.run():
            pass
        task_id = service.accept(training("a")).task_id
        await runner.resolve("a", task_id=task_id)
        with pytest.raises(ConflictError, match="'a'"):
            await runner.resolve("b", task_id=task_id)
        await runner.resolve("b", resubmit=True)
        states = {job.name: job.state async for job in runner.run()}
    assert states == {"a": State.STORED, "b": State.STORED}
    assert service.creates == {"a": 1, "b": 2}


async def test_orders_that_make_no_sense_are_refused_with_the_right_command(orchestrator, service, training):
    """A person who mistypes is told what to type."""
    service.answers.append(UNKNOWN)
    async with orchestrator() as runner:
        await runner.add("doubt", training("doubt"))
        await runner.add("fine", training("fine"))
        async for _ in runner.run():
            pass
        with pytest.raises(LifecycleError, match="resolve doubt --task-id"):
            await runner.retry("doubt")
        with pytest.raises(LifecycleError, match="stored, not in_doubt"):
            await runner.resolve("fine", resubmit=True)
        with pytest.raises(LifecycleError, match="stored already"):
            await runner.abandon("fine")
        with pytest.raises(JobNotFoundError, match="nobody"):
            await runner.abandon("doubt", "nobody")
        [job] = await runner.abandon("doubt")
    assert job.state is State.ABANDONED


async def test_abandoning_a_running_job_ends_the_watch(orchestrator, service, training):
    """The task goes on there, unwatched; the run need not wait for it."""
    service.duration_s = 1e9
    async with orchestrator() as runner:
        events = runner.events()
        await runner.add("a", training("a"))
        iterator = runner.run()
        async for event in events:
            if getattr(event, "to_state", None) is State.IN_FLIGHT:
                break
        await runner.abandon("a")
        states = [job.state async for job in iterator]
    assert states == [State.ABANDONED]


async def test_a_task_id_that_cannot_be_recorded_is_told_loudly(orchestrator, service, training, monkeypatch):
    """The ledger's disk is full at the worst moment and stays so: the id must not be lost with the run."""
    apply = Ledger.apply

    async def full(self, changes):
        if any(isinstance(change.event, ev.Accepted) for change in changes):
            raise LedgerError("disk full")
        return await apply(self, changes)

    monkeypatch.setattr(Ledger, "apply", full)
    with pytest.raises(LedgerError, match="disk full"):
        async with orchestrator() as runner:
            events = runner.events()
            await runner.add("a", training("a"))
            iterator = runner.run()
            first = await anext(event.message async for event in events if isinstance(event, WarningEvent))
            runner.stop()
            async for _ in iterator:
                pass
    [task_id] = service.tasks
    last = [event.message async for event in events if isinstance(event, WarningEvent)][-1]
    assert all(f"resolve a --task-id {task_id}" in message for message in (first, last))
    monkeypatch.undo()
    async with orchestrator() as runner:
        [job] = [job async for job in runner.run()]
        assert job.state is State.IN_DOUBT
        await runner.resolve("a", task_id=task_id)
        [job] = [job async for job in runner.run()]
    assert job.state is State.STORED
    assert service.creates["a"] == 1


async def test_doubt_left_by_an_earlier_run_is_looked_up_first(orchestrator, service, training):
    """A resumed run settles what it can before it calls a person."""
    service.answers.append(unheard)
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        [job] = [job async for job in runner.run()]
    assert job.state is State.IN_DOUBT
    service.can_list = True
    async with orchestrator() as runner:
        [job] = [job async for job in runner.run()]
    assert job.state is State.STORED


async def test_before_its_block_an_orchestrator_says_what_is_missing(orchestrator, training):
    """A forgotten `async with` is a common slip."""
    with pytest.raises(RuntimeError, match="async with"):
        await orchestrator().add("a", training("a"))


async def test_a_reason_with_a_signed_address_is_shown_without_its_query(orchestrator, service, training):
    """Services quote addresses in their messages; signatures must not reach screens and files."""
    address = "https://user:pw@store.example/a.mp4?signature=SECRET"
    service.answers.append(
        SubmissionReport(sent=True, http_status=200, code=3333, message=f"cannot read {address}")
    )
    async with orchestrator() as runner:
        events = runner.events()
        await runner.add("a", training("a"))
        [job] = [job async for job in runner.run()]
    assert job.error is not None
    assert job.error.message == "cannot read https://store.example/a.mp4"
    assert all("SECRET" not in str(event.to_json()) for event in [event async for event in events])
