"""What keeps a run from paying by mistake: the dialect, doubles, bounds, and a service in trouble."""

import pytest

from avatar_async._jobs.remote import SubmissionReport
from avatar_async._jobs.states import State
from avatar_async.errors import (
    AuthError,
    ConfigError,
    DuplicateRequestError,
    RejectedError,
    ServiceError,
    SettingRefusedError,
    ThrottledError,
)
from avatar_async.requests import BaseVideo, Kind, RebuildRequest, Ref, TakeoverRequest

REFUSED_TOKEN = SubmissionReport(sent=True, http_status=401, message="expired", token_generation=1)
SIGNED = "http://127.0.0.1:9/x.mp4?signature="


async def test_a_service_whose_query_call_nobody_described_is_refused_before_anything(
    orchestrator, service, tmp_path
):
    """Library users pay with the same money: a task whose end nobody can notice is lost."""
    service.dialect_trusted = False
    with pytest.raises(ConfigError, match=r"(?s)not known.*\[query_dialect\].*from_env"):
        await orchestrator().__aenter__()
    assert not (tmp_path / "out").exists()
    assert not service.creates


@pytest.mark.parametrize(
    "error", [ServiceError("token call: HTTP 503"), ThrottledError("token call", retry_after_s=7.0)]
)
async def test_a_token_service_in_trouble_is_waited_for(orchestrator, service, training, clock, error):
    """A 503 for a moment must not end a batch, nor cost an intent."""
    service.prepare_errors.extend([error] * 3)
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        [job] = [job async for job in runner.run()]
    assert job.state is State.STORED
    assert service.creates == {"a": 1}
    assert clock.monotonic() > 3.0


@pytest.mark.parametrize(
    "error", [ServiceError("token call: HTTP 503"), ThrottledError("token call", retry_after_s=7.0)]
)
async def test_a_renewal_that_fails_for_a_moment_is_tried_again(orchestrator, service, training, error):
    """The refused create call made nothing: the job goes on once there is a token."""
    errors = [error, error]

    async def renew(generation):
        service.renewals += 1
        if errors:
            raise errors.pop()

    service.renew_token = renew
    service.answers.extend([REFUSED_TOKEN] * 3)
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        [job] = [job async for job in runner.run()]
    assert job.state is State.STORED
    assert service.renewals == 3
    assert service.creates == {"a": 4}


@pytest.mark.parametrize(
    "error", [SettingRefusedError("token call: HTTP 404: check the endpoint"), AuthError("no: AVATAR_TOKEN")]
)
@pytest.mark.parametrize("when", ["prepare", "renew"])
async def test_a_token_call_that_blames_the_settings_stops_submission(
    orchestrator, service, training, error, when
):
    """Waiting mends no endpoint, and a fixed token that is refused ends the run."""

    async def renew(_generation):
        raise error

    service.renew_token = renew
    if when == "prepare":
        service.prepare_errors.append(error)
    else:
        service.answers.append(REFUSED_TOKEN)
    async with orchestrator() as runner:
        await runner.add("a", training("a"))
        await runner.add("b", training("b"))
        states = [job.state async for job in runner.run()]
        assert runner.stopped_because == str(error)
    assert states == [State.PLANNED] * 2
    assert sum(service.creates.values()) == (when == "renew")


async def test_max_creates_holds_while_a_token_is_renewed(orchestrator, service, training, clock):
    """Calls refused for their token wait to be sent again: their slots are no one else's."""
    async with orchestrator() as runner:
        await runner.add("first", training("first"))
        async for _ in runner.run():
            pass

    async def expired(fake, _request):
        return None if fake.renewals else REFUSED_TOKEN

    async def renew(_generation):
        await clock.sleep(30.0)
        service.renewals += 1

    service.renew_token = renew
    service.answers.extend([expired] * 20)
    async with orchestrator(max_creates=2) as runner:
        for number in range(6):
            await runner.add(f"job-{number}", training(f"m{number}"))
        states = [job.state async for job in runner.run() if job.name != "first"]
    assert states.count(State.STORED) == 2
    assert states.count(State.PLANNED) == 4
    assert len(service.tasks) == 3


