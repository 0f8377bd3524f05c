"""The client as an object: how it is made, and how it waits."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from avatar_async._jobs.remote import QueryAnswer, RemoteState, RemoteTask
from avatar_async._jobs.verdicts import SubmissionCodes
from avatar_async.client import AvatarClient, Credentials
from avatar_async.errors import (
    AuthError,
    ConfigError,
    ConnectionLostError,
    ServiceError,
    TaskError,
    TaskExpiredError,
    TaskFailedError,
    TaskTimeoutError,
    ThrottledError,
)
from avatar_async.settings import Settings

if TYPE_CHECKING:
    from avatar_async._jobs.ports import Service

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)


class Polled(AvatarClient):
    """A client whose polls give what a test lists; the last goes on for ever."""

    def __init__(self, clock, *answers) -> None:
        self.answers = list(answers)
        super().__init__(credentials="t", clock=clock)

    async def query_tasks(self, task_ids) -> QueryAnswer:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        tasks = () if answer is None else (RemoteTask(task_id=7, state=answer, status=str(answer)),)
        return QueryAnswer(tasks=tasks, asked_at=NOW)


async def test_wait_returns_the_finished_task_and_polls_ever_more_rarely(clock):
    """Most tasks take minutes to hours."""
    client = Polled(clock, *[RemoteState.RUNNING] * 12, RemoteState.SUCCEEDED)
    task = await client.wait(7)
    assert task.state is RemoteState.SUCCEEDED
    assert clock.slept[:3] == [1.0, 1.5, 2.25]
    assert clock.slept[-1] == 30.0


async def test_failing_polls_and_unknown_words_do_not_end_the_wait(clock):
    """The task goes on whatever the network does."""
    client = Polled(
        clock,
        ConnectionLostError("x"),
        ServiceError("x", http_status=502),
        AuthError("x"),
        AuthError("x"),
        RemoteState.UNKNOWN,
        None,
        ThrottledError("x", retry_after_s=50),
        RemoteState.SUCCEEDED,
    )
    await client.wait(7, poll_s=2)
    assert clock.slept == [2, 2, 2, 2, 2, 2, 50]


async def test_lasting_refusal_of_the_token_ends_the_wait(clock):
    """Nothing will change by itself."""
    client = Polled(clock, AuthError("token"))
    with pytest.raises(AuthError):
        await client.wait(7, poll_s=1)
    assert clock.slept == [1, 1]


@pytest.mark.parametrize(
    ("state", "error"), [(RemoteState.FAILED, TaskFailedError), (RemoteState.EXPIRED, TaskExpiredError)]
)
async def test_other_ends_are_errors_that_name_the_task(state, error, clock):
    """A caller looks it up at the service."""
    with pytest.raises(error) as caught:
        await Polled(clock, state).wait(7)
    assert caught.value.task_id == 7


async def test_wait_gives_up_on_time(clock):
    """The task goes on remotely."""
    client = Polled(clock, RemoteState.RUNNING)
    with pytest.raises(TaskTimeoutError, match="within 10 s"):
        await client.wait(7, timeout_s=10)
    assert sum(clock.slept) == 10


async def test_unknown_task_is_a_task_error(clock):
    """`query` has no task to return."""
    with pytest.raises(TaskError, match="does not know task 7"):
        await Polled(clock, None).query(7)


def test_client_without_credentials_names_the_variables(monkeypatch):
    """The first thing a new user meets."""
    for name in ("AVATAR_APP_ID", "AVATAR_APP_KEY", "AVATAR_TOKEN", "AVATAR_PROFILE", "AVATAR_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigError, match="AVATAR_APP_ID and AVATAR_APP_KEY, or AVATAR_TOKEN"):
        AvatarClient.from_env()
    monkeypatch.setenv("AVATAR_APP_ID", "only")
    with pytest.raises(ConfigError, match="AVATAR_APP_KEY"):
        AvatarClient.from_env()


def test_client_is_made_from_the_environment(monkeypatch):
    """The library example's first line."""
    monkeypatch.delenv("AVATAR_TOKEN", raising=False)
    monkeypatch.delenv("AVATAR_PROFILE", raising=False)
    monkeypatch.setenv("AVATAR_APP_ID", "id")
    monkeypatch.setenv("AVATAR_APP_KEY", "key")
    client = AvatarClient.from_env(endpoint="http://127.0.0.1:9", max_in_flight=3)
    assert (client.endpoint, client.account) == ("http://127.0.0.1:9", "id")
    assert client.settings.max_in_flight == 3
    assert client.dialect_trusted


def test_arguments_win_over_settings():
    """Explicit credentials replace a token in the settings, and the other way round."""
    settings = Settings(endpoint="https://a.example", token="old")
    client = AvatarClient(
        endpoint="https://b.example", credentials=Credentials("id", "key"), settings=settings
    )
    assert client.endpoint == "https://b.example"
    assert (client.settings.token, client.settings.app_key) == (None, "key")
    assert AvatarClient(credentials="new", settings=settings).settings.token == "new"
    assert "key" not in repr(Credentials("id", "key")).replace("app_key", "")


def test_client_is_the_service_port():
    """What the orchestrator asks for."""
    service: Service = AvatarClient(credentials="t")
    assert service.account == "fixed-token"
    assert (service.query_batch, service.can_list, service.dialect_trusted) == (100, True, False)
    assert service.codes == SubmissionCodes()


def test_dialect_and_codes_of_the_settings_are_taken():
    """The profile's tables."""
    settings = Settings(
        token="t",
        codes={"busy": [42]},
        query_dialect={"batch": 1, "id_in": "path", "path": "/t/{id}", "method": "GET"},
    )
    client = AvatarClient(settings=settings)
    assert client.codes == SubmissionCodes(busy=frozenset({42}))
    assert (client.query_batch, client.can_list, client.dialect_trusted) == (1, False, True)
    with pytest.raises(ConfigError, match="query dialect"):
        AvatarClient(settings=Settings(token="t", query_dialect={"metod": 1}))
