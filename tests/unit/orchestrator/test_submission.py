"""What is sent, what never is, and what a person is told."""

import anyio
import pytest

from avatar_async._jobs.records import JobSpec
from avatar_async._jobs.remote import SubmissionReport
from avatar_async._jobs.states import State
from avatar_async._storage.ledger import Ledger
from avatar_async.errors import (
    AuthError,
    ConfigError,
    ConnectionLostError,
    DuplicateRequestError,
    LedgerError,
    NotSentError,
    RequestChangedError,
    RequestError,
)
from avatar_async.orchestrator import EndEvent, StateEvent, WarningEvent, commands
from avatar_async.requests import Ref
from tests.unit.orchestrator.lost_answers import UNKNOWN, reach, unheard

NOT_SENT = SubmissionReport(sent=False, message="connection refused")


async def test_never_more_than_max_in_flight(orchestrator, service, training, clock):
    """The account's limit on concurrent tasks is kept, and used."""
    service.duration_s = 1e9
    async with orchestrator(max_in_flight=3) as runner:
        events = runner.events()
        for number in range(12):
            await runner.add(f"job-{number}", training(f"m{number}"))
        iterator = runner.run()
        await reach(events, State.IN_FLIGHT, 3)
        await clock.sleep(1000.0)
        assert len(service.creates) == 3
        service.duration_s = 1.0
        async for _ in iterator:
            pass
    assert service.outstanding_max == 3
    assert len(service.creates) == 12


async def test_the_canary_goes_alone_until_a_query_was_understood(orchestrator, service, training):
    """A wrong query dialect costs one task, not a batch."""
    seen = []

    async def watch(fake, request):
        seen.append((request.name, len(fake.queries)))

    service.answers.extend([watch] * 4)
    async with orchestrator() as runner:
        for number in range(4):
            await runner.add(f"job-{number}", training(f"m{number}"))
        async for _ in runner.run():
            pass
    assert seen[0][1] == 0
    assert all(queries >= 1 for _, queries in seen[1:])


async def test_an_unknown_outcome_is_never_sent_again(orchestrator, service, training):
    """The first promise."""
    service.answers.append(UNKNOWN)
    for _ in range(3):
        async with orchestrator() as runner:
            await runner.add("a", training("a"))
            await runner.add("b", training("b"))
            ended = {job.name: job.state async for job in runner.run()}
        assert ended["a"] is State.IN_DOUBT
        assert ended["b"] is State.STORED
    assert service.creates == {"a": 1, "b": 1}


async def test_what_breaks_in_the_client_while_sending_is_unknown_too(orchestrator, service, training):
    """Nobody knows what was sent."""
    service.answers.append(RuntimeError("bug"))
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        [job] = [job async for job in runner.run()]
    assert job.state is State.IN_DOUBT


async def test_three_unknown_outcomes_pause_creates_until_a_query_succeeds(orchestrator, service, training):
    """A dying service must not turn the whole batch into doubt."""
    service.answers.extend([UNKNOWN] * 3)
    service.query_errors.extend([ConnectionLostError("gone")] * 2)
    async with orchestrator() as runner:
        for number in range(6):
            await runner.add(f"job-{number}", training(f"m{number}"))
        states = [job.state async for job in runner.run()]
    assert states.count(State.IN_DOUBT) == 3
    assert states.count(State.STORED) == 3
    assert set(service.creates.values()) == {1}


async def test_not_sent_is_sent_again_after_a_wait(orchestrator, service, training, clock):
    """No byte left, so nothing can be paid twice."""
    service.answers.extend([NOT_SENT, NOT_SENT])
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        [job] = [job async for job in runner.run()]
    assert job.state is State.STORED
    assert service.creates["a"] == 3
    assert clock.monotonic() > 2.0


async def test_busy_lowers_the_limit_and_waits_as_asked(orchestrator, service, training, clock):
    """429 is an answer, not a failure."""
    busy = SubmissionReport(sent=True, http_status=429, retry_after_s=120.0, message="too many")
    service.answers.extend([None, busy])
    async with orchestrator() as runner:
        for number in range(3):
            await runner.add(f"job-{number}", training(f"m{number}"))
        states = {job.state async for job in runner.run()}
    assert states == {State.STORED}
    assert clock.monotonic() >= 120.0