async def test_a_reference_that_cannot_be_asked_for_now_holds_up_its_own_job_only(
    orchestrator, service, training
):
    """A query that fails for a moment needs neither a person nor the other jobs' patience."""
    async with orchestrator() as runner:
        await runner.add("first", training("first"))
        async for _ in runner.run():
            pass
        answering = service.query_tasks

        async def failing(task_ids):
            if not service.creates["third"]:
                raise ServiceError("query call: HTTP 503")
            return await answering(task_ids)

        service.query_tasks = failing
        await runner.add("second", training("second", video_url=Ref("first", "model")))
        await runner.add("third", training("third"))
        states = {job.name: job.state async for job in runner.run()}
    assert states == {"second": State.STORED, "third": State.STORED}


async def test_a_reference_the_service_refuses_needs_a_person(orchestrator, service, training):
    """Asking again would be refused again; the run must not break on it."""
    async with orchestrator() as runner:
        await runner.add("first", training("first"))
        async for _ in runner.run():
            pass
        service.query_errors.append(RejectedError("query call: code 77, no such task", code=77))
        await runner.add("second", training("second", video_url=Ref("first", "model")))
        [job] = [job async for job in runner.run()]
    assert job.state is State.PLANNED
    assert "code 77" in job.hold
    assert service.creates["second"] == 0


def costly(kind, url):
    """Return a request that costs money, of a kind, with an address signed in its own way."""
    if kind is Kind.TAKEOVER:
        return TakeoverRequest.from_vendor({"videoName": "m", "param": {"audios": [{"url": url}]}})
    if kind is Kind.REBUILD:
        return RebuildRequest(
            material_name="m", video_url=url, model_url="http://127.0.0.1:9/m.zip", avatar_type=0
        )
    from avatar_async.requests import TrainingRequest

    return TrainingRequest(material_name="m", video_url=url, personal=BaseVideo(segment_style=1))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("kind", [Kind.TRAINING, Kind.REBUILD, Kind.TAKEOVER])
@pytest.mark.parametrize(
    "outcome",
    [None, SubmissionReport(sent=True, message="the connection broke")],
    ids=["accepted", "in doubt"],
)
async def test_a_double_is_refused_for_every_kind_that_costs_money(orchestrator, service, kind, outcome):
    """Also if nobody knows whether the first made a task; another signature hides nothing."""
    service.answers.append(outcome)
    async with orchestrator(validation="off") as runner:
        await runner.add("a", costly(kind, SIGNED + "1"))
        async for _ in runner.run():
            pass
        with pytest.raises(DuplicateRequestError, match=r"(?s)b: .*'a'.*--allow-duplicate"):
            await runner.add("b", costly(kind, SIGNED + "2"))
    async with orchestrator(validation="off", allow_duplicate=True) as runner:
        await runner.add("b", costly(kind, SIGNED + "2"))
        async for _ in runner.run():
            pass
    assert sum(service.creates.values()) == 2


async def test_a_request_that_was_refused_is_no_double(orchestrator, service, training):
    """Nothing was paid for: the mended job may have a new name."""
    service.answers.append(SubmissionReport(sent=True, http_status=400, code=3333, message="no"))
    async with orchestrator() as runner:
        await runner.add("a", training("m"))
        async for _ in runner.run():
            pass
        await runner.add("b", training("m"))
        [job] = [job async for job in runner.run()]
    assert (job.name, job.state) == ("b", State.STORED)


async def test_a_planned_job_changed_into_a_double_is_refused_too(orchestrator, service, training):
    """Editing the manifest between two runs is a second way to the same mistake."""
    async with orchestrator(max_creates=1) as runner:
        await runner.add("a", training("m"))
        await runner.add("b", training("other"))
        async for _ in runner.run():
            pass
    async with orchestrator() as runner:
        with pytest.raises(DuplicateRequestError, match="'a'"):
            await runner.add("b", training("m"))
        await runner.add("b", training("other", video_url="http://127.0.0.1:9/other.mp4?signature=2"))
        async for _ in runner.run():
            pass
    assert service.creates == {"m": 1, "other": 1}


async def test_a_refusal_of_a_made_up_id_shows_that_the_service_answers(orchestrator, service, training):
    """A service may answer a question for an unknown task with an error code: that must not hang a run."""
    lost = SubmissionReport(sent=True, message="the connection broke")
    service.answers.extend([lost] * 3)
    service.query_errors.extend([ServiceError("HTTP 503"), RejectedError("code 77, no such task", code=77)])
    async with orchestrator() as runner:
        for number in range(5):
            await runner.add(f"job-{number}", training(f"m{number}"))
        states = [job.state async for job in runner.run()]
    assert states.count(State.IN_DOUBT) == 3
    assert states.count(State.STORED) == 2
    assert service.queries[0][1] == service.queries[1][1] == (1,)