async def test_a_refused_token_is_renewed_once_and_the_call_sent_again(orchestrator, service, training):
    """401 is refused before work."""
    service.answers.append(SubmissionReport(sent=True, http_status=401))
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        [job] = [job async for job in runner.run()]
    assert job.state is State.STORED
    assert service.renewals == 1
    assert service.creates["a"] == 2


@pytest.mark.parametrize("statuses", [[401, 401], [403], [404], [302]])
async def test_a_wrong_setting_stops_submission_but_rejects_no_job(orchestrator, service, training, statuses):
    """The job is fine: mending the setting and running again goes on."""
    service.answers.extend(SubmissionReport(sent=True, http_status=status) for status in statuses)
    async with orchestrator() as runner:
        for number in range(3):
            await runner.add(f"job-{number}", training(f"m{number}"))
        states = [job.state async for job in runner.run()]
        assert "AVATAR" in runner.stopped_because
    assert states == [State.PLANNED] * 3
    async with orchestrator() as runner:
        states = [job.state async for job in runner.run()]
    assert states == [State.STORED] * 3


async def test_a_refused_app_key_stops_submission(orchestrator, service, training):
    """No token, no create call, no endless loop."""
    service.prepare_errors.append(AuthError("appKey refused: check AVATAR_APP_KEY"))
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        [job] = [job async for job in runner.run()]
        assert "AVATAR_APP_KEY" in runner.stopped_because
    assert job.state is State.PLANNED
    assert not service.creates


async def test_an_unreachable_token_service_is_waited_for(orchestrator, service, training):
    """No intent is written before a token is at hand."""
    service.prepare_errors.extend([NotSentError("refused")] * 3)
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        [job] = [job async for job in runner.run()]
    assert job.state is State.STORED
    assert service.creates["a"] == 1


async def test_a_refusal_rejects_the_job_with_its_reason(orchestrator, service, training):
    """The person reads what the service said."""
    service.answers.append(
        SubmissionReport(sent=True, http_status=200, code=3333, message="videoUrl is wrong", field="videoUrl")
    )
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        [job] = [job async for job in runner.run()]
    assert job.state is State.REJECTED
    assert (job.error.code, job.error.message, job.error.field) == (3333, "videoUrl is wrong", "videoUrl")


async def test_max_creates_bounds_the_create_calls_of_a_run(orchestrator, service, training):
    """A guard against a manifest that is larger than meant."""
    async with orchestrator(max_creates=2) as runner:
        for number in range(5):
            await runner.add(f"job-{number}", training(f"m{number}"))
        states = [job.state async for job in runner.run()]
    assert sum(service.creates.values()) == 2
    assert states.count(State.PLANNED) == 3


async def test_a_double_of_a_submitted_request_is_refused_unless_allowed(orchestrator, service, training):
    """The same training under a new name costs money again; signed queries do not hide it."""
    url = "http://127.0.0.1:9/x.mp4?signature="
    async with orchestrator() as runner:
        await runner.add("a", training("m", video_url=url + "1"))
        async for _ in runner.run():
            pass
        with pytest.raises(DuplicateRequestError, match="'a'"):
            await runner.add("b", training("m", video_url=url + "2"))
    async with orchestrator(allow_duplicate=True) as runner:
        await runner.add("b", training("m", video_url=url + "2"))
        async for _ in runner.run():
            pass
    assert service.creates["m"] == 2


async def test_a_double_of_a_preview_is_only_warned_about(orchestrator, preview):
    """Previews are cheap."""
    async with orchestrator() as runner:
        await runner.add("a", preview("m"))
        async for _ in runner.run():
            pass
        events = runner.events()
        await runner.add("b", preview("m"))
        async for _ in runner.run():
            pass
    warnings = [event.message async for event in events if isinstance(event, WarningEvent)]
    assert any("already submitted as 'a'" in message for message in warnings)


async def test_changed_fields_are_taken_up_before_submission_and_refused_after(
    orchestrator, service, training
):
    """A silent change would make the result something else than the manifest says."""
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        await runner.add("a", training("a", video_url="http://127.0.0.1:9/other.mp4"))
        async for _ in runner.run():
            pass
        with pytest.raises(RequestChangedError, match=r"video_url.*other\.mp4.*third\.mp4") as caught:
            await runner.add("a", training("a", video_url="http://127.0.0.1:9/third.mp4"))
    assert [item.path for item in caught.value.differences] == ["video_url"]
    assert service.creates["a"] == 1


async def test_all_faults_of_all_jobs_are_told_and_nothing_is_added(orchestrator, service, training):
    """All problems at once, before anything is written."""
    specs = []
    for name in ("a", "b"):
        request = training(name, video_url="ftp://x/y.mp4")
        specs.append(JobSpec(name=name, kind=request.kind, request=request, needs=("nowhere",)))
    async with orchestrator() as runner:
        with pytest.raises(RequestError) as caught:
            await runner.add_all(specs)
        assert await runner.jobs() == []
    assert str(caught.value).count("ftp://x/y.mp4") == 2
    assert str(caught.value).count("nowhere") == 2


async def test_a_job_waits_for_its_needs_and_gets_their_current_address(orchestrator, service, training):
    """A rebuild after its training, in one batch."""
    sent = {}

    async def note(fake, request):
        sent[request.name] = request.video_url

    service.answers.extend([note, note])
    async with orchestrator() as runner:
        await runner.add("first", training("first"))
        await runner.add("second", training("second", video_url=Ref("first", "model")))
        async for _ in runner.run():
            pass
        jobs = {job.name: job for job in await runner.jobs()}
    assert jobs["second"].needs == ("first",)
    assert jobs["second"].submitted_at >= jobs["first"].stored_at
    assert sent["second"].startswith("http://127.0.0.1:9/first/")


async def test_a_job_whose_need_failed_stays_planned_and_the_run_ends(orchestrator, service, training):
    """Blocked is not lost: retrying the need lets it go on."""
    service.failing.add("first")
    async with orchestrator() as runner:
        await runner.add("first", training("first"))
        await runner.add("second", training("second"), needs=["first"])
        states = {job.name: job.state async for job in runner.run()}
    assert states == {"first": State.FAILED, "second": State.PLANNED}
    assert service.creates["second"] == 0
    service.failing.clear()
    async with orchestrator() as runner:
        await runner.retry("first")
        async for _ in runner.run():
            pass
        jobs = {job.name: job for job in await runner.jobs()}
    assert {job.state for job in jobs.values()} == {State.STORED}
    assert jobs["first"].attempt == 2


async def test_a_create_cut_off_by_the_end_of_the_process_is_parked_by_the_next_run(
    orchestrator, service, training, tmp_path
):
    """An intent without a verdict is in doubt, whatever happened."""
    begun = anyio.Event()

    async def never(fake, request):
        begun.set()
        await anyio.sleep_forever()

    service.answers.append(never)
    async with anyio.create_task_group() as group:

        async def work() -> None:
            async with orchestrator(create_grace_s=0.0) as runner:
                await runner.add("a", training("a"))
                async for _ in runner.run():
                    pass

        group.start_soon(work)
        await begun.wait()
        group.cancel_scope.cancel()
    async with Ledger.open(tmp_path / "out" / "ledger.db") as ledger:
        [job] = await ledger.jobs()
    assert job.state is State.IN_DOUBT
    async with orchestrator() as runner:
        [job] = [job async for job in runner.run()]
    assert job.state is State.IN_DOUBT
    assert service.creates["a"] == 1


async def test_doubt_is_settled_by_the_list_call_where_one_reading_is_possible(
    orchestrator, service, training
):
    """One job in doubt, one unclaimed task of its name and time: it can only be that."""
    service.can_list = True
    service.answers.append(unheard)
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        states = [job.state async for job in runner.run()]
    assert states == [State.STORED]
    assert service.creates["a"] == 1


async def test_doubt_with_two_candidates_or_none_waits_for_a_person(orchestrator, service, training):
    """Zero matches prove nothing, two prove too little."""
    service.can_list = True

    async def twice(fake, request):
        fake.accept(request)
        fake.accept(request)
        return UNKNOWN

    service.answers.extend([twice, UNKNOWN])
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        await runner.add("b", training("b"))
        states = {job.name: job.state async for job in runner.run()}
    assert states == {"a": State.IN_DOUBT, "b": State.IN_DOUBT}


async def test_a_person_settles_doubt_beside_a_runner(orchestrator, service, training, tmp_path):
    """A runner notices what another process writes."""
    service.answers.append(UNKNOWN)
    service.duration_s = 1e9
    async with orchestrator() as runner:
        events = runner.events()
        await runner.add("a", training("a"))
        await runner.add("b", training("b"))
        iterator = runner.run()
        async for event in events:
            if isinstance(event, StateEvent) and event.job == "a" and event.to_state is State.IN_DOUBT:
                break
        report = service.accept(training("a"))
        async with Ledger.open(tmp_path / "out" / "ledger.db") as other:
            await commands.resolve(other, "default", "a", task_id=report.task_id, at=service.clock.now())
        async for event in events:
            if isinstance(event, StateEvent) and event.job == "a" and event.to_state is State.IN_FLIGHT:
                break
        service.duration_s = 1.0
        states = {job.name: job.state async for job in iterator}
    assert states == {"a": State.STORED, "b": State.STORED}


def test_an_option_out_of_range_is_named(orchestrator):
    """A wrong option is a person's mistake, told plainly."""
    with pytest.raises(ConfigError, match="max_in_flight"):
        orchestrator(max_in_flight=0)
    with pytest.raises(ConfigError, match="max_flight"):
        orchestrator(max_flight=3)


async def test_cancelling_the_run_from_outside_waits_for_the_answer_of_a_create(
    orchestrator, service, training, clock
):
    """A deadline around the block must not turn paid tasks into doubt."""
    begun, answer = anyio.Event(), anyio.Event()

    async def slow(fake, request):
        begun.set()
        await answer.wait()

    service.answers.append(slow)
    service.duration_s = 1e9
    async with anyio.create_task_group() as group:

        async def work() -> None:
            async with orchestrator() as runner:
                await runner.add("a", training("a"))
                async for _ in runner.run():
                    pass

        group.start_soon(work)
        await begun.wait()
        group.cancel_scope.cancel()
        answer.set()
    service.duration_s = 1.0
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        [job] = [job async for job in runner.run()]
    assert job.state is State.STORED
    assert service.creates["a"] == 1


async def test_an_older_ledger_brought_back_does_not_pay_again(orchestrator, service, training, tmp_path):
    """A restored backup has forgotten jobs whose receipts are still there."""
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        async for _ in runner.run():
            pass
    backup = {path: path.read_bytes() for path in (tmp_path / "out").glob("ledger.db")}
    async with orchestrator() as runner:
        await runner.add("b", training("b"))
        async for _ in runner.run():
            pass
    for path in (tmp_path / "out").glob("ledger.db*"):
        path.unlink()
    for path, content in backup.items():
        path.write_bytes(content)
    async with orchestrator() as runner:
        with pytest.raises(LedgerError, match=r"b.*--rebuild-ledger"):
            await runner.add("b", training("b"))
    async with orchestrator(rebuild_ledger=True) as runner:
        await runner.add("b", training("b"))
        states = {job.name: job.state async for job in runner.run()}
    assert states["b"] is State.STORED
    assert service.creates == {"a": 1, "b": 1}


async def test_the_end_of_a_run_bounded_by_max_creates_says_so(orchestrator, training):
    """A program that reads the events must learn why jobs are left."""
    async with orchestrator(max_creates=1) as runner:
        events = runner.events()
        await runner.add("a", training("a"))
        await runner.add("b", training("b"))
        async for _ in runner.run():
            pass
    [end] = [event async for event in events if isinstance(event, EndEvent)]
    assert "--max-creates 1" in end.message
